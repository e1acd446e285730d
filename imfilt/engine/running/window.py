"""The window of a stage: the rows that it looks at, with the samples beyond the border filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from imfilt.engine.buffers import make_buffer
from imfilt.engine.recipes.borders import Border
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


Fill = Callable[[int, int, "Array"], None]
"""Writes rows of numbers; see `Rows`."""


class Rows(Protocol):
    """Rows of numbers made on demand: the planes of the samples that come in, or the sums of a stage."""

    def fill(self, first: int, last: int, numbers: Array) -> None:
        """Write rows ``first … last-1`` into `numbers` (rows × columns × planes)."""


class Move(NamedTuple):
    """What it takes to move a window on, but for the rows that are not there yet."""

    known: int
    """How many rows at the top are there already."""
    before: Program
    """The calls that take them there."""
    fill: Fill
    inside: Array
    """Where the samples of the others go."""
    after: Program
    """The calls that fill in what lies beside those, beyond the border, and put rows aside that will be overwritten."""
    window: Array
    """What is looked at."""


class Inputs(NamedTuple):
    """What goes into a stage for a panel of columns."""

    upstream: Rows
    inside: range
    """The columns that come from there."""
    outputs: range
    """The columns of output that they are for."""


class _Panel(NamedTuple):
    """What lies in the window for a panel of columns."""

    number: int
    fill: Fill
    inside: slice
    """Where the samples of the picture go."""
    sides: list[tuple[slice, slice | Array | None]]
    """Where the samples of columns beyond the border go, and from where they come (None: a constant)."""


class Window:
    """The rows that a stage looks at, the samples beyond the border filled in; it moves down and keeps what it can.

    Rows are counted as those of the input, so that those above the picture are below 0. Several panels, equally wide,
    and far wider than the kernel reaches, take turns in the same memory, and then nothing is kept.
    """

    def __init__(self, stage: Stage, border: Border, panels: Sequence[Inputs], planes: int) -> None:
        self._outside = stage.outside
        self._border = border
        self._height = stage.down.length
        self._panels: list[_Panel] = []
        layouts = set()
        for number, (upstream, inside, outputs) in enumerate(panels):
            looked_at = stage.across.inputs(outputs.start, outputs.stop)
            held = range(min(looked_at.start, inside.start), max(looked_at.stop, inside.stop))
            beside = range(held.start, inside.start), range(inside.stop, held.stop)
            sides = [self._beyond(columns, held.start, stage.across.length) for columns in beside if columns]
            where = slice(inside.start - held.start, inside.stop - held.start)
            self._panels.append(_Panel(number, upstream.fill, where, sides))
            layouts.add((looked_at.start - held.start, looked_at.stop - held.start, len(held)))
        ((first, last, width),) = layouts  # all the same, as the programs are
        self._panel = self._panels[0]
        self._takes_turns = len(panels) > 1
        self._looked_at = slice(first, last)
        self._shape = width, planes
        self._dtype = stage.window_dtype
        # Where the middle of the kernel lies first: the sums do too, if they are written over the window.
        self._lead = first + stage.across.taps // 2 * stage.across.dilation
        self._numbers = self._buffer(0)
        self.made = 0
        """How often it has been laid elsewhere in memory, as it had to be larger."""
        self._moves: dict[tuple[int, int, int, int], Move] = {}
        self._given_up, self._is_overwritten = 0, False
        self._held, self._held_rows = self._numbers, range(0)
        self._lines: dict[int, Array] = {}
        self._fetched: dict[int, Array] = {}
        self._kept = range(self._height)
        self._can_fetch_again = False

    def _beyond(self, columns: range, start: int, width: int) -> tuple[slice, slice | Array | None]:
        """Return where the samples of columns beyond the border go, and from where they come; see `_Panel`."""
        where = slice(columns.start - start, columns.stop - start)
        if self._border.index is None:
            return where, None
        sources = [self._border.index(x, width) - start for x in columns]
        if len(set(sources)) == 1:
            return where, slice(sources[0], sources[0] + 1)
        return where, np.array(sources, np.intp)

    def _buffer(self, rows: int) -> Array:
        return make_buffer((rows, *self._shape), self._dtype, lead=self._lead)

    def begin(self, rows: range, kept: range, *, can_fetch_again: bool) -> None:
        """Turn to another picture, and get those of `rows` that are not among `kept`, which can be had later.

        Where rows can be fetched again, none need be put aside before they are overwritten here.
        """
        self._held_rows = range(0)
        if self._takes_turns:  # every panel fetches everything again when it is its turn
            can_fetch_again, rows = True, range(0)
        if can_fetch_again != self._can_fetch_again:
            self._can_fetch_again = can_fetch_again
            self._moves.clear()
        self._kept = kept
        sources = {row: self._source_of(row) for row in rows if row not in kept}
        for line in sorted({source for source in sources.values() if source is not None}):
            if line not in self._lines:
                self._lines[line] = np.empty(self._numbers[:, self._panel.inside].shape[1:], self._numbers.dtype)
            self._panel.fill(line, line + 1, self._lines[line][np.newaxis])
        self._fetched = {row: self._lines[source] for row, source in sources.items() if source is not None}

    def over(self, rows: range, panel: int) -> Array:
        """Return the window moved to `rows` of the panel of that number, in the same memory until `made` changes."""
        self._panel = self._panels[panel]
        count, kept = len(rows), self._kept
        if len(self._numbers) < count:
            self._numbers = self._held = self._buffer(count)
            self.made += 1
            self._given_up, self._is_overwritten = 0, False
            self._moves.clear()
            self._held_rows = range(0)
        move = self._move_to(rows)
        for function, arguments in move.before:
            function(*arguments)
        first = rows.start + move.known
        if kept.start <= first < rows.stop <= kept.stop:
            move.fill(first, rows.stop, move.inside)
        else:
            self._load(range(first, rows.stop), move.inside)
        for function, arguments in move.after:
            function(*arguments)
        self.went_to(rows)
        return move.window

    def repeat(self, rows: range, panel: int) -> tuple[Move, int]:
        """Return how it moves on to `rows`, and then as far again and again, and above which row of the input it ends.

        It is the same move every time, for as many rows are held after each.
        """
        self._panel = self._panels[panel]
        move = self._move_to(rows)
        return move, self._kept.stop if rows.start + move.known >= self._kept.start else rows.start

    def went_to(self, rows: range) -> None:
        """Know that those rows are looked at now."""
        is_lost = self._takes_turns or (self._can_fetch_again and self._is_overwritten)
        self._held_rows = range(0) if is_lost else rows[self._given_up :]

    def _move_to(self, rows: range) -> Move:
        held = self._held_rows
        shift = rows.start - held.start if held else 0
        key = self._panel.number, shift, len(held), len(rows)
        move = self._moves.get(key)
        if move is None:
            move = self._moves[key] = self._move(shift, len(held), len(rows))
        return move

    def give_up(self, rows: int, *, overwritten: bool) -> None:
        """Let so many rows at the top go whenever the window moves; all may be `overwritten` before it does.

        It is said once for as long as the window lies where it does.
        """
        self._given_up, self._is_overwritten = rows, overwritten
        self._moves.clear()
        self._held = self._numbers[rows:]
        if overwritten and not self._takes_turns:
            aside = self._buffer(len(self._held))
            if not self._can_fetch_again:
                aside[...] = self._held
            self._held = aside
        self.went_to(self._held_rows)

    def _move(self, shift: int, held: int, count: int) -> Move:
        """Return what it takes to get so many rows, the first of them so far down among those that are held."""
        known = min(held - shift, count) if 0 <= shift < held else 0
        before: Program = []
        if known and (shift or self._held is not self._numbers):
            before.append((np.copyto, (self._numbers[:known], self._held[shift : shift + known])))
        numbers = self._numbers[known:count]
        after: Program = []
        for where, source in self._panel.sides:
            beyond = numbers[:, where]
            if isinstance(source, np.ndarray):
                after.append((np.take, (numbers, source, 1, beyond)))
            else:
                after.append((np.copyto, (beyond, self._outside if source is None else numbers[:, source], "unsafe")))
        kept = self._numbers[self._given_up : count]
        if self._given_up and self._is_overwritten and not self._can_fetch_again and len(kept):
            after.append((np.copyto, (self._held[: len(kept)], kept)))
        inside = numbers[:, self._panel.inside]
        return Move(known, before, self._panel.fill, inside, after, self._numbers[:count, self._looked_at])

    def _load(self, rows: range, inside: Array) -> None:
        start, stop = max(rows.start, self._kept.start), min(rows.stop, self._kept.stop)
        if start < stop:
            self._panel.fill(start, stop, inside[start - rows.start : stop - rows.start])
        for row in (*range(rows.start, min(start, rows.stop)), *range(max(stop, rows.start), rows.stop)):
            if row not in self._kept:
                self._load_row(row, inside[row - rows.start])

    def _load_row(self, row: int, line: Array) -> None:
        source = self._source_of(row)
        if source is None:
            line[...] = self._outside
        elif row in self._fetched:
            line[...] = self._fetched[row]
        else:
            self._panel.fill(source, source + 1, line[np.newaxis])

    def _source_of(self, row: int) -> int | None:
        """Return the row of the input that stands at `row`; None beyond a constant border."""
        return self._border.source(row, self._height)
