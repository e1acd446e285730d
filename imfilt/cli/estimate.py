"""``imfilt estimate``: the kernel that turned one picture into another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from imfilt.cli.command import Command, option
from imfilt.cli.kernels import open_registry, registry_option
from imfilt.cli.pair import Samples, pair_options, read_pair
from imfilt.cli.printing import standard_output
from imfilt.cli.types import RowsColumns
from imfilt.engine.recipes.samples import SampleType
from imfilt.errors import PictureError, UsageError
from imfilt.kernels.registry import Registry
from imfilt.views.plain import printable

if TYPE_CHECKING:
    from imfilt.analysis.estimate import Estimate

EXAMPLES = """
imfilt estimate before.png after.png             a kernel of 5 x 5
imfilt estimate before.png after.png --size 3
imfilt estimate a.png b.png --toml >> mine.toml  an entry for a registry
imfilt estimate a.png b.png --json               an object, for a program
"""


@click.command("estimate", cls=Command, examples=EXAMPLES)
@click.argument("before", type=click.Path(readable=False))
@click.argument("after", type=click.Path(readable=False))
@option("Arithmetic", "--size", default="5", type=RowsColumns(1), help="Rows and columns of the kernel to look for.")
@option("Colour", "--per-channel", is_flag=True, help="Look for a kernel for each channel, not one for all.")
@option("Output", "--toml", "as_toml", is_flag=True, help="Print an entry for a registry.")
@option("Output", "--json", "as_json", is_flag=True, help="Print an object (a list of them with --per-channel).")
@registry_option
@pair_options
def estimate(
    before: str,
    after: str,
    size: tuple[int, int],
    per_channel: bool,
    as_toml: bool,
    as_json: bool,
    registries: Sequence[str],
    max_pixels: int,
    frame: int | None,
) -> None:
    """Find the kernel and the bias that turned the picture BEFORE into AFTER.

    By least squares, over the samples that are neither clipped nor near the border. The matrix is that of a
    convolution: 'imfilt apply BEFORE -m MATRIX' makes AFTER of it. The standard error says how sure the weights are.
    """
    standard_output()
    if as_toml and (as_json or per_channel):
        raise UsageError("--toml is for one kernel; leave out --json and --per-channel")
    registry = open_registry(registries)
    old, new = read_pair(before, after, max_pixels=max_pixels, frame=frame)
    found, kind = _estimate(old, new, after, size)
    chosen = found[:-1] or found if per_channel else found[-1:]
    if as_json:
        import json

        objects = [_as_json(each, registry, kind) for each in chosen]
        print(json.dumps(objects if per_channel else objects[0], indent=2))
        return
    for number, each in enumerate(chosen, 1):
        if per_channel:
            print(f"{'' if number == 1 else chr(10)}channel {number}\n")
        _print_toml(each, registry, kind) if as_toml else _print(each, registry, kind)


def _estimate(old: Samples, new: Samples, after: str, size: tuple[int, int]) -> tuple[list[Estimate], SampleType]:
    from imfilt.analysis.estimate import estimate

    colours = old.array.shape[2] - old.has_alpha
    opaque = None
    if old.has_alpha and new.has_alpha and old.array.shape[:2] == new.array.shape[:2]:  # others are refused below
        opaque = (old.array[..., -1] == old.kind.largest) & (new.array[..., -1] == new.kind.largest)
    try:
        new_colours = new.array[..., : new.array.shape[2] - new.has_alpha]
        return estimate(old.array[..., :colours], new_colours, size, old.kind, opaque), old.kind
    except PictureError as error:
        raise PictureError(f"{after}: {error}") from None


def _as_json(found: Estimate, registry: Registry, kind: SampleType) -> dict[str, Any]:
    from imfilt.analysis.naming import as_fractions, nearest_kernel

    nearest = nearest_kernel(found, registry, kind.largest)
    fractions = as_fractions(found)
    return {
        "matrix": found.laid[::-1, ::-1].tolist(),
        "bias": found.bias,
        "nearest": nearest.name if nearest else None,
        "nearest_difference": nearest.difference if nearest else None,
        "nearest_orientation": ("correlation" if nearest.correlate else "convolution") if nearest else None,
        "fractions": {"matrix": fractions[0], "divisor": fractions[1]} if fractions else None,
        "standard_error": [[_number(each) for each in row] for row in found.errors[::-1, ::-1].tolist()],
        "bias_standard_error": _number(found.bias_error),
        "residual": found.residual,
        "explained": found.explained,
        "condition": found.condition,
        "samples": found.samples,
    }


def _number(value: float) -> float | None:
    """Return a number, or None where it is none, as JSON has no NaN."""
    return value if value == value else None


def _print(found: Estimate, registry: Registry, kind: SampleType) -> None:
    from imfilt.analysis.naming import as_fractions, nearest_kernel
    from imfilt.views.estimate_text import estimate_facts, estimate_lines

    for line in estimate_lines(found):
        print(f"  {line}")
    print()
    facts = estimate_facts(
        found, nearest_kernel(found, registry, kind.largest), as_fractions(found), is_float=kind.is_float
    )
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        print(f"{name:<{width}}  {printable(value)}")


def _print_toml(found: Estimate, registry: Registry, kind: SampleType) -> None:
    from imfilt.analysis.naming import as_fractions, nearest_kernel, short_bias
    from imfilt.kernels.kernel import Kernel
    from imfilt.kernels.notations.table import write_kernel

    nearest = nearest_kernel(found, registry, kind.largest)
    bias = short_bias(found, is_float=kind.is_float)
    rows, divisor = as_fractions(found) or ([[round(w, 6) for w in row] for row in found.laid[::-1, ::-1].tolist()], 1)
    height, width = found.laid.shape
    anchor = None if height % 2 and width % 2 else (height // 2, width // 2)
    kernel = Kernel(rows, divisor=divisor, bias=bias, anchor=anchor, name="estimated")
    text, _ = write_kernel(kernel, "toml")
    error = _number(found.errors.max())
    sure = "unknown" if error is None else f"up to {error:.2g} a weight"
    print(f"# residual {found.residual:.3g} levels, standard error {sure}", end="")
    print(f", nearest to {printable(nearest.name)}" if nearest else "")
    print(text, end="")
