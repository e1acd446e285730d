"""Jobs on a cluster of `dask.distributed`, whose workers see the same files under the same paths.

A job whose worker is lost is given to another one, by the cluster itself, until it has cost it some workers
(``distributed.scheduler.allowed-failures``).
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imfilt.batch.jobs import Job
from imfilt.batch.outcomes import Outcome
from imfilt.batch.runners.executor import JobExecutor
from imfilt.batch.runners.processes import WorkerDied
from imfilt.batch.runners.table import Setting
from imfilt.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE = "10s"
"""How long a scheduler may take to answer."""


class ClusterExecutor(JobExecutor):
    """Makes calls over jobs on a cluster; `capacity` is how many it makes at the same time.

    Raises `UsageError` where nobody answers, nobody works, or a worker has other versions than this process.
    """

    def __init__(self, setting: Setting) -> None:
        self._client = _connect(setting.scheduler)
        try:
            self.capacity = _check_workers(self._client)
        except BaseException:
            self._client.close()
            raise
        self._executor = self._client.get_executor(pure=False)
        self._folder = Path.cwd()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Let a worker call `function` with jobs; relative paths lead on from the folder that this process is in."""
        call = partial(_call_from, self._folder, function)
        future: Future[Any] = Future()
        there = self._executor.submit(call, *arguments, **named)
        there.add_done_callback(partial(_hand_over, future))
        future.add_done_callback(lambda here: there.cancel() if here.cancelled() else None)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, when all calls are made; with `cancel_futures` those that have not begun are not."""
        self._executor.shutdown(wait and not cancel_futures)
        self._client.close()


def _connect(address: str | None) -> Client:
    if address is None:
        raise UsageError("the runner dask needs the address of a scheduler; give --scheduler tcp://HOST:PORT")
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("the runner dask is not installed; pip install 'imfilt[dask]'") from None
    for name in ("distributed", "distributed.client"):  # whose level is its own
        logging.getLogger(name).setLevel(logging.CRITICAL)  # a worker that is lost is no news for a person
    try:
        return Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        problem = str(error).splitlines()[0]
        raise UsageError(f"no scheduler answers at {address} ({problem}); start one with 'dask scheduler'") from None


def _check_workers(client: Client) -> int:
    """Return how many calls the workers of a cluster make at the same time."""
    threads: dict[str, int] = client.nthreads()
    if not threads:
        raise UsageError("the cluster has no workers; start some with 'dask worker ADDRESS --nthreads 1'")
    here = versions()
    try:
        everywhere: dict[str, dict[str, str]] = client.run(versions)
    except Exception as error:
        raise UsageError(f"a worker of the cluster cannot use imfilt: {error}; install it there") from None
    for worker, there in everywhere.items():
        for name, number in here.items():
            if there[name] != number:
                raise UsageError(
                    f"the worker {worker} has {name} {there[name]}, and here is {number}; install the same"
                )
    return sum(threads.values())


def versions() -> dict[str, str]:
    """Return the versions of all that has a part in the bytes of a result."""
    return {"Python": platform.python_version(), **{name: version(name) for name in ("imfilt", "pillow", "numpy")}}


def _call_from(
    folder: Path, function: Callable[..., list[list[Outcome]]], calls: Sequence[tuple[Job, Any]]
) -> list[list[Outcome]]:
    """Call `function` with jobs whose paths lead on from `folder`; return the outcomes with the paths as they were."""
    found = function([(_job_from(folder, job), state) for job, state in calls])
    return [_outcomes_as_named(folder, job, outcomes) for (job, _), outcomes in zip(calls, found, strict=True)]


def _job_from(folder: Path, job: Job) -> Job:
    results = tuple(
        each._replace(target=each.target and folder / each.target, backup=each.backup and folder / each.backup)
        for each in job.results
    )
    return job._replace(source=job.source and folder / job.source, results=results)


def _outcomes_as_named(folder: Path, job: Job, outcomes: Sequence[Outcome]) -> list[Outcome]:
    places = {folder / result.target: result.target for result in job.results if result.target is not None}
    return [
        each._replace(source=job.source, target=None if each.target is None else places[each.target])
        for each in outcomes
    ]


def _hand_over(future: Future[Any], done: Future[Any]) -> None:
    if future.cancelled():
        return
    try:
        future.set_result(done.result())
    except CancelledError:
        future.cancel()
        future.set_running_or_notify_cancel()
    except Exception as error:
        killed = type(error).__name__ == "KilledWorker"
        future.set_exception(WorkerDied("the workers of the cluster died over it") if killed else error)
