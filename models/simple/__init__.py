"""Simple ways to say who is leaving and who buys: baselines, rules, and buy-till-you-die models."""
