"""Rows and columns: one number for both, or two."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

from imfilt.errors import RecipeError

Pair = tuple[int, int]

LARGEST_STEP = 100_000
"""No stride, no dilation and no window is larger."""


def to_pair(what: str, value: object) -> Pair:
    """Return (rows, columns) from one whole number for both, or from two; raise `RecipeError` for anything else."""
    pair = tuple(value) if isinstance(value, Sequence) else (value, value)
    if (
        len(pair) != 2
        or any(isinstance(number, bool) or not isinstance(number, Integral) for number in pair)
        or not all(1 <= number <= LARGEST_STEP for number in pair)
    ):
        raise RecipeError(f"{what} must be a whole number from 1 to {LARGEST_STEP}, or two of them: rows, columns")
    return int(pair[0]), int(pair[1])
