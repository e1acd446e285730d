"""Reading what Pillow would cut: by imagecodecs and tifffile, the extra ``imfilt[deep]``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.errors import PictureError
from imfilt.images.carried import Carried
from imfilt.images.deep.decoded import Decoded
from imfilt.images.deep.picture import DeepPicture
from imfilt.images.depth import Loss
from imfilt.images.importing import IMPORTING
from imfilt.images.modes import Mode
from imfilt.quick import NamedTuple

EXTRA = "pip install 'imfilt[deep]'"


class Decoder(NamedTuple):
    """What decodes a format, and the package that it needs."""

    package: str | None
    module: str
    """Which has a function ``decode(package, stream, page)`` that returns `Decoded`."""


DECODERS = {
    "PNG": Decoder("imagecodecs", "imfilt.images.deep.png"),
    "TIFF": Decoder("tifffile", "imfilt.images.deep.tiff_reading"),
    "PPM": Decoder(None, "imfilt.images.deep.ppm"),
    "JPEG2000": Decoder("imagecodecs", "imfilt.images.deep.jpeg2000"),
}
"""By the names of formats."""


def is_decoded(file_format: str) -> bool:
    """Return whether what decodes a format is installed."""
    try:
        package_for(file_format)
    except ImportError:
        return False
    return file_format in DECODERS


def read_deep(stream: BinaryIO, file_format: str, loss: Loss, carried: Carried, *, page: int = 0) -> DeepPicture:
    """Read the picture in a stream, or a page of it; raise `PictureError`, which says the `loss`, where nothing can."""
    if file_format not in DECODERS:
        raise PictureError(f"{loss.what}; save it as PNG or TIFF, or filter it with 'imfilt apply --depth 8'")
    try:
        package = package_for(file_format)
    except ImportError:
        or_cut = ", or filter what is left with 'imfilt apply --depth 8'" if loss.is_cut else ""
        raise PictureError(f"{loss.what}; to read it whole: {EXTRA}{or_cut}") from None
    with IMPORTING:
        decode: Callable[[Any, BinaryIO, int], Decoded] = importlib.import_module(DECODERS[file_format].module).decode
    stream.seek(0)
    samples, colour, has_alpha = decode(package, stream, page)
    if samples.dtype.name not in SAMPLE_TYPES:
        raise PictureError(f"samples of type {samples.dtype.name} cannot be filtered; save it with 16 or 32 bits")
    mode = Mode(colour, SAMPLE_TYPES[samples.dtype.name], has_alpha)
    if samples.shape[2] != mode.channels:
        raise PictureError(f"{samples.shape[2]} channels are not those of {mode.name}; save it without others")
    return DeepPicture(np.ascontiguousarray(samples), mode, carried, file_format)


def package_for(file_format: str) -> Any:
    """Import and return what decodes a format; None where nothing is needed. Raises `ImportError` without the extra."""
    package = DECODERS[file_format].package if file_format in DECODERS else None
    if package is None:
        return None
    with IMPORTING:
        importlib.import_module("imagecodecs")  # which tifffile needs for most compressions
        return importlib.import_module(package)
