"""What a decoder of deep samples returns."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray


class Decoded(NamedTuple):
    """Samples, rows × columns × channels, and what colours they are."""

    samples: NDArray[Any]
    colour: str
    """A key of `imfilt.images.modes.COLOURS`."""
    has_alpha: bool
