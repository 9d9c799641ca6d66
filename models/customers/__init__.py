"""Where a customer stands: segments, relationship level and strength."""
