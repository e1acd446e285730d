"""The walker: pictures go through the chains of a plan strip by strip, or in patches, in buffers allocated once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from imfilt.engine.planning.plan import Plan
from imfilt.engine.rows import RowSource
from imfilt.engine.running.chain_rows import ChainRows

if TYPE_CHECKING:
    from imfilt.array_types import Array

Block = tuple[slice, list["Array"]]
"""Columns of a panel, and the numerators of each chain over them."""
Part = tuple[tuple[slice, slice], list["Array"]]
"""Rows of a strip and columns of a panel, and the numerators of each chain over them."""
Patch = tuple[range, range, Iterable[Part]]
"""Rows and columns of the output, and the parts that they are finished in."""

_LARGE_BLOCK = 4 << 20
_PART = 1 << 20
"""Bytes: a larger block is finished in parts that stay in the second-level cache, as that takes several passes."""
_SMALL_PART = 1 << 18
"""Bytes of the parts in which several chains are divided or combined, so few that NumPy need not fetch fresh memory."""


class Walker:
    """Takes panels of a band of output rows strip by strip through every chain of a plan.

    It may walk over one picture after another that the plan is for. Several `panels` take turns in every strip; they
    are equally wide, and may overlap. The plan has to allow that, as it does where it has a `patch`, and no results may
    be written over the source.
    """

    def __init__(self, plan: Plan, band: range, panels: Sequence[range] = (), *, strip: int | None = None) -> None:
        self.band = band
        self._height = plan.shape[0]
        self.panels = tuple(panels) or (range(plan.output_shape[1]),)
        stops = (self.panels[0].start, *(panel.stop for panel in self.panels))
        self._overlaps = [stop - panel.start for stop, panel in zip(stops, self.panels, strict=False)]
        """How many columns of each panel are done in the one before."""
        self.strip = strip or plan.strip
        self._rows = min(self.strip, len(band))  # at a time
        self._chains = [ChainRows(plan, chain, band, self.panels, self._rows) for chain in plan.chains]
        self._late = self._chains[0] if plan.chains[0].late else None
        self._stopped = False
        width = len(self.panels[0])
        starts = range(0, width, plan.block)
        self._blocks = [slice(start, min(start + plan.block, width)) for start in starts]
        self._rooms: dict[int, list[Block]] = {}
        sizes = (_LARGE_BLOCK, _PART) if len(self._chains) == 1 else (_SMALL_PART, _SMALL_PART)
        self._most_bytes, self._part_bytes = sizes

    def begin(self, source: RowSource, *, in_place: bool = False) -> Self:
        """Turn to a picture, and fetch the rows that the band needs from outside itself.

        Once the walkers of all bands have begun, each may go its way in a thread of its own, and with `in_place` the
        results may be written over the source.
        """
        if in_place and len(self.panels) > 1:
            raise ValueError("panels that take turns look at samples as they were; walk over one after the other")
        kept = self.band if in_place else range(self._height)
        for chain in self._chains:
            chain.begin(source, kept, can_fetch_again=not in_place)
        return self

    def rest(self) -> None:
        """Let go of the picture."""
        for chain in self._chains:
            chain.rest()

    def __iter__(self) -> Iterator[Patch]:
        """Yield rows and columns of each strip of a panel, and its parts, which have to be taken before the next are.

        The rows and columns of a part are counted from the first of these rows and columns, and its
        numerators are in buffers that are reused. After those of a chain that adds the sample in the middle late come
        these samples, which are only looked at.
        """
        rows = range(self.band.start, self.band.start)
        while rows.stop < self.band.stop:
            rows = range(rows.stop, min(rows.stop + self._rows, self.band.stop))
            for number, (panel, overlap) in enumerate(zip(self.panels, self._overlaps, strict=True)):
                if self._stopped:  # for good
                    return
                for chain in self._chains:
                    chain.turn_to(rows, number)
                yield rows, panel[overlap:], self._parts(len(rows), overlap)
            if len(self._blocks) == 1 and len(rows) == self._rows:
                for repeated, columns, parts in self._repeated(rows.stop):
                    rows = repeated
                    yield rows, columns, parts

    def _parts(self, rows: int, overlap: int) -> Iterator[Part]:
        if rows not in self._rooms:
            self._rooms[rows] = [
                (columns, [self._room(chain, rows, columns.stop - columns.start) for chain in self._chains])
                for columns in self._blocks
            ]
        for columns, numbers in self._rooms[rows]:
            for chain, sums in zip(self._chains, numbers, strict=True):
                chain.add_up(columns, sums)
            yield from self._parts_of(columns, numbers, overlap)

    def _parts_of(self, columns: slice, numbers: list[Array], overlap: int) -> Iterator[Part]:
        """Yield a block in the parts in which it is finished, but for the columns that the panel before has done."""
        if overlap:  # of one block: where there are several, there is one panel
            columns, numbers = slice(overlap, columns.stop), [each[:, overlap:] for each in numbers]
        rows, size = len(numbers[0]), numbers[0].nbytes
        where = slice(columns.start - overlap, columns.stop - overlap)
        if self._late is not None:
            numbers = [*numbers, self._late.middle(columns, rows)]
        at_a_time = max(rows * self._part_bytes // size, 1) if size > self._most_bytes else rows
        for start in range(0, rows, at_a_time):
            some = slice(start, start + at_a_time)
            yield (some, where), numbers if at_a_time == rows else [each[some] for each in numbers]

    def _repeated(self, first: int) -> Iterator[Patch]:
        """Yield the strips from row `first` on that take the same calls as the one above, and the parts of each.

        Python looks up as little as can be for them: that takes long, for every call drives its data out of the cache.
        """
        strip = self._rows
        rows = range(first, first + strip)
        ((block, numbers),) = self._rooms[strip]
        stop = self.band.stop
        turns = []
        for number, (panel, overlap) in enumerate(zip(self.panels, self._overlaps, strict=True)):
            repeats = [chain.repeat(rows, number, sums) for chain, sums in zip(self._chains, numbers, strict=True)]
            turns.append((panel[overlap:], repeats, tuple(self._parts_of(block, numbers, overlap))))
            stop = min(stop, *(each.stop for each in repeats))
        starts = range(first, stop - strip + 1, strip)
        for start in starts:
            rows = range(start, start + strip)
            for columns, repeats, parts in turns:
                if self._stopped:
                    return
                for before, fill, top, count, stride, inside, after, _ in repeats:
                    for function, arguments in before:
                        function(*arguments)
                    fill(start * stride + top, start * stride + top + count, inside)
                    for function, arguments in after:
                        function(*arguments)
                yield rows, columns, parts
        if starts:
            for chain in self._chains:
                chain.went_to(range(starts[-1], starts[-1] + strip))

    def _room(self, chain: ChainRows, rows: int, columns: int) -> Array:
        """Return where the sums of a block go: one memory for all blocks and strips, of which the first is whole."""
        # NumPy takes short rows faster where there is nothing between them, long ones where each begins a cache line.
        if len(self._blocks) > 1:
            room = chain.room(1, self._rows * self._blocks[0].stop)
            return room[0, : rows * columns].reshape(rows, columns, room.shape[2])
        moves_on = len(self.band) > self._rows
        return chain.room(self._rows, columns, may_overwrite=moves_on and self._late is None)[:rows]

    def stop(self) -> None:
        """Let the walk end before its next strip of a panel; another thread may call it."""
        self._stopped = True


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


def equal_panels(width: int, columns: int) -> list[range]:
    """Return panels of so many columns each over a width of no fewer; the last may begin in the one before.

    >>> equal_panels(10, 4)
    [range(0, 4), range(4, 8), range(6, 10)]
    """
    return [range(start, start + columns) for start in (min(x, width - columns) for x in range(0, width, columns))]
