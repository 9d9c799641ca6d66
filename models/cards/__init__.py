"""Score cards: one row per customer, scored by models or ranked by a rule."""
