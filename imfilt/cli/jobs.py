"""The options that say which files are taken and where results go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from imfilt.batch.jobs import STREAM, Existing, Job, Request
from imfilt.batch.jobs.targets import NAME_FIELDS
from imfilt.cli.command import Function, option
from imfilt.engine.recipes.recipe import Recipe
from imfilt.errors import UsageError
from imfilt.views.plain import printable

NAME_WORDS = {"Fields of --name": [(f"{{{name}}}", meaning) for name, meaning in NAME_FIELDS.items()]}

_OPTIONS = (
    option(
        "Input",
        "--files-from",
        metavar="FILE",
        type=click.Path(readable=False),
        help="Take the files and folders that FILE lists, one a line; - is standard input.",
    ),
    option("Input", "-0", "--null", is_flag=True, help="Their names are parted by null bytes, as of find -print0."),
    option("Input", "-r", "--recursive", is_flag=True, help="Look into the folders of folders too."),
    option(
        "Input",
        "--include",
        multiple=True,
        metavar="PATTERN",
        help='Only pictures that match, as "*.jpg" or "raw/*". May be given several times.',
    ),
    option(
        "Input",
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="No pictures and folders that match. May be given several times.",
    ),
    option(
        "Output",
        "-o",
        "--output",
        metavar="PATH",
        type=click.Path(readable=False),
        help="A file, a folder (DIR/), or - for standard output.",
    ),
    option("Output", "--name", metavar="TEMPLATE", help='What results are called: "{stem}_{kernel}{ext}", see below.'),
    option("Output", "--suffix", metavar="TEXT", help="What is added to their names, before the extension."),
    option("Output", "--each", is_flag=True, help="Write one picture for each kernel, with its name in the file name."),
    option("Output", "--overwrite", is_flag=True, help="Replace outputs that are there already."),
    option("Output", "--skip-existing", is_flag=True, help="Pass over inputs whose outputs are there already."),
    option(
        "Output", "--resume", is_flag=True, help="Go on with what an earlier run with --resume left; needs -o DIR/."
    ),
    option("Output", "--in-place", is_flag=True, help="Replace the inputs themselves."),
    option("Output", "--backup", metavar="SUFFIX", help="With --in-place: keep each input under its name and SUFFIX."),
    option("Output", "-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing."),
)

_EXISTING = {
    "overwrite": Existing.OVERWRITE,
    "skip_existing": Existing.SKIP,
    "resume": Existing.RESUME,
    "in_place": Existing.IN_PLACE,
}


def job_options(function: Function) -> Function:
    """Add the options that `make_request` reads."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def make_request(inputs: Sequence[str], recipe: Recipe, options: dict[str, Any], **settings: Any) -> Request:
    """Return what is asked for, with further `settings` of the work; raise `UsageError` where they contradict."""
    if options["null"] and options["files_from"] is None:
        raise UsageError("-0 says how a list of files is parted; give the list with --files-from")
    if STREAM in inputs and options["files_from"] == STREAM:
        raise UsageError("standard input cannot be a picture and a list of files as well; give one of them")
    return Request(
        inputs,
        recipe,
        listed=_listed(options),
        include=options["include"],
        exclude=options["exclude"],
        recursive=options["recursive"],
        output=options["output"],
        name=_name(options),
        each=options["each"],
        existing=_existing(options),
        backup=options["backup"],
        **settings,
    )


def print_jobs(jobs: Sequence[Job]) -> None:
    """Print each source and what would be made of it."""
    for job in jobs:
        for result in job.results:
            replaced = " (replaced)" if result.overwrite else ""
            print(f"{printable(job.source or STREAM)} -> {printable(result.target or STREAM)}{replaced}")


def _listed(options: dict[str, Any]) -> Sequence[str]:
    if options["files_from"] is None:
        return ()
    from imfilt.batch.jobs.lists import read_list

    return read_list(options["files_from"], nulls=options["null"])


def _name(options: dict[str, Any]) -> str | None:
    name: str | None = options["name"]
    suffix: str | None = options["suffix"]
    if suffix is None:
        return name
    if name is not None:
        raise UsageError("--name and --suffix contradict each other; give one of them")
    literal = suffix.replace("{", "{{").replace("}", "}}")
    return f"{{stem}}{literal}{{ext}}"


def _existing(options: dict[str, Any]) -> Existing:
    given = [name for name in _EXISTING if options[name]]
    if len(given) > 1:
        one, other, *_ = (f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{one} and {other} contradict each other; give one of them")
    return _EXISTING[given[0]] if given else Existing.REFUSE
