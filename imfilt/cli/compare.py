"""``imfilt compare``: how much two pictures differ."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from imfilt.cli.command import Command, option
from imfilt.cli.figures import check_figures, figure_option, overwrite_option, write_figure
from imfilt.cli.printing import say, standard_output
from imfilt.cli.source import frame_option, max_pixels_option, open_picture
from imfilt.errors import PictureError, UsageError

EXAMPLES = """
imfilt compare car.jpg car_sharpen.jpg              how much, and where most
imfilt compare a.png b.png --tolerance 1 --quiet    the exit status alone
imfilt compare a.png b.png --diff difference.png    a picture of it
"""


class _Tolerance(click.ParamType[float]):
    """A number of levels from 0 on."""

    name = "N"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """Return the number."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            self.fail(f"{value!r} must be a number of levels from 0 on", parameter, context)
        return number


def _print(lines: Sequence[str]) -> None:
    try:
        print(*lines, sep="\n", file=standard_output(), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:  # which is trouble too
        raise UsageError(f"standard output cannot be written: {error.strerror or error}") from None


@click.command("compare", cls=Command, examples=EXAMPLES)
@click.argument("a", type=click.Path(readable=False))
@click.argument("b", type=click.Path(readable=False))
@frame_option
@option("Arithmetic", "--tolerance", default="0", type=_Tolerance(), help="Differences up to N levels do not count.")
@figure_option("--diff", "A picture of the difference, amplified so that it can be seen.")
@overwrite_option
@option("Output", "--json", "as_json", is_flag=True, help="Print a JSON object.")
@max_pixels_option
@option("Other", "-q", "--quiet", is_flag=True, help="Print nothing; the exit status tells.")
@click.pass_context
def compare(
    context: click.Context,
    /,
    a: str,
    b: str,
    frame: int | None,
    tolerance: float,
    diff: Path | None,
    overwrite: bool,
    as_json: bool,
    max_pixels: int,
    quiet: bool,
) -> None:
    """Compare the pictures A and B, sample by sample.

    As with cmp, the exit status is 0 where they are the same, 1 where they differ, and 2 where they cannot be compared.
    Levels are those of the picture: white is 255, 65535 for 16 bits, and 1 for floating-point pictures. Of animations
    and of files with several pages one frame is compared, which --frame names.
    """
    check_figures(diff, overwrite=overwrite)
    try:
        one, other = (open_picture(name, max_pixels=max_pixels, frame=frame, takes_first=False) for name in (a, b))
        from imfilt.views import compare as view

        difference = view.compare(one, other, tolerance=tolerance)
        if diff is not None:
            picture, amplified = view.difference_picture(one, other, difference)
            write_figure(picture, diff, overwrite=overwrite)
            if not quiet:
                say(f"{diff}: the difference, amplified {amplified} times")
    except PictureError as error:  # which is trouble, and no difference
        raise UsageError(str(error)) from None
    if not quiet:
        lines = [json.dumps(view.as_json(difference, one.mode))] if as_json else None
        _print(lines or view.difference_lines(difference, one.mode))
    context.exit(1 if difference.differing else 0)
