"""From a request to its jobs."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from imfilt.batch.jobs.conflicts import Conflicts, Decision
from imfilt.batch.jobs.job import AS_USUAL, STREAM, Job, Result
from imfilt.batch.jobs.request import Existing, Request
from imfilt.batch.jobs.sources import Source, find_sources
from imfilt.batch.jobs.targets import target_namer
from imfilt.batch.outcomes import Outcome, Status
from imfilt.errors import TargetError, UsageError
from imfilt.images.formats import EXTENSIONS, FORMATS, check_saving
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.resume import Resumption

Item = TypeVar("Item")
Made = TypeVar("Made")

_SHARED = set(Job._fields) & {field.name for field in fields(Request)}
_Decided = tuple[Source | None, Sequence[Decision]]


class Batch(NamedTuple):
    """What is to be done. Jobs and outcomes are made when they are asked for, since there may be very many."""

    jobs: Sequence[Job]
    outcomes: Sequence[Outcome]
    """Of inputs that make no job: they failed, or they are passed over, which a person has to know."""
    skipped: Sequence[Outcome]
    """Of targets that are there already, and stay as they are."""
    results: int
    """How many pictures there are to write."""
    resumption: Resumption | None = None
    """What is to be told of each outcome, so that a later run can go on."""


class _Made(Sequence[Made]):
    """The items of a list, each made into something else when it is asked for."""

    def __init__(self, items: Sequence[Item], make: Callable[[Item], Made]) -> None:
        self._items: Sequence[object] = items
        self._make: Callable[..., Made] = make

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Made: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Made]: ...
    def __getitem__(self, index: int | slice) -> Made | Sequence[Made]:
        if isinstance(index, slice):
            return _Made(self._items[index], self._make)
        return self._make(self._items[index])


def make_jobs(request: Request) -> Batch:
    """Return the jobs to do, and the outcomes of the inputs that make none.

    Raises `UsageError` or `TargetError` where outputs are in the way, collide, or cannot be written.
    """
    try:
        with _no_search_for_garbage():
            return _make_jobs(request)
    except OSError as error:  # a name that is too long, links in a circle
        raise TargetError(f"{_name_in(error)}: {error.strerror or error}") from None
    except RuntimeError as error:  # links in a circle, before Python 3.13
        raise TargetError(str(error)) from None


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Hold back the search for garbage in circles: nothing that is made here is such, and it takes half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _name_in(error: OSError) -> str:
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else "an output"


def _make_jobs(request: Request) -> Batch:
    sources, outcomes = ([], []) if STREAM in request.inputs else find_sources(request)
    if request.output == STREAM or (STREAM in request.inputs and request.output is None):
        _check_one_output(len(sources), request)
        inputs: list[Source | None] = [None] if STREAM in request.inputs else [*sources]
        return Batch([_to_stream(source, request) for source in inputs], outcomes, [], len(inputs))
    decided = _decide(sources, request)
    resumption = None
    if request.existing is Existing.RESUME:
        from imfilt.batch.resume import Resumption

        resumption = Resumption(request)
        decided = [(source, resumption.decide(source, decisions)) for source, decisions in decided]
    to_do, skipped, left = [], [], 0
    for source, decisions in decided:
        passed_over = [(source, decision.target) for decision in decisions if decision.skip]
        skipped += passed_over
        if len(passed_over) < len(decisions):
            to_do.append((source, decisions))
            left += len(decisions) - len(passed_over)
    return Batch(_Made(to_do, partial(_job, request)), outcomes, _Made(skipped, _there_already), left, resumption)


def _decide(sources: list[Source], request: Request) -> Sequence[_Decided]:
    if request.existing is Existing.IN_PLACE:
        from imfilt.batch.jobs.in_place import replace_sources

        return replace_sources(sources, request)
    named = _targets(sources, request)
    _check_one_output(len(named), request)
    conflicts = Conflicts([source for source, _ in named if source], request)
    decide = conflicts.decide
    decided = [
        (source, [decide(source.path if source else "standard input", target) for target in targets])
        for source, targets in named
    ]
    conflicts.check_folders()
    _check_formats(decided, request)
    return decided


def _check_one_output(inputs: int, request: Request) -> None:
    """Raise `UsageError` where several results would go to one place."""
    if STREAM in request.inputs and len(request.inputs) + len(request.listed) > 1:
        raise UsageError("standard input (-) cannot be filtered together with other inputs")
    is_stream = request.output == STREAM or (request.output is None and STREAM in request.inputs)
    kernels = len(request.recipes)
    if max(inputs, kernels) < 2 or not (is_stream or (request.output and request.output_folder is None)):
        return
    raise UsageError(
        f"{f'{inputs} inputs' if inputs > 1 else f'the results of {kernels} kernels'} cannot all be written to "
        + ("standard output; give one" if is_stream else f"{request.output!r}; end it with a slash to make it a folder")
    )


def _targets(sources: Sequence[Source], request: Request) -> Sequence[tuple[Source | None, list[str]]]:
    """Return the sources with their targets, but for what an earlier run wrote into a folder that is asked for."""
    namer = target_namer(request)
    if STREAM in request.inputs:
        if request.output_folder is not None:
            raise UsageError("standard input (-) has no name to use in a folder; give -o a file name, or -o -")
        return [(None, namer(Source(STREAM, STREAM, None, -1)))]
    if request.output_folder is not None:
        is_result = _is_result_in(request.output_folder)
        return [(source, namer(source)) for source in sources if not (source.folder and is_result(source))]
    named = [(source, namer(source)) for source in sources]
    if request.output is not None:
        return named
    results = {target for _, targets in named for target in targets}
    return [each for each in named if not (each[0].folder and each[0].path in results)]


def _is_result_in(output: str) -> Callable[[Source], bool]:
    """Return what tells whether a source lies in the folder `output`, and that in the folder that it was found in."""
    place = Path(output).resolve()
    inside: dict[str, bool] = {}

    def is_result(source: Source) -> bool:
        folder = source.folder or ""
        if folder not in inside:
            asked = Path(folder).resolve()
            inside[folder] = place != asked and place.is_relative_to(asked)
        return inside[folder] and Path(source.path).resolve().is_relative_to(place)

    return is_result


def _to_stream(source: Source | None, request: Request) -> Job:
    results = tuple(Result(None, recipe) for _, recipe in request.recipes)
    return Job(Path(source.path) if source else None, results, **_shared(request))


def _job(request: Request, decided: _Decided) -> Job:
    source, decisions = decided
    results = tuple(
        Result(
            Path(decision.target),
            recipe,
            decision.overwrite,
            decision.confirm,
            decision.earlier,
            Path(decision.backup) if decision.backup else None,
        )
        for decision, (_, recipe) in zip(decisions, request.recipes, strict=True)
        if not decision.skip
    )
    written_as = _format_of(os.path.splitext(decisions[0].target)[1], request)
    return Job(Path(source.path) if source else None, results, **_shared(request) | {"format": written_as})


def _shared(request: Request) -> dict[str, Any]:
    """Return what a request says of all its jobs: the fields that both have."""
    return {name: getattr(request, name) for name in _SHARED}


def _check_formats(decided: Sequence[_Decided], request: Request) -> None:
    """Raise `UsageError` where a format that will be written does not know what is asked of it."""
    if request.saving == AS_USUAL:
        return
    extensions = {os.path.splitext(decision.target)[1] for _, decisions in decided for decision in decisions}
    for written_as in sorted({name for name in (_format_of(each, request) for each in extensions) if name}):
        check_saving(FORMATS[written_as], request.saving)


def _format_of(extension: str, request: Request) -> str | None:
    if request.format is not None or request.existing is Existing.IN_PLACE:
        return request.format
    known = EXTENSIONS.get(extension.casefold())
    return known.name if known else None


def _there_already(skipped: tuple[Source | None, str]) -> Outcome:
    source, target = skipped
    return Outcome(Path(source.path) if source else None, Status.SKIPPED, Path(target))
