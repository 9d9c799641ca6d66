"""LightGBM: training, inputs, and a small search for settings."""
