"""How a person wants results to be written, where that is not what their source and their format suggest."""

from __future__ import annotations

from imfilt.quick import NamedTuple

COMPRESSIONS = {
    "fast": "as fast as can be: larger files",
    "small": "as small as can be: slower",
}

STRIPS = {
    "all": "all but what the picture is shown by: colour profile, gamma, resolution",
    "gps": "the place where it was taken, in EXIF and XMP data; all else stays byte for byte",
}


class Saving(NamedTuple):
    """Wishes for the files that are written."""

    quality: int | None = None
    """From 1 to 100, for formats that lose something."""
    compression: str | None = None
    """A key of `COMPRESSIONS`."""
    strip: str | None = None
    """A key of `STRIPS`: what is not to be carried along."""
