"""Measures what the engine's cost model holds: what a pass costs in each dtype, and a Fourier transform.

Run ``python tests/benchmarks/calibrate.py`` on a quiet machine and compare with `PASS_COST` in
imfilt/engine/strategies/fit.py and the costs in imfilt/engine/strategies/fourier.py. Only the ratios matter there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from imfilt.engine.arrays import ArrayRows
from imfilt.engine.plan import make_plan
from imfilt.engine.recipe import Recipe
from imfilt.engine.samples import SAMPLE_TYPES
from imfilt.engine.strategies.fit import PASS_COST
from imfilt.engine.strategies.fourier import tile_of
from imfilt.engine.strips import Walker
from imfilt.kernels.kernel import Kernel

_ROWS, _COLUMNS = 20, 18000
"""A strip that stays in the second-level cache: 16-bit numbers of 20 rows of 6000 RGB pixels."""


def nanoseconds(work: Callable[[], object], samples: int, repeats: int = 9) -> float:
    """Return the median time of `work` for each of its samples."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - start)
    return sorted(times[1:])[repeats // 2] / samples


def pass_cost(dtype: str) -> float:
    """Return what an addition of two strips costs a sample."""
    repeats = 1 if dtype == "object" else 200
    one = 1 << 70 if dtype == "object" else 1  # beyond 64 bits, for which it is there
    window = np.full((_ROWS + 2, _COLUMNS), one, dtype)
    sums = np.full((_ROWS, _COLUMNS), one, dtype)

    def add() -> None:
        for _ in range(repeats):
            np.add(sums, window[1:-1], out=sums)

    return nanoseconds(add, repeats * sums.size)


def fourier_cost(*, whole: bool) -> float:
    """Return what the Fourier strategy costs a sample and a doubling of the tile."""
    image = np.random.default_rng(0).integers(0, 256, (1200, 1500, 3), np.uint8)
    rng = np.random.default_rng(1)
    weights = rng.integers(1, 100, (31, 31)) if whole else rng.random((31, 31))
    recipe = Recipe((Kernel(weights, divisor="sum"),))
    plan = make_plan(recipe, SAMPLE_TYPES["uint8"], image.shape, strategy="fourier")
    stage = plan.chains[0].stages[0]
    height, width = tile_of(stage)
    useful = (height - stage.down.reach) * (width - stage.across.reach) / (height * width)
    walker = Walker(plan, ArrayRows(image), range(image.shape[0]))
    cost = nanoseconds(lambda: [None for _ in walker], image.size, repeats=5)
    return cost * useful / math.log2(height * width)


def main() -> None:
    """Print what was measured beside what the model holds."""
    print(f"{'dtype':10}{'measured ns':>12}{'model ns':>10}")
    for dtype, model in PASS_COST.items():
        print(f"{dtype:10}{pass_cost(dtype):12.3f}{model:10.3f}")
    for name, whole in (("single", False), ("double", True)):
        print(f"fourier, {name} precision: {fourier_cost(whole=whole):.3f} ns a sample and a doubling of the tile")


if __name__ == "__main__":
    main()
