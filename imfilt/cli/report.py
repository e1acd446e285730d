"""``imfilt report``: a page about what was done to pictures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from imfilt.batch.jobs import STREAM, Request
from imfilt.batch.jobs.sources import find_sources
from imfilt.cli.command import option
from imfilt.cli.figures import check_figures, figure_option, overwrite_option
from imfilt.cli.kernels import KernelCommand
from imfilt.cli.printing import print_path, say
from imfilt.cli.recipe import chosen_recipe, recipe_options
from imfilt.cli.source import called, max_pixels_option, open_picture
from imfilt.errors import ImfiltError, UsageError

if TYPE_CHECKING:
    from imfilt.batch.events import Past
    from imfilt.batch.outcomes import Outcome

EXAMPLES = """
imfilt report car.jpg -k edge3 -o a.html       before, after, the kernel
imfilt report photos/ -r -k sharpen -o a.html  folders, failures first
imfilt report run.jsonl -o a.html              what apply --json printed
imfilt report out/ -o a.html                   what --resume recorded there
"""

_MOST_SHOWN = 1000
"""Pictures of a run: a page with more would be too large for a browser; the others are named."""


@click.command("report", cls=KernelCommand, examples=EXAMPLES)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE|RUN...", type=click.Path(readable=False))
@option("Input", "-r", "--recursive", is_flag=True, help="Look into the folders of folders too.")
@recipe_options(without=("depth", "background", "pool"))
@figure_option("--output", "The page to write.", short="-o")
@overwrite_option
@max_pixels_option
@click.pass_context
def report(
    context: click.Context, /, images: Sequence[str], *, output: Path | None, overwrite: bool, **options: Any
) -> None:
    """Write a page of HTML about pictures, which needs no network.

    An IMAGE, a file or a folder, is filtered by the kernels that are given. Of one picture the page has before and
    after under a slider, the clipped pixels, histograms, the kernels and times; of several it has small pictures, those
    that failed first.

    A RUN is over, and nothing is filtered again: a file of what imfilt apply --json printed, or - where that comes in,
    or a folder in which imfilt apply --resume keeps its manifest.
    """
    if output is None:
        raise UsageError("no page named; give one with -o, such as -o report.html")
    check_figures(output, overwrite=overwrite, kinds=[".html"])
    past = _past(context, images, options)
    page, is_whole = _page_of_run(past, images[0], options) if past else _page_of_pictures(context, images, options)
    from imfilt.images.atomic import Manner, write_bytes

    write_bytes(page.encode(), output, Manner(overwrite))
    print_path(output)
    context.exit(0 if is_whole else 1)


def _past(context: click.Context, images: Sequence[str], options: dict[str, Any]) -> Past | None:
    """Return the run that is asked for; None where pictures are to be filtered."""
    kernels = options["names"] or options["matrices"]
    runs = [image for image in images if _is_run(image) or (not kernels and _is_recorded(image))]
    if not runs:
        return None
    if len(images) > 1:
        raise UsageError(f"{runs[0]}: a run stands alone; write a page for each, or leave it out")
    given = [name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if set(given) - {"max_pixels"}:
        raise UsageError(f"{runs[0]}: a run brings along what was done; leave out kernels and what belongs to them")
    from imfilt.batch.events import read_events, recorded_events

    name = runs[0]
    try:
        if Path(name).is_dir():
            return recorded_events(Path(name))
        return read_events(sys.stdin.buffer.read() if name == STREAM else Path(name).read_bytes())
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None


def _is_run(image: str) -> bool:
    """Whether it begins as objects of JSON do, which no picture does, or is called so."""
    if image == STREAM:
        stream = None if sys.stdin is None else sys.stdin.buffer
        return isinstance(stream, BufferedReader) and stream.peek(1)[:1] == b"{"
    if not Path(image).is_file():
        return Path(image).suffix.casefold() == ".jsonl" and not Path(image).exists()  # reading it says so
    try:
        with Path(image).open("rb") as stream:
            return stream.read(1) == b"{" or Path(image).suffix.casefold() == ".jsonl"
    except OSError:
        return False


def _is_recorded(image: str) -> bool:
    from imfilt.batch.manifest import NAME

    return Path(image, NAME).is_file()


def _page_of_run(past: Past, name: str, options: dict[str, Any]) -> tuple[str, bool]:
    from imfilt.views.report import look_back
    from imfilt.views.report_page import report_page

    entries = [
        look_back(event, max_pixels=options["max_pixels"], with_pictures=number < _MOST_SHOWN)
        for number, event in enumerate(past.events)
    ]
    if len(entries) > _MOST_SHOWN:
        say(f"{name}: the first {_MOST_SHOWN} pictures are shown, the others named")
    return report_page(entries, f"imfilt: {called(name)}", seconds=past.seconds), True


def _page_of_pictures(context: click.Context, images: Sequence[str], options: dict[str, Any]) -> tuple[str, bool]:
    """Return the page, and whether all pictures could be filtered."""
    folder = next((image for image in images if Path(image).is_dir()), None)
    if folder is not None and not (options["names"] or options["matrices"]):
        raise UsageError(f"no kernel given, and {folder} has no manifest of a run; name a kernel with -k")
    recipe = chosen_recipe(context, options)
    from imfilt.batch.outcomes import Status
    from imfilt.views.report import Entry, look_at
    from imfilt.views.report_page import report_page

    named = [image for image in images if image != STREAM]
    sources, outcomes = find_sources(Request(named, recipe, recursive=options["recursive"]))
    if not sources and STREAM not in images:
        raise UsageError("; ".join(map(_told, outcomes)))
    names = [STREAM] * (STREAM in images) + [source.path for source in sources]
    entries = [Entry(str(each.source), Status.FAILED, str(each.error)) for each in outcomes if each.error]
    for each in outcomes:
        say(_told(each))
    alone = len(names) + len(entries) == 1
    for name in names:
        try:
            picture = open_picture(name, max_pixels=options["max_pixels"], frame=None)
            entries.append(look_at(called(name), picture, recipe, alone=alone))
        except ImfiltError as error:
            told = str(error).removeprefix(f"{called(name)}: ")
            say(f"{called(name)}: {told}")
            entries.append(Entry(called(name), Status.FAILED, told))
    title = f"imfilt: {Path(called(names[0])).name if alone else f'{len(entries)} pictures'}"
    seconds = sum(entry.seconds or 0 for entry in entries)
    return report_page(entries, title, recipe=recipe, seconds=seconds), not any(entry.error for entry in entries)


def _told(outcome: Outcome) -> str:
    """Return why an input is no picture, or what there is to know about it."""
    return f"{outcome.source}: {outcome.error or '; '.join(outcome.notes)}"
