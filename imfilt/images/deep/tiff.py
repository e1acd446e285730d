"""TIFF of any type of sample in any number of channels, which Pillow does not write."""

from __future__ import annotations

import io
import sys
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin, TiffTags

from imfilt.errors import PictureError
from imfilt.images.deep.picture import AnyPicture
from imfilt.images.samples import samples_of

if TYPE_CHECKING:
    from imfilt.array_types import Array

_PHOTOMETRIC = {"L": 1, "RGB": 2, "CMYK": 5, "YCbCr": 6, "LAB": 8}
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}
_ALPHA = 2
"""Extra samples that are alpha by which colours were not multiplied."""
_DIFFERENCES = 2
"""The predictor that stores how samples differ from those to the left (TIFF 6.0, section 14)."""
_STRIP_BYTES = 1 << 18
_MOST_BYTES = 1 << 32

_OFFSETS, _PREDICTOR = 273, 317


def write_tiff(picture: AnyPicture, stream: BinaryIO, settings: dict[str, Any], _threads: int | None) -> None:
    """Write samples in strips, deflated unless the settings say ``raw``, with the tags that Pillow would write."""
    samples, mode = samples_of(picture), picture.mode
    rows, columns, channels = samples.shape
    rows_a_strip = max(1, _STRIP_BYTES // (columns * channels * samples.itemsize))
    is_raw = settings.get("compression", "raw") == "raw"
    strips = [
        np.ascontiguousarray(strip).tobytes() if is_raw else _deflated(strip)
        for strip in (samples[first : first + rows_a_strip] for first in range(0, rows, rows_a_strip))
    ]
    lengths = [len(strip) for strip in strips]
    if sum(lengths) > _MOST_BYTES - (1 << 20):
        raise PictureError("TIFF cannot hold more than 4 GB; write it as .npy instead (-o NAME.npy)")
    ifd = _tags_by_pillow(settings)
    bits = samples.itemsize * 8
    tags: dict[int, tuple[int, tuple[int, ...]]] = {
        TiffImagePlugin.IMAGEWIDTH: (TiffTags.LONG, (columns,)),
        TiffImagePlugin.IMAGELENGTH: (TiffTags.LONG, (rows,)),
        TiffImagePlugin.BITSPERSAMPLE: (TiffTags.SHORT, (bits,) * channels),
        TiffImagePlugin.COMPRESSION: (TiffTags.SHORT, (1 if is_raw else 8,)),
        TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: (TiffTags.SHORT, (_PHOTOMETRIC[mode.colour],)),
        TiffImagePlugin.SAMPLESPERPIXEL: (TiffTags.SHORT, (channels,)),
        TiffImagePlugin.ROWSPERSTRIP: (TiffTags.LONG, (rows_a_strip,)),
        TiffImagePlugin.STRIPBYTECOUNTS: (TiffTags.LONG, tuple(lengths)),
        TiffImagePlugin.PLANAR_CONFIGURATION: (TiffTags.SHORT, (1,)),
        TiffImagePlugin.SAMPLEFORMAT: (TiffTags.SHORT, (_SAMPLE_FORMATS[samples.dtype.kind],) * channels),
        _OFFSETS: (TiffTags.LONG, tuple(int(each) for each in np.cumsum([0, *lengths[:-1]]))),
    }
    if mode.has_alpha:
        tags[TiffImagePlugin.EXTRASAMPLES] = TiffTags.SHORT, (_ALPHA,)
    if not is_raw and samples.dtype.kind != "f":
        tags[_PREDICTOR] = TiffTags.SHORT, (_DIFFERENCES,)
    for tag, (kind, values) in tags.items():
        ifd.tagtype[tag] = kind
        ifd[tag] = values
    ifd.save(stream)  # which moves the offsets behind itself
    for strip in strips:
        stream.write(strip)


def _deflated(strip: Array) -> bytes:
    if strip.dtype.kind != "f":
        strip = np.concatenate((strip[:, :1], np.diff(strip, axis=1)), axis=1)  # wrapping around, as it should
    return zlib.compress(np.ascontiguousarray(strip).tobytes())


def _tags_by_pillow(settings: dict[str, Any]) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Return the tags that Pillow writes for `settings` with one pixel, whose layout is to be replaced."""
    small = io.BytesIO()
    Image.new("L", (1, 1)).save(small, "TIFF", **settings | {"compression": "raw"})
    ifd = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II" if sys.byteorder == "little" else b"MM")
    with Image.open(small, formats=["TIFF"]) as image:
        tags, exif = image.tag_v2, image.getexif()  # type: ignore[attr-defined]
        for tag in tags:
            ifd.tagtype[tag] = tags.tagtype[tag]
            ifd[tag] = exif.get_ifd(tag) if tag in TiffTags.TAGS_V2_GROUPS else tags[tag]
    return ifd
