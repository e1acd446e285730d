"""From inputs to jobs: which files, to which targets; all that can be known is checked before anything is written."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import count
from pathlib import Path

from imfilt.batch.care import USUAL_CARE, Care
from imfilt.batch.outcomes import Outcome, Status
from imfilt.engine.recipe import Recipe
from imfilt.errors import PictureError, TargetError, UsageError
from imfilt.images.formats import EXTENSIONS, FORMATS, Format, check_saving, format_of_target
from imfilt.images.limits import MAX_PIXELS
from imfilt.images.saving import Saving

STREAM = "-"
_AS_USUAL = Saving()


class Existing(Enum):
    """What to do about a target that is there already."""

    REFUSE = "refuse"
    OVERWRITE = "overwrite"
    SKIP = "skip"


@dataclass(frozen=True)
class Result:
    """What is made of a source: one target, one recipe."""

    target: Path | None
    """None for standard output."""
    recipe: Recipe


@dataclass(frozen=True)
class Job:
    """One source, which is read once, and all that is made of it."""

    source: Path | None
    """None for standard input."""
    results: tuple[Result, ...]
    format: str | None = None
    """The format to write, a key of `FORMATS`; that of the source where it is not given."""
    overwrite: bool = False
    max_pixels: int = MAX_PIXELS
    threads: int | None = None
    strategy: str | None = None
    saving: Saving = _AS_USUAL
    frame: int | None = None
    """The only frame or page to be filtered, counted from 0; None for all."""
    care: Care = USUAL_CARE


@dataclass(frozen=True)
class Request:
    """What a person asks for: inputs, one recipe or one for each of its kernels, and where the results go."""

    inputs: Sequence[str]
    """Files, folders, or "-"."""
    recipe: Recipe
    output: str | None = None
    """A file, a folder (it is there, or the name ends with a slash), "-", or None for beside each source."""
    existing: Existing = Existing.REFUSE
    recursive: bool = False
    max_pixels: int = MAX_PIXELS
    threads: int | None = None
    strategy: str | None = None
    saving: Saving = _AS_USUAL
    frame: int | None = None
    """The only frame or page to be filtered, counted from 0; None for all."""
    format: str | None = None
    """The format of the results, a key of `FORMATS`; as their names say, or as the source, where it is not given."""
    care: Care = USUAL_CARE
    each: bool = False
    """Whether each kernel of the recipe makes a picture of its own."""

    @cached_property
    def recipes(self) -> Sequence[tuple[str, Recipe]]:
        """What is to be done, after what is added to the names of results that lie beside their sources.

        A kernel that is given twice makes one picture; different ones of the same name are numbered.
        """
        if not self.each:
            names = [kernel.name for kernel in self.recipe.kernels] + [self.recipe.combine or ""]
            return [("".join(f"_{name}" for name in names if name), self.recipe)]
        kernels = list(dict.fromkeys(self.recipe.kernels))
        shared = Counter(kernel.name for kernel in kernels)
        numbers = {name: count(1) for name, kernels in shared.items() if kernels > 1}
        return [
            (
                f"_{kernel.name}{next(numbers[kernel.name]) if kernel.name in numbers else ''}",
                replace(self.recipe, kernels=(kernel,)),
            )
            for kernel in kernels
        ]

    @property
    def output_folder(self) -> Path | None:
        """The folder that results go to under the names of their sources; None where they do not."""
        if self.output is None or self.output == STREAM:
            return None
        slashes = tuple(filter(None, (os.sep, os.altsep)))
        return Path(self.output) if self.output.endswith(slashes) or Path(self.output).is_dir() else None


@dataclass(frozen=True)
class _Source:
    path: Path
    below: Path
    """The path from the folder that was asked for, so that results can lie alike."""
    folder: Path | None = None
    """The folder that was asked for; None for a file."""


def make_jobs(request: Request) -> tuple[list[Job], list[Outcome]]:
    """Return the jobs to do, and the outcomes of the inputs that make none (skipped, missing, empty folders).

    Raises `UsageError` or `TargetError` where outputs are in the way, collide, or cannot be written.
    """
    try:
        return _make_jobs(request)
    except OSError as error:  # a name that is too long, links in a circle
        raise TargetError(f"{_name_in(error)}: {error.strerror or error}") from None
    except RuntimeError as error:  # links in a circle, before Python 3.13
        raise TargetError(str(error)) from None


def _name_in(error: OSError) -> str:
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else "an output"


def _make_jobs(request: Request) -> tuple[list[Job], list[Outcome]]:
    if request.output == "":
        raise UsageError("-o is empty; give it a file, a folder or -")
    outcomes: list[Outcome] = []
    if STREAM in request.inputs:
        jobs = [_stream_job(request)]
    else:
        sources, outcomes = _find_sources(request)
        jobs = [_make_job(source, request) for source in _without_own_results(sources, request)]
    _check_one_output(jobs, request)
    for written_as in {job.format for job in jobs if job.format}:
        check_saving(FORMATS[written_as], request.saving)
    skipped = _settle_targets(jobs, request)
    to_do = []
    for job in jobs:
        outcomes += [Outcome(job.source, Status.SKIPPED, each.target) for each in job.results if each.target in skipped]
        if left := tuple(each for each in job.results if each.target not in skipped):
            to_do.append(replace(job, results=left))
    return to_do, outcomes


def _check_one_output(jobs: Sequence[Job], request: Request) -> None:
    """Raise `UsageError` where several results would go to one place."""
    is_stream = request.output == STREAM or (request.output is None and STREAM in request.inputs)
    inputs, kernels = len(jobs), len(request.recipes)
    if max(inputs, kernels) < 2 or not (is_stream or (request.output and request.output_folder is None)):
        return
    raise UsageError(
        f"{f'{inputs} inputs' if inputs > 1 else f'the results of {kernels} kernels'} cannot all be written to "
        + ("standard output; give one" if is_stream else f"{request.output!r}; end it with a slash to make it a folder")
    )


def _stream_job(request: Request) -> Job:
    if len(request.inputs) > 1:
        raise UsageError("standard input (-) cannot be filtered together with other inputs")
    if request.output in (None, STREAM):
        return _job(request, None, None)
    if request.output_folder is not None:
        raise UsageError("standard input (-) has no name to use in a folder; give -o a file name, or -o -")
    target = Path(str(request.output))
    return _job(request, None, [target] * len(request.recipes), _format_of(target, request))


def _job(request: Request, source: Path | None, targets: Sequence[Path] | None, named: Format | None = None) -> Job:
    """Return a job, whose results have the format that is asked for, or else that which a person `named`."""
    written_as = request.format or (named.name if named else None)
    places: Sequence[Path | None] = targets or [None] * len(request.recipes)
    return Job(
        source,
        tuple(Result(place, recipe) for place, (_, recipe) in zip(places, request.recipes, strict=True)),
        written_as,
        request.existing is Existing.OVERWRITE,
        request.max_pixels,
        request.threads,
        request.strategy,
        request.saving,
        request.frame,
        request.care,
    )


def _make_job(source: _Source, request: Request) -> Job:
    if request.output == STREAM:
        return _job(request, source.path, None)
    targets = _targets_of(source, request)
    if request.output is not None and request.output_folder is None:  # a person named it, and so the format
        return _job(request, source.path, targets, _format_of(targets[0], request))
    return _job(request, source.path, targets, EXTENSIONS.get(targets[0].suffix.casefold()))


def _format_of(target: Path, request: Request) -> Format | None:
    """Return the format that a person named by an extension; raise `TargetError` for none, unless one is asked for."""
    return format_of_target(target) if request.format is None else None


def _targets_of(source: _Source, request: Request) -> list[Path]:
    """Return where the results of all recipes go."""
    folder = request.output_folder
    if request.output is not None and folder is None:
        return [Path(request.output)] * len(request.recipes)
    place = source.path if folder is None else folder / source.below
    if request.format is not None:
        place = place.with_name(f"{place.stem}{FORMATS[request.format].extensions[0]}")
    if folder is not None and not request.each:
        return [place]
    return [place.with_name(f"{place.stem}{suffix}{place.suffix}") for suffix, _ in request.recipes]


def _find_sources(request: Request) -> tuple[list[_Source], list[Outcome]]:
    sources: dict[Path, _Source] = {}
    outcomes: list[Outcome] = []
    for given in request.inputs:
        try:
            if not given:
                raise PictureError("an empty name: no such file or folder")
            unreadable: list[OSError] = []
            for source in _sources_of(Path(given), request, unreadable):
                sources.setdefault(source.path, source)
            outcomes += map(_unreadable_folder, unreadable)
        except PictureError as error:
            outcomes.append(Outcome(Path(given), Status.FAILED, error=error))
    return list(sources.values()), outcomes


def _unreadable_folder(error: OSError) -> Outcome:
    problem = PictureError(f"cannot be looked into: {error.strerror or error}")
    return Outcome(Path(os.fsdecode(error.filename)), Status.FAILED, error=problem)


def _sources_of(given: Path, request: Request, unreadable: list[OSError]) -> list[_Source]:
    try:
        kind = given.stat().st_mode
    except OSError as error:
        if os.path.islink(given):  # noqa: PTH114 (the method of a path fails on a name that is too long)
            raise PictureError("neither a file nor a folder, but a link that leads nowhere") from None
        if isinstance(error, FileNotFoundError):
            raise PictureError("no such file or folder") from None
        raise PictureError(f"cannot be read: {error.strerror or error}") from None
    if stat.S_ISREG(kind):
        return [_Source(given, Path(given.name))]
    if not stat.S_ISDIR(kind):
        raise PictureError("neither a file nor a folder")
    found = [_Source(path, path.relative_to(given), given) for path in _pictures_in(given, request, unreadable)]
    if not found and not unreadable:
        hint = "" if request.recursive else " (use -r to look into its folders)"
        raise PictureError(f"no pictures in this folder{hint}")
    return found


def _pictures_in(folder: Path, request: Request, unreadable: list[OSError]) -> Iterator[Path]:
    """Yield the files that are called as pictures are: without a format to write, those that can be written again."""
    called = {name for name, entry in EXTENSIONS.items() if entry.is_written or request.format}
    for place, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if request.recursive and not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.casefold() in called and path.is_file():
                yield path


def _without_own_results(sources: Sequence[_Source], request: Request) -> Iterable[_Source]:
    """Leave out what an earlier run wrote into a folder that is asked for again."""
    if request.output is None:
        results = {target for source in sources for target in _targets_of(source, request)}
        return [source for source in sources if not (source.folder and source.path in results)]
    folder = request.output_folder
    return [source for source in sources if folder is None or not _is_result_in(folder, source)]


def _is_result_in(output: Path, source: _Source) -> bool:
    """Whether `source` lies in the folder `output`, and that in the folder that `source` was found in."""
    if source.folder is None:
        return False
    place, folder = output.resolve(), source.folder.resolve()
    return place != folder and place.is_relative_to(folder) and source.path.resolve().is_relative_to(place)


def _settle_targets(jobs: Sequence[Job], request: Request) -> set[Path | None]:
    """Check every target, and return those to be skipped because they are there already."""
    sources = {job.source.resolve() for job in jobs if job.source is not None}
    claimed: dict[Path, Job] = {}
    skipped: set[Path | None] = set()
    results = [(job, result.target) for job in jobs for result in job.results if result.target is not None]
    for job, target in results:
        real = target.parent.resolve() / target.name
        if real in claimed:
            both = f"{claimed[real].source} and {job.source}" if job is not claimed[real] else "two kernels"
            raise TargetError(f"{both} would both be written to {target}")
        claimed[real] = job
        if real in sources or (job.source is not None and target.exists() and target.samefile(job.source)):
            raise TargetError(f"{target}: is itself an input; write somewhere else with -o")
        if target.is_dir():
            raise TargetError(f"{target}: is a folder; choose another name")
        if os.path.lexists(target):
            if request.existing is Existing.SKIP:
                skipped.add(target)
            elif request.existing is Existing.REFUSE:
                raise TargetError(f"{target}: is there already; use --overwrite to replace it, or --skip-existing")
    for folder in {target.parent for _, target in results}:
        _check_folder(folder, may_be_made=request.output_folder is not None)
    return skipped


def _check_folder(folder: Path, *, may_be_made: bool) -> None:
    if not folder.exists() and not may_be_made:
        raise TargetError(f"{folder}: there is no such folder; make it first")
    there = folder
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir():
        raise TargetError(f"{there}: is not a folder, so nothing can be written into it")
    if not os.access(there, os.W_OK | os.X_OK):
        raise TargetError(f"{there}: this folder cannot be written to; choose another with -o")
