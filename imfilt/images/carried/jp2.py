"""The boxes of a JPEG 2000 file: its colour profile and its resolution (ISO/IEC 15444-1, annex I)."""

from __future__ import annotations

import io
import math
import os
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target
    from imfilt.images.carried.resolution import Resolution

Box = tuple[bytes, bytes]
"""A type and its content."""

_HEADER, _COLOUR, _RESOLUTION, _CAPTURED = b"jp2h", b"colr", b"res ", b"resc"
_BY_PROFILE = b"\2\0\0"
"""How the box of a colour begins that holds a profile."""
_MOST_BYTES = 1 << 24
_LARGEST = (1 << 16) - 1


def profile_of(source: Source) -> bytes | None:
    """Return the colour profile of a file; None where it has none."""
    if source.image.format != "JPEG2000" or source.stream is None:
        return None
    place = source.stream.tell()
    try:
        found = _header_in(source.stream)
    finally:
        source.stream.seek(place)
    contents = [content for kind, content in _boxes(found[1]) if kind == _COLOUR] if found else []
    return next((each[len(_BY_PROFILE) :] for each in contents if each[:1] == _BY_PROFILE[:1]), None)


def put_profile(profile: bytes, target: Target) -> None:
    """Put a colour profile into a file."""
    target.boxes.append((_COLOUR, _BY_PROFILE + profile))


def put_resolution(resolution: Resolution, target: Target) -> None:
    """Put a resolution into a file, if it has a unit, unless 16 bits cannot say it."""
    if resolution.unit is None:
        return
    across, down = (_split(side) for side in resolution.per("metre"))
    if max(*across[:2], *down[:2]) <= _LARGEST and min(across[0], down[0]) > 0:
        content = struct.pack(">HHHHbb", *down[:2], *across[:2], down[2], across[2])
        target.boxes.append((_RESOLUTION, _to_box(_CAPTURED, content)))


def add_boxes(stream: BinaryIO, boxes: Sequence[Box]) -> None:
    """Put boxes into the header of a file that was just written; a profile takes the place of the name of a colour.

    Only the four colours of print keep their name and come first, for without it nobody knows them.
    """
    stream.seek(0)
    found = _header_in(stream)
    if found is None:
        stream.seek(0, os.SEEK_END)
        return
    place, content = found
    stream.seek(place + 8 + len(content))
    following = stream.read()
    there = list(_boxes(content))
    is_print = any(kind == _COLOUR and data[:1] == b"\1" and data[3:7] == b"\0\0\0\x0c" for kind, data in there)
    if any(kind == _COLOUR for kind, _ in boxes) and not is_print:
        there = [box for box in there if box[0] != _COLOUR]
    header = b"".join(_to_box(*box) for box in (*there, *boxes))
    stream.seek(place)
    stream.write(_to_box(_HEADER, header) + following)


def without_profile(content: bytes) -> bytes:
    """Return a file without its colour profile, by which some decoders would change the samples."""
    found = _header_in(io.BytesIO(content))
    if found is None:
        return content
    place, header = found
    kept = [box for box in _boxes(header) if box[0] != _COLOUR or box[1][:1] != _BY_PROFILE[:1]]
    rest = content[place + 8 + len(header) :]
    return content[:place] + _to_box(_HEADER, b"".join(_to_box(*box) for box in kept)) + rest


def _split(side: Fraction) -> tuple[int, int, int]:
    """Return a number as a numerator, a denominator and an exponent of 10."""
    exponent = max(0, round(math.log10(side)) - 2)
    side /= 10**exponent
    side = side.limit_denominator(max(1, _LARGEST // math.ceil(side)))
    return side.numerator, side.denominator, exponent


def _header_in(stream: BinaryIO) -> tuple[int, bytes] | None:
    """Return where the box of the header lies, and its content; None where there is none, or it is too large."""
    place = 0
    while True:
        stream.seek(place)
        head = stream.read(8)
        if len(head) < 8:
            return None
        length, kind = struct.unpack(">I4s", head)
        if length < 8:  # up to the end, or too long for 32 bits: the samples
            return None
        if kind == _HEADER:
            return (place, stream.read(length - 8)) if length <= _MOST_BYTES else None
        place += length


def _boxes(content: bytes) -> Iterator[Box]:
    place = 0
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if length < 8:
            return
        yield kind, content[place + 8 : place + length]
        place += length


def _to_box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content
