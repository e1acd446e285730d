"""How a WebP file was made (RFC 9649)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source

_HEADER_BYTES = 12
_LOSSLESS, _LOSSY = b"VP8L", b"VP8 "


def is_lossless(source: Source) -> bool:
    """Return whether the samples of the first frame were kept without loss."""
    stream = source.stream
    if stream is None:
        return False
    place = stream.tell()
    try:
        stream.seek(_HEADER_BYTES)
        while len(head := stream.read(8)) == 8:
            kind, length = struct.unpack("<4sI", head)
            if kind in (_LOSSLESS, _LOSSY):
                return bool(kind == _LOSSLESS)
            stream.seek(16 if kind == b"ANMF" else length + length % 2, 1)  # a frame has chunks of its own
    finally:
        stream.seek(place)
    return False
