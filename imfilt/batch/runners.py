"""Ways to get through many jobs: one entry each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from imfilt.batch.jobs import Job
from imfilt.batch.outcomes import Outcome
from imfilt.batch.work import run_job

Runner = Callable[[Iterable[Job]], Iterator[Outcome]]
"""Does jobs and yields each outcome as soon as it is known."""


def run_serially(jobs: Iterable[Job]) -> Iterator[Outcome]:
    """Do one job after another, in this process."""
    return chain.from_iterable(map(run_job, jobs))


RUNNERS: dict[str, Runner] = {
    "serial": run_serially,
}
