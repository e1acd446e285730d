"""``imfilt apply``: filter pictures."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from imfilt.batch.jobs import STREAM, Batch, Request, make_jobs
from imfilt.batch.outcomes import Outcome, Status, exit_code
from imfilt.cli.command import Settings, Words, option
from imfilt.cli.jobs import NAME_WORDS, job_options, make_request, print_jobs
from imfilt.cli.kernels import KernelCommand, kernel_words
from imfilt.cli.printing import print_path, say, standard_output
from imfilt.cli.progress import progress_over
from imfilt.cli.recipe import WORDS, chosen_recipe, recipe_options
from imfilt.cli.types import NOT_NEGATIVE, POSITIVE
from imfilt.engine.recipe import Recipe
from imfilt.errors import UsageError
from imfilt.images.formats import WRITTEN, format_named
from imfilt.images.limits import MAX_PIXELS
from imfilt.images.saving import COMPRESSIONS, STRIPS, Saving

EXAMPLES = """
imfilt apply car.jpg --kernel edge3           writes car_edge3.jpg beside it
imfilt apply scans/ -r -k sharpen -o sharp/   a folder and the folders in it
imfilt apply a.png -m "1 2 1" --divisor sum   your own matrix: a_custom.png
imfilt apply a.png -k gaussian5 -k edge3      one after the other, exactly
imfilt apply a.png -k edge1 -k edge3 --each   a_edge1.png and a_edge3.png
imfilt apply a.png -k gaussian:sigma=2.5      one of a family
imfilt apply a.png -k "edge3 @ gaussian3"     an expression
imfilt apply "in/**/*.jpg" -k sharpen -n      what would be done
imfilt apply - -k blur <a.png >b.png          standard input and output
"""


def apply_words() -> Words:
    """Return the words that the help of `apply` explains."""
    saving = {"Compression": list(COMPRESSIONS.items()), "What is stripped": list(STRIPS.items())}
    return {**kernel_words(), **WORDS, **NAME_WORDS, **saving}


@click.command("apply", cls=KernelCommand, examples=EXAMPLES, words=apply_words)
@click.argument("inputs", nargs=-1, metavar="INPUT...", type=click.Path(readable=False))
@job_options
@recipe_options()
@option(
    "Output",
    "--format",
    metavar="NAME",
    show_default="as named, or as the source",
    help=f"Write {', '.join(name.lower() for name in WRITTEN)}.",
)
@option(
    "Output", "--quality", type=click.IntRange(1, 100), help="Of JPEG, WebP and AVIF.", show_default="as the source"
)
@option(
    "Output",
    "--compression",
    type=click.Choice(list(COMPRESSIONS)),
    show_default="a trade-off",
    help="Rather a fast or a small PNG, TIFF, JPEG, WebP or AVIF.",
)
@option("Output", "--strip", type=click.Choice(list(STRIPS)), help="Leave out metadata, or only where it was taken.")
@option("Input", "--frame", type=NOT_NEGATIVE, metavar="N", help="Only frame or page N of a file, counted from 0.")
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

    An INPUT is a file, a folder, a pattern such as "in/*.jpg" that the shell left as it is, or - for standard input.
    The paths of the pictures written are printed, one a line. A file that is there already is never touched unless you
    say so.
    """
    if not inputs and options["files_from"] is None:
        raise click.MissingParameter(ctx=context, param=context.command.params[0])
    request = requested(context, inputs, options)
    to_stream = options["output"] == STREAM or (STREAM in inputs and options["output"] is None)
    if to_stream and standard_output().isatty() and not options["dry_run"]:
        raise UsageError("a picture is not written to a terminal; redirect standard output, or give -o a file")
    batch = make_jobs(request)
    if not (batch.jobs or batch.outcomes or batch.skipped):
        say("no pictures to filter")
    context.exit(exit_code(do_batch(context, batch, options)))


def requested(context: click.Context, inputs: Sequence[str], options: dict[str, Any]) -> Request:
    """Return what the options ask for; raise `UsageError` where they contradict each other."""
    return make_request(
        inputs,
        _recipe(context, options),
        options,
        max_pixels=options["max_pixels"],
        threads=options["threads"],
        strategy=options["strategy"],
        frame=options["frame"],
        saving=Saving(options["quality"], options["compression"], options["strip"]),
        format=None if options["format"] is None else format_named(options["format"]),
    )


def do_batch(context: click.Context, batch: Batch, options: dict[str, Any]) -> list[Outcome]:
    """Do the jobs, or print them in a dry run, and report what becomes of each; return the outcomes."""
    debug = context.ensure_object(Settings).debug
    report = partial(_report, verbose=options["verbose"], quiet=options["quiet"], debug=debug)
    outcomes = list(batch.outcomes)
    for outcome in (*batch.outcomes, *(batch.skipped if options["verbose"] else ())):
        report(outcome)
    if options["dry_run"]:
        print_jobs(batch.jobs)
    if options["dry_run"] or not batch.jobs:
        return outcomes
    from imfilt.batch.runners import RUNNERS  # NumPy is imported here, when all is known to be in order

    with progress_over(batch.results, quiet=options["quiet"]) as advance:
        for outcome in RUNNERS["serial"](batch.jobs):
            if batch.resumption is not None:
                outcome = batch.resumption.record(outcome)
            outcomes.append(outcome)
            advance()
            report(outcome)
    return outcomes


def _recipe(context: click.Context, options: dict[str, Any]) -> Recipe:
    if options["each"] and options["combine"] is not None:
        raise UsageError("--each and --combine contradict each other; give one of them")
    return chosen_recipe(context, options)


def _report(outcome: Outcome, *, verbose: bool, quiet: bool, debug: bool) -> None:
    """Print the path of what was written, and why anything was not."""
    source = outcome.source or "standard input"
    if outcome.error is not None:
        if debug:
            traceback.print_exception(outcome.error)
        say(f"{source}: {outcome.error}")
    elif outcome.status is Status.SKIPPED and verbose and outcome.target:
        say(f"{source}: skipped, {outcome.target} is there already")
    elif outcome.status is Status.WRITTEN and outcome.target is not None and not quiet:
        print_path(outcome.target)
    for line in (*outcome.notes, *(outcome.plan if verbose else ())):
        say(f"{source}: {line}")
