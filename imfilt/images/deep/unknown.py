"""TIFF of samples that Pillow knows nothing of, such as floats in colour."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, BinaryIO, Literal

from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2

from imfilt.errors import PictureError
from imfilt.images.carried import Carried, read_carried
from imfilt.images.carried.exif import SIDES_SWAPPED
from imfilt.images.deep.picture import DeepPicture
from imfilt.images.deep.reading import is_decoded, package_for, read_deep
from imfilt.images.deep.tiff_reading import size_of, sizes_of
from imfilt.images.depth import Loss
from imfilt.images.frames.frame import Show
from imfilt.images.frames.reading import Frames, check_index
from imfilt.images.limits import check_all_pixels, check_pixels
from imfilt.images.sources import Source

_BIG_TIFF = (b"II+\0", b"MM\0+")
_COLUMNS, _ROWS, _BITS, _COMPRESSION, _ORIENTATION, _CHANNELS, _PROFILE = 256, 257, 258, 259, 274, 277, 34675
_NONE = 1
"""No compression."""
_LOSS = Loss("this TIFF holds samples that Pillow cannot read", is_cut=False)
_HEAD = 8
"""Bytes before anything else can be, at least."""
_FLOAT_BYTES = 4
"""Of a float of 16 bits too, which is read as one of 32."""


def read_unknown_tiff(stream: BinaryIO, source: Source, max_pixels: int, frame: int | None) -> DeepPicture | Frames:
    """Read the only page of a file, or one `frame` of it; return all its pages where it has several and none is chosen.

    Raises `PictureError` where there is no such page, where all together have more than `max_pixels`, for what is no
    whole picture, and without the extra.
    """
    _check_whole(stream)
    if not is_decoded("TIFF"):
        return read_deep(stream, "TIFF", _LOSS, Carried())
    sizes = sizes_of(package_for("TIFF"), stream)
    if len(sizes) == 1:
        check_pixels(sizes[0], max_pixels)
    check_all_pixels(sum(columns * rows for columns, rows in sizes), max_pixels)
    if frame is None and len(sizes) > 1:
        return Frames(source, "TIFF", Show(len(sizes)), max_pixels, is_unknown=True)
    check_index(frame or 0, len(sizes))
    return read_page(stream, frame or 0)


def _check_whole(stream: BinaryIO) -> None:
    """Raise `PictureError` where the description of the first page lies beyond the end of the file."""
    stream.seek(0)
    head = stream.read(16)
    order: Literal["little", "big"] = "little" if head.startswith(b"II") else "big"
    place = int.from_bytes(head[8:16] if head.startswith(_BIG_TIFF) else head[4:8], order)
    if not _HEAD <= place < stream.seek(0, os.SEEK_END):
        raise PictureError("the file is cut off, or damaged: the description of its picture is missing")
    stream.seek(0)


def read_page(stream: BinaryIO, page: int) -> DeepPicture:
    """Read a page of a file, counted from 0; raise `PictureError` for one that is damaged or cannot be filtered."""
    size = size_of(package_for("TIFF"), stream, page)
    return read_deep(stream, "TIFF", _LOSS, read_carried(_image_with_tags(stream, size, page), stream), page=page)


def read_layout(stream: BinaryIO, max_pixels: int) -> tuple[int, int, int]:
    """Return columns and rows of the first page, and the bytes of a pixel; raise `PictureError` for more pixels."""
    _, tags, _ = _tags_of(stream, 0)
    columns, rows, channels = (max(0, int(tags.get(tag, 1))) for tag in (_COLUMNS, _ROWS, _CHANNELS))
    check_pixels((columns, rows), max_pixels)
    return columns, rows, channels * max(_FLOAT_BYTES, *(bits // 8 for bits in tags[_BITS]))


def _tags_of(stream: BinaryIO, page: int) -> tuple[bytes, ImageFileDirectory_v2, int]:
    """Return how a file begins, the tags of a page, and where they are."""
    stream.seek(0)
    head = stream.read(8)
    head += stream.read(8) if head.startswith(_BIG_TIFF) else b""
    tags = ImageFileDirectory_v2(head)
    place = 0
    for _ in range(page + 1):
        place = tags.next
        stream.seek(place)
        tags.load(stream)
    return head, tags, place


def _image_with_tags(stream: BinaryIO, size: tuple[int, int], page: int) -> Any:
    """Return what stands for the image that Pillow would open at a page, with all that can be carried."""
    head, tags, place = _tags_of(stream, page)
    exif = Image.Exif()
    exif.bigtiff = head.startswith(_BIG_TIFF)
    exif.endian = "<" if head.startswith(b"II") else ">"
    exif.load_from_fp(stream, place)
    profile, compression = tags.get(_PROFILE), COMPRESSION_INFO.get(tags.get(_COMPRESSION, _NONE))
    info = {"compression": compression} if compression else {}
    return SimpleNamespace(
        format="TIFF",
        size=size[::-1] if tags.get(_ORIENTATION) in SIDES_SWAPPED else size,
        info=info | ({"icc_profile": profile} if isinstance(profile, bytes) else {}),
        tag_v2=tags,
        tell=lambda: page,
        getexif=lambda: exif,
    )
