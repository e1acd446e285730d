"""Measures what the engine's cost model holds: what a pass costs in each dtype, a Fourier transform, a matrix product.

Run ``python tests/benchmarks/calibrate.py`` on a quiet machine, with ``OPENBLAS_NUM_THREADS=1``, and compare with
`PASS_COST` in imfilt/engine/strategies/fit.py and the costs in fourier.py, mixed.py and banded.py beside it. Only the
ratios matter there.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from imfilt.engine.arrays import ArrayRows
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.engine.running.strips import Walker
from imfilt.engine.strategies import banded, fourier, mixed
from imfilt.engine.strategies.fit import PASS_COST, Fit
from imfilt.engine.strategies.stage import Stage
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


def stage_cost(kernel: Kernel, strategy: str, dtype: str = "uint8") -> tuple[float, Stage]:
    """Return what a strategy takes a sample for a kernel, and the stage."""
    image = np.random.default_rng(0).integers(0, 256, (1200, 1500, 3), np.uint8).astype(dtype)
    plan = make_plan(Recipe((kernel,)), SAMPLE_TYPES[dtype], image.shape, strategy=strategy)
    walker = Walker(plan, range(image.shape[0])).begin(ArrayRows(image))
    (stage,) = plan.chains[0].stages
    return nanoseconds(lambda: [None for *_, parts in walker for _ in parts], image.size, repeats=5), stage


def fourier_costs(*, whole: bool) -> str:
    """Return what tiles of several sizes take, and the model for them."""
    cells = []
    rng = np.random.default_rng(1)
    for side in (9, 31, 63, 101):
        weights = rng.integers(1, 100, (side, side)) if whole else rng.random((side, side))
        cost, stage = stage_cost(Kernel(weights, divisor="sum"), "fourier")
        fit = fourier.fit(stage)
        model = fit.nanoseconds if isinstance(fit, Fit) else float("nan")
        cells.append(f"{side} x {side} in tiles of {fourier.tile_of(stage)} {cost:.2f} (model {model:.2f})")
    return ", ".join(cells)


def mixed_costs(dtype: str) -> str:
    """Return what tiles take of which only the columns are transformed, and the model for them."""
    cells = []
    for side in (9, 31, 63, 101):
        weights = np.random.default_rng(1).random((side, side))
        cost, stage = stage_cost(Kernel(weights, divisor="sum"), "mixed", dtype)
        fit = mixed.fit(stage)
        model = fit.nanoseconds if isinstance(fit, Fit) else float("nan")
        cells.append(f"{side} x {side} in tiles of {mixed.tile_of(stage)} {cost:.2f} (model {model:.2f})")
    return ", ".join(cells)


def banded_costs() -> str:
    """Return what matrix products take for kernels of several sizes, and the model for them."""
    cells = []
    for side in (9, 41, 161):
        line = np.exp(-0.5 * np.linspace(-4, 4, side) ** 2)
        cost, stage = stage_cost(Kernel(np.outer(line, line), divisor="sum"), "banded")
        fit = banded.fit(stage)
        model = fit.cost("float32") if isinstance(fit, Fit) else float("nan")
        cells.append(f"{side} x {side} {cost:.2f} (model {model:.2f})")
    return ", ".join(cells)


def main() -> None:
    """Print what was measured beside what the model holds."""
    print(f"{'dtype':10}{'measured ns':>12}{'model ns':>10}")
    for dtype, model in PASS_COST.items():
        print(f"{dtype:10}{pass_cost(dtype):12.3f}{model:10.3f}")
    for name, whole in (("single", False), ("double", True)):
        print(f"fourier, {name} precision, ns a sample: {fourier_costs(whole=whole)}")
    for name, dtype in (("single", "uint8"), ("double", "uint16")):
        print(f"mixed, {name} precision, ns a sample: {mixed_costs(dtype)}")
    print(f"banded, ns a sample: {banded_costs()}")


if __name__ == "__main__":
    main()
