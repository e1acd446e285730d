"""A background that a picture with alpha is laid over."""

from __future__ import annotations

Colour = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""


def is_colour(levels: object) -> bool:
    """Return whether `levels` are three whole numbers from 0 to 255."""
    return (
        isinstance(levels, tuple)
        and len(levels) == 3
        and all(isinstance(level, int) and 0 <= level <= 255 for level in levels)
    )


def flattened_channels(channels: int, background: Colour) -> int:
    """Return how many channels a picture of `channels`, the last of them alpha, has over a background.

    Grey over a colour becomes colour.

    >>> flattened_channels(2, (9, 9, 9)), flattened_channels(2, (255, 0, 0)), flattened_channels(4, (9, 9, 9))
    (1, 3, 3)
    """
    return 3 if channels == 2 and len(set(background)) > 1 else channels - 1
