"""How a matrix is built: its symmetries, and its rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imfilt.kernels.kernel import half_turn

Matrix = Sequence[Sequence[int]]


def _turned(rows: Matrix) -> list[list[int]]:
    return [list(column) for column in zip(*rows, strict=True)]


MIRRORS: dict[str, Callable[[Matrix], Matrix]] = {
    "left-right": lambda rows: [row[::-1] for row in rows],
    "top-bottom": lambda rows: rows[::-1],
    "diagonal": _turned,
    "point": half_turn,
}
"""What may be done to a matrix without changing it, or without changing more than its sign."""

LARGEST_FOR_RANK = 64
"""The longest side of a matrix whose rank is found: the work grows with its third power, in numbers of any length."""


def symmetries(rows: Matrix) -> list[str]:
    """Return the names of `MIRRORS` under which a matrix stays as it is, or, with "anti" before, changes its sign.

    >>> symmetries([[1, 0, -1]]), symmetries([[1, 2], [2, 5]])
    (['anti left-right', 'top-bottom', 'anti point'], ['diagonal'])
    """
    found = []
    plain = [list(row) for row in rows]
    negated = [[-weight for weight in row] for row in rows]
    for name, mirror in MIRRORS.items():
        mirrored = [list(row) for row in mirror(rows)]
        if mirrored == plain:
            found.append(name)
        elif mirrored == negated:
            found.append(f"anti {name}")
    return found


def rank(rows: Matrix) -> int | None:
    """Return the exact rank of a matrix of whole numbers; None where it is too large to be found soon.

    The elimination is that of E. H. Bareiss, "Sylvester's Identity and Multistep Integer-Preserving Gaussian
    Elimination", Mathematics of Computation 22 (1968): every division leaves a whole number.

    >>> rank([[1, 2, 1], [2, 4, 2], [1, 2, 1]]), rank([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    (1, 2)
    """
    if max(len(rows), len(rows[0])) > LARGEST_FOR_RANK:
        return None
    left = [list(row) for row in rows]
    found, last = 0, 1
    for column in range(len(rows[0])):
        pivot = next((i for i in range(found, len(left)) if left[i][column]), None)
        if pivot is None:
            continue
        left[found], left[pivot] = left[pivot], left[found]
        lead = left[found][column]
        for i in range(found + 1, len(left)):
            factor = left[i][column]
            left[i] = [(lead * a - factor * b) // last for a, b in zip(left[i], left[found], strict=True)]
        last = lead
        found += 1
        if found == len(left):
            break
    return found
