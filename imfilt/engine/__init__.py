"""Arrays in, arrays out: borders, geometry, plans, strips, strategies, normalisation. No files."""
