"""`make faults`: processes killed, files damaged, databases restarted, and what was lost by it."""
