"""Score cards: one row per customer, by models or by a rule."""
