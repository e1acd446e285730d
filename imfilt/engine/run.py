"""A plan carried out: from a source of rows to a sink of rows."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.finish import Finisher, join, measure
from imfilt.engine.normalisations import Extremes
from imfilt.engine.plan import Plan
from imfilt.engine.strips import RowSink, RowSource, Walker, split
from imfilt.engine.windows import PoolingRows

Array = NDArray[Any]
Result = TypeVar("Result")

# Below this many samples a band, starting a thread costs more than it saves.
_SAMPLES_A_THREAD = 1 << 20


def filter_rows(
    plan: Plan,
    source: RowSource,
    sink: RowSink,
    *,
    threads: int | None = None,
    in_place: bool = False,
) -> None:
    """Carry out `plan`: rows come from `source` and results go to `sink`.

    Parameters
    ----------
    threads : int, optional
        How many bands are worked on at the same time; as many as there are processors and work for where it is not
        given. It changes no sample.
    in_place : bool
        Whether the results are written over the source, which is allowed where the plan keeps its shape and does not
        pool.
    """
    pooling = plan.recipe.pooling
    extremes = measure_rows(plan, source, threads=threads) if plan.recipe.normalisation.measures else None

    def write(walker: Walker) -> None:
        finish = Finisher(plan, extremes)
        rows_out = PoolingRows(pooling, plan.samples, plan.output_shape, sink) if pooling else sink
        for first, numbers in walker:
            samples = rows_out.room_for(first, first + len(numbers[0]))
            finish(numbers, samples)
            rows_out.write_rows(first, samples)

    _each_band(plan, source, write, threads=threads, in_place=in_place)


def measure_rows(plan: Plan, source: RowSource, *, threads: int | None = None) -> Extremes | None:
    """Return the extremes of the exact results, as the plan's normalisation asks for them."""
    return join(
        _each_band(plan, source, lambda walker: measure(plan, (numbers for _, numbers in walker)), threads=threads)
    )


def ignoring_infinity() -> np.errstate:
    """Return the context for work on float pictures, which may hold infinity and NaN, and keep them."""
    return np.errstate(over="ignore", invalid="ignore")


def _each_band(
    plan: Plan,
    source: RowSource,
    work: Callable[[Walker], Result],
    *,
    threads: int | None,
    in_place: bool = False,
) -> list[Result]:
    bands = split(plan.output_shape[0], threads or _threads_for(plan), _unit(plan))
    walkers = [Walker(plan, source, band, in_place=in_place) for band in bands]
    with ignoring_infinity():
        return _in_threads(work, walkers)


def _unit(plan: Plan) -> int:
    """Return how many rows a band must be a multiple of: whole strips, and no window of a pool in two bands."""
    pooling = plan.recipe.pooling
    if pooling is None:
        return plan.strip
    return plan.output_shape[0] if pooling.overlaps else math.lcm(plan.strip, pooling.stride[0])


def _in_threads(work: Callable[[Walker], Result], walkers: Sequence[Walker]) -> list[Result]:
    if len(walkers) == 1:
        return [work(walkers[0])]
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    with ThreadPoolExecutor(len(walkers)) as pool:  # each with the caller's floating-point settings
        try:
            running = [pool.submit(copy_context().run, work, walker) for walker in walkers]
            return [each.result() for each in running]
        except BaseException:
            for walker in walkers:
                walker.stop()
            raise


def _threads_for(plan: Plan) -> int:
    samples = plan.output_shape[0] * plan.output_shape[1] * plan.output_shape[2]
    return max(1, min(processors(), samples // _SAMPLES_A_THREAD))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
