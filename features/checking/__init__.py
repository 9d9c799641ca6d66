"""Features tried on a made-up company: by our tests, and by `make check-extensions`."""
