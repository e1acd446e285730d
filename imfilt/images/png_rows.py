"""Whether a PNG holds all the rows that its size asks for: Pillow leaves those black that are missing.

To unpack it a second time in order to count would take too long. So the last row is marked before it is decoded, and
what is packed is counted only where the mark is still there afterwards, or where no mark can be set.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO

from PIL.ImageFile import ImageFile

from imfilt.errors import PictureError
from imfilt.images.png_file import walk

_MARK = b"\xa5"
_MOST_AT_A_TIME = 1 << 20
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples a pixel, of each type of colour."""
# Where the seven passes of interlacing begin and how far apart their pixels are: column, row (PNG specification, 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


class RowCheck:
    """Asks, once a PNG is decoded, whether it held all of its rows."""

    def __init__(self, image: ImageFile, memory: memoryview | None) -> None:
        self._stream = image.fp
        self._memory = None if memory is None or image.info.get("interlace") else memory
        self._row = 0 if memory is None else len(memory) // image.height
        if self._memory is not None:
            self._memory[-self._row :] = _MARK * self._row

    def __call__(self) -> None:
        """Raise `PictureError` where rows are missing."""
        if self._stream is None or (self._memory is not None and self._memory[-self._row :] != _MARK * self._row):
            return
        self._stream.seek(16)
        width, height = (int.from_bytes(self._stream.read(4)) for _ in range(2))
        depth, colour, _, _, is_interlaced = self._stream.read(5)
        bits = depth * _SAMPLES[colour]
        passes = _PASSES if is_interlaced else ((0, 0, 1, 1),)
        sizes = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in passes]
        expected = sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns > 0 < rows)
        if _unpacked(self._stream, expected) < expected:
            raise PictureError("cannot be read: it has fewer rows than its size asks for, so it is damaged")


def _unpacked(stream: IO[bytes], most: int) -> int:
    """Return how many bytes the pixels unpack to; counting ends at `most`."""
    unpacker, found = zlib.decompressobj(), 0
    for packed in _packed(stream):
        while packed and found < most:
            found += len(unpacker.decompress(packed, _MOST_AT_A_TIME))
            packed = unpacker.unconsumed_tail
    return found + len(unpacker.flush())


def _packed(stream: IO[bytes]) -> Iterator[bytes]:
    for kind, length in walk(stream):
        left = length if kind == b"IDAT" else 0
        while left:
            part = stream.read(min(left, _MOST_AT_A_TIME))
            yield part
            left -= len(part)
