"""What the header of a file says, before the picture is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from imfilt.errors import PictureError
from imfilt.images.reading import opened

_WIDTHS = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4, "I;16": 2, "I;16B": 2, "I;16L": 2}
"""Bytes that a pixel takes when it is decoded, where these are not four."""


class Header(NamedTuple):
    """What the memory for a picture depends on."""

    columns: int
    rows: int
    pixel_bytes: int
    """That a pixel takes when it is decoded."""

    @property
    def bytes(self) -> int:
        """That the decoded picture takes."""
        return self.columns * self.rows * self.pixel_bytes


def read_header(source: Path, max_pixels: int) -> Header | None:
    """Return what the header of a file says; None where it cannot be read, which is told when the picture is."""
    try:
        with opened(source, max_pixels) as image:
            return Header(*image.size, _WIDTHS.get(image.mode, 4))
    except PictureError:
        return None
