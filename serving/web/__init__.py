"""Around every request: guard, errors in one shape, path parameters, the frame of a page."""
