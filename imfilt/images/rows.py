"""The rows of a picture, as the engine takes and gives them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from imfilt.engine.rows import RowSink, RowSource
from imfilt.errors import PictureError
from imfilt.images.memory import BYTES_A_PIXEL, LAID_OUT_AS
from imfilt.images.picture import Picture

if TYPE_CHECKING:
    from imfilt.array_types import Array
    from imfilt.images.deep.picture import AnyPicture, DeepPicture


class PictureRows(RowSource, RowSink):
    """A source and a sink of rows × columns × channels."""

    shape: tuple[int, int, int]
    unused: int
    """How many of the last channels are of no account."""
    is_own_picture = False
    """Whether results make a picture of their own, with no other channels."""


def rows_of(picture: AnyPicture, *, unused: int = 0) -> PictureRows:
    """Return the rows of a picture: its memory or array itself, or copies that Pillow makes of a few rows at a time.

    What a picture is made into takes rows with as many `unused` channels as the rows of that picture have; of what is
    written into these, nothing is kept.
    """
    if not isinstance(picture, Picture):
        return _DeepRows(picture, unused)
    return _CodecRows(picture, unused) if picture.memory is None else _MemoryRows(picture, picture.memory)


class _MemoryRows(PictureRows):
    """Rows in memory of ours, where RGB has a fourth byte that says nothing."""

    def __init__(self, picture: Picture, memory: memoryview) -> None:
        rows, columns, channels = picture.shape
        samples = np.dtype(picture.mode.samples.name)
        held = BYTES_A_PIXEL[picture.image.mode] // samples.itemsize
        self.shape = rows, columns, held
        self.unused = held - channels
        self._array = np.frombuffer(memory, samples).reshape(self.shape)

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        return self._array[first:last, columns.start : columns.stop]

    room_for = read_rows

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Do nothing: the rows are there."""


class _DeepRows(PictureRows):
    """Rows of an array, which lie there as they are unless some channels are unused."""

    def __init__(self, picture: DeepPicture, unused: int) -> None:
        rows, columns, channels = picture.shape
        self.shape = rows, columns, channels + unused
        self.unused = unused
        self._samples = picture.samples

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        return self._samples[first:last, columns.start : columns.stop]

    def room_for(self, first: int, last: int, columns: range) -> Array:
        if not self.unused:
            return self.read_rows(first, last, columns)
        return np.empty((last - first, len(columns), self.shape[2]), self._samples.dtype)

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        if self.unused:
            self.read_rows(first, first + len(rows), columns)[...] = rows[..., : -self.unused]


class _CodecRows(PictureRows):
    """Rows that Pillow's raw codec takes out of the middle of an image, ten times as fast as `crop`, and puts back."""

    def __init__(self, picture: Picture, unused: int) -> None:
        rows, columns, channels = picture.shape
        self.shape = rows, columns, channels + unused
        self.unused = unused
        self._image = picture.image
        self._layout = LAID_OUT_AS[self._image.mode] if unused else self._image.mode
        self._samples = np.dtype(picture.mode.samples.name)

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        encoder = Image._getencoder(self._image.mode, "raw", (self._layout, 0, 1))
        encoder.setimage(self._image.im, (columns.start, first, columns.stop, last))
        shape = last - first, len(columns), self.shape[2]
        expected = math.prod(shape) * self._samples.itemsize
        size, problem, data = encoder.encode(expected)
        if problem < 0 or size != expected:
            raise PictureError(f"rows {first} to {last - 1} cannot be taken out of it (error {problem})")
        return np.frombuffer(data, self._samples).reshape(shape)

    def room_for(self, first: int, last: int, columns: range) -> Array:
        return np.empty((last - first, len(columns), self.shape[2]), self._samples)

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        decoder = Image._getdecoder(self._image.mode, "raw", (self._layout, 0, 1))
        decoder.setimage(self._image.im, (columns.start, first, columns.stop, first + len(rows)))
        consumed, problem = decoder.decode(rows)
        if problem < 0 or consumed >= 0:
            raise PictureError(f"rows from {first} on cannot be put into it (error {problem})")
