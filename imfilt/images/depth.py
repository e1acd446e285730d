"""What Pillow would read wrongly without a word: to be asked of a file that is open and not yet decoded."""

from __future__ import annotations

import re
from typing import Any

from PIL.ImageFile import ImageFile

from imfilt.errors import PictureError

_BITS, _PHOTOMETRIC = 258, 262
_WHITE_IS_ZERO = 0
_LOW_DEPTH = re.compile(r"L;([124])")
_SIZ = b"\xff\x51"


def check_depth(image: ImageFile) -> None:
    """Raise `PictureError` where Pillow would cut more than 8 bits to 8, or turn samples into others."""
    bits = _bits(image)
    if bits > 8 and not image.mode.startswith("I") and image.mode != "F":
        raise PictureError(f"{bits} bits a channel would be cut to 8; save it with 8 bits a channel, or as 16-bit grey")
    if image.format == "TIFF":
        if image.mode.startswith("I;16") and _tiff_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
            raise PictureError("16-bit TIFF in which 0 is white would be read as its negative; save it with 0 as black")
        if image.mode == "F" and any(tile[0] == "libtiff" and "B" in _raw_mode(tile) for tile in image.tile):
            raise PictureError("compressed floats of the other byte order would be read wrongly; save it uncompressed")


def scale_transparent_level(image: ImageFile) -> None:
    """Bring the transparent level of a PNG of 2 or 4 bits to the 8 bits that its samples are read with."""
    match = _LOW_DEPTH.fullmatch(_raw_mode(image.tile[0])) if image.tile else None
    level = image.info.get("transparency")
    if match and isinstance(level, int):
        image.info["transparency"] = level * 255 // ((1 << int(match[1])) - 1)


def _bits(image: ImageFile) -> int:
    if image.format == "TIFF":
        bits = _tiff_tag(image, _BITS)
        return max(bits) if isinstance(bits, tuple) else int(bits or 1)
    if image.format == "JPEG2000":
        return _jpeg2000_bits(image)
    return max((_bits_of_tile(tile) for tile in image.tile), default=8)


def _tiff_tag(image: Any, tag: int) -> Any:
    return image.tag_v2.get(tag)


def _raw_mode(tile: Any) -> str:
    arguments = tile[3]
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _bits_of_tile(tile: Any) -> int:
    if tile[0] in ("ppm", "ppm_plain"):
        return int(tile[3][-1]).bit_length() if isinstance(tile[3], tuple) else 8
    if tile[0] == "SGI16" or ";16" in _raw_mode(tile):
        return 16
    return 16 if tile[0] == "sgi_rle" and tile[3][-1] == 2 else 8


def _jpeg2000_bits(image: Any) -> int:
    """Return the bits of the first component, from the size marker of the codestream (ISO/IEC 15444-1, A.5.1)."""
    place = image.fp.tell()
    image.fp.seek(0)
    start = image.fp.read(1 << 16)
    image.fp.seek(place)
    marker = start.find(_SIZ)
    return (start[marker + 40] & 0x7F) + 1 if 0 <= marker < len(start) - 40 else 8
