"""The store: one database of published releases."""
