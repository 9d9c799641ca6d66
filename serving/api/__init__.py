"""The scoring API, version 1, one module for each subject."""
