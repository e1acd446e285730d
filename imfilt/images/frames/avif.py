"""AVIF of several frames: Pillow encodes each as soon as it gets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from imfilt.images.formats import Format
from imfilt.images.frames.frame import FOREVER, Frame, Show
from imfilt.images.frames.writing import Clock, Container, Notes
from imfilt.images.picture import Picture
from imfilt.images.writing import encode


class _Reel(Image.Image):
    """An image of several frames, of which it holds one: it takes the next when that is asked for."""

    is_animated = True

    def __init__(self, first: Frame, others: Iterator[Frame], clock: Clock) -> None:
        super().__init__()
        self.durations: list[int] = []
        self._others, self._clock = others, clock
        self._index = 0
        self._show(first)

    def _show(self, frame: Frame) -> None:
        image = frame.image
        self.im = (image.convert("RGB") if image.mode == "L" else image).im
        self._mode, self._size = self.im.mode, self.im.size
        self.durations.append(self._clock(frame.duration))

    def seek(self, frame: int) -> None:
        """Go on by one frame; raise `EOFError` after the last. There is no way back."""
        if frame == self._index + 1:
            try:
                self._show(next(self._others))
            except StopIteration:
                raise EOFError from None
            self._index = frame

    def tell(self) -> int:
        """Return the number of the frame that it holds."""
        return self._index


def _write(frames: Iterator[Frame], _: Show, stream: BinaryIO, entry: Format, threads: int | None) -> Notes:
    first = next(frames)
    reel = _Reel(first, frames, Clock(CONTAINER))
    picture = Picture(reel, first.picture.carried)
    encode(picture, stream, entry, threads, save_all=True, duration=reel.durations)
    return ()


CONTAINER = Container(_write, longest=(1 << 31) - 1, most_plays=FOREVER)
