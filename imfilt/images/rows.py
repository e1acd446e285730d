"""The rows of a picture, as the engine takes and gives them."""

from __future__ import annotations

import math
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imfilt.engine.strips import RowSink, RowSource
from imfilt.errors import PictureError
from imfilt.images.memory import BYTES_A_PIXEL
from imfilt.images.picture import Picture

Array = NDArray[Any]


class PictureRows(RowSource, RowSink):
    """A source and a sink of rows × columns × channels."""

    shape: tuple[int, int, int]
    unused: int
    """How many of the last channels are of no account."""


def rows_of(picture: Picture, *, unused: int = 0) -> PictureRows:
    """Return the rows of a picture: its memory itself, or copies that Pillow makes of a few rows at a time.

    With `unused` the copies have so many channels more, as those of RGB in memory of ours do.
    """
    return _CodecRows(picture, unused) if picture.memory is None else _MemoryRows(picture, picture.memory)


class _MemoryRows(PictureRows):
    """Rows in memory of ours, where RGB has a fourth byte that says nothing."""

    def __init__(self, picture: Picture, memory: mmap) -> None:
        rows, columns, channels = picture.shape
        samples = np.dtype(picture.mode.samples.name)
        held = BYTES_A_PIXEL[picture.image.mode] // samples.itemsize
        self.shape = rows, columns, held
        self.unused = held - channels
        self._array = np.frombuffer(memory, samples).reshape(self.shape)

    def read_rows(self, first: int, last: int) -> Array:
        return self._array[first:last]

    def room_for(self, first: int, last: int) -> Array:
        return self._array[first:last]

    def write_rows(self, first: int, rows: Array) -> None:
        """Do nothing: the rows are there."""


class _CodecRows(PictureRows):
    """Rows that Pillow's raw codec takes out of the middle of an image, ten times as fast as `crop`, and puts back."""

    def __init__(self, picture: Picture, unused: int) -> None:
        rows, columns, channels = picture.shape
        self.shape = rows, columns, channels + unused
        self.unused = unused
        self._image = picture.image
        self._layout = picture.image.mode + "X" * unused  # RGBX
        self._samples = np.dtype(picture.mode.samples.name)

    def read_rows(self, first: int, last: int) -> Array:
        encoder = Image._getencoder(self._image.mode, "raw", (self._layout, 0, 1))
        encoder.setimage(self._image.im, (0, first, self._image.width, last))
        shape = last - first, *self.shape[1:]
        expected = math.prod(shape) * self._samples.itemsize
        size, problem, data = encoder.encode(expected)
        if problem < 0 or size != expected:
            raise PictureError(f"rows {first} to {last - 1} cannot be taken out of it (error {problem})")
        return np.frombuffer(data, self._samples).reshape(shape)

    def room_for(self, first: int, last: int) -> Array:
        return np.empty((last - first, *self.shape[1:]), self._samples)

    def write_rows(self, first: int, rows: Array) -> None:
        decoder = Image._getdecoder(self._image.mode, "raw", (self._layout, 0, 1))
        decoder.setimage(self._image.im, (0, first, self._image.width, first + len(rows)))
        consumed, problem = decoder.decode(rows)
        if problem < 0 or consumed >= 0:
            raise PictureError(f"rows from {first} on cannot be put into it (error {problem})")
