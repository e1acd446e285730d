"""TIFF of any type of sample in any number of channels, by tifffile."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from imfilt.errors import PictureError
from imfilt.images.deep.decoded import Decoded
from imfilt.images.orientation import turned

if TYPE_CHECKING:
    from imfilt.array_types import Array

_WHITE_IS_ZERO = 0
_COLOURS = {_WHITE_IS_ZERO: "L", 1: "L", 2: "RGB", 5: "CMYK"}
"""From the number of a photometric interpretation (TIFF 6.0, section 8) to a colour."""
_CHANNELS = {"L": 1, "RGB": 3, "CMYK": 4}
_ORIENTATION, _UPRIGHT, _ORIENTATIONS = 274, 1, 9
_ALPHA, _PREMULTIPLIED = 2, 1
_BITS = (8, 16, 32, 64)


def sizes_of(package: Any, stream: BinaryIO) -> list[tuple[int, int]]:
    """Return the stored columns and rows of all pages; raise `PictureError` where they go in a circle."""
    sizes: dict[int, tuple[int, int]] = {}
    with _opened(package, stream) as file:
        for page in file.pages:
            if page.offset in sizes:
                raise PictureError("cannot be read, it seems to be damaged: its pages go in a circle")
            sizes[page.offset] = page.imagewidth, page.imagelength
    return list(sizes.values())


def size_of(package: Any, stream: BinaryIO, page_index: int) -> tuple[int, int]:
    """Return the stored columns and rows of a page."""
    with _opened(package, stream) as file:
        page = file.pages[page_index]
        return page.imagewidth, page.imagelength


def decode(package: Any, stream: BinaryIO, page_index: int) -> Decoded:
    """Return the samples of a page, upright and with 0 as black."""
    with _opened(package, stream) as file:
        page = file.pages[page_index]
        colour = _COLOURS.get(int(page.photometric))
        if colour is None:
            raise PictureError(f"{page.photometric.name} colours of this depth cannot be read; save it as RGB")
        _check_whole(page, stream)
        has_alpha = _has_alpha(page, colour)
        if page.dtype is None or page.bitspersample not in _BITS:
            raise PictureError(f"{page.bitspersample} bits a sample cannot be read; save it with 16 bits")
        samples = _with_channels_last(page.asarray(squeeze=False, maxworkers=1))
        samples = np.asarray(samples, samples.dtype.newbyteorder("="))
        if samples.dtype == np.float16:
            samples = samples.astype(np.float32)  # which holds them all
        if page.photometric == _WHITE_IS_ZERO:
            samples = _inverted(samples)
        orientation = int(page.tags.valueof(_ORIENTATION, _UPRIGHT))
        if orientation in range(_UPRIGHT + 1, _ORIENTATIONS):
            samples = turned(samples, orientation)
        return Decoded(samples, colour, has_alpha)


def _opened(package: Any, stream: BinaryIO) -> Any:
    logging.getLogger("tifffile").disabled = True  # what it would say, errors say
    stream.seek(0)
    return package.TiffFile(stream)


def _check_whole(page: Any, stream: BinaryIO) -> None:
    """Raise `PictureError` where strips or tiles are missing, or go on beyond the end of the file."""
    place = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(place)
    parts = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(parts) < int(np.prod(page.chunked)) and not page.is_contiguous:
        raise PictureError("some of its strips or tiles are missing; the file is damaged")
    if any(not count or offset + count > end for offset, count in parts):
        raise PictureError("the file is cut off, or damaged")


def _has_alpha(page: Any, colour: str) -> bool:
    further = page.samplesperpixel - _CHANNELS[colour]
    meanings = [int(each) for each in page.extrasamples]
    if not further:
        return False
    if further == 1 and (meanings == [_ALPHA] or (not meanings and colour == "RGB")):
        return True
    if _PREMULTIPLIED in meanings:
        raise PictureError("colours that were multiplied by alpha cannot be read in this depth; save them as they are")
    raise PictureError(f"{further} further channels of unknown meaning cannot be filtered; save it without them")


def _with_channels_last(samples: Array) -> Array:
    """Return planes × depth × rows × columns × channels as rows × columns × channels."""
    if samples.shape[1] != 1:
        raise PictureError("a volume is no picture; save a slice of it")
    planes, _, rows, columns, channels = samples.shape
    return np.moveaxis(samples, 0, 3).reshape(rows, columns, planes * channels)


def _inverted(samples: Array) -> Array:
    if samples.dtype.kind != "u":
        raise PictureError(f"samples of {samples.dtype.name} in which 0 is white cannot be read; save 0 as black")
    return np.invert(samples)
