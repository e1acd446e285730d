"""libtiff, which Pillow has for compressed TIFF, and what it has to say of broken files and full disks."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache

from PIL import _imaging


@cache
def silence_libtiff() -> None:
    """Keep libtiff from writing to standard error, where it would quote the file as it is; once is enough."""
    with suppress(OSError, AttributeError):  # it is part of Pillow itself, and out of reach
        library = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            getattr(library, name)(None)
