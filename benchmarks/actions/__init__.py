"""What plans bring: `make bench-actions`."""
