"""LightGBM as this project uses it: training, inputs, and a small search for settings."""
