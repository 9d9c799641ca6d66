"""Serving: the store of published releases, the API and the pages that people open."""
