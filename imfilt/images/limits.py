"""Limits on what is read, for files that nobody vouches for."""

MAX_PIXELS = 500_000_000
"""The most pixels a picture may have unless more are asked for."""
