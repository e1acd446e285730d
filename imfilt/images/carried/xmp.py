"""XMP packets (ISO 16684-1): what must change is changed in place, as bytes; nothing else is parsed or written anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target

KEYWORD = b"XML:com.adobe.xmp\0"
"""Of the text chunk of a PNG that holds a packet."""

_GIF_EXTENSION = b"!\xff\x0bXMP DataXMP"
_GIF_TRAILER = b"\1\xff\xfe\xfd"
"""How 258 bytes begin that lead those who know nothing of XMP to the end of its data."""

_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[2-8](?=\s*(?:["']|</tiff:Orientation))""")
_GPS_ATTRIBUTE = re.compile(rb"""\s+[\w.-]{1,40}:GPS\w*\s*=\s*(?:"[^"]*"|'[^']*')""")
_GPS_ELEMENT = re.compile(rb"<([\w.-]{1,40}:GPS\w*)[^<>]*>")
_SIGNS_OF_GPS = (b":GPS", b":\0G\0P\0S")  # in UTF-8, and in UTF-16 of either order


def read(source: Source) -> bytes | None:
    """Return the packet of a file."""
    if source.tags:
        from imfilt.images.carried.tiff_tags import XMP

        return source.tags.value(XMP)
    if source.image.format == "GIF" and source.stream is not None:
        return _packet_in_gif(source.stream)
    packet: bytes | str | None = source.image.info.get("xmp")
    return packet.encode() if isinstance(packet, str) else packet


def _packet_in_gif(stream: BinaryIO) -> bytes | None:
    """Return the packet of a GIF, which Pillow passes over (XMP specification, part 3, 1.1.2)."""
    place = stream.tell()
    stream.seek(0)
    before, mark, after = stream.read().partition(_GIF_EXTENSION)
    stream.seek(place)
    packet, trailer, _ = after.partition(_GIF_TRAILER)
    return packet if before and mark and trailer else None


def put_chunk(packet: bytes, target: Target) -> None:
    """Put a packet into a PNG, not compressed, as readers are told to expect it."""
    target.chunks.append((b"iTXt", KEYWORD + bytes(4) + packet))


def upright(xmp: bytes, _swap_sides: bool = False) -> bytes:
    """Return a packet that says that the picture is upright, if it said otherwise."""
    return _ORIENTATION.sub(rb"\g<1>1", xmp)


def without_gps(xmp: bytes) -> bytes:
    """Return a packet without the properties ``exif:GPS…``; nothing of one of which they cannot be taken out."""
    xmp = _GPS_ATTRIBUTE.sub(b"", xmp)
    kept, place = [], 0
    for match in _GPS_ELEMENT.finditer(xmp):
        if match.start() < place:
            continue
        kept.append(xmp[place : match.start()])
        place = match.end()
        if not match[0].endswith(b"/>"):
            closing = b"</" + match[1] + b">"
            found = xmp.find(closing, place)
            if found < 0:
                return b""
            place = found + len(closing)
    result = b"".join((*kept, xmp[place:]))
    return b"" if any(sign in result for sign in _SIGNS_OF_GPS) else result
