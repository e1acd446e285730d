"""Writing: a picture becomes the bytes of a file."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, BinaryIO

from imfilt.errors import PictureError
from imfilt.images.carried import Target, put_carried
from imfilt.images.fit import fit
from imfilt.images.formats import Format
from imfilt.images.memory import copy_out
from imfilt.images.picture import Picture
from imfilt.images.quiet import SILENT

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_TRIED = 1 << 16
"""Bytes."""


def write_picture(stream: BinaryIO, picture: AnyPicture, target_format: Format, *, threads: int | None = None) -> None:
    """Write `picture`, which fits the format, to a file that is open, with all that it carries and the format can hold.

    `threads` may compress it, as many as are of use where it is not given; it changes no byte. Raises `PictureError`
    where the format cannot hold the picture, and an `OSError` where the disk does not take it.
    """
    if target_format.in_memory:
        stream.write(encode_picture(picture, target_format, threads=threads))
    else:
        encode(picture, stream, target_format, threads)


def encode_picture(picture: AnyPicture, target_format: Format, *, threads: int | None = None) -> bytes:
    """Return the bytes of the file that a picture becomes, whether it fits the format or has to be made to."""
    fitting, _ = fit(picture, target_format)
    stream = io.BytesIO()
    encode(fitting, stream, target_format, threads)
    return stream.getvalue()


def encode(picture: AnyPicture, stream: BinaryIO, target_format: Format, threads: int | None, **further: Any) -> None:
    """Write `picture`, which fits the format, to a stream; `further` settings are those of Pillow's `Image.save`."""
    try:
        with SILENT():
            target = put_carried(picture, target_format)
            into, settings = _with_chunks(stream, target), target.settings | further
            if isinstance(picture, Picture) and target_format.is_pillows:
                _save(picture, into, target_format, settings, threads)
            else:
                from imfilt.images.deep.writing import WRITERS

                WRITERS[target_format.name](picture, into, settings, threads)
            _finish(stream, target)
    except (PictureError, MemoryError):
        raise
    except Exception as error:  # encoders raise nearly anything
        if isinstance(error, OSError) and error.errno is not None:  # it is the disk, and not the encoder
            raise
        _try_disk(stream)
        raise PictureError(f"{target_format.name} cannot be written: {error}") from None


def _try_disk(stream: BinaryIO) -> None:
    """Raise `OSError` where the disk takes no more, which encoders written in C keep to themselves."""
    stream.seek(0, os.SEEK_END)
    stream.write(bytes(_TRIED))
    stream.flush()


def _with_chunks(stream: BinaryIO, target: Target) -> Any:
    """Return a stream for what writes the file: for a PNG one that puts chunks in; segments of a JPEG are a setting."""
    if target.segments:
        from imfilt.images.carried.jpeg_segments import to_segments

        target.settings["extra"] = to_segments(target.segments)
    if not target.chunks:
        return stream
    from imfilt.images.carried.png_chunks import ChunkInserter

    return ChunkInserter(stream, target.chunks)


def _finish(stream: BinaryIO, target: Target) -> None:
    """Put into a file that was written what its encoder does not write."""
    if target.entries:
        from imfilt.images.carried.tiff_tags import add_tags

        add_tags(stream, target.entries)
    if target.boxes:
        from imfilt.images.carried.jp2 import add_boxes

        add_boxes(stream, target.boxes)
    if target.jfif:
        from imfilt.images.carried.jpeg_segments import put_density

        put_density(stream, target.jfif)


def _save(
    picture: Picture, stream: BinaryIO, target_format: Format, settings: dict[str, Any], threads: int | None
) -> None:
    image = picture.image
    if image.mode == "L":
        settings |= target_format.grey_settings
    if image.mode == "P" and "transparency" in image.info:
        settings["transparency"] = image.info["transparency"]
    if picture.memory and not target_format.lends:
        image = copy_out(image, picture.memory)
    image.info, info = {}, image.info  # what is not carried on purpose is not to slip through
    try:
        if target_format.name == "JPEG":
            from imfilt.images.jpeg import save_jpeg

            save_jpeg(image, picture.memory, stream, settings, threads)
        elif target_format.name == "PNG":
            from imfilt.images.png import png_in_bands

            with png_in_bands(threads, settings.get("effort")):
                image.save(stream, format="PNG", **settings)
        else:
            if target_format.name == "TIFF":
                from imfilt.images.libtiff import silence_libtiff

                silence_libtiff()
            image.save(stream, format=target_format.name, **settings)
    finally:
        image.info = info
