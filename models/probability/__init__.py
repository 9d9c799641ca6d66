"""Probabilities: how good they are, how they are calibrated, and what acting on them earns."""
