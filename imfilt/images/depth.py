"""What Pillow would cut or read wrongly without a word: to be asked of a file that is open and not yet decoded."""

from __future__ import annotations

import re
from typing import Any

from PIL.ImageFile import ImageFile

from imfilt.errors import PictureError
from imfilt.quick import NamedTuple

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO = 0
_SIGNED = 2
_LOW_DEPTH = r"L;([124])"
_AVIF_DEEP, _AVIF_TWELVE = 0x40, 0x20
_SIZ = b"\xff\x51"


class Loss(NamedTuple):
    """What would be lost, and whether no more than that: whether all that is left of it is right."""

    what: str
    is_cut: bool = True


def loss_of(image: ImageFile) -> Loss | None:
    """Return what Pillow would cut to 8 bits, or turn into other samples; None where it is faithful."""
    bits = _bits(image)
    if bits > 8 and not image.mode.startswith("I") and image.mode != "F":
        return Loss(f"{bits} bits a channel would be cut to 8")
    if image.format != "TIFF":
        return None
    is_signed = _SIGNED in _as_tuple(_tiff_tag(image, _SAMPLE_FORMAT))
    if image.mode.startswith("I;16") and _tiff_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        return Loss("16 bits in which 0 is white would be read as their negative", is_cut=False)
    if image.mode.startswith("I;16") and bits != 16:
        return Loss(f"white of {bits} bits would be dark in 16", is_cut=False)
    if image.mode in ("F", "I") and any(tile[0] == "libtiff" and "B" in _raw_mode(tile) for tile in image.tile):
        return Loss("compressed samples of the other byte order would be read wrongly", is_cut=False)
    if image.mode == "L" and is_signed:
        return Loss("8 bits with a sign would be read without it", is_cut=False)
    if image.mode == "I" and bits == 16:
        return Loss("16 bits with a sign would become 32", is_cut=False)
    if image.mode == "I" and not is_signed:
        return Loss("32 bits without a sign would be read with one", is_cut=False)
    return None


def check_depth(image: ImageFile) -> None:
    """Raise `PictureError` for one of several frames or pages that Pillow would cut or read wrongly."""
    if loss := loss_of(image):
        raise PictureError(f"{loss.what}; more is read of a file with one page only, so split it")


def scale_transparent_level(image: ImageFile) -> None:
    """Bring the transparent level of a PNG of 2 or 4 bits to the 8 bits that its samples are read with."""
    match = re.fullmatch(_LOW_DEPTH, _raw_mode(image.tile[0])) if image.tile else None
    level = image.info.get("transparency")
    if match and isinstance(level, int):
        image.info["transparency"] = level * 255 // ((1 << int(match[1])) - 1)


def _bits(image: ImageFile) -> int:
    if image.format == "TIFF":
        return max(map(int, _as_tuple(_tiff_tag(image, _BITS))), default=1)
    if image.format == "JPEG2000":
        return _jpeg2000_bits(image)
    if image.format == "AVIF":
        return _avif_bits(image)
    return max((_bits_of_tile(tile) for tile in image.tile), default=8)


def _tiff_tag(image: Any, tag: int) -> Any:
    return image.tag_v2.get(tag)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


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
    start = _start_of(image)
    marker = start.find(_SIZ)
    return (start[marker + 40] & 0x7F) + 1 if 0 <= marker < len(start) - 40 else 8


def _avif_bits(image: Any) -> int:
    """Return the bits of a channel, from the box of the decoder's configuration (AV1 in ISOBMFF, 2.3.3)."""
    start = _start_of(image)
    box = start.find(b"av1C")
    flags = start[box + 6] if 0 <= box < len(start) - 6 else 0
    if not flags & _AVIF_DEEP:
        return 8
    return 12 if flags & _AVIF_TWELVE else 10


def _start_of(image: Any) -> bytes:
    if image.fp is None:  # as the decoder of AVIF leaves it once it has begun
        return b""
    place = image.fp.tell()
    image.fp.seek(0)
    start: bytes = image.fp.read(1 << 16)
    image.fp.seek(place)
    return start
