"""Read, filter, write: the one road that every runner and the Python API share."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.batch.background import begin
from imfilt.batch.backups import keeping
from imfilt.batch.confirming import confirmed
from imfilt.batch.jobs import Job, Result
from imfilt.batch.outcomes import Outcome, Status
from imfilt.engine.background import flattened_channels
from imfilt.engine.recipe import Recipe
from imfilt.engine.samples import DEPTHS
from imfilt.errors import ImfiltError, PictureError, UsageError
from imfilt.images.atomic import Manner, write_file
from imfilt.images.carried import losses
from imfilt.images.fit import fit
from imfilt.images.formats import EXTENSIONS, FORMATS, Format, check_holds, check_saving, describe_mode
from imfilt.images.importing import IMPORTING
from imfilt.images.modes import Mode
from imfilt.images.picture import Picture
from imfilt.images.reading import read_picture, to_picture
from imfilt.images.writing import encode_picture, write_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from imfilt.engine.channels import ViewedRows
    from imfilt.engine.clipped import ClippedCounter
    from imfilt.engine.linear import LinearRows
    from imfilt.engine.normalisations import Extremes
    from imfilt.engine.plan import Plan
    from imfilt.engine.strips import RowSink
    from imfilt.images.deep.picture import AnyPicture
    from imfilt.images.frames.reading import Frames
    from imfilt.images.rows import PictureRows

Notes = tuple[str, ...]


def filter_picture(
    picture: AnyPicture,
    recipe: Recipe,
    *,
    threads: int | None = None,
    strategy: str | None = None,
    in_place: bool = False,
    extremes: Extremes | None = None,
    clipped: ClippedCounter | None = None,
) -> tuple[AnyPicture, Plan]:
    """Return `picture` filtered, and the plan that was carried out.

    `in_place` allows the picture to be written over, which is done where the result is laid out alike. `extremes` are
    those that the normalisation goes by, where they are not those of this picture alone. What is `clipped` is counted
    where that is given.
    """
    from imfilt.engine.channels import ViewedRows
    from imfilt.engine.run import filter_rows
    from imfilt.images.results import result_like
    from imfilt.images.rows import PictureRows, rows_of

    plan, source = plan_for(picture, recipe, strategy=strategy)
    is_apart = isinstance(source, ViewedRows) and source.is_own_picture
    if in_place and plan.keeps_layout and picture.is_writable and not is_apart:
        filter_rows(plan, source, source, threads=threads, in_place=True, extremes=extremes, clipped=clipped)
        return picture, plan
    rows, columns, _ = plan.result_shape
    result = result_like(picture, rows, columns, mode_of_result(picture.mode, recipe))
    unused = 0 if is_apart or recipe.linear else rows_of(picture).unused
    sink: RowSink = rows_of(result, unused=unused)
    if not isinstance(source, PictureRows) and not is_apart:
        sink = source.into(sink)
    filter_rows(plan, source, sink, threads=threads, extremes=extremes, clipped=clipped)
    return result, plan


def plan_for(
    picture: AnyPicture, recipe: Recipe, *, strategy: str | None = None
) -> tuple[Plan, PictureRows | ViewedRows | LinearRows]:
    """Return the plan of `recipe` for a picture, and the rows that it is for."""
    from imfilt.batch.plans import plan_once
    from imfilt.engine.channels import seen_by
    from imfilt.images.rows import rows_of

    mode, rows = picture.mode, rows_of(picture)
    if recipe.linear:
        return _plan_in_light(picture, rows, recipe, strategy)
    recipe, viewed, has_alpha = seen_by(recipe, mode.colour, mode.samples, rows, has_alpha=mode.has_alpha)
    source = viewed or rows
    unused = 0 if viewed else rows.unused
    plan = plan_once(recipe, mode.samples, source.shape, has_alpha=has_alpha, unused=unused, strategy=strategy)
    return plan, source


def _plan_in_light(
    picture: AnyPicture, rows: PictureRows, recipe: Recipe, strategy: str | None
) -> tuple[Plan, LinearRows]:
    from imfilt.engine.linear import LIGHT, LinearRows, check_linear, srgb
    from imfilt.engine.plan import make_plan

    mode = picture.mode
    check_linear(recipe, mode.colour, mode.samples)
    profile = picture.carried.things.get("icc_profile")
    if profile:
        from imfilt.images.icc import curves_in

        curves = curves_in(profile, mode.colour)
    else:
        curves = [srgb] * (mode.channels - mode.has_alpha)
    light = LinearRows(rows, mode.channels, mode.samples, curves)
    return make_plan(recipe, LIGHT, light.shape, has_alpha=mode.has_alpha, strategy=strategy), light


def mode_of_result(mode: Mode, recipe: Recipe) -> Mode:
    """Return the mode of a picture of `mode` when it is filtered, and converted and flattened as the recipe says."""
    if recipe.gray is not None and mode.colour == "RGB":
        mode = mode._replace(colour="L")
    channels = mode.channels
    if mode.has_alpha and recipe.background is not None:
        channels = flattened_channels(channels, recipe.background)
    return mode.becoming(mode.samples if recipe.depth is None else DEPTHS[recipe.depth], channels)


def filter_image(image: Image, recipe: Recipe, *, threads: int | None = None) -> Image:
    """Return an image of Pillow filtered, as a new image that carries the same."""
    if not hasattr(image, "getbands"):
        raise UsageError(f"{image!r:.60} is no picture; give an image of Pillow or a NumPy array")
    picture, _ = filter_picture(to_picture(image), recipe, threads=threads)
    if not isinstance(picture, Picture):
        raise PictureError(
            f"Pillow has no mode for {describe_mode(picture.mode)}; give the picture as a NumPy array, or choose "
            "another depth"
        )
    result = picture.image
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return result


State = tuple[int, int, int]
"""What tells one file from the next of the same name: its number, its bytes, and when it was changed last."""


def do_job(job: Job, replaced: State | None = None) -> list[Outcome]:
    """Do one job, and return what became of its results, as `run_job` yields it.

    Where it replaces its own source, `replaced` says what that was: another attempt, of which nobody heard any more,
    may have been there before, and nothing is to be filtered twice.
    """
    if replaced is not None and state_of_replaced(job) != replaced:
        problem = PictureError("it has changed since the command began, and may be filtered already; look at it")
        return [_failure(job, problem, None, 0.0)]
    return list(run_job(job))


def state_of_replaced(job: Job) -> State | None:
    """Return what the source of a job is now, if the job replaces it."""
    if job.source is None or all(result.target != job.source for result in job.results):
        return None
    try:
        state = job.source.stat()
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def run_job(job: Job) -> Iterator[Outcome]:
    """Do one job, and yield what became of each result; an `ImfiltError` becomes a failed outcome.

    A source that cannot be read makes one outcome, however many results it was to have.
    """
    start = time.perf_counter()
    try:
        manner = _manner_of(job)
        picture = _read(job)
        target_format = FORMATS[job.format or picture.format]
        check_saving(target_format, job.saving)
        notes = (*_misnamed(job.source, picture, target_format), *_losses(picture, job, target_format))
    except (ImfiltError, MemoryError) as error:
        yield _failure(job, error, None, time.perf_counter() - start)
        return
    for result in job.results:
        clipped = _counter(job)
        try:
            with keeping(result.target, result.backup), confirmed(result) as to_write:
                plan, found = _filter_and_write(picture, job, to_write, target_format, manner, clipped)
        except (ImfiltError, MemoryError) as error:
            yield _failure(job, error, result, time.perf_counter() - start)
            continue
        notes += tuple(note for note in found if note not in notes)
        rows, columns, _ = plan.result_shape
        yield Outcome(
            job.source,
            Status.WRITTEN,
            result.target,
            notes=notes,
            plan=tuple(plan.describe()),
            recipe=result.recipe,
            seconds=time.perf_counter() - start,
            size=(columns, rows),
            clipped=clipped.total if clipped else None,
        )
        notes, start = (), time.perf_counter()  # for what is said of all results alike is said once


def _counter(job: Job) -> ClippedCounter | None:
    if not job.care.count_clipped:
        return None
    from imfilt.engine.clipped import ClippedCounter

    return ClippedCounter()


def _losses(picture: AnyPicture | Frames, job: Job, target_format: Format) -> Notes:
    """Return a line for each thing that cannot be kept; raise `PictureError` where that is the picture itself."""
    if not isinstance(picture, Picture):
        from imfilt.images.frames.reading import Frames

        if isinstance(picture, Frames):
            from imfilt.images.frames.writing import frame_losses

            return frame_losses(target_format, FORMATS[picture.format], picture.show)
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
    of = result or job.results[0]
    return Outcome(
        job.source, Status.FAILED, result.target if result else None, problem, recipe=of.recipe, seconds=seconds
    )


def _read(job: Job) -> AnyPicture | Frames:
    source = job.source or _read_stream()
    to_8_bits = all(result.recipe.depth == "8" for result in job.results)
    read = partial(read_picture, source, max_pixels=job.max_pixels, frame=job.frame, to_8_bits=to_8_bits)
    if "imfilt.engine.run" in sys.modules:
        return read()
    reading = begin(read)
    with IMPORTING:
        import imfilt.engine.run  # noqa: F401 (NumPy is imported while the picture is decoded)

    return reading()


def _filter_and_write(
    picture: AnyPicture | Frames,
    job: Job,
    result: Result,
    target_format: Format,
    manner: Manner,
    clipped: ClippedCounter | None,
) -> tuple[Plan, Notes]:
    if not isinstance(picture, Picture):
        from imfilt.images.frames.reading import Frames

        if isinstance(picture, Frames):
            return _filter_and_write_frames(picture, job, result, target_format, manner, clipped)
    is_last = result is job.results[-1]  # which may be written over the source
    filtered, plan = filter_picture(
        _as_wished(picture, job),
        result.recipe,
        threads=job.threads,
        strategy=job.strategy,
        in_place=is_last,
        clipped=clipped,
    )
    fitting, notes = fit(filtered, target_format)
    if result.target is None:
        _write_stream(encode_picture(fitting, target_format, threads=job.threads))
        return plan, notes
    _make_folder(result.target.parent)
    write_picture(
        fitting, result.target, target_format, manner._replace(overwrite=result.overwrite), threads=job.threads
    )
    return plan, notes


def _filter_and_write_frames(
    frames: Frames,
    job: Job,
    result: Result,
    target_format: Format,
    manner: Manner,
    clipped: ClippedCounter | None,
) -> tuple[Plan, Notes]:
    from imfilt.batch.frames import FilteredFrames

    filtered = FilteredFrames(
        frames,
        result.recipe,
        target_format,
        threads=job.threads,
        strategy=job.strategy,
        saving=job.saving,
        clipped=clipped,
    )
    if result.target is None:
        stream = io.BytesIO()
        filtered.write(stream)
        _write_stream(stream.getvalue())
    else:
        _make_folder(result.target.parent)
        write_file(filtered.write, result.target, manner._replace(overwrite=result.overwrite))
    return filtered.plan, filtered.notes


def _read_stream() -> io.BytesIO:
    if sys.stdin is None:
        raise PictureError("standard input is closed")
    return io.BytesIO(sys.stdin.buffer.read())


def _write_stream(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PictureError(f"standard output cannot be written: {error.strerror or error}") from None


def _manner_of(job: Job) -> Manner:
    """Return how the results are written: with the permissions of the source, and its times if they are kept."""
    if job.source is None:
        return Manner(is_synced=job.care.sync)
    try:
        source = job.source.stat()
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or error}") from None
    times = (source.st_atime_ns, source.st_mtime_ns) if job.care.keep_times else None
    return Manner(mode=source.st_mode & 0o777, times=times, is_synced=job.care.sync)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(f"{folder} cannot be made: {error.strerror or error}") from None
