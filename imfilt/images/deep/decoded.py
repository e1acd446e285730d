"""What a decoder of deep samples returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class Decoded(NamedTuple):
    """Samples, rows × columns × channels, and what colours they are."""

    samples: Array
    colour: str
    """A key of `imfilt.images.modes.COLOURS`."""
    has_alpha: bool
