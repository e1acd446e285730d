"""The chunks that files of PNG and WebP are made of."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from imfilt.errors import PictureError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

Chunk = tuple[bytes, bytes]
"""A type and its data."""


def read_png_chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks of a PNG file, from its beginning to its end; raise `PictureError` where it is damaged."""
    stream.seek(len(PNG_SIGNATURE))
    kind = b""
    while kind != b"IEND":
        start = stream.read(8)
        length = int.from_bytes(start[:4], "big")
        kind, data, check = start[4:], stream.read(length), stream.read(4)
        if len(check) < 4:
            raise PictureError("cannot be read: the file is truncated")
        if zlib.crc32(data, zlib.crc32(kind)) != int.from_bytes(check, "big"):
            raise PictureError(f"cannot be read: the check sum of a part of it ({kind!r}) is wrong, so it is damaged")
        yield kind, data


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def riff_chunks(content: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a WebP file that is known to be whole."""
    place = 12
    while place + 8 <= len(content):
        (length,) = struct.unpack_from("<I", content, place + 4)
        yield content[place : place + 4], content[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def riff_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a WebP file."""
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
