"""Read, filter, write: the one road that every runner and the Python API share."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.batch.background import begin
from imfilt.batch.jobs import Job
from imfilt.batch.outcomes import Outcome, Status
from imfilt.engine.recipe import Recipe
from imfilt.errors import ImfiltError, PictureError, UsageError
from imfilt.images.formats import FORMATS, check_holds, losses
from imfilt.images.picture import Picture
from imfilt.images.reading import read_picture, to_picture
from imfilt.images.writing import encode_picture, write_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from imfilt.engine.plan import Plan


def filter_picture(
    picture: Picture,
    recipe: Recipe,
    *,
    threads: int | None = None,
    strategy: str | None = None,
    in_place: bool = False,
) -> tuple[Picture, Plan]:
    """Return `picture` filtered, and the plan that was carried out.

    `in_place` allows the picture to be written over, which is done where the result has the same size.
    """
    from imfilt.engine.plan import make_plan
    from imfilt.engine.run import filter_rows
    from imfilt.images.rows import rows_of

    mode, source = picture.mode, rows_of(picture)
    plan = make_plan(
        recipe, mode.samples, source.shape, has_alpha=mode.has_alpha, unused=source.unused, strategy=strategy
    )
    in_place = in_place and _keeps_shape(plan) and not picture.image.readonly
    if in_place:
        filter_rows(plan, source, source, threads=threads, in_place=True)
        return picture, plan
    result = picture.like(plan.result_shape)
    filter_rows(plan, source, rows_of(result, unused=source.unused), threads=threads)
    return result, plan


def _keeps_shape(plan: Plan) -> bool:
    return plan.output_shape == plan.shape and plan.recipe.pool is None


def filter_image(image: Image, recipe: Recipe, *, threads: int | None = None) -> Image:
    """Return an image of Pillow filtered, as a new image that carries the same."""
    if not hasattr(image, "getbands"):
        raise UsageError(f"{image!r:.60} is no picture; give an image of Pillow or a NumPy array")
    picture, _ = filter_picture(to_picture(image), recipe, threads=threads)
    result = picture.image
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return result


def run_job(job: Job) -> Outcome:
    """Do one job, and return what became of it; an `ImfiltError` becomes a failed outcome."""
    try:
        plan, notes = _read_filter_write(job)
    except MemoryError:
        return Outcome(job.source, Status.FAILED, job.target, PictureError("not enough memory for this picture"))
    except ImfiltError as error:
        return Outcome(job.source, Status.FAILED, job.target, error)
    return Outcome(job.source, Status.WRITTEN, job.target, notes=tuple(notes), plan=tuple(plan.describe()))


def _read_filter_write(job: Job) -> tuple[Plan, list[str]]:
    source = job.source or _read_stream()
    mode = _permissions(job.source)
    reading = begin(lambda: read_picture(source, max_pixels=job.max_pixels))
    import imfilt.engine.run  # noqa: F401 (NumPy is imported while the picture is decoded)

    picture = reading()
    target_format = FORMATS[job.format or picture.format]
    check_holds(target_format, picture.image.mode)
    notes = losses(target_format, picture.carried)
    result, plan = filter_picture(picture, job.recipe, threads=job.threads, strategy=job.strategy, in_place=True)
    if job.target is None:
        _write_stream(encode_picture(result, target_format, threads=job.threads))
        return plan, notes
    _make_folder(job.target.parent)
    write_picture(result, job.target, target_format, overwrite=job.overwrite, mode=mode, threads=job.threads)
    return plan, notes


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


def _permissions(source: Path | None) -> int | None:
    """Return the permissions of the source, which are those of the result; None where there are none to follow."""
    try:
        return source.stat().st_mode & 0o777 if source else None
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or error}") from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(f"{folder} cannot be made: {error.strerror or error}") from None
