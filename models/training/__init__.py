"""Training: which rows teach which model, on the rung of the ladder that a history carries."""
