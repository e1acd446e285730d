"""TIFF of samples that Pillow knows nothing of, such as floats in colour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from imfilt.images.carried import Carried, read_carried
from imfilt.images.deep.picture import DeepPicture
from imfilt.images.deep.reading import is_decoded, package_for, read_deep
from imfilt.images.depth import Loss
from imfilt.images.limits import check_pixels

_BIG_TIFF = (b"II+\0", b"MM\0+")
_ORIENTATION, _PROFILE = 274, 34675
_SIDES_SWAPPED = range(5, 9)


def read_unknown_tiff(stream: BinaryIO, max_pixels: int) -> DeepPicture:
    """Read the only page of a file; raise `PictureError` for more pixels than `max_pixels`, and what is none."""
    loss = Loss("this TIFF holds samples that Pillow cannot read", is_cut=False)
    carried = Carried()
    if is_decoded("TIFF"):
        from imfilt.images.deep.tiff_reading import size_of

        size = size_of(package_for("TIFF"), stream)
        check_pixels(size, max_pixels)
        carried = read_carried(_image_with_tags(stream, size), stream)
    return read_deep(stream, "TIFF", loss, carried)


def _image_with_tags(stream: BinaryIO, size: tuple[int, int]) -> Any:
    """Return what stands for the image that Pillow would open, with all that can be carried."""
    stream.seek(0)
    head = stream.read(8)
    head += stream.read(8) if head.startswith(_BIG_TIFF) else b""
    tags = ImageFileDirectory_v2(head)
    stream.seek(tags.next)
    tags.load(stream)
    exif = Image.Exif()
    exif.bigtiff = head.startswith(_BIG_TIFF)
    exif.endian = "<" if head.startswith(b"II") else ">"
    exif.load_from_fp(stream, tags.next)
    profile = tags.get(_PROFILE)
    return SimpleNamespace(
        format="TIFF",
        size=size[::-1] if tags.get(_ORIENTATION) in _SIDES_SWAPPED else size,
        info={"icc_profile": profile} if isinstance(profile, bytes) else {},
        tag_v2=tags,
        tell=lambda: 0,
        getexif=lambda: exif,
    )
