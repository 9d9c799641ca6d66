"""What to do about it: catalogue, gates, holdout, allocation."""
