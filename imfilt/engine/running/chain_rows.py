"""The rows of a chain: from those of a source, through the window of every stage, to the sums of the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.buffers import make_buffer
from imfilt.engine.planning.plan import Chain, Plan
from imfilt.engine.planning.planes import PLANES
from imfilt.engine.recipes.borders import Border
from imfilt.engine.recipes.geometry import Axis
from imfilt.engine.rows import RowSource
from imfilt.engine.running.window import Fill, Inputs, Rows, Window
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.program import Program, Programs, join_rows, overwriting
from imfilt.engine.strategies.stage import Stage
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


def columns_needed(plan: Plan, chain: Chain, columns: range) -> list[range]:
    """Return the columns that go into each stage of a chain, where `columns` come out of the last."""
    needed: list[range] = []
    for stage in reversed(chain.stages):
        columns = _inputs_within(stage.across, columns, plan.recipe.border_rule.border)
        needed.insert(0, columns)
    return needed


def _inputs_within(axis: Axis, outputs: range, border: Border) -> range:
    """Return the inputs that outputs look at and that are there, among them those that stand in beyond the border."""
    inputs = axis.inputs(outputs.start, outputs.stop)
    beyond = (*range(inputs.start, min(0, inputs.stop)), *range(max(axis.length, inputs.start), inputs.stop))
    sources = [border.index(x, axis.length) for x in beyond] if border.index else []
    first, last = max(inputs.start, 0), min(inputs.stop, axis.length)
    return range(min((first, *sources)), max((last, *(x + 1 for x in sources))))


class Repeat(NamedTuple):
    """The calls for a strip that lies as far below another as that below the one before: see `Move`."""

    before: Program
    fill: Fill
    first: int
    """The first row of the input to be filled, for a strip that begins at row 0 of the output."""
    rows: int
    """How many are filled."""
    stride: int
    """Rows of the input from one row of the output to the next."""
    inside: Array
    after: Program
    """Those for the sums too."""
    stop: int
    """The row of the output below the last that can be done so."""


class ChainRows:
    """The numerators of a chain over a band: the sums of its last stage."""

    def __init__(self, plan: Plan, chain: Chain, band: range, panels: Sequence[range], strip: int) -> None:
        bands = [band]
        for stage in reversed(chain.stages[1:]):
            rows_in = stage.down.inputs(bands[0].start, bands[0].stop)
            bands.insert(0, range(max(rows_in.start, 0), min(rows_in.stop, stage.down.length)))
        needed = [[*columns_needed(plan, chain, columns), columns] for columns in panels]
        border = plan.recipe.border_rule.border
        planes = PLANES[chain.planes].count(plan.shape[2])
        self._has_samples = PLANES[chain.planes].are_samples
        self._planes, self._dtype = planes, chain.dtype
        self._sums: Array | None = None
        self._sources = [_SourceRows(chain, each[0]) for each in needed]
        self._stages: list[_StageRows] = []
        upstream: Sequence[Rows] = self._sources
        for number, (stage, rows_out) in enumerate(zip(chain.stages, bands, strict=True)):
            inputs = [Inputs(rows, each[number], each[number + 1]) for rows, each in zip(upstream, needed, strict=True)]
            window = Window(stage, border, inputs, planes)
            self._stages.append(_StageRows(stage, window, rows_out, min(strip, len(rows_out)), chain.dtype))
            upstream = self._stages[-1:]  # of one panel: for several there is one stage
        last = self._stages[-1]
        self.turn_to, self.add_up, self.middle = last.turn_to, last.add_up, last.middle
        self.repeat, self.went_to = last.repeat, last.went_to

    def begin(self, source: RowSource, kept: range, *, can_fetch_again: bool) -> None:
        """Turn to a picture of which those rows are `kept` for this band until it looks at them, or for longer."""
        for each in self._sources:
            each.source = source
        can_fetch_again = can_fetch_again and self._has_samples
        for stage in self._stages:
            kept = stage.begin(kept, can_fetch_again=can_fetch_again)
            can_fetch_again = False  # sums would have to be computed again

    def room(self, rows: int, columns: int, *, may_overwrite: bool = False) -> Array:
        """Return the memory for the sums: a part of the window if it may be, and no longer needed; else a buffer.

        It is chosen the first time, for the size that is asked for then.
        """
        if self._sums is None and may_overwrite:
            self._sums = self._stages[-1].lay_over_window(rows)
        if self._sums is None:
            self._sums = make_buffer((rows, columns, self._planes), self._dtype, pitch=self._stages[-1].pitch)
        return self._sums

    def rest(self) -> None:
        """Let go of the picture."""
        for each in self._sources:
            del each.source


class _SourceRows:
    """The planes of a source, in the working dtype."""

    source: RowSource

    def __init__(self, chain: Chain, columns: range) -> None:
        self._columns = columns
        self._fill = PLANES[chain.planes].fill
        self._scale = chain.scale

    def fill(self, first: int, last: int, numbers: Array) -> None:
        self._fill(self.source.read_rows(first, last, self._columns), numbers)
        if self._scale != 1:
            np.multiply(numbers, self._scale, out=numbers)


class _StageRows:
    """The sums of a stage."""

    def __init__(self, stage: Stage, window: Window, band: range, strip: int, dtype: str) -> None:
        self._stage = stage
        self._window = window
        self._inputs = stage.down.inputs(band.start, band.stop)
        self._strip = strip
        self._strategy = STRATEGIES[stage.strategy].make(stage, dtype)
        self._programs = Programs()
        self._latest: Array
        self._made = 0
        self._dtype = dtype

    def begin(self, kept: range, *, can_fetch_again: bool) -> range:
        """Turn to another picture, of which those inputs can be had later that are `kept`; return which outputs can."""
        self._window.begin(self._inputs, kept, can_fetch_again=can_fetch_again)
        return range(self._stage.down.output)

    def fill(self, first: int, last: int, numbers: Array) -> None:
        for start in range(first, last, self._strip):
            rows = range(start, min(start + self._strip, last))
            self.turn_to(rows)
            sums = numbers[rows.start - first : rows.stop - first]
            self.add_up(slice(0, numbers.shape[1]), sums, sums.__array_interface__["data"][0])

    def turn_to(self, rows: range, panel: int = 0) -> None:
        """Get what those rows of output look at, in the panel of that number."""
        self._latest = self._window.over(self._stage.down.inputs(rows.start, rows.stop), panel)
        if self._window.made != self._made:  # it lies elsewhere now
            self._made = self._window.made
            self._programs.clear()

    @property
    def pitch(self) -> int:
        """Bytes from one row of what is looked at to the next."""
        return self._latest.strides[0]

    def add_up(self, columns: slice, sums: Array, place: int = 0) -> None:
        """Write the sums of those columns, counted from the first of the panel, over the latest rows.

        Sums of the same rows and columns have the same `place` only if they lie in the same memory.
        """
        for function, arguments in self._program(columns, sums, place):
            function(*arguments)

    def _program(self, columns: slice, sums: Array, place: int = 0) -> Program:
        """Return the calls that write the sums of those columns."""
        key = len(sums), columns.start, columns.stop, place
        program = self._programs.find(key)
        if program is None:
            across = self._stage.across
            first, last = columns.start * across.stride, (columns.stop - 1) * across.stride
            window = self._latest[:, first : last + across.reach + 1]
            program = self._programs.keep(key, self._prepared(self._strategy.program(window, sums), sums))
        return program

    def _prepared(self, program: Program, sums: Array) -> Program:
        offset = self._stage.offset
        return join_rows([*program, (np.add, (sums, offset, sums))] if offset else program, sums)

    def repeat(self, rows: range, panel: int, sums: Array) -> Repeat:
        """Return the calls for those rows of a panel and whatever lies below, strip by strip, after one of as many."""
        down = self._stage.down
        inputs = down.inputs(rows.start, rows.stop)
        move, last = self._window.repeat(inputs, panel)
        self._latest = move.window
        program = self._program(slice(0, sums.shape[1]), sums)
        return Repeat(
            before=move.before,
            fill=move.fill,
            first=inputs.start + move.known - rows.start * down.stride,
            rows=len(inputs) - move.known,
            stride=down.stride,
            inside=move.inside,
            after=[*move.after, *program],
            stop=rows.stop + (last - inputs.stop) // down.stride,
        )

    def went_to(self, rows: range) -> None:
        """Know that those rows are the latest, after repeats."""
        self._window.went_to(self._stage.down.inputs(rows.start, rows.stop))

    def lay_over_window(self, rows: int) -> Array | None:
        """Have the sums over all columns, so many rows at most, written over the window; return where, or None.

        They take less of the cache there than beside it. It cannot be where the window is needed for longer.
        """
        if self._stage.window_dtype != self._dtype:
            return None
        window, down, across = self._latest, self._stage.down, self._stage.across
        columns = range(0, window.shape[1] - across.reach, across.stride)
        x = across.taps // 2 * across.dilation  # where rows begin at cache lines, for most kernels
        for y in dict.fromkeys((0, down.taps // 2 * down.dilation)):
            sums = window[y : y + rows, x : x + len(columns)]
            program = overwriting(self._strategy.program(window, sums), window, sums)
            if program is not None:
                self._programs.keep((rows, 0, len(columns), 0), self._prepared(program, sums))
                self._window.give_up(rows * down.stride, overwritten=y > 0)
                return sums
        return None

    def middle(self, columns: slice, rows: int) -> Array:
        """Return the numbers under the middle of the kernel over some columns and all of the latest rows."""
        down, across = self._stage.down, self._stage.across
        y, x = down.taps // 2 * down.dilation, across.taps // 2 * across.dilation
        first, last = columns.start * across.stride, (columns.stop - 1) * across.stride
        return self._latest[
            y : y + (rows - 1) * down.stride + 1 : down.stride, x + first : x + last + 1 : across.stride
        ]
