"""Models that ours are compared with: each module fits on the same training rows."""
