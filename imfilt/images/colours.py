"""Colours by name, as CSS has them."""

from __future__ import annotations

from imfilt.errors import UsageError


def parse_colour(text: str) -> tuple[int, int, int]:
    """Return red, green and blue, from 0 to 255, of a CSS colour name, ``#rrggbb``, ``rgb(…)`` or ``hsl(…)``.

    >>> parse_colour("teal"), parse_colour("#ff8000")
    ((0, 128, 128), (255, 128, 0))
    """
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text.strip())
    except ValueError:
        red, alpha = 0, [0]
    if alpha:
        from difflib import get_close_matches

        close = get_close_matches(text.casefold(), ImageColor.colormap, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise UsageError(f"{text!r} is no colour; {hint}give a CSS name such as white, or #rrggbb")
    return red, green, blue
