"""Whether a file is whole, where Pillow does not ask: what is cut off or damaged is an error, never half a picture.

To be asked of a file that is open and not yet decoded. The check sums of the parts of a PNG are compared; that of the
pixels within them (Adler-32) is not, for it could be wrong only if whoever wrote the file was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO

from PIL.ImageFile import ImageFile

from imfilt.errors import PictureError

_BLOCK = 1 << 20
_JPEG_END = b"\xff\xd9"
_TAIL = 1 << 12
_GIF_EXTENSION, _GIF_IMAGE, _GIF_END = b"!", b",", b";"
_CUT_OFF = "cannot be read: the file is truncated"


def check_whole(image: ImageFile) -> None:
    """Raise `PictureError` for a file that ends too early, or whose check sums are wrong."""
    if image.format == "TIFF":
        check_strips(image)
    check = _CHECKS.get(image.format or "")
    stream = image.fp
    if check is None or stream is None:
        return
    place = stream.tell()
    check(stream)
    stream.seek(place)


def _check_png(stream: IO[bytes]) -> None:
    """Compare the CRC of all chunks (PNG specification, 5.3)."""
    from zlib import crc32

    from imfilt.images.png_file import walk

    for kind, length in walk(stream):
        left = length
        found = crc32(kind)
        while left and (block := stream.read(min(left, _BLOCK))):
            found = crc32(block, found)
            left -= len(block)
        written = stream.read(4)
        if left or len(written) < 4:
            raise PictureError(_CUT_OFF)
        if int.from_bytes(written, "big") != found:
            raise PictureError(f"cannot be read: it is damaged, for a check sum is wrong (of a chunk {kind!r})")


def _check_jpeg(stream: IO[bytes]) -> None:
    """Look for the marker that ends a picture, behind the header that Pillow has read."""
    place = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    for start in (max(place, end - _TAIL), place):  # it mostly is at the very end
        stream.seek(start)
        if _JPEG_END in stream.read():
            return
    raise PictureError(_CUT_OFF)


def _check_gif(stream: IO[bytes]) -> None:
    """Go from block to block up to the one that ends the file (GIF89a, appendix B)."""
    stream.seek(10)
    _skip_palette(stream)
    stream.seek(2, os.SEEK_CUR)
    while (kind := stream.read(1)) != _GIF_END:
        if kind == _GIF_EXTENSION:
            stream.seek(1, os.SEEK_CUR)
        elif kind == _GIF_IMAGE:
            stream.seek(8, os.SEEK_CUR)
            _skip_palette(stream)
            stream.seek(1, os.SEEK_CUR)
        elif kind:
            continue  # bytes between blocks are skipped by whoever shows the file
        else:
            raise PictureError(_CUT_OFF)
        while length := int.from_bytes(stream.read(1)):
            stream.seek(length, os.SEEK_CUR)


def _skip_palette(stream: IO[bytes]) -> None:
    flags = int.from_bytes(stream.read(1))
    stream.seek(3 << (flags & 7) + 1 if flags & 0x80 else 0, os.SEEK_CUR)


def check_strips(image: ImageFile) -> None:
    """Raise `PictureError` for a TIFF page whose strips or tiles are fewer than its size asks for."""
    boxes = [tile.extents or (0, 0, 0, 0) for tile in image.tile]
    covered = sum((right - left) * (lower - upper) for left, upper, right, lower in boxes)
    if covered == 0 or covered % (image.width * image.height):  # each channel may have strips of its own
        raise PictureError("cannot be read: it has fewer strips than its size asks for, so it is damaged")


_CHECKS: dict[str, Callable[[IO[bytes]], None]] = {
    "PNG": _check_png,
    "JPEG": _check_jpeg,
    "MPO": _check_jpeg,
    "GIF": _check_gif,
}
