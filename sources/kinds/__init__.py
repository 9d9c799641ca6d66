"""The kinds of source that params.yaml may name, one module or folder each."""
