"""Read, filter, write: the one road of every job, whichever runner does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.batch.backups import keeping
from imfilt.batch.concurrently import Background
from imfilt.batch.confirming import confirmed
from imfilt.batch.delivery import deliver, manner_of
from imfilt.batch.identity import FileIdentity, identity_of
from imfilt.batch.jobs import Job, Result, size_of
from imfilt.batch.outcomes import Outcome, Status, let_go_of_locals
from imfilt.errors import ImfiltError, PictureError, is_out_of_memory
from imfilt.images.atomic import Manner
from imfilt.images.carried import losses
from imfilt.images.fit import fit
from imfilt.images.formats import EXTENSIONS, FORMATS, Format, check_holds, check_saving
from imfilt.images.importing import IMPORTING
from imfilt.images.memory import give_back, touch_ahead
from imfilt.images.picture import Picture
from imfilt.images.reading import import_readers, read_picture
from imfilt.images.sources import read_standard_input
from imfilt.images.temporary import remove_strays
from imfilt.images.writing import write_picture

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from imfilt.batch.fingerprints import Content
    from imfilt.engine.finishing.clipped import ClippedCounter
    from imfilt.engine.planning.plan import Plan
    from imfilt.images.deep.picture import AnyPicture
    from imfilt.images.frames.reading import Frames

Notes = tuple[str, ...]

_ENGINE_IS_THERE = threading.Event()
_READ_AT_ONCE = 1 << 16
"""Bytes of a source that mostly takes no longer to decode than a thread to take turns with one that imports."""


def do_jobs(calls: Sequence[tuple[Job, FileIdentity | None]]) -> list[list[Outcome]]:
    """Do one job after another, as `do_job` does; its errors keep no pixels."""
    done = [do_job(job, replaced) for job, replaced in calls]
    for outcomes in done:
        for outcome in outcomes:
            let_go_of_locals(outcome.error)
    return done


def do_job(job: Job, replaced: FileIdentity | None = None) -> list[Outcome]:
    """Do one job, and return what became of each result; an `ImfiltError` becomes a failed outcome.

    A source that cannot be read makes one outcome, however many results it was to have. Where the job replaces its own
    source, `replaced` says what that was: another attempt, of which nobody heard any more, may have been there before,
    and nothing is to be filtered twice.
    """
    start = time.perf_counter()
    if replaced is not None and what_is_replaced(job) != replaced:
        problem = PictureError("it has changed since the command began, and may be filtered already; look at it")
        return [_failure(job, problem, None, 0.0)]
    try:
        manner = manner_of(job)
        picture = _read(job)
        target_format = FORMATS[job.format or picture.format]
        check_saving(target_format, job.saving)
        notes = (*_misnamed(job.source, picture, target_format), *_losses(picture, job, target_format))
    except (ImfiltError, MemoryError) as error:
        return [_failure(job, error, None, time.perf_counter() - start)]
    outcomes: list[Outcome] = []
    told: set[str] = set()  # what is said of all results alike is said once
    for result in job.results:
        clipped = _counter(job)
        try:
            with keeping(result.target, result.backup, is_synced=job.care.sync), confirmed(result) as to_write:
                plan, found = _filter_and_write(picture, job, to_write, target_format, manner, clipped)
        except (ImfiltError, MemoryError) as error:
            outcomes.append(_failure(job, error, result, time.perf_counter() - start))
            start = time.perf_counter()
            continue
        new = [note for note in dict.fromkeys((*notes, *found)) if note not in told]
        told.update(new)
        rows, columns, _ = plan.result_shape
        outcomes.append(
            Outcome(
                job.source,
                Status.WRITTEN,
                result.target,
                notes=tuple(new),
                plan=tuple(plan.describe()) if job.care.tell_plan else (),
                recipe=result.recipe,
                seconds=time.perf_counter() - start,
                size=(columns, rows),
                clipped=clipped.total if clipped else None,
                content=_content(result),
            )
        )
        start = time.perf_counter()
    if isinstance(picture, Picture) and picture.memory is not None:
        give_back(picture.memory)
    return outcomes


def remove_strays_of(job: Job, folders: set[Path]) -> None:
    """Remove what commands that were killed have left where results go; `folders` are those in which that was done."""
    for folder in {result.target.parent for result in job.results if result.target is not None} - folders:
        remove_strays(folder)
        folders.add(folder)


def unforeseen(job: Job, error: Exception) -> Outcome:
    """Return the outcome of a job that ended with an error, even if that is none that was foreseen."""
    if isinstance(error, ImfiltError):
        return _failure(job, error, None, 0.0)
    let_go_of_locals(error)
    mistake = f"a mistake of imfilt: {type(error).__name__}: {error}; please report it"
    problem = PictureError("not enough memory" if is_out_of_memory(error) else mistake)
    problem.__cause__ = error
    return _failure(job, problem, None, 0.0)


def what_is_replaced(job: Job) -> FileIdentity | None:
    """Return which file the source of a job is now, if the job replaces it."""
    return identity_of(job.source) if job.source is not None and job.replaces_source else None


def _content(result: Result) -> Content | None:
    """Return what was written, at once, before somebody changes it; None where no later run goes by it."""
    if not result.confirm or result.target is None:
        return None
    from imfilt.batch.fingerprints import content_of

    with suppress(OSError):  # it is gone already
        return content_of(result.target)
    return None


def _counter(job: Job) -> ClippedCounter | None:
    if not job.care.count_clipped:
        return None
    from imfilt.engine.finishing.clipped import ClippedCounter

    return ClippedCounter()


def _losses(picture: AnyPicture | Frames, job: Job, target_format: Format) -> Notes:
    """Return a line for each thing that cannot be kept; raise `PictureError` where that is the picture itself."""
    if _is_frames(picture):
        from imfilt.images.frames.writing import frame_losses

        return frame_losses(target_format, FORMATS[picture.format], picture.show)
    from imfilt.batch.filtering import mode_of_result

    picture = _as_wished(picture, job)
    for result in job.results:
        check_holds(target_format, mode_of_result(picture.mode, result.recipe))
    return (*picture.notes, *losses(target_format, picture.carried))


def _as_wished(picture: AnyPicture, job: Job) -> AnyPicture:
    return replace(picture, carried=picture.carried.wished(job.saving))


def _misnamed(source: Path | None, picture: AnyPicture | Frames, target_format: Format) -> Notes:
    """Return what a file is, where its name says that it is something else."""
    named = EXTENSIONS.get(source.suffix.casefold()) if source else None
    if named is None or named.name == picture.format:
        return ()
    return (f"it is {picture.format}, not {named.name} as its name says; written as {target_format.name}",)


def _failure(job: Job, error: ImfiltError | MemoryError, result: Result | None, seconds: float) -> Outcome:
    """Return the outcome of one result, or of all of a job."""
    problem = error if isinstance(error, ImfiltError) else PictureError("not enough memory for this picture")
    target = result.target if result else job.only_target
    recipe = (result or job.results[0]).recipe
    return Outcome(job.source, Status.FAILED, target, problem, recipe=recipe, seconds=seconds)


def _read(job: Job) -> AnyPicture | Frames:
    source = job.source or read_standard_input(job.max_pixels)
    to_8_bits = all(result.recipe.depth == "8" for result in job.results)
    read = partial(read_picture, source, max_pixels=job.max_pixels, frame=job.frame, to_8_bits=to_8_bits)
    if _ENGINE_IS_THERE.is_set():
        return read()
    if job.source is not None and size_of(job) < _READ_AT_ONCE:
        picture = read()
        _import_engine()
        return picture
    import_readers(source)
    reading = Background(read)
    _import_engine()  # the picture is decoded meanwhile
    touch_ahead(reading.is_over)
    return reading.result()


def _import_engine() -> None:
    with IMPORTING:
        import imfilt.batch.filtering  # noqa: F401 (with which come the engine and NumPy)
    _ENGINE_IS_THERE.set()


def _filter_and_write(
    picture: AnyPicture | Frames,
    job: Job,
    result: Result,
    target_format: Format,
    manner: Manner,
    clipped: ClippedCounter | None,
) -> tuple[Plan, Notes]:
    """Make a result; return the plan that was carried out, and what a person should know of it."""
    if _is_frames(picture):
        from imfilt.batch.frames import FilteredFrames

        animation = FilteredFrames(picture, job, result.recipe, target_format, clipped)
        deliver(animation.write, result, manner)
        return animation.plan, animation.notes
    from imfilt.batch.filtering import filter_picture

    filtered, plan = filter_picture(
        _as_wished(picture, job),
        result.recipe,
        threads=job.threads,
        strategy=job.strategy,
        in_place=result is job.results[-1],  # after which nobody looks at the source
        clipped=clipped,
    )
    fitting, notes = fit(filtered, target_format)
    write = partial(write_picture, picture=fitting, target_format=target_format, threads=job.threads)
    deliver(write, result, manner)
    return plan, notes


def _is_frames(picture: AnyPicture | Frames) -> TypeIs[Frames]:
    """Whether several frames were read; for a usual picture, nothing that frames need is imported."""
    if isinstance(picture, Picture):
        return False
    from imfilt.images.frames.reading import Frames

    return isinstance(picture, Frames)
