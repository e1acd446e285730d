"""Colours as indices into a palette, as GIF holds them: exact where the palette has room, the nearest where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

Notes = tuple[str, ...]

ROOM = 256
"""How many colours a palette holds, the one that cannot be seen among them."""

_VISIBLE = 128
"""Alpha below this level is clear, for a palette has one colour that cannot be seen and none that are half seen."""

REDUCED = "more than 256 colours in a picture or frame were reduced to as many as GIF holds (PNG and WebP keep all)"
CUT = "GIF has no alpha between opaque and clear; below one half it became clear (PNG and WebP keep it)"


class Seen(NamedTuple):
    """What is seen of an image, in colours that a palette can hold but for their number."""

    colours: Array
    """Rows × columns, uint32: red, green and blue, eight bits each; 0 where nothing is seen."""
    visible: Array
    """Rows × columns, bool."""


def seen_in(image: Image.Image) -> tuple[Seen, Notes]:
    """Return what is seen of an image of mode L, LA, RGB or RGBA, and what is lost where alpha is neither 0 nor 255."""
    pixels = np.asarray(image.convert("RGBA")).astype(np.uint32)
    alpha = pixels[..., 3]
    visible = alpha >= _VISIBLE
    colours = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    colours[~visible] = 0
    return Seen(colours, visible), (CUT,) if ((alpha > 0) & (alpha < 255)).any() else ()


def number_of_colours(seen: Seen) -> int:
    """Return how many colours are seen."""
    return len(np.unique(seen.colours[seen.visible]))


def reduced(seen: Seen, room: int) -> Seen:
    """Return the same with at most `room` colours, chosen by Pillow's median cut; as it is where it has no more."""
    if number_of_colours(seen) <= room:
        return seen
    used = seen.colours[seen.visible]
    strip = Image.fromarray(_bytes_of(used)[np.newaxis])
    few = np.asarray(strip.quantize(room, dither=Image.Dither.NONE).convert("RGB")).astype(np.uint32)[0]
    colours = seen.colours.copy()
    colours[seen.visible] = few[:, 0] << 16 | few[:, 1] << 8 | few[:, 2]
    return Seen(colours, seen.visible)


def indexed(seen: Seen, *, has_clear: bool) -> Image.Image:
    """Return an image of mode P of what has few enough colours.

    With `has_clear`, ``info["transparency"]`` of the result is the index that cannot be seen, the last of the palette.
    """
    table, places = np.unique(seen.colours[seen.visible], return_inverse=True)
    indices = np.full(seen.colours.shape, len(table) % ROOM, np.uint8)
    indices[seen.visible] = places
    image = Image.fromarray(indices)
    image.putpalette(_bytes_of(table).tobytes() + bytes(3 * has_clear))
    if has_clear:
        image.info["transparency"] = len(table)
    return image


def to_palette(image: Image.Image) -> tuple[Image.Image, Notes]:
    """Return an image of mode LA, RGB or RGBA in mode P, and what was lost."""
    seen, notes = seen_in(image)
    has_clear = not seen.visible.all()
    few = reduced(seen, ROOM - has_clear)
    return indexed(few, has_clear=has_clear), notes if few is seen else (*notes, REDUCED)


def _bytes_of(colours: Array) -> Array:
    """Return colours × 3 bytes."""
    return np.stack([colours >> 16, colours >> 8, colours], axis=-1).astype(np.uint8)
