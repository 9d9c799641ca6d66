"""Schemas of what the API returns: cards, lists and reports; and the queries of lists."""
