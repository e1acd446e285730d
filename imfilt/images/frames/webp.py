"""WebP of several frames (RFC 9649): each frame is encoded as a WebP of its own, and its data moved."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from imfilt.images.formats import Format
from imfilt.images.frames.frame import Frame, Show
from imfilt.images.frames.riff import riff_chunk, riff_chunks
from imfilt.images.frames.writing import Clock, Container, Notes
from imfilt.images.writing import encode_picture

_ANIMATED, _XMP, _EXIF, _ALPHA, _PROFILE = 0x02, 0x04, 0x08, 0x10, 0x20
_FLAGS = {b"ICCP": _PROFILE, b"EXIF": _EXIF, b"XMP ": _XMP}
_DATA = (b"ALPH", b"VP8 ", b"VP8L")
_IN_PLACE = 0x02
"""The flag of a frame that takes the place of what was there, and is not laid over it."""


def _write(frames: Iterator[Frame], show: Show, stream: BinaryIO, entry: Format, threads: int | None) -> Notes:
    clock = Clock(CONTAINER)
    after = []
    start = stream.tell()
    for index, frame in enumerate(frames):
        chunks = list(riff_chunks(encode_picture(frame.picture, entry, threads=threads)))
        rows, columns, _ = frame.picture.shape
        size = b"".join((length - 1).to_bytes(3, "little") for length in (columns, rows))
        if index == 0:
            carried = {kind: data for kind, data in chunks if kind in _FLAGS}
            flags = _ANIMATED | (_ALPHA if frame.picture.mode.has_alpha else 0) | sum(_FLAGS[kind] for kind in carried)
            stream.write(b"RIFF\0\0\0\0WEBP" + riff_chunk(b"VP8X", struct.pack("<I", flags) + size))
            if b"ICCP" in carried:
                stream.write(riff_chunk(b"ICCP", carried.pop(b"ICCP")))
            stream.write(riff_chunk(b"ANIM", struct.pack("<IH", 0, min(show.plays, CONTAINER.most_plays))))
            after = list(carried.items())
        data = b"".join(riff_chunk(kind, data) for kind, data in chunks if kind in _DATA)
        control = bytes(6) + size + clock(frame.duration).to_bytes(3, "little") + bytes([_IN_PLACE])
        stream.write(riff_chunk(b"ANMF", control + data))
    stream.write(b"".join(riff_chunk(*chunk) for chunk in after))
    end = stream.tell()
    stream.seek(start + 4)
    stream.write(struct.pack("<I", end - start - 8))
    stream.seek(end)
    return ()


CONTAINER = Container(_write, longest=(1 << 24) - 1)
