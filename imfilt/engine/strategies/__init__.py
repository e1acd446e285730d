"""Ways to compute the weighted sums of a stage: one module each, one entry here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from numpy.typing import NDArray

from imfilt.engine.plan import Stage
from imfilt.engine.strategies.taps import Taps


class Strategy(Protocol):
    """Computes weighted sums over one strip after another; it may keep buffers, so each thread has its own."""

    def __call__(self, window: NDArray[Any], sums: NDArray[Any]) -> None:
        """Write the sums over `window` into `sums`.

        Both are rows × columns × planes, `window` with the samples beyond the border filled in: output (y, x) is the
        sum of ``weights[i][j] · window[y · stride + i · dilation, x · stride + j · dilation]``.
        """


STRATEGIES: dict[str, Callable[[Stage], Strategy]] = {
    "taps": Taps,
}
