"""A plan carried out: from a source of rows to a sink of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from imfilt.engine.finishing.measuring import join, measure
from imfilt.engine.planning.plan import Plan
from imfilt.engine.processors import processors
from imfilt.engine.recipes.normalisations import Extremes
from imfilt.engine.rows import RowSink, RowSource
from imfilt.engine.running.chain_rows import columns_needed
from imfilt.engine.running.strips import equal_panels, split
from imfilt.engine.running.workspaces import Workspace, Workspaces

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from imfilt.array_types import Array
    from imfilt.engine.finishing.clipped import ClippedCounter

Result = TypeVar("Result")

# Below this many samples a band, starting a thread costs more than it saves.
_SAMPLES_A_THREAD = 1 << 20
_BUFFER_NUMBERS = 2048
"""Rows of a quarter of this and more are not copied: see `numpy_settings`."""


def filter_rows(
    plan: Plan,
    source: RowSource,
    sink: RowSink,
    *,
    threads: int | None = None,
    in_place: bool = False,
    extremes: Extremes | None = None,
    clipped: ClippedCounter | None = None,
    workspaces: Workspaces | None = None,
) -> None:
    """Carry out `plan`: rows come from `source` and results go to `sink`.

    Parameters
    ----------
    threads : int, optional
        How many bands are worked on at the same time; as many as there are processors and work for where it is not
        given. It changes no sample.
    in_place : bool
        Whether the results are written over the source, which is allowed where the plan keeps the layout.
    extremes : Extremes, optional
        Those that the normalisation goes by, where they are not those of this picture alone.
    clipped : ClippedCounter, optional
        Where it is counted how many results are below 0 or above white, before they are pooled or flattened.
    workspaces : Workspaces, optional
        Those that stand idle, and will again, where several pictures are filtered.
    """
    pooling, background = plan.recipe.pooling, plan.background
    if extremes is None and plan.recipe.normalisation.measures:
        extremes = measure_rows(plan, source, threads=threads, in_place=in_place, workspaces=workspaces)

    def write(workspace: Workspace) -> None:
        walker, finish = workspace
        finish.begin(extremes, clipped)
        rows_out: RowSink = sink  # what few recipes ask for is imported late
        if background:
            from imfilt.engine.finishing.flatten import FlatteningRows

            rows_out = FlatteningRows(background, plan.output, plan.output_shape[2], sink)
        if pooling:
            from imfilt.engine.finishing.pooled import PoolingRows

            rows_out = PoolingRows(pooling, plan.output, rows_out)
        if plan.recipe.threshold:
            from imfilt.engine.finishing.threshold import KeepingRows

            rows_out = KeepingRows(Fraction(plan.recipe.threshold), source, rows_out)
        for rows, columns, parts in walker:
            samples = rows_out.room_for(rows.start, rows.stop, columns)
            for where, numbers in parts:
                finish(numbers, samples[where])
            rows_out.write_rows(rows.start, columns, samples)

    _each_band(plan, source, write, workspaces or Workspaces(), threads=threads, in_place=in_place)


def measure_rows(
    plan: Plan,
    source: RowSource,
    *,
    threads: int | None = None,
    in_place: bool = False,
    workspaces: Workspaces | None = None,
) -> Extremes | None:
    """Return the extremes of the exact results, as the plan's normalisation asks for them.

    Where the results will be written in place, that is done in the workspaces that will be used then.
    """

    def measured(workspace: Workspace) -> Extremes | None:
        return measure(plan, (numbers for *_, parts in workspace.walker for _, numbers in parts))

    bands = _each_band(plan, source, measured, workspaces or Workspaces(), threads=threads, in_place=in_place)
    return join(bands)


@contextmanager
def numpy_settings() -> Iterator[None]:
    """Set NumPy up for pictures: infinity and NaN are kept without a word, and short rows are not copied first.

    NumPy copies rows that are shorter than a quarter of its buffer, and so takes up to three times as long for them.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # which sets the size of the buffer back as well
        np.setbufsize(_BUFFER_NUMBERS)
        yield


def _each_band(
    plan: Plan,
    source: RowSource,
    work: Callable[[Workspace], Result],
    workspaces: Workspaces,
    *,
    threads: int | None,
    in_place: bool = False,
) -> list[Result]:
    height, width, _ = plan.output_shape
    bands = split(height, threads or _threads_for(plan), _unit(plan, 0))
    strip, groups = plan.strip, [[panel] for panel in split(width, -(-width // plan.panel), _unit(plan, 1))]
    if plan.patch and not in_place:  # where the panel beside and the strip below look at samples as they were
        strip, groups = plan.patch.rows, [equal_panels(width, plan.patch.columns)]
    results = []
    with numpy_settings():
        for panels, following in zip(groups, (*groups[1:], None), strict=True):
            working = [workspaces.take(plan, band, panels, strip) for band in bands]
            for walker, _ in working:
                walker.begin(source, in_place=in_place)
            if in_place and following is not None:
                source = _with_columns_kept(plan, source, following[0])
            results += _in_threads(work, working)
            if len(groups) == 1:  # of several, all buffers together would take too much memory
                for workspace in working:
                    workspaces.give_back(plan, workspace)
    return results


class _KeptColumns:
    """A source of which some columns were put aside, before results are written over them."""

    def __init__(self, source: RowSource, columns: range, rows: int) -> None:
        self.original = source
        self._columns = columns
        self._kept = source.read_rows(0, rows, columns).copy()

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        """Return rows of columns that begin among those kept, if they begin before their end."""
        beside = range(max(columns.start, self._columns.stop), columns.stop)
        rows = self.original.read_rows(first, last, beside)
        if len(beside) == len(columns):
            return rows
        kept = self._kept[first:last, columns.start - self._columns.start :]
        return np.concatenate((kept, rows), axis=1)


def _with_columns_kept(plan: Plan, source: RowSource, panel: range) -> RowSource:
    """Return the source with what `panel` needs of the columns before it put aside: they are about to be changed."""
    first = min(columns_needed(plan, chain, panel)[0].start for chain in plan.chains)
    original = source.original if isinstance(source, _KeptColumns) else source
    return _KeptColumns(original, range(min(first, panel.start), panel.start), plan.shape[0])


def _unit(plan: Plan, axis: int) -> int:
    """Return how many rows (or columns) a part is a multiple of: whole strips, and no window of a pool in two parts."""
    pooling, unit = plan.recipe.pooling, (plan.strip, plan.tile_columns)[axis]
    if pooling is None:
        return unit
    return plan.output_shape[axis] if pooling.overlaps(axis) else math.lcm(unit, pooling.stride[axis])


def _in_threads(work: Callable[[Workspace], Result], workspaces: Sequence[Workspace]) -> list[Result]:
    if len(workspaces) == 1:
        return [work(workspaces[0])]
    from contextvars import copy_context

    from imfilt.engine.threads import thread_pool

    with thread_pool(len(workspaces)) as pool:  # each with the caller's floating-point settings
        try:
            running = [_submit(pool, partial(copy_context().run, work, workspace)) for workspace in workspaces]
            return [each.result() for each in running]
        except BaseException:
            for walker, _ in workspaces:
                walker.stop()
            raise


def _submit(pool: Executor, work: Callable[[], Result]) -> Future[Result]:
    try:
        return pool.submit(work)
    except RuntimeError:
        raise MemoryError("there is no room for another thread") from None


def _threads_for(plan: Plan) -> int:
    samples = plan.output_shape[0] * plan.output_shape[1] * plan.output_shape[2]
    return max(1, min(processors(), samples // _SAMPLES_A_THREAD))
