"""Jobs through an executor: so many at a time as there are workers and memory for, their outcomes in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from imfilt.batch.admission import Admission, memory_for_pictures
from imfilt.batch.heap import keep_freed_memory
from imfilt.batch.jobs import Job, size_of
from imfilt.batch.observer import Observer
from imfilt.batch.outcomes import Outcome, Status
from imfilt.batch.runners import Setting
from imfilt.batch.runners.executor import JobExecutor
from imfilt.batch.work import do_jobs, remove_strays_of, unforeseen, what_is_replaced
from imfilt.engine.processors import processors
from imfilt.errors import PictureError
from imfilt.images.temporary import remove_strays
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.running import Running

_SUBMITTED_A_WORKER = 3
"""Jobs that are handed over for each worker, so that none waits for this process to hand it the next."""
_OUT_OF_TURN = 1000
"""Jobs that may be done before one that comes before them is."""

# To wake a process takes as long as a small job, so it gets several at a time: but not the last ones, which all share.
_SMALL_FILE = 1 << 16
_MOST_IN_BUNDLE = 16
_BUNDLES_LEFT_A_WORKER = 4


def run_scheduled(
    jobs: Sequence[Job],
    make: Callable[[Setting], JobExecutor],
    running: Running,
    observer: Observer,
    begin: Callable[[], None] | None,
    *,
    is_here: bool,
) -> Generator[Outcome, None, None]:
    """Do jobs with the executor that `make` makes, here or elsewhere; see `imfilt.batch.running.run_jobs`."""
    if len(jobs) > 1:
        keep_freed_memory()
    workers = min(running.workers or processors(), len(jobs))
    executor = make(Setting(jobs, max(workers, 1), running.scheduler, _clean_up_after))
    if not is_here:
        workers = min(running.workers or executor.capacity or workers, len(jobs))
    threads = _threads_each(workers) if is_here else 1
    memory = memory_for_pictures() if is_here and workers > 1 else None
    schedule = _Schedule(jobs, executor, running.fail_fast, observer, workers, threads, memory)
    try:
        if begin is not None:
            begin()
        yield from schedule
    except BaseException as reason:
        executor.shutdown(cancel_futures=True)
        if not isinstance(reason, Exception | GeneratorExit):  # a signal: what was written until then is told
            yield from schedule.settled()
        raise
    else:
        executor.shutdown()
    finally:
        if not is_here:  # of a worker that was lost nobody cleans up
            schedule.clean_up()


def _threads_each(workers: int) -> int | None:
    """Return the threads for one job, so that all together are as many as there are processors; None for any."""
    return max(1, processors() // workers) if workers > 1 else None


def _clean_up_after(_process: int, arguments: tuple[Any, ...]) -> None:
    """Remove what a process has left that died over jobs."""
    (calls,) = arguments
    folders: set[Path] = set()
    for job, _ in calls:
        remove_strays_of(job, folders)


class _Bundle(NamedTuple):
    first: int
    """The number of the first of its jobs, which follow each other."""
    jobs: tuple[Job, ...]


class _Schedule:
    """Jobs on their way through an executor."""

    def __init__(
        self,
        jobs: Sequence[Job],
        executor: JobExecutor,
        fail_fast: bool,
        observer: Observer,
        workers: int,
        threads: int | None,
        memory: int | None,
    ) -> None:
        self._jobs = jobs
        self._waiting = range(len(jobs))
        self._is_over = False
        self._folders: set[Path] = set()
        self._again: deque[_Bundle] = deque()
        self._next: Job | None = None
        self._executor = executor
        self._workers = workers
        self._threads = threads
        self._fail_fast = fail_fast
        self._observer = observer
        self._admission = Admission(memory)
        self._in_hand: dict[Future[list[list[Outcome]]], _Bundle] = {}
        self._ended: SimpleQueue[Future[list[list[Outcome]]]] = SimpleQueue()
        self._out_of_turn: dict[int, list[Outcome]] = {}

    def __iter__(self) -> Iterator[Outcome]:
        turn = 0
        while self._waiting or self._again or self._in_hand:
            while self._submit(turn):
                pass
            future = self._ended.get()
            bundle = self._in_hand.pop(future)
            for number, (job, outcomes) in enumerate(self._done(bundle, future), bundle.first):
                self._admission.release(number)
                self._out_of_turn[number] = outcomes
                self._observer.ended(job, outcomes)
                if self._fail_fast and any(outcome.status is Status.FAILED for outcome in outcomes):
                    self._begin_no_more()
            while turn in self._out_of_turn:
                yield from self._out_of_turn.pop(turn)
                turn += 1

    def settled(self) -> Iterator[Outcome]:
        """Yield what became of jobs that are done, once the executor is shut down, of which nobody was told."""
        for future, bundle in self._in_hand.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._out_of_turn.update(enumerate(future.result(), bundle.first))
        for number in sorted(self._out_of_turn):
            yield from self._out_of_turn[number]

    def _begin_no_more(self) -> None:
        self._is_over = True
        self._waiting = range(0)
        for future in tuple(self._in_hand):
            future.cancel()

    def _done(self, bundle: _Bundle, future: Future[list[list[Outcome]]]) -> Iterable[tuple[Job, list[Outcome]]]:
        """Return the outcomes of each job; of a bundle that broke off none, for its jobs are to be done one by one."""
        if len(bundle.jobs) == 1:
            is_left = self._is_over and future.cancelled()
            return [(bundle.jobs[0], [] if is_left else _outcomes_of(future, bundle.jobs[0]))]
        if future.cancelled() or future.exception() is not None:
            self._again.extend(_Bundle(number, (job,)) for number, job in enumerate(bundle.jobs, bundle.first))
            return []
        return zip(bundle.jobs, future.result(), strict=True)

    def clean_up(self) -> None:
        """Remove what processes that are gone have left."""
        for folder in self._folders:
            remove_strays(folder)

    def _submit(self, turn: int) -> bool:
        """Hand over the next jobs if it is time for it; `turn` is the number of the job whose outcome is waited for."""
        most = self._workers * (1 if self._fail_fast else _SUBMITTED_A_WORKER)
        if len(self._in_hand) >= most or (self._in_hand and not self._ended.empty()):
            return False
        bundle = self._again.popleft() if self._again else self._next_bundle(turn)
        if bundle is None:
            return False
        calls = [(job, what_is_replaced(job)) for job in bundle.jobs]
        future = self._executor.submit(do_jobs, calls)
        self._in_hand[future] = bundle
        future.add_done_callback(self._ended.put)
        return True

    def _next_bundle(self, turn: int) -> _Bundle | None:
        """Return the next jobs that there is room for: several small ones where other processes do them."""
        first = self._waiting.start
        jobs: list[Job] = []
        most = 1
        if self._executor.takes_bundles and not self._fail_fast:
            most = min(max(len(self._waiting) // (self._workers * _BUNDLES_LEFT_A_WORKER), 1), _MOST_IN_BUNDLE)
        while self._waiting and len(jobs) < most and not (self._in_hand and self._waiting.start - turn > _OUT_OF_TURN):
            job = self._next or self._jobs[self._waiting.start]
            self._next = job
            is_for_bundle = most > 1 and _may_be_repeated(job)
            if (jobs and not is_for_bundle) or not self._admission.admits(self._waiting.start, job):
                break
            self._waiting, self._next = self._waiting[1:], None
            self._prepare(job)
            if self._threads is not None and job.threads is None:
                job = job._replace(threads=self._threads)
            jobs.append(job)
            if not is_for_bundle:
                break
        return _Bundle(first, tuple(jobs)) if jobs else None

    def _prepare(self, job: Job) -> None:
        remove_strays_of(job, self._folders)
        self._observer.begun(job)


def _may_be_repeated(job: Job) -> bool:
    """Whether a job is small, and does no harm if it is done again: so that it may be done along with others."""
    keeps_backups = any(result.backup is not None for result in job.results)
    return size_of(job) <= _SMALL_FILE and not keeps_backups and not job.replaces_source


def _outcomes_of(future: Future[list[list[Outcome]]], job: Job) -> list[Outcome]:
    """Return what became of a job, even if that is nothing that was foreseen."""
    try:
        return future.result()[0]
    except BrokenPipeError:  # nobody reads standard output any more
        raise
    except BrokenExecutor as error:
        return [unforeseen(job, PictureError(f"{error}; it may need more memory than there is: use -j 1"))]
    except CancelledError:
        return [unforeseen(job, PictureError("it was not done, for the command was stopped"))]
    except Exception as error:
        return [unforeseen(job, error)]
