"""Expressions as calls on NumPy arrays: features of a few customers in milliseconds."""
