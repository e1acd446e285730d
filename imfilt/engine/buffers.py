"""Buffers whose rows begin at cache lines: arithmetic on 16-bit numbers is a quarter slower where they do not."""

from __future__ import annotations

from itertools import count
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from imfilt.array_types import Array

LINE = 64
"""Bytes of a cache line."""
_PAGE = 4096
"""Addresses that are equal modulo this many bytes hinder each other, so no two buffers begin at such."""

LONGEST_PITCH = 1.25
"""How far apart rows may lie, in their lengths, if what lies between them is taken along."""

_made = count()


def make_buffer(shape: tuple[int, int, int], dtype: DTypeLike, *, lead: int = 0, pitch: int = 0) -> Array:
    """Return an array of rows × columns × planes of any content, column `lead` of each row at a cache line.

    Its rows are `pitch` bytes apart where that is hardly more than they take.

    >>> make_buffer((2, 320, 3), "int16", pitch=2112).strides, make_buffer((2, 5, 3), "int16", pitch=2112).strides
    ((2112, 6, 2), (192, 6, 2))

    >>> make_buffer((2, 5, 3), "int16").strides
    (192, 6, 2)
    """
    samples = np.dtype(dtype)
    if samples.hasobject or 0 in shape[1:]:
        return np.empty(shape, samples)
    pixel = shape[2] * samples.itemsize
    # Of whole pixels: where it is not, NumPy copies the array for fear of overlap when one is changed in place.
    whole = lcm(pixel, LINE)
    least = -(-shape[1] * pixel // whole) * whole
    if not least <= pitch <= LONGEST_PITCH * least or pitch % whole:
        pitch = least
    raw = np.empty(shape[0] * pitch + _PAGE + 2 * LINE, np.uint8)
    start = (next(_made) * 13 * LINE) % _PAGE
    start += -(raw.ctypes.data + start + lead * pixel) % LINE
    rows = raw[start : start + shape[0] * pitch].reshape(shape[0], pitch)
    return rows[:, : shape[1] * pixel].view(samples).reshape(shape)


def keep_freed(size: int) -> None:
    """Let so many bytes stay with the process when they are freed, up to 32 MB, where the C library is GNU's.

    It keeps as much as was once freed at a time, and gives back the rest, to be touched for the first time again.
    """
    np.empty(size, np.uint8)
