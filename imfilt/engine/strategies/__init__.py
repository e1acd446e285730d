"""Ways to compute the weighted sums of a stage: one module each, one entry here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.stage import Stage
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array
    from imfilt.engine.strategies.program import Program


_LARGEST_SPREAD = 1 << 24
"""The largest sum of weights whose errors may be spread: at 16 bits float64 is then off by some 2**-12 of a level."""


class Strategy(Protocol):
    """Computes weighted sums over one part after another; it may keep buffers, so each thread has its own."""

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the sums over `window` into `sums`, whatever numbers lie in `window` by then.

        Both are rows × columns × planes, `window` with the samples beyond the border filled in: output (y, x) is the
        sum of ``weights[i][j] · window[y · stride + i · dilation, x · stride + j · dilation]``.
        """


class Entry(NamedTuple):
    """A strategy: what it is for, and the module and the class in it, which are imported where they are asked for."""

    meaning: str
    module: str
    name: str
    takes_whole: bool = True
    """Whether it sums up whole numbers, exactly."""
    takes_floats: bool = True
    skips: bool = True
    """Whether it leaves out the samples that a stride passes over."""
    takes_samples: bool = False
    """Whether the window may hold samples as they are, for it copies them anyway, and widens them then."""
    spreads_errors: bool = False
    """Whether floats are off by what goes with the largest numbers around, and not with the sum itself."""
    least: float = 0.0
    """Nanoseconds a sample that its model stays above: where another costs less, it need not be asked."""

    def fit(self, stage: Stage) -> Fit | Unfit:
        """Return what it would take to do a stage; or why it cannot be done."""
        if stage.is_whole and not self.takes_whole:
            return Unfit("the weights are whole numbers, whose sums have to be exact")
        if not stage.is_whole and not self.takes_floats:
            return Unfit("the weights are floats")
        if not self.skips and (stage.down.stride, stage.across.stride) != (1, 1):
            return Unfit("it computes every sample, and the stride keeps some only")
        if self.spreads_errors and not stage.is_whole:
            if stage.is_edge:
                return Unfit("a flat picture has to become 0, and its rounding would show")
            if stage.weight > _LARGEST_SPREAD:
                return Unfit("the weights are so large that its rounding would show where they meet samples of 0")
        found: Fit | Unfit = import_module(self.module).fit(stage)
        return found

    def make(self, stage: Stage, dtype: str) -> Strategy:
        """Return what does a stage in a working dtype."""
        made: Strategy = getattr(import_module(self.module), self.name)(stage, dtype)
        return made


def _entry(meaning: str, module: str, name: str, **further: Any) -> Entry:
    return Entry(meaning, f"{__name__}.{module}", name, **further)


STRATEGIES: dict[str, Entry] = {
    "taps": _entry("tap by tap, equal weights together", "taps", "Taps"),
    "separable": _entry(
        "a column times a row of whole numbers, but for the centre if need be",
        "separable",
        "Separable",
        takes_floats=False,
    ),
    "lowrank": _entry("a few columns and rows of floats", "lowrank", "LowRank", takes_whole=False, spreads_errors=True),
    "banded": _entry(
        "a few columns and rows of floats, as products of matrices",
        "banded",
        "Banded",
        takes_whole=False,
        skips=False,
        spreads_errors=True,
    ),
    "fourier": _entry(
        "products of Fourier transforms of tiles",
        "fourier",
        "Fourier",
        skips=False,
        takes_samples=True,
        spreads_errors=True,
        least=3.0,
    ),
    "mixed": _entry(
        "Fourier transforms of the columns of tiles, and products of matrices across them",
        "mixed",
        "Mixed",
        takes_whole=False,
        skips=False,
        takes_samples=True,
        spreads_errors=True,
    ),
}
