"""Cells as people write them: numbers, times, zones and encodings, read as what they mean."""
