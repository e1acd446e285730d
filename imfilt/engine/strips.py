"""The walker: a picture goes through the chains of a plan strip by strip, in buffers that are allocated once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.borders import Border
from imfilt.engine.buffers import make_buffer
from imfilt.engine.geometry import Axis
from imfilt.engine.plan import Plan
from imfilt.engine.planes import PLANES
from imfilt.engine.stage import Chain, Stage
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.program import Programs

Array = NDArray[Any]


class RowSource(Protocol):
    """Gives rows out: an array, or a picture."""

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        """Return the samples of rows ``first … last-1`` (rows × columns × channels), which are only looked at."""


class RowSink(Protocol):
    """Takes rows in: an array, or a picture."""

    def room_for(self, first: int, last: int, columns: range) -> Array:
        """Return an array to write rows ``first … last-1`` into, before `write_rows` is called with it."""

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Take `rows`, as `room_for` gave them and now filled, as the rows from `first` on."""


class Walker:
    """Takes a band of output rows, or a panel of columns of it, strip by strip through every chain of a plan.

    Making it fetches the rows that the band needs from outside itself. Once the walkers of all bands are made, each may
    go its way in a thread of its own, and with `in_place` the results may be written over the source.
    """

    def __init__(
        self, plan: Plan, source: RowSource, band: range, *, columns: range | None = None, in_place: bool = False
    ) -> None:
        self._band = band
        self.columns = columns or range(plan.output_shape[1])
        self._strip = min(plan.strip, len(band))
        kept = band if in_place else range(plan.shape[0])
        self._chains = [_chain_rows(plan, chain, source, band, self.columns, kept) for chain in plan.chains]
        self._late = self._chains[0] if plan.chains[0].late else None
        self._stopped = False
        channels = plan.output_shape[2]
        self._numbers = [
            make_buffer((self._strip, len(self.columns), PLANES[chain.planes].count(channels)), chain.dtype)
            for chain in plan.chains
        ]

    def __iter__(self) -> Iterator[tuple[int, list[Array]]]:
        """Yield the first row of each strip, and the numerators of each chain over it, in buffers that are reused.

        After those of a chain that adds the sample in the middle late come these samples, which are only looked at.
        """
        for first in range(self._band.start, self._band.stop, self._strip):
            if self._stopped:
                return
            last = min(first + self._strip, self._band.stop)
            numbers = [buffer[: last - first] for buffer in self._numbers]
            for rows, into in zip(self._chains, numbers, strict=True):
                rows.fill(first, last, into)
            if self._late is not None:
                numbers.append(self._late.middle(last - first))
            yield first, numbers

    def stop(self) -> None:
        """Let the walk end before its next strip; another thread may call it."""
        self._stopped = True


class _Rows(Protocol):
    """Rows of numbers made on demand: the planes of the samples that come in, or the sums of a stage."""

    def fill(self, first: int, last: int, numbers: Array) -> None:
        """Write rows ``first … last-1`` into `numbers` (rows × columns × planes)."""


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


def _chain_rows(plan: Plan, chain: Chain, source: RowSource, band: range, columns: range, kept: range) -> _StageRows:
    bands = [band]
    for stage in reversed(chain.stages[1:]):
        needed = stage.down.inputs(bands[0].start, bands[0].stop)
        bands.insert(0, range(max(needed.start, 0), min(needed.stop, stage.down.length)))
    inside = columns_needed(plan, chain, columns)
    upstream: _Rows = _SourceRows(source, chain, inside[0])
    planes = PLANES[chain.planes].count(plan.shape[2])
    for stage, rows_out, columns_in, columns_out in zip(
        chain.stages, bands, inside, (*inside[1:], columns), strict=True
    ):
        border = plan.recipe.border_rule.border
        window = _Window(stage, border, upstream, columns_in, columns_out, planes)
        upstream = rows = _StageRows(stage, window, columns_out, min(plan.strip, len(rows_out)), chain.dtype)
        window.fetch(stage.down.inputs(rows_out.start, rows_out.stop), kept)
        kept = range(stage.down.output)
    return rows


class _SourceRows:
    """The planes of a source, in the working dtype."""

    def __init__(self, source: RowSource, chain: Chain, columns: range) -> None:
        self._source = source
        self._columns = columns
        self._planes = PLANES[chain.planes]
        self._scale = chain.scale

    def fill(self, first: int, last: int, numbers: Array) -> None:
        self._planes.fill(self._source.read_rows(first, last, self._columns), numbers)
        if self._scale != 1:
            np.multiply(numbers, self._scale, out=numbers)


class _StageRows:
    """The sums of a stage."""

    def __init__(self, stage: Stage, window: _Window, columns: range, strip: int, dtype: str) -> None:
        self._stage = stage
        self._window = window
        self._columns = columns
        self._strip = strip
        self._programs = Programs(STRATEGIES[stage.strategy].make(stage, dtype).program)
        self._latest: Array

    def fill(self, first: int, last: int, numbers: Array) -> None:
        for start in range(first, last, self._strip):
            stop = min(start + self._strip, last)
            sums = numbers[start - first : stop - first]
            self._latest = self._window.over(self._stage.down.inputs(start, stop))
            self._programs.run(self._latest, sums)
            if self._stage.offset:
                np.add(sums, self._stage.offset, out=sums)

    def middle(self, rows: int) -> Array:
        """Return the numbers under the middle of the kernel over the latest `rows`, valid until the next `fill`."""
        down, across = self._stage.down, self._stage.across
        y, x = down.taps // 2 * down.dilation, across.taps // 2 * across.dilation
        return self._latest[
            y : y + (rows - 1) * down.stride + 1 : down.stride,
            x : x + (len(self._columns) - 1) * across.stride + 1 : across.stride,
        ]


class _Window:
    """The rows that a stage looks at, the samples beyond the border filled in; it moves down and keeps what it can.

    Rows are counted as those of the input, so that those above the picture are below 0.
    """

    def __init__(
        self,
        stage: Stage,
        border: Border,
        upstream: _Rows,
        inside: range,
        outputs: range,
        planes: int,
    ) -> None:
        self._upstream = upstream
        self._outside = stage.outside
        self._index = border.index
        self._height = stage.down.length
        looked_at = stage.across.inputs(outputs.start, outputs.stop)
        held = range(min(looked_at.start, inside.start), max(looked_at.stop, inside.stop))
        self._looked_at = slice(looked_at.start - held.start, looked_at.stop - held.start)
        self._inside = slice(inside.start - held.start, inside.stop - held.start)
        sides = range(held.start, inside.start), range(inside.stop, held.stop)
        self._sides = [self._beyond(columns, held.start, stage.across.length) for columns in sides if columns]
        self._shape = len(held), planes
        self._dtype = stage.window_dtype
        self._numbers = self._buffer(0)
        self._rows = range(0)
        self._fetched: dict[int, Array] = {}
        self._kept = range(self._height)

    def _beyond(self, columns: range, start: int, width: int) -> tuple[slice, slice | Array | None]:
        """Return where the samples of columns beyond the border go, and from where they come (None: a constant)."""
        where = slice(columns.start - start, columns.stop - start)
        if self._index is None:
            return where, None
        sources = [self._index(x, width) - start for x in columns]
        if len(set(sources)) == 1:
            return where, slice(sources[0], sources[0] + 1)
        return where, np.array(sources, np.intp)

    def _buffer(self, rows: int) -> Array:
        return make_buffer((rows, *self._shape), self._dtype, lead=self._inside.start)

    def fetch(self, rows: range, kept: range) -> None:
        """Get those of `rows` that are not among `kept`: the ones still to be had when the window comes to them."""
        self._kept = kept
        sources = {row: self._source_of(row) for row in rows if row not in kept}
        lines: dict[int, Array] = {}
        for line in sorted({source for source in sources.values() if source is not None}):
            lines[line] = np.empty(self._numbers[:, self._inside].shape[1:], self._numbers.dtype)
            self._upstream.fill(line, line + 1, lines[line][np.newaxis])
        self._fetched = {row: lines[source] for row, source in sources.items() if source is not None}

    def over(self, rows: range) -> Array:
        """Return the window moved to `rows`; it is valid until the next call."""
        if len(self._numbers) < len(rows):
            self._numbers = self._buffer(len(rows))
            self._rows = range(0)
        known = 0
        if rows.start in self._rows:
            known = min(self._rows.stop, rows.stop) - rows.start
            shift = rows.start - self._rows.start
            if shift:
                self._numbers[:known] = self._numbers[shift : shift + known]
        self._rows = rows
        self._load(rows[known:], self._numbers[known : len(rows)])
        return self._numbers[: len(rows), self._looked_at]

    def _load(self, rows: range, numbers: Array) -> None:
        inside = numbers[:, self._inside]
        first, last = max(rows.start, self._kept.start), min(rows.stop, self._kept.stop)
        if first < last:
            self._upstream.fill(first, last, inside[first - rows.start : last - rows.start])
        for row in (*range(rows.start, min(first, rows.stop)), *range(max(last, rows.start), rows.stop)):
            if row not in self._kept:
                self._load_row(row, inside[row - rows.start])
        for where, source in self._sides:
            numbers[:, where] = self._outside if source is None else numbers[:, source]

    def _load_row(self, row: int, line: Array) -> None:
        source = self._source_of(row)
        if source is None:
            line[...] = self._outside
        elif row in self._fetched:
            line[...] = self._fetched[row]
        else:
            self._upstream.fill(source, source + 1, line[np.newaxis])

    def _source_of(self, row: int) -> int | None:
        """Return the row of the input that stands at `row`; None beyond a constant border."""
        if 0 <= row < self._height:
            return row
        return None if self._index is None else self._index(row, self._height)


def split(rows: int, parts: int, strip: int = 1) -> list[range]:
    """Return up to `parts` bands of nearly equal height that together are ``0 … rows-1``, each of whole strips.

    >>> split(7, 3)
    [range(0, 2), range(2, 4), range(4, 7)]
    >>> split(7, 3, strip=4)
    [range(0, 4), range(4, 7)]
    """
    strips = -(-rows // strip)
    parts = max(1, min(parts, strips))
    edges = [min(strips * part // parts * strip, rows) for part in range(parts + 1)]
    return [range(start, stop) for start, stop in pairwise(edges)]
