"""GIF of several frames.

A frame has at most 256 colours of its own, and so may have fewer than are seen: what lies on the canvas already need
not be drawn again. A frame that has too many is drawn over the one before, where it differs from that; so what does not
move does not flicker either, where colours had to be reduced.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import BinaryIO

import numpy as np
from PIL import GifImagePlugin, Image

from imfilt.images.carried import put_carried
from imfilt.images.carried.jpeg_segments import parts_of
from imfilt.images.formats import Format
from imfilt.images.frames.frame import FOREVER, Frame, Show
from imfilt.images.frames.writing import Clock, Container
from imfilt.images.palette import REDUCED, ROOM, Notes, Seen, indexed, number_of_colours, reduced, seen_in

_STAYS, _TO_BACKGROUND = 1, 2
_TICK = 10
_BLOCK = 255
"""The most bytes of a block (GIF89a, 15)."""


def _write(frames: Iterator[Frame], show: Show, stream: BinaryIO, entry: Format, _: int | None) -> Notes:
    clock = Clock(CONTAINER)
    notes: Notes = ()
    first = next(frames)
    _write_header(first.image.size, show.plays, stream)
    _write_comment(put_carried(first.picture, entry).settings.get("comment", b""), stream)
    frame, (seen, found) = first, seen_in(first.image)
    before = Seen(seen.colours, np.zeros_like(seen.visible))
    for following in chain(frames, (None,)):
        notes += found
        coming, found = seen_in(following.image) if following else (seen, ())
        is_cleared = bool((seen.visible & ~coming.visible).any())
        image, few = _draw(seen, before, must_have_clear=is_cleared)
        notes += few
        _write_frame(image, clock(frame.duration), stream, is_cleared=is_cleared)
        before = Seen(seen.colours, seen.visible & (not is_cleared))
        if following:
            frame, seen = following, coming
    stream.write(b";")
    return tuple(dict.fromkeys(notes))


def _draw(seen: Seen, before: Seen, *, must_have_clear: bool) -> tuple[Image.Image, Notes]:
    """Return what is to be drawn where `before` is seen, and what was lost."""
    has_clear = must_have_clear or not seen.visible.all()
    if number_of_colours(seen) + has_clear <= ROOM:
        return indexed(seen, has_clear=has_clear), ()
    new = Seen(seen.colours, seen.visible & ~(before.visible & (before.colours == seen.colours)))
    few = reduced(new, ROOM - 1)
    return indexed(few, has_clear=True), () if few is new else (REDUCED,)


def _write_header(size: tuple[int, int], plays: int, stream: BinaryIO) -> None:
    stream.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0, 0, 0))
    if plays != 1:
        again = 0 if plays == FOREVER else min(plays, CONTAINER.most_plays) - 1
        stream.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", again, 0))


def _write_comment(comment: bytes, stream: BinaryIO) -> None:
    if comment:
        parts = parts_of(comment, _BLOCK)
        stream.write(b"!\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0")


def _write_frame(image: Image.Image, ticks: int, stream: BinaryIO, *, is_cleared: bool) -> None:
    """Write a frame; `is_cleared` says that the canvas is cleared after it."""
    settings = {key: value for key, value in image.info.items() if key == "transparency"}
    disposal = _TO_BACKGROUND if is_cleared else _STAYS
    parts = GifImagePlugin.getdata(
        image, duration=ticks * _TICK, disposal=disposal, include_color_table=True, **settings
    )
    stream.write(b"".join(parts))


CONTAINER = Container(_write, tick=Fraction(_TICK), most_plays=65536)
