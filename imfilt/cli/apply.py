"""``imfilt apply``: filter pictures."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import click

from imfilt.batch.jobs import STREAM, Existing, Request, make_jobs
from imfilt.batch.outcomes import Outcome, Status, exit_code
from imfilt.cli.command import Option, Settings
from imfilt.cli.kernels import KernelCommand, chosen_kernels, kernel_options, open_registry
from imfilt.cli.printing import print_path, say, standard_output
from imfilt.cli.progress import progress_over
from imfilt.cli.types import RowsColumns
from imfilt.engine.borders import BORDERS
from imfilt.engine.geometry import SIZES
from imfilt.engine.normalisations import NORMALISATIONS
from imfilt.engine.recipe import ALPHA_MODES, Recipe
from imfilt.errors import UsageError
from imfilt.images.limits import MAX_PIXELS

EXAMPLES = """
imfilt apply car.jpg --kernel edge3            writes car_edge3.jpg beside it
imfilt apply scans/ -r -k sharpen -o sharp/    a folder and its folders, under the same names
imfilt apply a.png -m "1 2 1" --divisor sum    your own matrix; writes a_custom.png
imfilt apply a.png -k gaussian5 -k edge3       one after the other, as one exact computation
imfilt apply - -k blur -o - <a.png >b.png      standard input to standard output
"""


def _arithmetic(*names: str, **settings: Any) -> Callable[[Any], Any]:
    return click.option(*names, cls=Option, group="Arithmetic", **settings)


def _output(*names: str, **settings: Any) -> Callable[[Any], Any]:
    return click.option(*names, cls=Option, group="Output", **settings)


def _batch(*names: str, **settings: Any) -> Callable[[Any], Any]:
    return click.option(*names, cls=Option, group="Batch", **settings)


@click.command("apply", cls=KernelCommand, examples=EXAMPLES, short_help="Filter pictures with a kernel.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(readable=False))
@kernel_options
@_arithmetic("--border", default="edge", metavar="RULE", help=f"Beyond the border: {', '.join(BORDERS)}.")
@_arithmetic(
    "--size", default="same", type=click.Choice(list(SIZES)), help="Of the result, by where the kernel may lie."
)
@_arithmetic("--stride", default="1", type=RowsColumns(1), help="Keep every N-th result of the last kernel.")
@_arithmetic("--dilation", default="1", type=RowsColumns(1), help="Set the taps of the kernels N samples apart.")
@_arithmetic("--anchor", type=RowsColumns(0, single=False), help="The cell that lies on the output sample, from 0,0.")
@_arithmetic("--correlate", is_flag=True, help="Lay the matrix as it is written, not rotated by 180 degrees.")
@_arithmetic(
    "--normalize",
    "--normalise",
    default="clip",
    type=click.Choice(list(NORMALISATIONS)),
    help="How exact results become samples.",
)
@click.option(
    "--alpha",
    cls=Option,
    group="Colour",
    default="auto",
    type=click.Choice(list(ALPHA_MODES)),
    help=f"How transparency is filtered; auto is {ALPHA_MODES['auto']}.",
)
@_output(
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(readable=False),
    help="A file, a folder (DIR/), or - for standard output.",
)
@_output("--overwrite", is_flag=True, help="Replace outputs that are there already.")
@_output("--skip-existing", is_flag=True, help="Pass over inputs whose outputs are there already.")
@_batch("-r", "--recursive", is_flag=True, help="Look into the folders of folders too.")
@_batch("--max-pixels", default=MAX_PIXELS, type=click.IntRange(1), help="Refuse pictures with more pixels.")
@_batch("--threads", type=click.IntRange(1), show_default="automatic", help="Threads for one large picture.")
@_batch("--strategy", metavar="NAME", show_default="the fastest", help="How sums are computed; see show-kernel --plan.")
@click.option("-v", "--verbose", is_flag=True, cls=Option, help="Say what is done and how.")
@click.option("-q", "--quiet", is_flag=True, cls=Option, help="Print errors only, and no paths.")
@click.pass_context
def apply(context: click.Context, /, inputs: Sequence[str], **options: Any) -> None:
    """Filter pictures with one kernel, or with several in a row.

    An INPUT is a file, a folder, or - for standard input. The paths of the pictures written are printed, one a line. A
    file that is there already is never touched unless you say so.
    """
    request = Request(
        inputs,
        _recipe(context, options),
        output=options["output"],
        existing=_existing(options),
        recursive=options["recursive"],
        max_pixels=options["max_pixels"],
        threads=options["threads"],
        strategy=options["strategy"],
    )
    to_stream = options["output"] == STREAM or (STREAM in inputs and options["output"] is None)
    if to_stream and standard_output().isatty():
        raise UsageError("a picture is not written to a terminal; redirect standard output, or give -o a file")
    jobs, outcomes = make_jobs(request)
    from imfilt.batch.runners import RUNNERS  # NumPy is imported here, when all is known to be in order

    debug = context.ensure_object(Settings).debug
    report = partial(_report, verbose=options["verbose"], quiet=options["quiet"], debug=debug)
    with progress_over(len(jobs), quiet=options["quiet"]) as advance:
        for outcome in outcomes:
            report(outcome)
        for outcome in RUNNERS["serial"](jobs):
            outcomes.append(outcome)
            advance()
            report(outcome)
    context.exit(exit_code(outcomes))


def _recipe(context: click.Context, options: dict[str, Any]) -> Recipe:
    kernels = chosen_kernels(
        context,
        options["names"],
        options["matrices"],
        options["divisor"],
        options["bias"],
        open_registry(options["registries"]),
    )
    return Recipe(
        kernels,
        border=options["border"],
        size=options["size"],
        stride=options["stride"],
        dilation=options["dilation"],
        anchor=options["anchor"],
        correlate=options["correlate"],
        normalize=options["normalize"],
        alpha=options["alpha"],
    )


def _existing(options: dict[str, Any]) -> Existing:
    if options["overwrite"] and options["skip_existing"]:
        raise UsageError("--overwrite and --skip-existing contradict each other; give one of them")
    if options["overwrite"]:
        return Existing.OVERWRITE
    return Existing.SKIP if options["skip_existing"] else Existing.REFUSE


def _report(outcome: Outcome, *, verbose: bool, quiet: bool, debug: bool) -> None:
    """Print the path of what was written, and why anything was not."""
    source = outcome.source or "standard input"
    if outcome.error is not None:
        if debug:
            traceback.print_exception(outcome.error)
        say(f"{source}: {outcome.error}")
    elif outcome.status is Status.SKIPPED and verbose:
        say(f"{source}: skipped, {outcome.target} is there already")
    elif outcome.status is Status.WRITTEN and outcome.target is not None and not quiet:
        print_path(outcome.target)
    if verbose:
        for line in outcome.plan:
            say(f"{source}: {line}")
