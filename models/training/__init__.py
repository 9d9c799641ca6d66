"""Training: which rows each model learns from, on the rung of the ladder a history allows."""
