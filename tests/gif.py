"""GIF files made by hand, and what is seen of them: an oracle that shares nothing with what it is compared with."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_CLEAR, _END = 256, 257


@dataclass(frozen=True)
class Part:
    """A frame as the file holds it: a rectangle of indices, and what becomes of it."""

    indices: Array
    palette: Array
    """256 × 3."""
    place: tuple[int, int] = (0, 0)
    """Row, column."""
    disposal: int = 1
    clear: int | None = None
    """The index that cannot be seen."""
    duration: int = 10
    """In hundredths of a second."""


def gif(size: tuple[int, int], parts: Sequence[Part], *, loop: int | None = 0) -> bytes:
    """Return a file of rows × columns (GIF89a, W3C)."""
    content = b"GIF89a" + struct.pack("<HHBBB", size[1], size[0], 0, 0, 0)
    if loop is not None:
        content += b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", loop, 0)
    for part in parts:
        flags = part.disposal << 2 | (part.clear is not None)
        content += b"!\xf9\x04" + struct.pack("<BHBB", flags, part.duration, part.clear or 0, 0)
        height, width = part.indices.shape
        content += b"," + struct.pack("<HHHHB", part.place[1], part.place[0], width, height, 0x87)
        content += part.palette.astype(np.uint8).tobytes() + b"\x08" + _blocks(_codes(part.indices.tobytes()))
    return content + b";"


def _codes(indices: bytes) -> bytes:
    """Return codes of nine bits; the table is cleared before there are more, so nothing is ever compressed."""
    codes = [_CLEAR]
    for place, index in enumerate(indices):
        if place and place % 250 == 0:
            codes.append(_CLEAR)
        codes.append(index)
    codes.append(_END)
    bits = sum(code << 9 * place for place, code in enumerate(codes))
    return bits.to_bytes((9 * len(codes) + 7) // 8, "little")


def _blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def seen(size: tuple[int, int], parts: Sequence[Part]) -> list[Array]:
    """Return each frame as it is seen, rows × columns × RGBA."""
    canvas = np.zeros((*size, 4), np.uint8)
    frames = []
    for part in parts:
        before = canvas.copy()
        rows = slice(part.place[0], part.place[0] + part.indices.shape[0])
        columns = slice(part.place[1], part.place[1] + part.indices.shape[1])
        drawn = part.indices != (-1 if part.clear is None else part.clear)
        canvas[rows, columns][drawn] = np.insert(part.palette, 3, 255, axis=1)[part.indices[drawn]]
        frames.append(canvas.copy())
        if part.disposal == 2:
            canvas[rows, columns] = 0
        elif part.disposal == 3:
            canvas = before
    return frames
