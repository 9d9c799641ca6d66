"""The features, one module for each family."""
