"""Models that ours stands beside: each module fits on the same training rows."""
