"""What the header of a file says, before the picture is decoded."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from imfilt.errors import PictureError
from imfilt.images.depth import loss_of
from imfilt.images.importing import IMPORTING
from imfilt.images.reading import FORMAT_OF, NPY_MAGIC, TIFF_MAGIC, opened, opened_stream
from imfilt.quick import NamedTuple

_WIDTHS = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4, "I;16": 2, "I;16B": 2, "I;16L": 2}
"""Bytes that a pixel takes when it is decoded, where these are not four."""
_DEEP_WIDTH = 8
"""Of four channels of 16 bits, which Pillow would cut to 8."""


class Header(NamedTuple):
    """What the memory for a picture depends on."""

    columns: int
    rows: int
    pixel_bytes: int
    """That a pixel takes when it is decoded."""
    format: str
    """A key of `FORMATS`."""


def read_header(source: Path, max_pixels: int) -> Header | None:
    """Return what the header of a file says; None where it cannot be read, which is told when the picture is."""
    try:
        with opened(source, max_pixels) as image:
            pixel_bytes = _DEEP_WIDTH if loss_of(image) else _WIDTHS.get(image.mode, 4)
            return Header(*image.size, pixel_bytes, FORMAT_OF[str(image.format)])
    except PictureError:
        return _header_of_samples(source, max_pixels)


def _header_of_samples(source: Path, max_pixels: int) -> Header | None:
    """Return what is said by the header of a file that Pillow does not open: an array, or TIFF of other samples."""
    with suppress(PictureError), opened_stream(source, max_pixels) as stream:
        head = stream.read(len(NPY_MAGIC))
        stream.seek(0)
        if head == NPY_MAGIC:
            with IMPORTING:
                from imfilt.images.deep import npy

            (rows, columns, channels), dtype, _ = npy.read_layout(stream, max_pixels)
            return Header(columns, rows, channels * dtype.itemsize, "NPY")
        if head.startswith(TIFF_MAGIC):
            with IMPORTING:
                from imfilt.images.deep import unknown

            return Header(*unknown.read_layout(stream, max_pixels), "TIFF")
    return None
