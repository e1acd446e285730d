"""``imfilt verify``: which convention makes one picture of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from imfilt.cli.kernels import KernelCommand, chosen_kernels, kernel_options, open_registry
from imfilt.cli.pair import pair_options, read_pair
from imfilt.cli.printing import say, standard_output
from imfilt.errors import PictureError, UsageError

if TYPE_CHECKING:
    from imfilt.analysis.verify import Trial

EXAMPLES = """
imfilt verify before.png after.png -k sharpen
imfilt verify before.png after.png -m "1 0 -1; 2 0 -2; 1 0 -1" --bias 128
"""


@click.command("verify", cls=KernelCommand, examples=EXAMPLES)
@click.argument("before", type=click.Path(readable=False))
@click.argument("after", type=click.Path(readable=False))
@kernel_options
@pair_options
@click.pass_context
def verify(
    context: click.Context,
    before: str,
    after: str,
    names: Sequence[str],
    matrices: Sequence[str],
    divisor: str | None,
    bias: str | None,
    registries: Sequence[str],
    max_pixels: int,
    frame: int | None,
) -> None:
    """Say which conventions turn the picture BEFORE into AFTER exactly, a line for each.

    Tried are convolution and correlation, all borders of a name, and a border left unfiltered as Pillow does, several
    ways to round, and for pictures with alpha several ways to treat it. The exit status is 0 where one of them fits, 1
    where none does, and 2 where a picture cannot be read.
    """
    standard_output()
    kernels = chosen_kernels(context, names, matrices, divisor, bias, open_registry(registries))
    try:
        old, new = read_pair(before, after, max_pixels=max_pixels, frame=frame)
    except PictureError as error:  # which is no answer
        raise UsageError(str(error)) from None
    from imfilt.analysis.verify import verify as try_all

    try:
        trials = try_all(old.array, new.array, kernels, old.kind, old.has_alpha)
    except PictureError as error:
        raise PictureError(f"{after}: {error}") from None
    for trial in trials:
        if trial.differing == 0:
            print(_described(trial))
    best = trials[0]
    if best.differing:
        say(
            f"{after}: no convention makes it; nearest is {_described(best)}: {best.differing} of {new.array.size} "
            f"samples differ, by up to {best.largest:g}"
        )
    context.exit(1 if best.differing else 0)


def _described(trial: Trial) -> str:
    words = {None: "either orientation", False: "convolution", True: "correlation"}
    parts = [words[trial.correlate], f"border {trial.border}", f"rounded {trial.rounding}"]
    return ", ".join(parts + ([f"alpha {trial.alpha}"] if trial.alpha else [])).replace("rounded not", "not")
