"""The time plan: the horizons and as-of dates that a history supports."""
