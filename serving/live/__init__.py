"""Scores of histories that are sent: the release's models, verified before they answer."""
