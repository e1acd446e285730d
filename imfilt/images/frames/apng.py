"""PNG of several frames (PNG specification, third edition): each frame is encoded as a PNG, and its data moved."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from typing import BinaryIO

from imfilt.errors import PictureError
from imfilt.images.formats import Format
from imfilt.images.frames.frame import Frame, Show
from imfilt.images.frames.writing import PAUSE, Container, Notes
from imfilt.images.png_file import SIGNATURE, read_chunks, to_chunk
from imfilt.images.writing import encode_picture

_LARGEST = 65535
"""The largest number that a duration is a fraction of."""


def _write(frames: Iterator[Frame], show: Show, stream: BinaryIO, entry: Format, threads: int | None) -> Notes:
    sequence = count()
    header, after = b"", []
    animated = show.count - show.has_default
    for index, frame in enumerate(frames):
        chunks = list(read_chunks(io.BytesIO(encode_picture(frame.picture, entry, threads=threads))))
        data = [data for kind, data in chunks if kind == b"IDAT"]
        if index == 0:
            header = chunks[0][1]
            place = next(place for place, (kind, _) in enumerate(chunks) if kind == b"IDAT")
            before = [*chunks[:1], (b"acTL", struct.pack(">II", animated, show.plays)), *chunks[1:place]]
            after = [chunk for chunk in chunks[place:] if chunk[0] != b"IDAT"]
            stream.write(SIGNATURE + b"".join(to_chunk(*chunk) for chunk in before))
        elif chunks[0][1] != header:
            raise PictureError(f"frame {index} has another mode than frame 0; write TIFF (.tif)")
        if index or not show.has_default:
            stream.write(to_chunk(b"fcTL", struct.pack(">I", next(sequence)) + _control(frame)))
        for part in data:
            stream.write(
                to_chunk(b"fdAT", struct.pack(">I", next(sequence)) + part) if index else to_chunk(b"IDAT", part)
            )
    stream.write(b"".join(to_chunk(*chunk) for chunk in after))
    return ()


def _control(frame: Frame) -> bytes:
    """Return how a frame is shown: all of it, in place of what was there."""
    seconds = ((PAUSE if frame.duration is None else frame.duration) / 1000).limit_denominator(_LARGEST)
    if seconds.numerator > _LARGEST:  # more than a second, then, of which as much can be told
        seconds = _with_small_numerator(seconds)
    height, width, _ = frame.picture.shape
    return struct.pack(">IIIIHHBB", width, height, 0, 0, seconds.numerator, seconds.denominator, 0, 0)


def _with_small_numerator(seconds: Fraction) -> Fraction:
    if seconds > _LARGEST:
        raise PictureError(f"a frame of {float(seconds):g} s is longer than PNG can say; write TIFF (.tif)")
    return 1 / (1 / seconds).limit_denominator(_LARGEST)


CONTAINER = Container(_write, most_plays=(1 << 31) - 1, has_default=True)
