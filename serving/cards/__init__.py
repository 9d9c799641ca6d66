"""What the API gives out: schemas of cards, lists and reports, and how lists are asked for."""
