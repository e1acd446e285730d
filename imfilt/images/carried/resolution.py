"""How many samples go on a length: as each format says it, and from one unit to another, exactly.

JFIF 1.02, "APP0 marker"; PNG specification, third edition, 11.3.4.3; TIFF 6.0, section 8; Exif 2.32, 4.6.4.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target

# From a unit of length to inches.
_INCHES = {"inch": Fraction(1), "cm": Fraction(50, 127), "metre": Fraction(5000, 127)}

_LARGEST = (1 << 32) - 1

_ACROSS, _DOWN, _UNIT = 282, 283, 296
_TIFF_UNITS = {1: None, 2: "inch", 3: "cm"}
_JFIF_UNITS = {0: None, 1: "inch", 2: "cm"}
_PNG_UNITS = {0: None, 1: "metre"}
_BMP_DPI = 39.3701
"""Pillow's inches in a metre, where it reads and writes BMP."""


class Resolution(NamedTuple):
    """Samples per unit of length, across and down; without a unit, only how they relate to each other."""

    across: Fraction
    down: Fraction
    unit: str | None

    def per(self, unit: str) -> tuple[Fraction, Fraction]:
        """Return samples per another unit; for one that is not known, those there are."""
        factor = _INCHES[unit] / _INCHES[self.unit] if self.unit else Fraction(1)
        return self.across * factor, self.down * factor


def read(source: Source) -> Resolution | None:
    """Return the resolution of a file: what its format says, or else its EXIF data; None where it has none."""
    from imfilt.images.carried.things import read_exif

    image, chunks = source.image, dict(source.chunks)
    info, found = image.info, None
    if b"pHYs" in chunks and len(chunks[b"pHYs"]) == 9:
        across, down, unit = struct.unpack(">IIB", chunks[b"pHYs"])
        found = _checked((across, down), _PNG_UNITS.get(unit))
    elif "jfif_density" in info and (info["jfif_unit"] or info["jfif_density"] != (1, 1)):
        found = _checked(info["jfif_density"], _JFIF_UNITS.get(info["jfif_unit"]))
    elif image.format == "BMP" and "dpi" in info:
        found = _checked([round(side * _BMP_DPI) for side in info["dpi"]], "metre")
    elif image.format == "TIFF":
        tags = image.tag_v2
        found = _of_tags(tags.get(_ACROSS), tags.get(_DOWN), tags.get(_UNIT, 2))
    elif image.format == "JPEG2000" and "dpi" in info:
        found = _checked([Fraction(side).limit_denominator(1000) for side in info["dpi"]], "inch")
    exif = None if found else read_exif(source)
    return found or (_of_exif(exif) if exif else None)


def is_lost(_: Resolution, things: Mapping[str, Any]) -> bool:
    """Return whether the resolution is known no more where a format holds no more than EXIF data."""
    return "exif" not in things or _of_exif(things["exif"]) is None


def turned(resolution: Resolution, swap_sides: bool) -> Resolution:
    """Return the resolution of a picture turned upright, with rows for columns or not."""
    return Resolution(resolution.down, resolution.across, resolution.unit) if swap_sides else resolution


def _of_exif(exif: bytes) -> Resolution | None:
    from imfilt.images.carried.ifd import RATIONAL, SHORT, DirectoryError, entries_at, first_directory, reader_of

    read_at = reader_of(exif[6:])
    try:
        order, offset = first_directory(read_at)
        entries = {entry.tag: entry for entry in entries_at(read_at, order, offset)}
    except DirectoryError:
        return None
    sides = [entries.get(tag) for tag in (_ACROSS, _DOWN)]
    if any(side is None or side.kind != RATIONAL or len(side.value) != 8 for side in sides):
        return None
    across, down = (struct.unpack(order + "II", side.value) for side in sides if side)
    unit = entries.get(_UNIT)
    number = struct.unpack(order + "H", unit.value)[0] if unit and unit.kind == SHORT and len(unit.value) == 2 else 2
    return _of_tags(Fraction(*across), Fraction(*down), number) if across[1] and down[1] else None


def _of_tags(across: Any, down: Any, unit: Any) -> Resolution | None:
    try:
        sides = [Fraction(side.numerator, side.denominator) for side in (across, down)]
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        return None
    return _checked(sides, _TIFF_UNITS.get(unit))


def _checked(sides: Sequence[int | Fraction], unit: str | None) -> Resolution | None:
    across, down = map(Fraction, sides)
    return Resolution(across, down, unit) if across > 0 and down > 0 else None


def put_jfif(resolution: Resolution, target: Target) -> None:
    """Put the unit and the density of a JFIF marker into a JPEG, unless 16 bits cannot say it."""
    unit = "cm" if resolution.unit == "cm" else "inch"
    sides = [round(side) for side in resolution.per(unit)]
    number = {name: number for number, name in _JFIF_UNITS.items()}[resolution.unit and unit]
    if all(0 < side < 1 << 16 for side in sides):
        target.jfif = struct.pack(">BHH", number, *sides)
        target.settings["dpi"] = (1, 1)  # or a picture in CMYK would get no such marker


def put_chunk(resolution: Resolution, target: Target) -> None:
    """Put a pHYs chunk into a PNG, unless its 31 bits cannot say it."""
    sides = [round(side) for side in resolution.per("metre")]
    if all(0 < side < 1 << 31 for side in sides):
        target.chunks.append((b"pHYs", struct.pack(">IIB", *sides, bool(resolution.unit))))


def put_tags(resolution: Resolution, target: Target) -> None:
    """Put three tags into a TIFF."""
    from imfilt.images.carried.ifd import RATIONAL, SHORT, Entry

    unit = {"metre": "cm"}.get(str(resolution.unit), resolution.unit)
    sides = resolution.per(unit) if unit else (resolution.across, resolution.down)
    number = {name: number for number, name in _TIFF_UNITS.items()}[unit]
    target.entries += [
        *(Entry(tag, RATIONAL, _rational(side)) for tag, side in zip((_ACROSS, _DOWN), sides, strict=True)),
        Entry(_UNIT, SHORT, struct.pack("<H", number)),
    ]


def put_bmp(resolution: Resolution, target: Target) -> None:
    """Let Pillow put samples per metre into a BMP."""
    target.settings["dpi"] = tuple(round(side) / _BMP_DPI for side in resolution.per("metre"))


def _rational(value: Fraction) -> bytes:
    value = min(value, Fraction(_LARGEST))
    value = value.limit_denominator(_LARGEST // math.ceil(max(value, Fraction(1))))
    return struct.pack("<II", value.numerator, value.denominator)
