"""Exact factors of a matrix: a column times a row."""

from __future__ import annotations

import math
from collections.abc import Sequence


def separate(weights: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return whole numbers (column, row) with ``weights[i][j] == column[i] * row[j]``, or None where there are none.

    The row has no common factor and its first number other than 0 is positive. A matrix of zeros has no factors
    worth having and gives None.

    >>> separate([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    ((1, 2, 1), (1, 2, 1))
    >>> separate([[0, 1, 0], [1, -4, 1], [0, 1, 0]]) is None
    True
    """
    pivot = next((row for row in weights if any(row)), None)
    if pivot is None:
        return None
    lead = next(x for x, weight in enumerate(pivot) if weight)
    common = math.gcd(*pivot) if pivot[lead] > 0 else -math.gcd(*pivot)
    row = tuple(weight // common for weight in pivot)
    # The row has no common factor, so a matrix of rank 1 has a whole number here in each of its rows.
    column = tuple(line[lead] // row[lead] for line in weights)
    fits = all(w == c * r for line, c in zip(weights, column, strict=True) for w, r in zip(line, row, strict=True))
    return (column, row) if fits else None
