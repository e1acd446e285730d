"""Types of option values."""

from __future__ import annotations

from typing import Any

import click

from imfilt.images.colours import parse_colour


class RowsColumns(click.ParamType[tuple[int, int]]):
    """One whole number for both directions, or two as ``Y,X``."""

    name = "N|Y,X"

    def __init__(self, least: int, *, single: bool = True) -> None:
        self.least = least
        self.single = single
        if not single:
            self.name = "Y,X"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        """Return (rows, columns)."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        try:
            numbers = [int(part) for part in parts]
        except ValueError:
            numbers = []
        if len(numbers) == 1 and self.single:
            numbers *= 2
        if len(numbers) != 2 or min(numbers) < self.least:
            self.fail(f"{value!r} must be {self.name}, whole numbers from {self.least} on", parameter, context)
        return numbers[0], numbers[1]


class Colour(click.ParamType[tuple[int, int, int]]):
    """A colour by its CSS name, or as ``#rrggbb``."""

    name = "COLOR"

    def convert(
        self, value: Any, _parameter: click.Parameter | None, _context: click.Context | None
    ) -> tuple[int, int, int]:
        """Return red, green and blue, from 0 to 255; raise `UsageError` for what is no colour."""
        return value if isinstance(value, tuple) else parse_colour(str(value))


class _WholeNumber(click.ParamType[int]):
    """A whole number that is not too small."""

    name = "N"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        """Return the number."""
        try:
            number = int(value)
        except ValueError:
            number = self.least - 1
        if number < self.least:
            self.fail(f"{value!r} must be a whole number from {self.least} on", parameter, context)
        return number


POSITIVE = _WholeNumber(1)
NOT_NEGATIVE = _WholeNumber(0)
