"""Reading: a file or a stream in, a picture out, and one line for whatever is wrong with it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, overload

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import jpeg_factory

from imfilt.errors import PictureError
from imfilt.images.carried import read_carried
from imfilt.images.convert import to_filterable, what_it_became
from imfilt.images.depth import Loss, loss_of, scale_transparent_level
from imfilt.images.formats import EXTENSIONS, FORMATS
from imfilt.images.importing import IMPORTING
from imfilt.images.limits import MAX_PIXELS, check_all_pixels
from imfilt.images.memory import lend_memory
from imfilt.images.picture import Picture
from imfilt.images.reading_errors import TEXT_LIMIT, one_line_errors
from imfilt.images.sources import Source
from imfilt.images.whole import check_whole

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture
    from imfilt.images.frames.reading import Frames

FORMAT_OF = {name: entry.name for entry in FORMATS.values() for name in (entry.name, *entry.variants)}

# The further pictures of a telephone's JPEG are previews of the first; the layers of a PSD are what it was made of.
_OF_ONE_PICTURE = ("MPO", "PSD")
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
NPY_MAGIC = b"\x93NUMPY"
_JPEG_MAGIC = b"\xff\xd8\xff"

_PILLOWS = [entry.name for entry in FORMATS.values() if entry.is_pillows]


def import_readers(source: Source | None = None) -> None:
    """Import what reads usual files, or this one: before a thread decodes it, or before there are more processes."""
    if not (isinstance(source, Path) and EXTENSIONS.get(source.suffix.casefold()) is FORMATS["JPEG"]):
        Image.preinit()


@overload
def read_picture(source: Source, *, max_pixels: int = ..., frame: int, to_8_bits: bool = ...) -> AnyPicture: ...


@overload
def read_picture(
    source: Source, *, max_pixels: int = ..., frame: None = ..., to_8_bits: bool = ...
) -> AnyPicture | Frames: ...


@overload
def read_picture(
    source: Source, *, max_pixels: int = ..., frame: int | None, to_8_bits: bool = ...
) -> AnyPicture | Frames: ...


def read_picture(
    source: Source, *, max_pixels: int = MAX_PIXELS, frame: int | None = None, to_8_bits: bool = False
) -> AnyPicture | Frames:
    """Read the picture in the file or stream `source`, or one `frame` of it, counted from 0.

    Where it has several frames or pages, and none of them is asked for, return these, to be decoded one at a time.

    `to_8_bits` allows that it is cut to 8 bits where the extra that reads more of them is not installed.

    Raises `PictureError`, in one line without the name of the file, for anything that is not a whole picture in a
    format of `FORMATS`, has no such frame, or has more than `max_pixels`, over all its frames.
    """
    with opened_stream(source, max_pixels) as stream:
        is_npy = stream.read(len(NPY_MAGIC)) == NPY_MAGIC
        stream.seek(0)
        if is_npy:
            with IMPORTING:
                from imfilt.images.deep.npy import read_npy

            if frame:
                raise PictureError(f"there is no frame {frame}: it has one frame, 0")
            return read_npy(stream, max_pixels=max_pixels)
        try:
            image = _open_image(stream, max_pixels)
        except UnidentifiedImageError:
            stream.seek(0)
            if stream.read(4) not in TIFF_MAGIC:
                raise
            with IMPORTING:
                from imfilt.images.deep.unknown import read_unknown_tiff

            return read_unknown_tiff(stream, source, max_pixels, frame)
        with image:
            check_whole(image)
            if frame is not None or getattr(image, "is_animated", False):
                from imfilt.images.frames.reading import frames_in, read_frame

                frames = frames_in(image, source, max_pixels)
                if frame or (frame is not None and frames.count > 1):
                    return read_frame(image, frames, frame)
                if frames.count > 1:
                    return frames
            return _read_image(image, stream, to_8_bits=to_8_bits)


def _read_image(image: ImageFile, stream: BinaryIO, *, to_8_bits: bool) -> AnyPicture:
    """Read a picture from an image that is open and not yet decoded."""
    _check_one_picture(image)
    notes: tuple[str, ...] = ()
    if loss := loss_of(image):
        with IMPORTING:
            from imfilt.images.deep.reading import is_decoded

        if is_decoded(str(image.format)) or not (to_8_bits and loss.is_cut):
            return _read_deep(image, stream, loss)
        notes = (f"{loss.what.replace('would be', 'were')}, without rounding",)
    scale_transparent_level(image)
    memory = lend_memory(image) if _is_lent(image) else None
    lent = image.im if memory else None
    check_rows = _row_check(image, memory)
    picture = to_picture(image)
    check_rows()
    if not isinstance(picture, Picture):
        return upright(picture)
    picture = replace(picture, notes=(*notes, *picture.notes))
    picture = replace(picture, memory=memory) if memory and picture.image.im is lent else picture
    return upright(picture)


def upright(picture: AnyPicture) -> AnyPicture:
    """Return a picture turned as its EXIF data say."""
    if not picture.carried.exif:
        return picture
    from imfilt.images.orientation import make_upright

    return make_upright(picture)


def _is_lent(image: Image.Image) -> bool:
    """Whether an image is decoded into memory of ours: not if it is to be turned, which takes a copy."""
    lends = FORMATS[FORMAT_OF[image.format or ""]].lends
    if not lends or "exif" not in image.info:
        return lends
    from imfilt.images.carried.exif import UPRIGHT, orientation_of, with_header

    return orientation_of(with_header(image.info["exif"])) == UPRIGHT


def _check_one_picture(image: ImageFile) -> None:
    pages = getattr(image, "n_frames", 1)
    if pages > 1 and image.format not in _OF_ONE_PICTURE and not FORMATS[FORMAT_OF[str(image.format)]].frames:
        raise PictureError(f"it has {pages} pages; imfilt filters but one of a {image.format}, so split it first")


def _read_deep(image: ImageFile, stream: BinaryIO, loss: Loss) -> AnyPicture:
    with IMPORTING:
        from imfilt.images.deep.reading import read_deep

    if image.format == "PNG":
        with IMPORTING:
            from imfilt.images.deep.png import carried_image

        carried = read_carried(carried_image(stream), stream)
    else:
        carried = read_carried(image, stream)
    return upright(read_deep(stream, str(image.format), loss, carried))


def _row_check(image: ImageFile, memory: memoryview | None) -> Callable[[], None]:
    if image.format != "PNG":
        return lambda: None
    from imfilt.images.png_rows import RowCheck

    return RowCheck(image, memory)


@contextmanager
def opened(source: Source, max_pixels: int) -> Iterator[ImageFile]:
    """Open a file or stream as an image of Pillow that is not yet decoded; whatever goes wrong is a `PictureError`."""
    with opened_stream(source, max_pixels) as stream, _open_image(stream, max_pixels) as image:
        yield image


@contextmanager
def opened_stream(source: Source, max_pixels: int) -> Iterator[BinaryIO]:
    """Open a file, or go to the beginning of a stream; whatever goes wrong is a `PictureError`."""
    with (
        one_line_errors(source, max_pixels),
        source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream,
        nullcontext() if _is_jpeg(stream) else TEXT_LIMIT(),
    ):
        stream.seek(0)
        yield stream


def _is_jpeg(stream: BinaryIO) -> bool:
    stream.seek(0)
    return stream.read(len(_JPEG_MAGIC)) == _JPEG_MAGIC


def _open_image(stream: BinaryIO, max_pixels: int) -> ImageFile:
    if _is_jpeg(stream):
        with suppress(SyntaxError, IndexError, TypeError, struct.error):  # Pillow then says that it is no picture
            stream.seek(0)
            image: ImageFile = jpeg_factory(stream)  # as Pillow does, but that it imports other formats before
            check_all_pixels(image.width * image.height, max_pixels)  # as Pillow does where it chooses the format
            return image
    image = Image.open(stream, formats=_PILLOWS)
    if image.format == "TIFF":
        from imfilt.images.libtiff import silence_libtiff

        silence_libtiff()
    return image


def to_picture(image: Image.Image) -> AnyPicture:
    """Return an image of Pillow as a picture, decoded; the pixels are shared where no conversion is needed."""
    stream, packet = getattr(image, "fp", None), image.info.get("xmp")
    if image.format == "TIFF":
        image.info.pop("xmp", None)  # for Pillow would turn the samples as that says
    image.load()
    if packet:
        image.info["xmp"] = packet
    carried = read_carried(image, None if getattr(stream, "closed", True) else stream)
    if image.mode == "I;16" and "transparency" in image.info:
        with IMPORTING:
            from imfilt.images.deep.clear import with_clear_level

        return with_clear_level(image, carried)
    filterable = to_filterable(image)
    file_format = FORMAT_OF.get(image.format or "", "PNG")
    return Picture(filterable, carried, file_format, what_it_became(image, filterable))
