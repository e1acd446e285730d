"""Ways to compute the weighted sums of a stage: one module each, one entry here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from imfilt.engine.strategies import banded, fourier, lowrank, mixed, separable, taps
from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage
from imfilt.named_tuples import NamedTuple

if TYPE_CHECKING:
    from imfilt.typing import Array


class Strategy(Protocol):
    """Computes weighted sums over one part after another; it may keep buffers, so each thread has its own."""

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the sums over `window` into `sums`, whatever numbers lie in `window` by then.

        Both are rows × columns × planes, `window` with the samples beyond the border filled in: output (y, x) is the
        sum of ``weights[i][j] · window[y · stride + i · dilation, x · stride + j · dilation]``.
        """


class Entry(NamedTuple):
    """A strategy, and what it would take to do a stage with it."""

    meaning: str
    fit: Callable[[Stage], Fit | Unfit]
    """What it takes; or why it cannot be done."""
    make: Callable[[Stage, str], Strategy]
    """From a stage and a working dtype to what does it."""
    takes_samples: bool = False
    """Whether the window may hold samples as they are, for it copies them anyway, and widens them then."""
    spreads_errors: bool = False
    """Whether floats are off by what goes with the largest numbers around, and not with the sum itself."""


STRATEGIES: dict[str, Entry] = {
    "taps": Entry("tap by tap, equal weights together", taps.fit, taps.Taps),
    "separable": Entry("a column and a row of whole numbers, and the centre apart", separable.fit, separable.Separable),
    "lowrank": Entry("a few columns and rows of floats", lowrank.fit, lowrank.LowRank, spreads_errors=True),
    "banded": Entry(
        "a few columns and rows of floats, as products of matrices", banded.fit, banded.Banded, spreads_errors=True
    ),
    "fourier": Entry(
        "products of Fourier transforms of tiles", fourier.fit, fourier.Fourier, takes_samples=True, spreads_errors=True
    ),
    "mixed": Entry(
        "Fourier transforms of the columns of tiles, and products of matrices across them",
        mixed.fit,
        mixed.Mixed,
        takes_samples=True,
        spreads_errors=True,
    ),
}
