"""The sources, one module or folder each: the kinds that params.yaml may name."""
