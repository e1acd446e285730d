"""The chunks that files of WebP are made of (RFC 9649, 2.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Chunk = tuple[bytes, bytes]
"""A type and its data."""


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
