"""``imfilt apply``: filter pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import click

from imfilt.batch.care import Care
from imfilt.batch.jobs import STREAM, Batch, Request, make_jobs
from imfilt.batch.outcomes import Outcome, Status, exit_code
from imfilt.batch.runners import RUNNERS
from imfilt.batch.totals import total
from imfilt.cli.command import Settings, Words, option
from imfilt.cli.jobs import NAME_WORDS, job_options, make_request, print_jobs
from imfilt.cli.kernels import KernelCommand, kernel_words
from imfilt.cli.printing import say, standard_output
from imfilt.cli.progress import progress_over
from imfilt.cli.recipe import WORDS, chosen_recipe, recipe_options
from imfilt.cli.reports import JsonReport, Report, say_summary
from imfilt.cli.source import frame_option
from imfilt.cli.types import POSITIVE
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.strategies import STRATEGIES
from imfilt.errors import UsageError
from imfilt.images.formats import WRITTEN, format_named
from imfilt.images.limits import MAX_PIXELS
from imfilt.images.saving import COMPRESSIONS, STRIPS, Saving

_WITH_QUALITY = [name.lower() for name, entry in WRITTEN.items() if entry.has_quality]
_WITH_COMPRESSIONS = [name.lower() for name, entry in WRITTEN.items() if entry.compressions]


def _in_words(names: list[str], last: str) -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


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
    runners = {"Runners": [(name, runner.meaning) for name, runner in RUNNERS.items()]}
    strategies = {"Strategies": [(name, strategy.meaning) for name, strategy in STRATEGIES.items()]}
    return {**kernel_words(), **WORDS, **NAME_WORDS, **saving, **runners, **strategies}


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
    "Output",
    "--quality",
    type=click.IntRange(1, 100),
    help=f"Of {_in_words(_WITH_QUALITY, 'and')}.",
    show_default="as the source",
)
@option(
    "Output",
    "--compression",
    type=click.Choice(list(COMPRESSIONS)),
    show_default="a trade-off",
    help=f"Rather a fast or a small {_in_words(_WITH_COMPRESSIONS, 'or')}.",
)
@option("Output", "--strip", type=click.Choice(list(STRIPS)), help="Leave out metadata, or only where it was taken.")
@option("Output", "--preserve", is_flag=True, help="Give results the times of their sources, beside the permissions.")
@option("Output", "--fsync", is_flag=True, help="Wait until the disk has each result, so that a power cut loses none.")
@frame_option
@option("Batch", "-j", "--jobs", type=POSITIVE, show_default="automatic", help="Work on N pictures at the same time.")
@option("Batch", "--runner", default="auto", type=click.Choice(list(RUNNERS)), help="Who works on them.")
@option("Batch", "--scheduler", metavar="ADDRESS", help="Of the cluster for --runner dask, such as tcp://host:8786.")
@option("Batch", "--fail-fast", is_flag=True, help="Begin no further picture when one has failed.")
@option(
    "Batch", "--max-pixels", default=MAX_PIXELS, type=POSITIVE, help="Refuse files with more pixels, over all frames."
)
@option("Batch", "--threads", type=POSITIVE, show_default="as many as help", help="Threads for one large picture.")
@option(
    "Batch",
    "--strategy",
    type=click.Choice(list(STRATEGIES)),
    show_default="the fastest",
    help="How the sums are computed.",
)
@option("Other", "-v", "--verbose", is_flag=True, help="Say what is done and how.")
@option("Other", "--json", is_flag=True, help="Print an object of JSON for each result, and one with the totals.")
@option("Other", "--summary", is_flag=True, help="Say in the end how it went, and how many results were clipped.")
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
    if options["json"] and options["dry_run"]:
        raise UsageError("--json tells what was done, and --dry-run does nothing; give one of them")
    if options["json"]:
        standard_output()
    to_stream = options["output"] == STREAM or (STREAM in inputs and options["output"] is None)
    if to_stream and standard_output().isatty() and not options["dry_run"]:
        raise UsageError("a picture is not written to a terminal; redirect standard output, or give -o a file")
    if to_stream and options["json"]:
        raise UsageError("a picture and --json cannot both go to standard output; give -o a file")
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
        care=Care(
            sync=options["fsync"],
            keep_times=options["preserve"],
            count_clipped=options["json"] or options["summary"],
            tell_plan=options["verbose"],
        ),
    )


def do_batch(context: click.Context, batch: Batch, options: dict[str, Any]) -> list[Outcome]:
    """Do the jobs, or print them in a dry run, and report what becomes of each; return the outcomes."""
    report = _report(context, options)
    outcomes = list(batch.outcomes)
    for outcome in (*batch.outcomes, *(batch.skipped if options["verbose"] or options["json"] else ())):
        report.add(outcome)
    if options["dry_run"]:
        print_jobs(batch.jobs)
        return outcomes
    totals, start = total(outcomes), time.perf_counter()
    totals.counts[Status.SKIPPED] += len(batch.skipped)
    if batch.jobs:
        from imfilt.batch.running import Running, run_jobs  # Pillow is imported here, when all is in order

        begin = batch.resumption.begin if batch.resumption else None
        running = Running(options["runner"], options["jobs"], options["fail_fast"], options["scheduler"])
        with (
            progress_over(batch.results, quiet=options["quiet"]) as observer,
            closing(run_jobs(batch.jobs, running, observer, begin)) as done,
        ):
            for outcome in done:
                if batch.resumption is not None:
                    outcome = batch.resumption.record(outcome)
                outcomes.append(outcome)
                totals.add(outcome)
                report.add(outcome)
    seconds = time.perf_counter() - start
    report.end(totals, seconds)
    if options["summary"]:
        say_summary(totals, seconds)
    return outcomes


def _report(context: click.Context, options: dict[str, Any]) -> Report:
    debug = context.ensure_object(Settings).debug
    kind = JsonReport if options["json"] else Report
    return kind(verbose=options["verbose"], quiet=options["quiet"], debug=debug)


def _recipe(context: click.Context, options: dict[str, Any]) -> Recipe:
    if options["each"] and options["combine"] is not None:
        raise UsageError("--each and --combine contradict each other; give one of them")
    return chosen_recipe(context, options)
