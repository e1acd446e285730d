"""The segments of a JPEG file beside its samples (ITU-T T.81, B.2.4.5 and B.2.4.6; T.872, 6.5)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target

_PHOTOSHOP = b"Photoshop 3.0\0"
MOST_BYTES = 65533
_WITH_GPS = (b"8BIM\x04\x22", b"8BIM\x04\x23", b"8BIM\x04\x24")

# What is carried apart from other segments, is written by the encoder, or points to places in the file.
_KNOWN = {
    "APP0": (b"JFIF\0", b"JFXX\0"),
    "APP1": (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"),
    "APP2": (b"ICC_PROFILE\0", b"MPF\0"),
    "APP13": (_PHOTOSHOP,),
    "APP14": (b"Adobe",),
}

Segment = tuple[str, bytes]
"""Pillow's name for the marker, and the data."""


def image_resources_of(source: Source) -> bytes | None:
    """Return the image resources of Photoshop, IPTC data among them, put together from all their segments."""
    if source.tags:
        from imfilt.images.carried.tiff_tags import IMAGE_RESOURCES

        return source.tags.value(IMAGE_RESOURCES)
    found = [data for name, data in source.segments if name == "APP13" and data.startswith(_PHOTOSHOP)]
    return b"".join(data[len(_PHOTOSHOP) :] for data in found)


def put_image_resources(resources: bytes, target: Target) -> None:
    """Put image resources into a JPEG."""
    target.segments += [("APP13", _PHOTOSHOP + part) for part in parts_of(resources, MOST_BYTES - len(_PHOTOSHOP))]


def image_resources_without_gps(resources: bytes) -> bytes:
    """Return image resources if there are no EXIF or XMP data among them, which may tell the place."""
    return b"" if any(sign in resources for sign in _WITH_GPS) else resources


def others_of(source: Source) -> tuple[Segment, ...]:
    """Return the segments of applications that nothing here knows."""
    segments = source.segments
    return tuple((name, data) for name, data in segments if name != "COM" and not data.startswith(_KNOWN.get(name, ())))


def others_without_gps(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return the segments in which no place is spoken of, as may be in XMP data that are continued."""
    return tuple((name, data) for name, data in segments if b"GPS" not in data)


def put(segments: tuple[Segment, ...], target: Target) -> None:
    """Put segments into a JPEG as they are."""
    target.segments += segments


def to_segments(parts: Iterable[Segment]) -> bytes:
    """Return segments as they lie in a file."""
    return b"".join(
        bytes((0xFF, 0xFE if name == "COM" else 0xE0 + int(name[3:]))) + struct.pack(">H", len(data) + 2) + data
        for name, data in parts
    )


def put_density(stream: BinaryIO, jfif: bytes) -> None:
    """Put a unit and a density into the JFIF marker of a file, which comes first where there is one (JFIF 1.02)."""
    stream.seek(0)
    if stream.read(11)[6:] == b"JFIF\0":
        stream.seek(13)
        stream.write(jfif)
    stream.seek(0, os.SEEK_END)


def parts_of(data: bytes, most: int) -> list[bytes]:
    """Return data in parts of at most so many bytes."""
    return [data[start : start + most] for start in range(0, len(data), most)]
