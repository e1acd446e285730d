"""``imfilt show-kernel``: one kernel, and what it does to numbers."""

from __future__ import annotations

from collections.abc import Sequence

import click

from imfilt.cli.command import Command, option
from imfilt.cli.kernels import complete_names, open_registry, read_matrix, registry_option
from imfilt.cli.printing import printable, say, standard_output
from imfilt.errors import UsageError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.lookup import find_entry
from imfilt.kernels.notations.table import NOTATIONS, write_kernel
from imfilt.kernels.registry import Entry
from imfilt.views.kernel_text import kernel_facts, matrix_lines

EXAMPLES = """
imfilt show-kernel edge3
imfilt show-kernel Gaussian_Blur               case, - and _ make no difference
imfilt show-kernel ridge --registry mine.toml  one of your own
imfilt show-kernel gaussian:sigma=2            one of a family
imfilt show-kernel "edge3 @ gaussian3"         an expression
imfilt show-kernel unsharp5 --plan             how the engine would compute it
imfilt show-kernel sharpen --as imagemagick    for another tool, or as JSON, TOML, …
imfilt show-kernel @blur.mat --as svg          from one tool's file to another's
"""


WORDS = {"Notations": [(entry.name, entry.meaning) for entry in NOTATIONS.values()]}


@click.command("show-kernel", cls=Command, examples=EXAMPLES, words=WORDS)
@click.argument("name", metavar="KERNEL", shell_complete=complete_names)
@option(
    "Other",
    "--as",
    "notation",
    type=click.Choice(list(NOTATIONS)),
    metavar="NOTATION",
    help="Print it in another notation, for the same picture as imfilt makes by convolution.",
)
@option("Other", "--plan", "with_plan", is_flag=True, help="Show how it would be computed over 24 megapixels of RGB.")
@registry_option
def show_kernel(name: str, notation: str | None, with_plan: bool, registries: Sequence[str]) -> None:
    """Show a KERNEL, by name or as an expression: its matrix, divisor, sum, factors, and the results it can give.

    KERNEL may be @FILE: a matrix, or a kernel as another tool writes it.
    """
    standard_output()
    is_file = name.startswith("@")
    entry = Entry(read_matrix(name), origin=name[1:]) if is_file else find_entry(name, open_registry(registries))
    if notation:
        _print_notation(entry.kernel, notation)
        return
    print(printable(entry.formula or entry.name))
    print()
    for line in matrix_lines(entry.kernel):
        print(f"  {line}")
    print()
    facts = kernel_facts(entry)
    width = max(len(fact) for fact, _ in facts)
    for fact, value in facts:
        print(f"{fact:<{width}}  {printable(value)}")
    if with_plan:
        _print_plan(entry.kernel)


def _print_notation(kernel: Kernel, notation: str) -> None:
    content, notes = write_kernel(kernel, notation)
    output = standard_output()
    if isinstance(content, bytes):
        if output.isatty():
            raise UsageError(f"{notation} is not written to a terminal; redirect standard output")
        output.flush()
        output.buffer.write(content)
    else:
        output.write(content)
    for note in notes:
        say(note)


def _print_plan(kernel: Kernel) -> None:
    """Print the plan for a photograph of a usual size, in 8 bits."""
    from imfilt.engine.plan import make_plan
    from imfilt.engine.recipe import Recipe
    from imfilt.engine.samples import SAMPLE_TYPES

    print("\nplan for 8-bit RGB, 6000 x 4000")
    for line in make_plan(Recipe((kernel,)), SAMPLE_TYPES["uint8"], (4000, 6000, 3)).describe(alternatives=True):
        print(f"  {line}")
