"""A ready table, features and a label already made: its columns read, and what is left out told."""
