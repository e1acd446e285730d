"""Where samples come from and where they go, row by row: an array, a picture, or something in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from imfilt.array_types import Array


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
