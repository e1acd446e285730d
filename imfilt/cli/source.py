"""The picture that a command looks at: a file, or standard input."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.cli.command import option
from imfilt.cli.types import POSITIVE
from imfilt.errors import PictureError
from imfilt.images.limits import MAX_PIXELS

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

max_pixels_option = option("Other", "--max-pixels", default=MAX_PIXELS, type=POSITIVE, help="Refuse larger pictures.")


def called(name: str) -> str:
    """Return what the picture is called where a person reads it."""
    return "standard input" if name == "-" else name


def open_picture(name: str, *, max_pixels: int = MAX_PIXELS) -> AnyPicture:
    """Return the picture in the file `name`, or that on standard input for ``-``: of several frames the first.

    A `PictureError` names the file.
    """
    from imfilt.images.reading import read_picture

    if name == "-" and sys.stdin is None:
        raise PictureError("standard input is closed")
    try:
        source = io.BytesIO(sys.stdin.buffer.read()) if name == "-" else Path(name)
        return read_picture(source, max_pixels=max_pixels, frame=0)
    except PictureError as error:
        raise PictureError(f"{called(name)}: {error}") from None
