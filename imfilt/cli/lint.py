"""``imfilt lint``: what kernels may do that was not meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from imfilt.cli.kernels import (
    KernelCommand,
    check_matrix_options,
    chosen_kernels,
    kernel_options,
    open_registry,
    registry_files,
)
from imfilt.cli.printing import say, standard_output
from imfilt.errors import UsageError
from imfilt.kernels.lint import CHECKS, HIDING, Finding, lint_entry, lint_registry
from imfilt.kernels.registry import Entry, Registry, load_registry, read_registry
from imfilt.views.plain import printable

EXAMPLES = """
imfilt lint mine.toml                    a registry of your own
imfilt lint                              all kernels there are
imfilt lint -k unsharp5                  one kernel
imfilt lint -m "1 2 1; 2 4 2; 1 2 1"     a matrix: it needs a divisor
"""

WORDS = {
    "Checks": [
        *((check.name, check.finds) for check in CHECKS.values()),
        (HIDING, "a name or an alias that hides another kernel"),
    ]
}


@click.command("lint", cls=KernelCommand, examples=EXAMPLES, words=WORDS)
@click.argument("files", nargs=-1, metavar="[REGISTRY]...", type=click.Path(readable=False))
@kernel_options
@click.pass_context
def lint(
    context: click.Context,
    files: Sequence[str],
    names: Sequence[str],
    matrices: Sequence[str],
    divisor: str | None,
    bias: str | None,
    registries: Sequence[str],
) -> None:
    """Say what kernels may do that was not meant, and what would mend it: a line for each finding.

    What a registry does on purpose it says itself: intended = ["orientation"], for one kernel or at the top for all.
    The exit status is 0 where nothing is found, 1 where something is, 2 where kernels cannot be read.
    """
    standard_output()
    if files and (names or matrices):
        raise UsageError("registries and kernels cannot be looked at in one go; leave out either")
    if files and registries:
        raise UsageError("name all registries that are to be looked at without --registry, the earlier ones first")
    check_matrix_options(matrices, divisor, bias)
    if names or matrices:
        registry = open_registry(registries)
        kernels = chosen_kernels(context, names, matrices, divisor, bias, registry, side_by_side=True)
        entries = [_entry_of(Entry(kernel), registry) for kernel in kernels]
        found = [("", finding) for entry in entries for finding in lint_entry(entry)]
        number = len(entries)
    else:
        layers = list(_layers(files or registry_files(registries), with_built_in=not files))
        found = [(place, finding) for place, layer, earlier in layers for finding in lint_registry(layer, earlier)]
        number = sum(len(layer) for _, layer, _ in layers)
    for place, finding in found:
        print(printable(_line(place, finding)))
    if not found:
        say(f"{number} kernel{'s' * (number != 1)}, nothing found")
    context.exit(1 if found else 0)


def _layers(files: Sequence[str], *, with_built_in: bool) -> Iterator[tuple[str, Registry, Registry]]:
    """Return each registry with its place and all that come before it."""
    earlier = load_registry()
    if with_built_in:
        yield "built-in", earlier, Registry(())
    for file in files:
        registry = read_registry(Path(file))
        yield os.fspath(file), registry, earlier
        earlier = earlier.merged(registry)


def _entry_of(entry: Entry, registry: Registry) -> Entry:
    """Return the entry of the registry, which knows what is intended, where it is the same kernel."""
    known = registry.entry(entry.name) if entry.name in registry else entry
    return known if known.kernel == entry.kernel else entry


def _line(place: str, finding: Finding) -> str:
    return f"{f'{place}: ' if place else ''}{finding.kernel}: {finding.check}: {finding.message}"
