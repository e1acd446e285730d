"""Several frames into one file: one after the other, as far as the encoder allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import import_module
from typing import BinaryIO

from imfilt.errors import PictureError
from imfilt.images.formats import FORMATS, Format, check_holds
from imfilt.images.frames.frame import Frame, Show
from imfilt.images.picture import Picture

Notes = tuple[str, ...]

PAUSE = Fraction(100)
"""How many milliseconds a page is seen that becomes a frame: what viewers take where nothing is said."""


@dataclass(frozen=True)
class Container:
    """A way to write several frames into one file."""

    write: Callable[[Iterator[Frame], Show, BinaryIO, Format, int | None], Notes]
    """Takes frames of one size, what holds for all of them, where to, the format, and how many threads may compress;
    returns a line for each thing that was lost."""
    tick: Fraction = Fraction(1)
    """The milliseconds that durations are counted in."""
    longest: int = 65535
    """The longest duration, in ticks."""
    most_plays: int = 65535
    """The largest number of plays that can be said; 0 where none can, and all is played forever."""
    has_default: bool = False
    """Whether the first frame may be one that is seen where no animation can be."""


def container_of(entry: Format) -> Container:
    """Return how the format holds several frames; raise `PictureError`, with formats that do, if it does not."""
    if not entry.frames:
        others = ", ".join(f"{each.name} ({each.extensions[0]})" for each in FORMATS.values() if each.frames)
        raise PictureError(
            f"it has several frames, and {entry.name} holds one picture; choose one with --frame N, or write {others}"
        )
    container: Container = import_module(f"imfilt.images.frames.{entry.frames}").CONTAINER
    return container


def encode_frames(
    frames: Iterable[Frame], show: Show, stream: BinaryIO, entry: Format, *, threads: int | None = None
) -> Notes:
    """Write `frames` to a stream that can be read and searched, in the format `entry`; return a line for each loss.

    Raises `PictureError` where the format holds no frames, or not these.
    """
    container = container_of(entry)
    frames = iter(frames)
    if show.has_default and not container.has_default:
        frames, show = _without_default(frames), replace(show, count=show.count - 1, has_default=False)
    return container.write(_fitting(frames, show, entry), show, stream, entry, threads)


def frame_losses(entry: Format, source: Format, show: Show) -> Notes:
    """Return a line for each thing about frames, how they are shown and how long, that the format `entry` cannot hold.

    Raises `PictureError` where it holds no frames at all.
    """
    container = container_of(entry)
    lost = []
    if entry.has_pages and not source.has_pages:
        lost.append(f"{entry.name} has pages, not frames: how long each is seen is left out (GIF, PNG, WebP keep it)")
    elif show.plays > container.most_plays:
        lost.append(f"{entry.name} is played forever here, not {show.plays} times (GIF, PNG, WebP keep it)")
    if show.has_default and not container.has_default:
        lost.append(f"{entry.name} has no picture of its own for where nothing moves; it is left out (PNG keeps it)")
    return tuple(lost)


def _without_default(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Yield the frames after the first; what the first carries, which is all that the file does, the second gets."""
    carried = next(frames).picture.carried
    for index, frame in enumerate(frames):
        yield frame if index else replace(frame, picture=replace(frame.picture, carried=carried))


class Clock:
    """Counts durations in the ticks of a container, so that each frame begins as near as can be to when it did."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._time = Fraction(0)

    def __call__(self, duration: Fraction | None) -> int:
        """Return the ticks that the next frame is seen; raise `PictureError` for more than the format can say."""
        begin, self._time = self._time, self._time + (PAUSE if duration is None else duration) / self._container.tick
        ticks = round(self._time) - round(begin)
        if ticks > self._container.longest:
            seconds = float(ticks * self._container.tick / 1000)
            raise PictureError(f"a frame of {seconds:g} s is longer than this format can say; write PNG (.png)")
        return ticks


def _fitting(frames: Iterable[Frame], show: Show, entry: Format) -> Iterator[Frame]:
    """Yield the frames in modes that the format holds, and of one size where they are not pages."""
    size = None
    for index, frame in enumerate(frames):
        picture = frame.picture
        check_holds(entry, picture.mode)
        if not entry.has_pages:
            rows, columns, _ = picture.shape
            size = size or (columns, rows)
            _check_size((columns, rows), size, index, entry)
            if show.mixes_alpha and isinstance(picture, Picture) and picture.mode.name == "RGB":
                frame = replace(frame, picture=replace(picture, image=picture.image.convert("RGBA")))
        yield frame


def _check_size(size: tuple[int, int], first: tuple[int, int], index: int, entry: Format) -> None:
    if size != first:
        raise PictureError(
            f"frame {index} is {size[0]} x {size[1]} and frame 0 {first[0]} x {first[1]}, which {entry.name} cannot "
            "hold together; write TIFF (.tif), or choose one with --frame N"
        )
