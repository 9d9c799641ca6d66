"""What was known about a customer at a date, as features, and what happened afterwards."""
