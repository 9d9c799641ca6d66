"""The check of a raw table against the contract: what is kept, what is quarantined, what to do."""
