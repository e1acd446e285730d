"""``imfilt show-kernel``: one kernel, and what it does to numbers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from imfilt.cli.command import Command, option
from imfilt.cli.figures import check_figures, figure_option, overwrite_option, write_figure
from imfilt.cli.kernels import complete_names, open_registry, read_matrix, registry_option
from imfilt.cli.printing import say, standard_output
from imfilt.errors import UsageError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.lookup import find_entry
from imfilt.kernels.notations.table import NOTATIONS, write_kernel
from imfilt.kernels.registry import Entry
from imfilt.views.kernel_json import kernel_object
from imfilt.views.kernel_text import kernel_facts, matrix_lines, parameter_facts
from imfilt.views.plain import printable

EXAMPLES = """
imfilt show-kernel edge3
imfilt show-kernel Gaussian_Blur               case, - and _ do not matter
imfilt show-kernel ridge --registry mine.toml  one of your own
imfilt show-kernel gaussian:sigma=2            one of a family
imfilt show-kernel "edge3 @ gaussian3"         an expression
imfilt show-kernel unsharp5 --plan             how the engine would compute it
imfilt show-kernel sharpen --as imagemagick    for another tool, as JSON, …
imfilt show-kernel @blur.mat --as svg          from one tool to another
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
@figure_option("--png", "A figure: weights, impulse response, and the gain for waves in all directions.")
@overwrite_option
@option("Output", "--json", "as_json", is_flag=True, help="Print a JSON object with all that is known.")
@option("Other", "--plan", "with_plan", is_flag=True, help="In the plan, tell what each strategy would take.")
@registry_option
def show_kernel(
    name: str,
    notation: str | None,
    png: Path | None,
    overwrite: bool,
    as_json: bool,
    with_plan: bool,
    registries: Sequence[str],
) -> None:
    """Show a KERNEL, by name or as an expression: its matrix, divisor, sum, factors, and the results it can give.

    KERNEL may be @FILE: a matrix, or a kernel as another tool writes it.
    """
    standard_output()
    ways = {"--as": notation, "--json": as_json, "--plan": with_plan}
    given = [option for option, is_given in ways.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} print different things; give one of them")
    check_figures(png, overwrite=overwrite)
    is_file = name.startswith("@")
    entry = Entry(read_matrix(name), origin=name[1:]) if is_file else find_entry(name, open_registry(registries))
    if notation:
        _print_notation(entry.kernel, notation)
    elif as_json:
        _print_json(entry)
    else:
        _print_facts_of(entry, with_plan=with_plan)
    if png is not None:  # last, for a notation may be refused
        from imfilt.views.kernel_figure import kernel_figure

        write_figure(kernel_figure(entry.kernel, entry.formula or entry.name), png, overwrite=overwrite)


def _print_facts_of(entry: Entry, *, with_plan: bool) -> None:
    print(printable(entry.formula or entry.name))
    print()
    if standard_output().isatty():
        from imfilt.cli.heat_map import print_heat_map

        print_heat_map(entry.kernel)
    else:
        for line in matrix_lines(entry.kernel):
            print(f"  {line}")
    print()
    from imfilt.views.kernel_analysis import analysis_facts, plan_lines, response_lines

    _print_facts([*kernel_facts(entry), *analysis_facts(entry.kernel), *parameter_facts(entry)])
    _print_part("gain for waves", response_lines(entry.kernel, in_ascii=not _has_blocks()))
    _print_part("plan for 8-bit RGB, 6000 x 4000", plan_lines(entry.kernel, alternatives=with_plan))


def _print_json(entry: Entry) -> None:
    import json

    from imfilt.views.kernel_analysis import analysis_object

    print(json.dumps({**kernel_object(entry), **analysis_object(entry.kernel)}))


def _print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values: on a terminal no line is wider than it."""
    from textwrap import wrap

    names = max(len(name) for name, _ in facts)
    room = max(shutil.get_terminal_size().columns - names - 2, names) if standard_output().isatty() else None
    for name, value in facts:
        lines = wrap(printable(value), room, break_on_hyphens=False) if room else [printable(value)]
        for number, line in enumerate(lines):
            print(f"{'' if number else name:<{names}}  {line}")


def _print_part(title: str, lines: Sequence[str]) -> None:
    from textwrap import fill

    print(f"\n{title}")
    width = shutil.get_terminal_size().columns
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        print(line_ if len(line_ := f"  {line}") <= width else fill(line_, width, subsequent_indent=indent))


def _has_blocks() -> bool:
    """Whether standard output has letters for the blocks of a plot."""
    try:
        "▁█".encode(standard_output().encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


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
