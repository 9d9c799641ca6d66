"""Sentences in the reader's language, from message keys and values."""
