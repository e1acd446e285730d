"""JPEG in bands of rows, compressed in threads.

After a restart, samples are coded as if nothing had come before (ITU-T T.81, E.1.4). So what Pillow writes with
``restart_marker_blocks`` can be put together, byte for byte, from bands that it compresses as pictures of their own.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import Any, BinaryIO, cast

from PIL import Image

from imfilt.engine.processors import processors
from imfilt.images.memory import lent_rows
from imfilt.quick import NamedTuple

_BAND_PIXELS = 1 << 20
"""A restart costs a few bytes; where pictures are not in lent memory, a band more than there are threads is copied."""
_MOST_THREADS = 4
_MOST_ROWS = 65500
"""That libjpeg writes, or reads."""
_LARGEST_BLOCK = 16
"""Rows of a block of samples that are coded together, where colours have half the resolution."""
_SOF0, _SOF1, _RST0, _EOI, _SOS, _DRI = 0xC0, 0xC1, 0xD0, 0xD9, 0xDA, 0xDD
"""Markers (T.81, table B.1)."""
_END = bytes((0xFF, _EOI))


class _Parts(NamedTuple):
    """The parts of a file of one scan."""

    header: bytearray
    """What comes before the header of the scan."""
    scan_header: bytes
    samples: bytes
    frame: int
    """Where in the header that of the frame begins: its marker."""


def save_jpeg(
    image: Image.Image,
    memory: memoryview | None,
    stream: BinaryIO,
    settings: dict[str, Any],
    threads: int | None = None,
) -> None:
    """Write an image, which lies in lent `memory` if that is given; `settings` are those of Pillow's `Image.save`.

    `threads` compress it, as many as are of use where it is not given; it changes no byte.
    """
    step = _band_rows(image.size, settings)
    if step >= image.height:
        _write(image, stream, settings)
        return
    from imfilt.engine.threads import results_in_order  # which a small picture does not need

    def band(first: int) -> Callable[[], bytes]:
        last = min(first + step, image.height)
        rows = lent_rows(image, memory, first, last) if memory else image.crop((0, first, image.width, last))
        return partial(_compress, rows, settings)

    threads = min(threads or processors(), _MOST_THREADS)
    with closing(results_in_order(map(band, range(0, image.height, step)), threads)) as bands:
        for number, data in enumerate(bands):
            parts = _parts_of(data)
            if number:
                stream.write(bytes((0xFF, _RST0 + (number - 1) % 8)))
            else:
                stream.write(_header(parts, image.size, step))
            stream.write(parts.samples)
    stream.write(_END)


def _band_rows(size: tuple[int, int], settings: dict[str, Any]) -> int:
    """Return the rows of a band of a picture of width × height; all, where it is coded as a whole, or refused."""
    width, height = size
    if settings.get("progressive") or settings.get("optimize") or height > _MOST_ROWS:
        return height
    return _LARGEST_BLOCK * max(_BAND_PIXELS // (_LARGEST_BLOCK * width), 1)


class _Named:
    """A stream with a name, by which Pillow imports what writes JPEG alone, and not four other formats as well."""

    name = "picture.jpg"

    def __init__(self, stream: BinaryIO | io.FileIO) -> None:
        self._stream = stream

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._stream, attribute)


def _write(image: Image.Image, stream: BinaryIO | io.FileIO, settings: dict[str, Any]) -> None:
    image.save(cast(BinaryIO, _Named(stream)), **settings)


def _compress(rows: Image.Image, settings: dict[str, Any]) -> bytes:
    with _file() as file:
        _write(rows, file, settings)
        file.seek(0)
        return file.read()


def _file() -> io.FileIO | io.BytesIO:
    """Return a file in memory, if possible one of the system: Pillow lets other threads work while it writes that."""
    with suppress(AttributeError, OSError):  # another system; or it is not allowed
        return io.FileIO(os.memfd_create("band"), "w+b")
    return io.BytesIO()


def _header(parts: _Parts, size: tuple[int, int], step: int) -> bytes:
    """Return the header of a picture of which the first band has those parts, and `step` rows."""
    width, height = size
    across, down = _block(parts)
    interval = -(-width // across) * (step // down)
    parts.header[parts.frame + 5 : parts.frame + 7] = height.to_bytes(2, "big")
    return b"".join((parts.header, bytes((0xFF, _DRI, 0, 4)), interval.to_bytes(2, "big"), parts.scan_header))


def _parts_of(data: bytes) -> _Parts:
    place, frame = 2, 0
    while data[place + 1] != _SOS:
        if data[place + 1] in (_SOF0, _SOF1):
            frame = place
        place = _after_segment(data, place)
    samples = _after_segment(data, place)
    if not frame or not data.endswith(_END):
        raise OSError("a part of it was not written whole")
    return _Parts(bytearray(data[:place]), data[place:samples], data[samples : -len(_END)], frame)


def _after_segment(data: bytes, place: int) -> int:
    return place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")


def _block(parts: _Parts) -> tuple[int, int]:
    """Return the columns and rows of the samples that are coded together (T.81, A.2)."""
    components = parts.header[parts.frame + 9]
    if components == 1:
        return 8, 8
    factors = parts.header[parts.frame + 11 :: 3][:components]
    return 8 * max(each >> 4 for each in factors), 8 * max(each & 15 for each in factors)
