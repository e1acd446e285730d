"""``imfilt show-kernel``: one kernel, and what it does to numbers."""

from __future__ import annotations

from collections.abc import Sequence

import click

from imfilt.cli.command import Command
from imfilt.cli.kernels import complete_names, open_registry, registry_option
from imfilt.cli.printing import printable, standard_output
from imfilt.views.kernel_text import kernel_facts, matrix_lines

EXAMPLES = """
imfilt show-kernel edge3
imfilt show-kernel Gaussian_Blur               case, - and _ make no difference
imfilt show-kernel ridge --registry mine.toml  one of your own
"""


@click.command("show-kernel", cls=Command, examples=EXAMPLES, short_help="Show one kernel and what it does.")
@click.argument("name", shell_complete=complete_names)
@registry_option
def show_kernel(name: str, registries: Sequence[str]) -> None:
    """Show the kernel NAME: its matrix, divisor, sum, factors, and the results it can give."""
    standard_output()
    entry = open_registry(registries).entry(name)
    print(printable(entry.name))
    print()
    for line in matrix_lines(entry.kernel):
        print(f"  {line}")
    print()
    facts = kernel_facts(entry)
    width = max(len(fact) for fact, _ in facts)
    for fact, value in facts:
        print(f"{fact:<{width}}  {printable(value)}")
