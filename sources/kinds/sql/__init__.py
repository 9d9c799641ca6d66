"""The user's own database: its address, its queries, and the extract of what was read."""
