"""The scoring API, version 1, one module a subject."""
