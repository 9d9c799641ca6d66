"""What to do about customers at risk: catalogue, gates, holdout, allocation."""
