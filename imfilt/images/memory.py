"""Memory for pixels that Pillow decodes into and encodes from, and that the engine works in without a copy.

That of the latest picture is kept for the next that is not larger, for to touch fresh memory for the first time takes
longer than all arithmetic. Large pages (`MADV_HUGEPAGE`) make that a little faster on a machine that is idle, and much
slower where such pages have gone back to a host, as those of virtual machines do.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable
from contextlib import suppress
from weakref import ref

from PIL import Image
from PIL.ImageFile import ImageFile

# From a mode to that under which Pillow takes over memory of ours; three bytes of colour lie in four.
LAID_OUT_AS = {"L": "L", "RGB": "RGBX", "RGBA": "RGBA", "CMYK": "CMYK", "I;16": "I;16"}

BYTES_A_PIXEL = {"L": 1, "RGB": 4, "RGBA": 4, "CMYK": 4, "I;16": 2}

_MOST_BYTES_AT_A_TIME = 1 << 22
"""How much of a file a decoder gets at once: after each part it has to wait for the interpreter."""

_MOST_KEPT = 1 << 27
"""Bytes of a picture whose memory is kept when it is done with."""

_MOST_TIMES = 4
"""How many times as much as a picture takes may be kept for it: small ones do not hold on to what a large one took."""

_POPULATE_WRITE = 23
"""`MADV_POPULATE_WRITE` of Linux 5.14, for which Python has no name."""

_TOUCHED_AT_A_TIME = 1 << 22

_latest: list[ref[mmap.mmap]] = []
"""The memory that was made last, if it is still there."""

_kept: list[memoryview] = []


def lend_memory(image: ImageFile) -> memoryview | None:
    """Let `image`, which is open and not yet decoded, be decoded into memory of ours, and return it.

    None for a mode that Pillow cannot keep there, and where a transparent colour is still to become alpha.
    """
    image.decodermaxblock = _MOST_BYTES_AT_A_TIME
    size = image.width * image.height * BYTES_A_PIXEL.get(image.mode, 0)
    if not size or "transparency" in image.info or not hasattr(mmap, "MAP_ANONYMOUS"):
        return None
    memory = (_kept_of(size) or _fresh(size))[:size]
    image.im = _image_over(memory, image.mode, image.size).im
    return memory


def _kept_of(size: int) -> memoryview | None:
    try:
        memory = _kept.pop()
    except IndexError:
        return None
    return memory if size <= len(memory) <= _MOST_TIMES * size else None


def _fresh(size: int) -> memoryview:
    try:
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError:
        raise MemoryError from None
    _latest[:] = [ref(memory)]
    return memoryview(memory)


def touch_ahead(is_over: Callable[[], bool]) -> None:
    """Touch the latest memory for the first time, from its end, while a decoder comes from its beginning.

    That takes a decoder of JPEG nearly as long as to decode. Nothing that lies there already is changed. When decoding
    `is_over`, maybe since the file is damaged, the rest is left as it is.
    """
    memory = _latest[0]() if _latest else None
    if memory is None or sys.platform != "linux":
        return
    with suppress(OSError):  # an older Linux; or there is not so much memory, as the decoder will find out
        for start in range(0, len(memory), _TOUCHED_AT_A_TIME)[::-1]:
            if is_over():
                return
            memory.madvise(_POPULATE_WRITE, start, min(_TOUCHED_AT_A_TIME, len(memory) - start))


def give_back(memory: memoryview) -> None:
    """Keep the memory of a picture that nobody looks at any more; decoders write all of it, or raise."""
    whole = memoryview(memory.obj)
    if len(whole) <= _MOST_KEPT:
        _kept[:] = [whole]


def lent_rows(image: Image.Image, memory: memoryview, first: int, last: int) -> Image.Image:
    """Return rows ``first … last-1`` of an image that lies in lent memory as an image that lies there too."""
    row = image.width * BYTES_A_PIXEL[image.mode]
    return _image_over(memory[first * row : last * row], image.mode, (image.width, last - first))


def _image_over(memory: memoryview, mode: str, size: tuple[int, int]) -> Image.Image:
    """Return an image whose pixels lie in memory as lent for a mode."""
    layout = LAID_OUT_AS[mode]
    return Image.frombuffer(layout, size, memory, "raw", layout, 0, 1)  # type: ignore[arg-type]


def copy_out(image: Image.Image, memory: memoryview) -> Image.Image:
    """Return a copy of an image that lies in lent memory, laid out as all of Pillow expects it."""
    return Image.frombytes(image.mode, image.size, memory, "raw", LAID_OUT_AS[image.mode])
