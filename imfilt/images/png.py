"""The compression of PNG: bands of rows, each with the filter that suits it, in threads.

Pillow writes the file; this replaces the part of it that filters rows and deflates them, meanwhile. Measured on
photographs and on their edges of 24 megapixels: of the filters of PNG, none is best for edges on black, where Pillow's
choice of a filter for each row makes the file a fifth larger, and Paeth's for photographs; which it is, a trial of a
few rows tells. Deflate in bands that know nothing of each other costs less than a hundredth of the size.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFile

from imfilt.engine.processors import processors
from imfilt.engine.threads import results_in_order
from imfilt.images.meanwhile import Meanwhile
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]


class Effort(NamedTuple):
    """How hard it is tried to make a file small."""

    plain_level: int
    """Of zlib, for rows that are not filtered."""
    filtered_level: int
    """Of zlib, for rows that are."""
    tries_all: bool = False
    """Whether all rows of a band are deflated both ways, not a few on trial."""


EFFORTS = {"fast": Effort(1, 1), None: Effort(6, 4), "small": Effort(9, 9, tries_all=True)}
"""None is the default. Of a photograph of 2 megapixels it makes a file a twentieth larger than "small" in a fifth of
the time, and of the edges of that in a twelfth; "fast" saves a third of the time, and makes it larger by a twentieth,
by three quarters for a drawing. `tests/benchmarks/png_settings.py` measures it beside Pillow.
"""

_BAND_BYTES = 1 << 20
_CACHED_BYTES = 1 << 16
_TRIAL_ROWS = 8
_MOST_THREADS = 4
_ENCODER = "zip"
"""Pillow's name for the encoder that it writes PNG with."""


class _Asked(threading.local):
    """What each thread that writes a picture has asked for."""

    threads: int | None = None
    effort: str | None = None


_asked = _Asked()


def _register() -> Callable[[], object]:
    Image.register_encoder(_ENCODER, _BandEncoder)
    return partial(Image.ENCODERS.pop, _ENCODER, None)


_REGISTERED = Meanwhile(_register)


@contextmanager
def png_in_bands(threads: int | None, effort: str | None = None) -> Iterator[None]:
    """While the block runs, let Pillow write PNG with this encoder; the number of `threads` changes no byte."""
    _asked.threads, _asked.effort = threads, effort
    with _REGISTERED():
        yield


class _BandEncoder(ImageFile.PyEncoder):
    """Filters and deflates the rows of an image; Pillow asks it for one part after the other."""

    _parts: Iterator[bytes] | None = None

    def encode(self, _size: int) -> tuple[int, int, bytes]:
        """Return the number of bytes, whether they are the last (1), and the bytes."""
        if self._parts is None:
            self._parts = deflate_rows(self._rows, self._height, self._pixel, _asked.threads, _asked.effort)
        part = next(self._parts, b"")
        return len(part), 0 if part else 1, part

    @property
    def _height(self) -> int:
        return int(self.state.ysize)

    @property
    def _pixel(self) -> int:
        """Bytes a pixel; 1 where several share a byte."""
        return max(1, self._row_bytes() // int(self.state.xsize))

    def _row_bytes(self) -> int:
        return self._rows(0, 1).size

    def _rows(self, first: int, last: int) -> Bytes:
        """Return rows ``first … last-1`` as PNG holds them, rows × bytes."""
        encoder = Image._getencoder(self.mode, "raw", (self.args[0], 0, 1))
        encoder.setimage(self.im, (0, first, self.state.xsize, last))
        data: Any = encoder.encode(8 * (last - first) * int(self.state.xsize) + 8)[2]
        return np.frombuffer(data, np.uint8).reshape(last - first, -1)


def deflate_rows(
    rows: Callable[[int, int], Bytes],
    height: int,
    pixel: int,
    threads: int | None = None,
    effort: str | None = None,
) -> Iterator[bytes]:
    """Yield a zlib stream (RFC 1950), band by band.

    `rows` returns rows ``first … last-1`` as PNG holds them, rows × bytes; `pixel` is how many bytes one has, 1 where
    several share a byte; `effort` is a key of `EFFORTS`.
    """
    threads = threads or min(processors(), _MOST_THREADS)
    band = max(1, _BAND_BYTES // max(1, rows(0, 1).size))
    checksum = zlib.adler32(b"")
    yield b"\x78\x9c"

    def call(first: int) -> Callable[[], tuple[bytes, Bytes]]:
        last = min(first + band, height)
        above = rows(first - 1, first) if first else None
        return partial(_deflate_band, rows(first, last), above, pixel, last == height, EFFORTS[effort])

    with closing(results_in_order(map(call, range(0, height, band)), threads)) as bands:
        for deflated, filtered in bands:
            checksum = zlib.adler32(filtered.data, checksum)
            yield deflated
    yield checksum.to_bytes(4, "big")


def _deflate_band(rows: Bytes, above: Bytes | None, pixel: int, is_last: bool, effort: Effort) -> tuple[bytes, Bytes]:
    """Return the rows deflated, and as they were filtered."""
    previous = np.zeros_like(rows[:1]) if above is None else above
    end = zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH
    if effort.tries_all:
        both = _unfiltered(rows), _filtered(rows, previous, pixel)
        deflated = [_deflate(each, effort.plain_level, end) for each in both]
        best = len(deflated[1]) < len(deflated[0])
        return deflated[best], both[best]
    middle = len(rows) // 2
    some, before = rows[middle : middle + _TRIAL_ROWS], rows[middle - 1 : middle] if middle else previous
    plain, paeth = (len(zlib.compress(each.data, 1)) for each in (_unfiltered(some), _filtered(some, before, pixel)))
    is_plain = plain <= paeth
    filtered = _unfiltered(rows) if is_plain else _filtered(rows, previous, pixel)
    return _deflate(filtered, effort.plain_level if is_plain else effort.filtered_level, end), filtered


def _deflate(filtered: Bytes, level: int, end: int) -> bytes:
    deflater = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    return deflater.compress(filtered.data) + deflater.flush(end)


def _unfiltered(rows: Bytes) -> Bytes:
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 0
    filtered[:, 1:] = rows
    return filtered


def _filtered(rows: Bytes, above: Bytes, pixel: int) -> Bytes:
    """Return the rows less what Paeth's predictor makes of them (PNG specification, 9.4), the filter's number first."""
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 4
    step = max(1, _CACHED_BYTES // rows.shape[1])
    for first in range(0, len(rows), step):
        some = slice(first, first + step)
        _subtract_paeth(rows[some], rows[first - 1 : first] if first else above, pixel, filtered[some, 1:])
    return filtered


def _subtract_paeth(rows: Bytes, above: Bytes, pixel: int, filtered: Bytes) -> None:
    up = np.concatenate((above, rows[:-1]))
    filtered[:, :pixel] = rows[:, :pixel] - up[:, :pixel]
    left, corner, up = rows[:, :-pixel], up[:, :-pixel], up[:, pixel:]
    # The predictor is left + up - corner: |up - corner|, |left - corner| and |left + up - 2 corner| off its neighbours.
    from_up = np.subtract(left, corner, dtype=np.int16)
    from_left = np.subtract(up, corner, dtype=np.int16)
    from_corner = np.absolute(from_up + from_left)
    np.absolute(from_up, out=from_up)
    np.absolute(from_left, out=from_left)
    predicted = corner.copy()
    np.copyto(predicted, up, where=from_up <= from_corner)
    np.copyto(predicted, left, where=from_left <= np.minimum(from_up, from_corner))
    np.subtract(rows[:, pixel:], predicted, out=filtered[:, pixel:])
