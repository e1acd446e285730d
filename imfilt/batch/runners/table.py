"""Ways to get through many jobs: one entry each, behind the protocol of `concurrent.futures`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from imfilt.batch.jobs import Job
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.runners.executor import JobExecutor


class Setting(NamedTuple):
    """What an executor is made for."""

    jobs: Sequence[Job]
    workers: int
    """How many jobs are done at the same time."""
    scheduler: str | None = None
    """The address of a cluster."""
    on_death: Callable[[int, tuple[Any, ...]], None] | None = None
    """See `imfilt.batch.runners.processes.OnDeath`."""


def _growing(setting: Setting) -> JobExecutor:
    from imfilt.batch.runners.here import GrowingExecutor

    return GrowingExecutor(setting)


def _threads(setting: Setting) -> JobExecutor:
    from imfilt.batch.runners.threads import ThreadsExecutor

    return ThreadsExecutor(setting.workers)


def _processes(setting: Setting) -> JobExecutor:
    from imfilt.batch.runners.processes import ProcessExecutor

    return ProcessExecutor(setting.workers, setting.on_death)


def _cluster(setting: Setting) -> JobExecutor:
    from imfilt.batch.runners.cluster import ClusterExecutor

    return ClusterExecutor(setting)


class Runner(NamedTuple):
    """A way to get through many jobs."""

    meaning: str
    make: Callable[[Setting], JobExecutor] | None
    """None where there is nothing to make: one job is done after the other."""
    is_here: bool = True
    """Whether the work is done on this machine, with its processors and its memory."""


RUNNERS: dict[str, Runner] = {
    "auto": Runner("processes, as soon as they are worth starting", _growing),
    "serial": Runner("one after the other, in the process of the command", None),
    "threads": Runner("threads of the process of the command", _threads),
    "processes": Runner("processes; one that dies costs its picture a second attempt", _processes),
    "dask": Runner("the workers of a cluster of Dask (--scheduler), which see the same files", _cluster, is_here=False),
}
