"""``imfilt list-kernels``: what kernels there are."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from imfilt.cli.command import Command, option
from imfilt.cli.kernels import open_registry, registry_option
from imfilt.cli.printing import printable, standard_output
from imfilt.kernels.numbers import Number, format_number
from imfilt.kernels.registry import Entry, Registry

EXAMPLES = """
imfilt list-kernels                        a table
imfilt list-kernels | cut -f1              the names alone
imfilt list-kernels --json                 everything, for a program
imfilt list-kernels --registry mine.toml   with your own kernels
"""


@click.command("list-kernels", cls=Command, examples=EXAMPLES)
@option("Other", "--json", "as_json", is_flag=True, help="Print a JSON array with all that is known.")
@registry_option
def list_kernels(as_json: bool, registries: Sequence[str]) -> None:
    """List the kernels there are, what they do, and where they come from.

    On a terminal this is a table; elsewhere each kernel is a line of tab-separated fields: name, size, sum, what it
    does, where from.
    """
    registry = open_registry(registries)
    is_terminal = standard_output().isatty()
    if as_json:
        import json

        print(json.dumps([_as_json(entry) for entry in registry.entries], indent=2))
    elif is_terminal:
        _print_table(registry)
    else:
        for entry in registry.entries:
            print("\t".join(map(printable, _fields(entry))))


def _fields(entry: Entry) -> tuple[str, str, str, str, str]:
    rows, columns = entry.kernel.size
    return entry.name, f"{rows}x{columns}", format_number(entry.kernel.sum), entry.description, entry.origin


def _print_table(registry: Registry) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", overflow="fold", style="bold", max_width=24)
    table.add_column("size", no_wrap=True)
    table.add_column("sum", justify="right", no_wrap=True)
    table.add_column("what it does", ratio=1)
    table.add_column("from", overflow="fold")
    for entry in registry.entries:
        name, size, total, description, origin = map(printable, _fields(entry))
        also = f"(also {printable(', '.join(entry.aliases))})" if entry.aliases else ""
        table.add_row(Text(name), size, total, Text(f"{description} {also}".strip()), Text(origin))
    Console(color_system=None if os.environ.get("NO_COLOR") else "auto").print(table)


def _as_json(entry: Entry) -> dict[str, object]:
    kernel = entry.kernel
    return {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "size": list(kernel.size),
        "matrix": [[_plain(weight) for weight in row] for row in kernel.weights],
        "divisor": _plain(kernel.divisor),
        "bias": _plain(kernel.bias),
        "anchor": list(kernel.anchor) if kernel.anchor else None,
        "sum": _plain(kernel.sum),
        "description": entry.description,
        "reference": entry.reference,
        "origin": entry.origin,
    }


def _plain(number: Number) -> int | float | str:
    """Return a number as JSON holds it: whole or decimal as a number, a fraction as text such as "1/9"."""
    if isinstance(number, float):
        return number
    return int(number) if number.denominator == 1 else str(number)
