"""Numbers, times, time zones and encodings as people write them, read as what they mean."""
