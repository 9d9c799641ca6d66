"""A raw table checked against the contract: what is kept, what is quarantined, and the cures."""
