"""``imfilt show-kernel``: one kernel, and what it does to numbers."""

from __future__ import annotations

from collections.abc import Sequence

import click

from imfilt.cli.command import Command, option
from imfilt.cli.kernels import complete_names, open_registry, registry_option
from imfilt.cli.printing import printable, standard_output
from imfilt.kernels.kernel import Kernel
from imfilt.views.kernel_text import kernel_facts, matrix_lines

EXAMPLES = """
imfilt show-kernel edge3
imfilt show-kernel Gaussian_Blur               case, - and _ make no difference
imfilt show-kernel ridge --registry mine.toml  one of your own
imfilt show-kernel unsharp5 --plan             how the engine would compute it
"""


@click.command("show-kernel", cls=Command, examples=EXAMPLES)
@click.argument("name", shell_complete=complete_names)
@option("Other", "--plan", "with_plan", is_flag=True, help="Show how it would be computed over 24 megapixels of RGB.")
@registry_option
def show_kernel(name: str, with_plan: bool, registries: Sequence[str]) -> None:
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
    if with_plan:
        _print_plan(entry.kernel)


def _print_plan(kernel: Kernel) -> None:
    """Print the plan for a photograph of a usual size, in 8 bits."""
    from imfilt.engine.plan import make_plan
    from imfilt.engine.recipe import Recipe
    from imfilt.engine.samples import SAMPLE_TYPES

    print("\nplan for 8-bit RGB, 6000 x 4000")
    for line in make_plan(Recipe((kernel,)), SAMPLE_TYPES["uint8"], (4000, 6000, 3)).describe(alternatives=True):
        print(f"  {line}")
