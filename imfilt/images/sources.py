"""What a picture is read from."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import BinaryIO

from imfilt.errors import PictureError

Source = Path | BinaryIO
"""A file, or a stream that can seek."""

_BYTES_A_PIXEL = 16
"""Of four floats."""
_OTHER_BYTES = 1 << 28
"""What a file may hold beside its pixels."""
_BLOCK = 1 << 24


def read_standard_input(max_pixels: int) -> io.BytesIO:
    """Return all of standard input; raise `PictureError` where it does not end before any such picture would."""
    if sys.stdin is None:
        raise PictureError("standard input is closed")
    most = max_pixels * _BYTES_A_PIXEL + _OTHER_BYTES
    stream = io.BytesIO()
    try:
        while block := sys.stdin.buffer.read(min(_BLOCK, most + 1 - stream.tell())):
            stream.write(block)
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or error}") from None
    if stream.tell() > most:
        raise PictureError(
            f"it does not end within {most} bytes, more than a picture of {max_pixels} pixels takes; if you trust it, "
            "use a larger --max-pixels"
        )
    stream.seek(0)
    return stream
