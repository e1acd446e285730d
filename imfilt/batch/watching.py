"""Watching a folder: its pictures, as they come and settle."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from imfilt.batch.fingerprints import State, state_of
from imfilt.batch.jobs import Batch, Existing, Request, make_jobs
from imfilt.batch.jobs.sources import find_sources
from imfilt.batch.settling import Settling
from imfilt.errors import ImfiltError, PictureError, UsageError


def check_watching(request: Request) -> None:
    """Raise `UsageError` unless the one input is a folder, and results go to a folder that is not in it."""
    folder, output = Path(request.inputs[0]), request.output_folder
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder to watch; make it first")
    if output is None:
        raise UsageError("what is watched needs a folder for the results; give it with -o DIR/")
    if Path(output).resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{output}: is in the folder that is watched, so results would be filtered again; move it out")


def watch(request: Request, settle: float) -> Iterator[Batch | ImfiltError]:
    """Yield what there is to do, or why something cannot be done, whenever pictures have settled for `settle` seconds.

    Those that are in the folder at the beginning come first. It goes on until a signal ends it, as `KeyboardInterrupt`.
    Raises `UsageError` where the library that watches is missing, and `PictureError` when the folder is gone.
    """
    changes = _watcher()
    folder = request.inputs[0]
    settling = Settling(settle)
    pause = int(1000 * min(max(settle, 0.05), 1.0))
    is_first = True
    for found in changes(
        folder,
        watch_filter=None,
        recursive=request.recursive,
        rust_timeout=pause,
        yield_on_timeout=True,
        debounce=pause,
        ignore_permission_denied=True,
    ):
        if not Path(folder).is_dir():
            raise PictureError(f"{folder}: the folder that was watched is gone")
        if is_first or found or settling.is_waiting:
            is_first = False
            yield from _settled(request, settling)


def _settled(request: Request, settling: Settling) -> Iterator[Batch | ImfiltError]:
    folder = request.inputs[0]
    states = _states_in(request)
    paths = settling.settled(states, time.monotonic())
    settled = replace(request, inputs=(), listed=paths, listed_in=folder, existing=Existing.RESUME)
    try:
        if paths:
            yield make_jobs(settled)
    except ImfiltError as error:
        if len(paths) == 1:
            yield error
            return
        for path in paths:  # so that one that is in the way of another keeps none of the rest from being done
            try:
                yield make_jobs(replace(settled, listed=[path]))
            except ImfiltError as its_error:
                yield its_error


def _states_in(request: Request) -> dict[str, State]:
    """Return the pictures in the folder; those that vanish meanwhile are left out."""
    sources, _ = find_sources(request)
    states = ((source.path, state_of(source.path)) for source in sources)
    return {path: state for path, state in states if state is not None}


def _watcher() -> Callable[..., Iterator[Collection[object]]]:
    """Return the function that waits for changes: it yields some, or none when it has waited long enough."""
    try:
        from watchfiles import watch as changes
    except ImportError:
        raise UsageError("this needs the library watchfiles; pip install 'imfilt[watch]' brings it") from None
    return changes
