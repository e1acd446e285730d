"""``imfilt list-kernels``: what kernels there are."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from imfilt.cli.command import Command, option
from imfilt.cli.kernels import open_registry, registry_option
from imfilt.cli.printing import standard_output
from imfilt.kernels.lookup import family_entries
from imfilt.kernels.numbers import format_number, short_decimal
from imfilt.kernels.registry import Entry, Group, Registry
from imfilt.views.kernel_json import group_object, kernel_object, written
from imfilt.views.plain import printable

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

    Then come the families, as they are written with the parameters that matter most, and the groups of kernels that
    are laid side by side. On a terminal this is a table; elsewhere each is a line of tab-separated fields: name, size,
    sum, what it does, where from.
    """
    registry = open_registry(registries)
    is_terminal = standard_output().isatty()
    if as_json:
        import json

        entries = (*registry.entries, *family_entries())
        everything = [*map(kernel_object, entries), *map(group_object, registry.groups)]
        print(json.dumps(everything, indent=2))
    elif is_terminal:
        _print_tables(registry)
    else:
        entries = (*registry.entries, *family_entries())
        for fields in (*map(_fields, entries), *map(_group_fields, registry.groups)):
            print("\t".join(map(printable, fields)))


def _fields(entry: Entry) -> tuple[str, str, str, str, str]:
    rows, columns = entry.kernel.size
    total = entry.kernel.sum
    shown = short_decimal(total, 4) if entry.kernel.approximate else format_number(total)
    return written(entry), f"{rows}x{columns}", shown, entry.description, entry.origin


def _group_fields(group: Group) -> tuple[str, str, str, str, str]:
    return group.name, f"{len(group.members)} kernels", "", group.description, group.origin


def _print_tables(registry: Registry) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    kernels = Table(box=SIMPLE_HEAD, pad_edge=False)
    kernels.add_column("name", overflow="fold", style="bold", max_width=24)
    kernels.add_column("size", no_wrap=True)
    kernels.add_column("sum", justify="right", no_wrap=True)
    kernels.add_column("what it does", ratio=1)
    kernels.add_column("from", overflow="fold")
    for entry in registry.entries:
        name, size, total, _, origin = map(printable, _fields(entry))
        kernels.add_row(Text(name), size, total, Text(_meaning(entry)), Text(origin))
    families = [(written(entry), _meaning(entry)) for entry in family_entries()]
    groups = [(group.name, printable(f"{group.description} ({group.origin})")) for group in registry.groups]
    console = Console(color_system=None if os.environ.get("NO_COLOR") else "auto")
    console.print(kernels)
    for title, rows in (("family", families), ("group", groups)):
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column(title, overflow="fold", style="bold", max_width=36)
        table.add_column("what it does", ratio=1)
        for name, meaning in rows:
            table.add_row(Text(printable(name)), Text(meaning))
        console.print(table)


def _meaning(entry: Entry) -> str:
    also = f"(also {', '.join(entry.aliases)})" if entry.aliases else ""
    return printable(f"{entry.description} {also}".strip())
