"""TIFF of samples that Pillow knows nothing of, such as floats in colour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from imfilt.images.carried import Carried, read_carried
from imfilt.images.deep.picture import DeepPicture
from imfilt.images.deep.reading import is_decoded, package_for, read_deep
from imfilt.images.deep.tiff_reading import size_of, sizes_of
from imfilt.images.depth import Loss
from imfilt.images.frames.frame import Show
from imfilt.images.frames.reading import Frames, check_index
from imfilt.images.limits import check_all_pixels, check_pixels
from imfilt.images.sources import Source

_BIG_TIFF = (b"II+\0", b"MM\0+")
_ORIENTATION, _PROFILE = 274, 34675
_LOSS = Loss("this TIFF holds samples that Pillow cannot read", is_cut=False)
_SIDES_SWAPPED = range(5, 9)


def read_unknown_tiff(stream: BinaryIO, source: Source, max_pixels: int, frame: int | None) -> DeepPicture | Frames:
    """Read the only page of a file, or one `frame` of it; return all its pages where it has several and none is chosen.

    Raises `PictureError` where there is no such page, where all together have more than `max_pixels`, for what is no
    whole picture, and without the extra.
    """
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


def read_page(stream: BinaryIO, page: int) -> DeepPicture:
    """Read a page of a file, counted from 0; raise `PictureError` for one that is damaged or cannot be filtered."""
    size = size_of(package_for("TIFF"), stream, page)
    return read_deep(stream, "TIFF", _LOSS, read_carried(_image_with_tags(stream, size, page), stream), page=page)


def _image_with_tags(stream: BinaryIO, size: tuple[int, int], page: int) -> Any:
    """Return what stands for the image that Pillow would open at a page, with all that can be carried."""
    stream.seek(0)
    head = stream.read(8)
    head += stream.read(8) if head.startswith(_BIG_TIFF) else b""
    tags = ImageFileDirectory_v2(head)
    place = 0
    for _ in range(page + 1):
        place = tags.next
        stream.seek(place)
        tags.load(stream)
    exif = Image.Exif()
    exif.bigtiff = head.startswith(_BIG_TIFF)
    exif.endian = "<" if head.startswith(b"II") else ">"
    exif.load_from_fp(stream, place)
    profile = tags.get(_PROFILE)
    return SimpleNamespace(
        format="TIFF",
        size=size[::-1] if tags.get(_ORIENTATION) in _SIDES_SWAPPED else size,
        info={"icc_profile": profile} if isinstance(profile, bytes) else {},
        tag_v2=tags,
        tell=lambda: page,
        getexif=lambda: exif,
    )
