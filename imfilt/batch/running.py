"""Jobs got through: one after the other here, or as a runner does it; their outcomes in order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from imfilt.batch.jobs import Job
from imfilt.batch.observer import Observer
from imfilt.batch.outcomes import Outcome, Status
from imfilt.batch.runners import RUNNERS
from imfilt.batch.work import do_jobs, remove_strays_of, unforeseen
from imfilt.engine.processors import has_room_for_threads
from imfilt.quick import NamedTuple


class Running(NamedTuple):
    """How jobs are got through."""

    runner: str = "auto"
    """A key of `RUNNERS`."""
    workers: int | None = None
    """How many jobs are done at the same time; as many as there are processors where it is not given."""
    fail_fast: bool = False
    """Whether no further job is begun when one has failed."""
    scheduler: str | None = None
    """The address of a cluster, for the runner that works with one."""


def run_jobs(
    jobs: Sequence[Job],
    running: Running,
    observer: Observer | None = None,
    begin: Callable[[], None] | None = None,
) -> Generator[Outcome, None, None]:
    """Do jobs, at least one, and yield what became of each result in their order.

    `begin` is called before the first, when there is somebody to do it.
    An exception, and the end of the iteration before its time, end the jobs in hand: of these, nothing is left behind.
    """
    observer = observer or Observer()
    runner = RUNNERS[_runner_for(jobs, running.runner)]
    if runner.make is None:
        return _one_after_the_other(jobs, running.fail_fast, observer, begin)
    from imfilt.batch.scheduling import run_scheduled  # which one picture does not need

    return run_scheduled(jobs, runner.make, running, observer, begin, is_here=runner.is_here)


def _runner_for(jobs: Sequence[Job], wanted: str) -> str:
    first = jobs[0]  # of several, none reads or writes a stream
    uses_streams = first.source is None or any(result.target is None for result in first.results)
    is_alone = len(jobs) == 1 and wanted == "auto"
    if uses_streams or is_alone or (RUNNERS[wanted].is_here and not has_room_for_threads()):  # which all others need
        return "serial"
    return wanted


def _one_after_the_other(
    jobs: Sequence[Job], fail_fast: bool, observer: Observer, begin: Callable[[], None] | None
) -> Generator[Outcome, None, None]:
    if len(jobs) > 1:
        from imfilt.batch.heap import keep_freed_memory

        keep_freed_memory()
    if begin is not None:
        begin()
    folders: set[Path] = set()
    for job in jobs:
        remove_strays_of(job, folders)
        observer.begun(job)
        try:
            (outcomes,) = do_jobs([(job, None)])
        except BrokenPipeError:  # nobody reads standard output any more
            raise
        except Exception as error:
            outcomes = [unforeseen(job, error)]
        observer.ended(job, outcomes)
        yield from outcomes
        if fail_fast and any(outcome.status is Status.FAILED for outcome in outcomes):
            return
