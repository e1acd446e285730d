"""The picture that a command looks at: a file, or standard input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.cli.command import option
from imfilt.cli.printing import say
from imfilt.cli.types import NOT_NEGATIVE, POSITIVE
from imfilt.errors import PictureError
from imfilt.images.limits import MAX_PIXELS

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

max_pixels_option = option("Other", "--max-pixels", default=MAX_PIXELS, type=POSITIVE, help="Refuse larger pictures.")

frame_option = option(
    "Input", "--frame", type=NOT_NEGATIVE, metavar="N", help="Only frame or page N of a file, counted from 0."
)


def called(name: str) -> str:
    """Return what the picture is called where a person reads it."""
    return "standard input" if name == "-" else name


def open_picture(name: str, *, max_pixels: int, frame: int | None, takes_first: bool = True) -> AnyPicture:
    """Return the picture in the file `name`, or that on standard input for ``-``; of several frames the one asked for.

    Where none is asked for, `takes_first` takes the first, and a person is told so; otherwise it is an error. A
    `PictureError` names the file.
    """
    from imfilt.images.frames.reading import Frames
    from imfilt.images.reading import read_picture
    from imfilt.images.sources import read_standard_input

    try:
        source = read_standard_input(max_pixels) if name == "-" else Path(name)
        picture = read_picture(source, max_pixels=max_pixels, frame=frame)
        if not isinstance(picture, Frames):
            return picture
        if not takes_first:
            raise PictureError(f"it has {picture.count} frames; choose one of them with --frame")
        say(f"{called(name)}: it has {picture.count} frames, of which this is the first")
        return read_picture(source, max_pixels=max_pixels, frame=0)
    except PictureError as error:
        raise PictureError(f"{called(name)}: {error}") from None
