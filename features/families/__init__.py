"""The features, one module a family."""
