"""What was known about a customer at a date."""
