"""``imfilt apply``: filter pictures."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from imfilt.batch.jobs import STREAM, Existing, Request, make_jobs
from imfilt.batch.outcomes import Outcome, Status, exit_code
from imfilt.cli.command import Settings, option
from imfilt.cli.kernels import KernelCommand, chosen_kernels, kernel_options, open_registry
from imfilt.cli.printing import print_path, say, standard_output
from imfilt.cli.progress import progress_over
from imfilt.cli.types import NOT_NEGATIVE, POSITIVE, RowsColumns
from imfilt.engine.borders import BORDERS
from imfilt.engine.combinations import COMBINATIONS
from imfilt.engine.geometry import SIZES
from imfilt.engine.normalisations import NORMALISATIONS
from imfilt.engine.pooling import POOLS
from imfilt.engine.recipe import ALPHA_MODES, Recipe
from imfilt.engine.samples import DEPTHS
from imfilt.errors import UsageError
from imfilt.images.limits import MAX_PIXELS

EXAMPLES = """
imfilt apply car.jpg --kernel edge3           writes car_edge3.jpg beside it
imfilt apply scans/ -r -k sharpen -o sharp/   a folder and the folders in it
imfilt apply a.png -m "1 2 1" --divisor sum   your own matrix: a_custom.png
imfilt apply a.png -k gaussian5 -k edge3      one after the other, exactly
imfilt apply a.png -k edge1 -k edge3 --each   a_edge1.png and a_edge3.png
imfilt apply - -k blur <a.png >b.png          standard input and output
"""

WORDS = {
    "Borders, and what OpenCV, SciPy, ImageMagick and PyTorch call them": [
        (name, f"{border.meaning}  {', '.join((border.opencv, border.scipy, border.imagemagick, border.pytorch))}")
        for name, border in BORDERS.items()
    ],
    "Combinations of the results h of several kernels": [(name, entry.meaning) for name, entry in COMBINATIONS.items()],
    "Normalisations": [(name, entry.meaning) for name, entry in NORMALISATIONS.items()],
    "Alpha": list(ALPHA_MODES.items()),
    "Pools": [(name, entry.meaning) for name, entry in POOLS.items()],
}


def _complete_borders(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in BORDERS if name.startswith(incomplete)]


def _complete_pools(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    return [f"{name}:2" for name in POOLS if name.startswith(incomplete)]


@click.command("apply", cls=KernelCommand, examples=EXAMPLES, words=WORDS)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(readable=False))
@kernel_options
@option(
    "Arithmetic",
    "--border",
    default="edge",
    metavar="RULE",
    shell_complete=_complete_borders,
    help=f"Beyond the border: {', '.join(BORDERS)}.",
)
@option(
    "Arithmetic",
    "--size",
    default="same",
    type=click.Choice(list(SIZES)),
    help="How far over the border the kernel may go.",
)
@option("Arithmetic", "--stride", default="1", type=RowsColumns(1), help="Keep every N-th result of the last kernel.")
@option(
    "Arithmetic", "--dilation", default="1", type=RowsColumns(1), help="Set the taps of the kernels N samples apart."
)
@option("Arithmetic", "--anchor", type=RowsColumns(0, single=False), help="The cell over the output sample, from 0,0.")
@option("Arithmetic", "--correlate", is_flag=True, help="Lay the matrix as it is written, not rotated by 180 degrees.")
@option(
    "Arithmetic",
    "--combine",
    type=click.Choice(list(COMBINATIONS)),
    help="Lay the kernels side by side, not in a row, and combine their exact results.",
)
@option(
    "Arithmetic",
    "--normalize",
    "--normalise",
    default="clip",
    type=click.Choice(list(NORMALISATIONS)),
    help="How exact results become samples.",
)
@option(
    "Arithmetic",
    "--pool",
    metavar="KIND:N[,sN]",
    shell_complete=_complete_pools,
    help=f"Then make one sample of N x N (or NxM): {', '.join(POOLS)}. max:3,s2 does so every 2 samples.",
)
@option("Colour", "--alpha", default="auto", type=click.Choice(list(ALPHA_MODES)), help="How transparency is filtered.")
@option(
    "Output", "--depth", type=click.Choice(list(DEPTHS)), show_default="as the source", help="Bits a sample, or float."
)
@option(
    "Output",
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(readable=False),
    help="A file, a folder (DIR/), or - for standard output.",
)
@option("Output", "--each", is_flag=True, help="Write one picture for each kernel, with its name in the file name.")
@option("Output", "--overwrite", is_flag=True, help="Replace outputs that are there already.")
@option("Output", "--skip-existing", is_flag=True, help="Pass over inputs whose outputs are there already.")
@option("Output", "--frame", type=NOT_NEGATIVE, metavar="N", help="Only frame or page N of a file, counted from 0.")
@option("Batch", "-r", "--recursive", is_flag=True, help="Look into the folders of folders too.")
@option(
    "Batch", "--max-pixels", default=MAX_PIXELS, type=POSITIVE, help="Refuse files with more pixels, over all frames."
)
@option("Batch", "--threads", type=POSITIVE, show_default="as many as help", help="Threads for one large picture.")
@option("Batch", "--strategy", metavar="NAME", show_default="the fastest", help="How the sums are computed.")
@option("Other", "-v", "--verbose", is_flag=True, help="Say what is done and how.")
@option("Other", "-q", "--quiet", is_flag=True, help="Print errors only, and no paths.")
@click.pass_context
def apply(context: click.Context, /, inputs: Sequence[str], **options: Any) -> None:
    """Filter pictures with one kernel, or with several in a row or side by side.

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
        frame=options["frame"],
        each=options["each"],
    )
    to_stream = options["output"] == STREAM or (STREAM in inputs and options["output"] is None)
    if to_stream and standard_output().isatty():
        raise UsageError("a picture is not written to a terminal; redirect standard output, or give -o a file")
    jobs, outcomes = make_jobs(request)
    from imfilt.batch.runners import RUNNERS  # NumPy is imported here, when all is known to be in order

    debug = context.ensure_object(Settings).debug
    report = partial(_report, verbose=options["verbose"], quiet=options["quiet"], debug=debug)
    results = sum(len(job.results) for job in jobs)
    with progress_over(results, quiet=options["quiet"]) as advance:
        for outcome in outcomes:
            report(outcome)
        for outcome in RUNNERS["serial"](jobs):
            outcomes.append(outcome)
            advance()
            report(outcome)
    context.exit(exit_code(outcomes))


def _recipe(context: click.Context, options: dict[str, Any]) -> Recipe:
    if options["each"] and options["combine"] is not None:
        raise UsageError("--each and --combine contradict each other; give one of them")
    kernels = chosen_kernels(
        context,
        options["names"],
        options["matrices"],
        options["divisor"],
        options["bias"],
        open_registry(options["registries"]),
        correlate=options["correlate"],
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
        combine=options["combine"],
        pool=options["pool"],
        depth=options["depth"],
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
    for line in (*outcome.notes, *(outcome.plan if verbose else ())):
        say(f"{source}: {line}")
