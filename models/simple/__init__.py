"""Simple models of who leaves and who buys: baselines, rules, and buy-till-you-die models."""
