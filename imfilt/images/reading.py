"""Reading: a file or a stream in, a picture out, and one line for whatever is wrong with it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image, JpegImagePlugin, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from imfilt.errors import PictureError
from imfilt.images.convert import to_filterable
from imfilt.images.depth import check_depth, scale_transparent_level
from imfilt.images.formats import FORMATS
from imfilt.images.limits import MAX_PIXELS, check_pixels
from imfilt.images.memory import lend_memory
from imfilt.images.picture import Carried, JpegSettings, Picture

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

EXIF_HEADER = b"Exif\0\0"

_FORMAT_OF = {name: entry.name for entry in FORMATS.values() for name in (entry.name, *entry.variants)}

_NPY_MAGIC = b"\x93NUMPY"

_PILLOWS = [entry.name for entry in FORMATS.values() if entry.is_pillows]

# Tags of a TIFF file that describe where and how its samples lie, and what is carried apart from EXIF.
_LAYOUT_TAGS = (
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 282, 283, 284, 296),
    *(317, 320, 321, 322, 323, 324, 325, 330, 338, 339, 347, 512, 513, 514, 529, 530, 531, 532, 34675),
)


def read_picture(source: Path | BinaryIO, *, max_pixels: int = MAX_PIXELS) -> AnyPicture:
    """Read the picture in the file or stream `source`.

    Raises `PictureError`, in one line without the name of the file, for anything that is not a whole picture in a
    format of `FORMATS`, has several frames, or has more than `max_pixels`.
    """
    with (
        _one_line_errors(source),
        source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream,
    ):
        is_npy = stream.read(len(_NPY_MAGIC)) == _NPY_MAGIC
        stream.seek(0)
        if is_npy:
            from imfilt.images.deep.npy import read_npy

            return read_npy(stream, max_pixels=max_pixels)
        with Image.open(stream, formats=_PILLOWS) as image:
            return _read_image(image, max_pixels)


def _read_image(image: ImageFile, max_pixels: int) -> AnyPicture:
    """Read a picture from an image that is open and not yet decoded."""
    check_pixels(image.size, max_pixels)
    _check_frames(image)
    check_depth(image)
    scale_transparent_level(image)
    memory = lend_memory(image) if FORMATS[_FORMAT_OF[image.format or ""]].lends else None
    lent = image.im if memory else None
    picture = to_picture(image)
    return replace(picture, memory=memory) if memory and picture.image.im is lent else picture


def to_picture(image: Image.Image) -> Picture:
    """Return an image of Pillow as a picture, decoded; the pixels are shared where no conversion is needed."""
    image.load()
    file_format = _FORMAT_OF.get(image.format or "", "PNG")
    return Picture(to_filterable(image), _carried_by(image), file_format)


def _carried_by(image: Image.Image) -> Carried:
    info = image.info
    return Carried(
        exif=_exif_of(image),
        icc_profile=info.get("icc_profile") or None,
        resolution=info.get("dpi"),
        jpeg=_jpeg_settings_of(image),
        compression=info.get("compression") if isinstance(info.get("compression"), str) else None,
    )


def _exif_of(image: Image.Image) -> bytes | None:
    if image.format == "TIFF":
        exif = image.getexif()
        for tag in _LAYOUT_TAGS:
            exif.pop(tag, None)
        return exif.tobytes() if len(exif) else None
    exif_bytes: bytes | None = image.info.get("exif")
    if not exif_bytes:
        return None
    return exif_bytes if exif_bytes.startswith(EXIF_HEADER) else EXIF_HEADER + exif_bytes


def _jpeg_settings_of(image: Image.Image) -> JpegSettings | None:
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return None
    sampling = JpegImagePlugin.get_sampling(image)
    if sampling < 0 and image.layers == 3:
        sampling = 0  # a sampling that Pillow does not write: rather keep more than less
    return JpegSettings(dict(image.quantization), sampling, bool(image.info.get("progressive")))


def _check_frames(image: Image.Image) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # the further pictures of a telephone's JPEG are previews of the first
        raise PictureError(f"it has {frames} frames or pages; imfilt filters single pictures so far, so split it first")


@contextmanager
def _one_line_errors(source: Path | BinaryIO) -> Iterator[None]:
    """Turn whatever Pillow raises into a `PictureError`, and keep its warnings off the terminal.

    Pillow's own limit on pixels is lifted meanwhile, for ours takes its place.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PictureError:
        raise
    except MemoryError:
        raise PictureError("not enough memory for this picture") from None
    except UnidentifiedImageError:
        raise PictureError(_why_unidentified(source)) from None
    except FileNotFoundError:
        raise PictureError("no such file") from None
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or _first_line(error)}") from None
    except Exception as error:  # decoders raise nearly anything over broken files
        raise PictureError(f"cannot be read, it seems to be damaged: {_first_line(error)}") from None
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _why_unidentified(source: Path | BinaryIO) -> str:
    size = source.stat().st_size if isinstance(source, Path) else source.seek(0, os.SEEK_END)
    if size == 0:
        return "the file is empty"
    return f"not a picture that imfilt reads, or a damaged one; it reads {', '.join(FORMATS)}"


def _first_line(error: Exception) -> str:
    lines: list[Any] = str(error).splitlines()
    return str(lines[0]) if lines else type(error).__name__
