"""The time plan: horizons and as-of dates that a history carries."""
