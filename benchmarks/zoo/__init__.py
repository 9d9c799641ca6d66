"""A zoo of companies: whole roads on drawn data, and what must hold for each."""
