"""JPEG 2000 of 16 bits in several channels."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from imfilt.errors import PictureError
from imfilt.images.carried.jp2 import without_profile
from imfilt.images.deep.decoded import Decoded
from imfilt.images.deep.picture import AnyPicture
from imfilt.images.deep.reading import EXTRA
from imfilt.images.samples import samples_of

_COLOURS = {1: ("L", False), 2: ("L", True), 3: ("RGB", False), 4: ("RGB", True)}


def decode(package: Any, stream: BinaryIO, _page: int) -> Decoded:
    """Return the samples of a file."""
    samples = package.jpeg2k_decode(without_profile(stream.read()))
    samples = samples.reshape(*samples.shape[:2], -1)
    if samples.shape[2] not in _COLOURS:
        raise PictureError(f"JPEG 2000 of {samples.shape[2]} channels cannot be read; give it 1 to 4")
    return Decoded(samples, *_COLOURS[samples.shape[2]])


def write_jpeg2000(picture: AnyPicture, stream: BinaryIO, _settings: dict[str, Any], threads: int | None) -> None:
    """Write samples without a loss."""
    try:
        import imagecodecs
    except ImportError:
        raise PictureError(f"JPEG 2000 of 16 bits in colour needs {EXTRA}; or write PNG or TIFF") from None
    samples = np.ascontiguousarray(samples_of(picture))
    stream.write(imagecodecs.jpeg2k_encode(samples, level=0, reversible=True, numthreads=threads or 1))
