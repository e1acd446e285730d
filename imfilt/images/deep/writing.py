"""What writes pictures that Pillow cannot hold, or not write: one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from imfilt.images.deep.jpeg2000 import write_jpeg2000
from imfilt.images.deep.npy import write_npy
from imfilt.images.deep.picture import AnyPicture
from imfilt.images.deep.png import write_png
from imfilt.images.deep.ppm import write_ppm
from imfilt.images.deep.tiff import write_tiff

Writer = Callable[[AnyPicture, BinaryIO, dict[str, Any], int | None], None]

WRITERS: dict[str, Writer] = {
    "PNG": write_png,
    "TIFF": write_tiff,
    "NPY": write_npy,
    "JPEG2000": write_jpeg2000,
    "PPM": write_ppm,
}
"""By the names of formats; each takes a picture, a stream, Pillow's settings, and the number of threads."""
