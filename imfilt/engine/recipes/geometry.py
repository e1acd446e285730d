"""Which samples of the input a sample of the output looks at."""

from __future__ import annotations

from collections.abc import Callable

from imfilt.quick import NamedTuple

SIZES: dict[str, Callable[[int, int], tuple[int, int]]] = {
    # From the kernel's reach (dilation · (taps - 1)) and its anchor's offset to the padding before and after.
    "same": lambda reach, anchor: (anchor, reach - anchor),
    "valid": lambda _reach, _anchor: (0, 0),
    "full": lambda reach, _anchor: (reach, reach),
}


class Axis(NamedTuple):
    """One direction, down or across: a kernel's taps over a length of samples.

    Output ``y`` looks at the inputs ``y · stride - before + i · dilation`` for ``i`` in ``0 … taps - 1``; inputs below
    0 and from `length` on lie beyond the border.
    """

    length: int
    taps: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def reach(self) -> int:
        """From the first to the last input that one output looks at."""
        return self.dilation * (self.taps - 1)

    @property
    def output(self) -> int:
        """How many outputs there are; 0 where the kernel does not fit."""
        room = self.length + self.before + self.after - self.reach - 1
        return room // self.stride + 1 if room >= 0 else 0

    def inputs(self, first: int, last: int) -> range:
        """Return the inputs, beyond the border too, from the first to the last that outputs ``first … last-1`` see."""
        start = first * self.stride - self.before
        return range(start, start + (last - first - 1) * self.stride + self.reach + 1)


def lay_axis(length: int, taps: int, *, anchor: int, stride: int, dilation: int, size: str) -> Axis:
    """Return the axis of a kernel of `taps` over `length` samples for a `size` of `SIZES`.

    >>> lay_axis(7, 3, anchor=1, stride=1, dilation=1, size="valid").output
    5
    """
    before, after = SIZES[size](dilation * (taps - 1), dilation * anchor)
    return Axis(length, taps, stride, dilation, before, after)
