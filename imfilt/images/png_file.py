"""What a PNG file is made of: chunks, each a length, a type, data and a check sum (PNG specification, 5.3)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO

from imfilt.errors import PictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

Chunk = tuple[bytes, bytes]
"""A type and its data."""


def walk(stream: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield the type and the length of each chunk, while the stream is where its data begin.

    Raises `PictureError` where the file ends before its last chunk. Check sums are not compared.
    """
    place, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        stream.seek(place)
        head = stream.read(8)
        if len(head) < 8:
            raise PictureError("cannot be read: the file is truncated")
        length, kind = struct.unpack(">I4s", head)
        yield kind, length
        place += length + 12


def read_chunks(stream: IO[bytes]) -> Iterator[Chunk]:
    """Yield all chunks of a file whose check sums are right; raise `PictureError` where it is cut off."""
    for kind, length in walk(stream):
        yield kind, stream.read(length)


def to_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk as it lies in a file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
