"""Many pictures at a time: the same results whoever works on them, and what becomes of them when a process dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, children_of
from PIL import Image

from imfilt.batch.jobs import Existing, Job, Request, make_jobs
from imfilt.batch.observer import Observer
from imfilt.batch.outcomes import Outcome, Status
from imfilt.batch.runners import RUNNERS, Runner
from imfilt.batch.runners.executor import JobExecutor
from imfilt.batch.runners.processes import ProcessExecutor, WorkerDied
from imfilt.batch.running import Running, run_jobs
from imfilt.batch.work import do_job, what_is_replaced
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.threads import HereExecutor
from imfilt.kernels.registry import load_registry

pytestmark = pytest.mark.usefixtures("_in_own_folder")

EDGE = ("-k", "edge3")
LOCAL = [name for name in RUNNERS if name != "dask"]


def put(count: int, folder: str = "in", size: tuple[int, int] = (90, 70)) -> None:
    """Make different pictures, of several formats and with something to be carried along."""
    Path(folder).mkdir()
    for number in range(count):
        image = Image.linear_gradient("L").rotate(7 * number).resize(size)
        exif = Image.Exif()
        exif[0x010E] = f"number {number}"
        match number % 3:
            case 0:
                image.convert("RGB").save(
                    f"{folder}/{number:03}.jpg", exif=exif, dpi=(72, 72), quality=60 + number % 30
                )
            case 1:
                image.convert("RGBA").save(f"{folder}/{number:03}.png", exif=exif)
            case 2:
                image.save(f"{folder}/{number:03}.tif", compression="tiff_lzw")


def contents(folder: str | Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*.*")}


def jobs_for(folder: str, output: str) -> Sequence[Job]:
    return make_jobs(Request([folder], Recipe((load_registry()["edge3"],)), output=f"{output}/")).jobs


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("runner", LOCAL)
def test_every_runner_writes_the_same_bytes_and_prints_them_in_the_same_order(
    run: Run, runner: str, workers: int
) -> None:
    put(12)
    Path("in/0000.png").write_bytes(b"text")
    expected = run("apply", "in", *EDGE, "-o", "alone/", "-j", "1", "--runner", "serial")
    result = run("apply", "in", *EDGE, "-o", "out/", "-j", str(workers), "--runner", runner)
    assert (result.status, result.stderr) == (1, expected.stderr)
    assert result.lines == [line.replace("alone", "out") for line in expected.lines]
    assert contents("out") == contents("alone")
    assert len(contents("out")) == 12


def test_large_pictures_too_have_the_same_bytes_in_threads(run: Run) -> None:
    Path("in").mkdir()
    for number in range(4):
        Image.effect_noise((1300, 900), 60 + number).convert("RGB").save(f"in/{number}.png", compress_level=1)
    for runner in ("serial", "threads"):
        assert run("apply", "in", *EDGE, "-o", f"{runner}/", "-j", "4", "--runner", runner).status == 0
    assert contents("threads") == contents("serial")


def test_auto_goes_over_to_processes_where_there_is_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    put(30)
    monkeypatch.setattr("imfilt.batch.runners.here._WORTH_FORKING", 0.0)
    monkeypatch.setattr("imfilt.batch.runners.here._WORTH_STARTING", 0.0)
    monkeypatch.setattr("imfilt.batch.runners.here._LARGE_FILE", 0)  # so that every job waits for a process
    outcomes = list(run_jobs(jobs_for("in", "out"), Running(workers=2)))
    assert [outcome.status for outcome in outcomes] == [Status.WRITTEN] * 30
    assert list(run_jobs(jobs_for("in", "alone"), Running("serial")))
    assert contents("out") == contents("alone")


def test_a_few_small_pictures_start_no_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "fork", refuse, raising=False)
    put(6)
    assert run("apply", "in", *EDGE, "-o", "out/").status == 0


def test_fail_fast_begins_nothing_more(run: Run) -> None:
    put(6)
    Path("in/002.tif").write_bytes(b"text")
    result = run("apply", "in", *EDGE, "-o", "out/", "-j", "1", "--fail-fast")
    assert (result.status, result.lines) == (1, ["out/000.jpg", "out/001.png"])
    assert result.stderr.startswith("imfilt: in/002.tif: ")


@pytest.mark.parametrize("runner", ["threads", "processes", "auto"])
def test_fail_fast_finishes_what_was_begun_and_leaves_the_rest(run: Run, runner: str) -> None:
    put(40, size=(900, 700))
    Path("in/000.jpg").write_bytes(b"text")
    result = run("apply", "in", *EDGE, "-o", "out/", "-j", "2", "--fail-fast", "--runner", runner, "--json")
    assert result.status == 1
    assert len(list(Path("out").glob("*"))) <= 2
    statuses = [json.loads(line).get("status") for line in result.lines]
    assert statuses[0] == "failed"
    assert set(statuses[1:-1]) <= {"written"}
    assert len(statuses) == len(list(Path("out").glob("*"))) + 2


@pytest.mark.skipif(sys.platform != "linux", reason="the address space in use is not known")
@pytest.mark.parametrize("runner", LOCAL)
def test_where_there_is_no_room_for_threads_all_is_done_without(runner: str) -> None:
    put(8, size=(1200, 900))
    code = (
        "import resource; from imfilt.engine import processors; from imfilt.cli.program import main;"
        "processors._ROOM_FOR_THREADS = 1 << 40; resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40));"
        "import threading; threading.Thread.start = None; main()"
    )
    command = [sys.executable, "-c", code, "apply", "in", *EDGE, "-o", "out/", "--runner", runner]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr, len(result.stdout.splitlines())) == (0, "", 8)


def test_a_call_over_which_a_process_dies_is_made_once_more() -> None:
    once = "import os, pathlib, signal; p = pathlib.Path('died')\nif not p.exists(): p.touch(); os.kill(os.getpid(), 9)"
    executor = ProcessExecutor(2)
    before = [executor.submit(abs, -number) for number in range(5)]
    dying = executor.submit(exec, once)
    after = [executor.submit(abs, -number) for number in range(5)]
    assert dying.result(60) is None
    assert Path("died").exists()
    assert [each.result(60) for each in before + after] == [*range(5), *range(5)]
    executor.shutdown()


def test_a_call_over_which_two_processes_die_fails_alone() -> None:
    deaths: list[tuple[object, ...]] = []
    executor = ProcessExecutor(1, lambda _pid, arguments: deaths.append(arguments))
    dying = executor.submit(exec, "import os; os.kill(os.getpid(), 9)")
    living = executor.submit(abs, -1)
    with pytest.raises(BrokenExecutor, match="was killed by SIGKILL and then was killed by SIGKILL"):
        dying.result(60)
    assert living.result(60) == 1
    assert len(deaths) == 2
    executor.shutdown()


def test_an_exception_in_a_process_is_raised_here_and_says_where_it_came_from() -> None:
    executor = ProcessExecutor(1)
    with pytest.raises(ZeroDivisionError) as caught:
        executor.submit(exec, "1 / 0").result(60)
    assert "line 1" in caught.value.__notes__[0]
    assert executor.submit(abs, -1).result(60) == 1
    executor.shutdown()


def test_what_libraries_print_in_a_process_is_no_result() -> None:
    executor = ProcessExecutor(1)
    assert executor.submit(os.system, "echo between the results >&1").result(60) == 0
    assert executor.submit(abs, -1).result(60) == 1
    executor.shutdown()


def test_what_cannot_be_sent_to_a_process_fails_and_the_next_call_is_made() -> None:
    executor = ProcessExecutor(1)
    with pytest.raises(Exception, match=r"pickle|local object"):
        executor.submit(abs, lambda: None).result(60)
    assert executor.submit(abs, -1).result(60) == 1
    executor.shutdown()


class Unreadable:
    """Can be pickled, and not unpickled."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("no number",)


def test_what_a_process_cannot_read_fails_and_the_next_call_is_made() -> None:
    executor = ProcessExecutor(1)
    with pytest.raises(BrokenExecutor):
        executor.submit(abs, Unreadable()).result(60)
    assert executor.submit(abs, -1).result(60) == 1
    executor.shutdown()


def test_calls_are_cancelled_and_those_in_hand_are_ended() -> None:
    executor = ProcessExecutor(1)
    ready = "import pathlib, time; pathlib.Path('begun').touch(); time.sleep(600)"
    in_hand, waiting = executor.submit(exec, ready), executor.submit(abs, -1)
    deadline = time.monotonic() + 60
    while not Path("begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    executor.shutdown(cancel_futures=True)
    assert waiting.cancelled()
    with pytest.raises(BrokenExecutor):
        in_hand.result(60)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="there is no such signal")
def test_a_process_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imfilt.batch.runners.processes.PATIENCE", 0.2)
    executor = ProcessExecutor(2)
    stop = executor.submit(exec, "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    assert executor.submit(abs, -1).result(60) == 1
    executor.shutdown(cancel_futures=True)
    with pytest.raises(BrokenExecutor, match="SIGKILL"):
        stop.result(60)


FORKED = """
import os, signal, sys, threading
from pathlib import Path
from imfilt.batch.runners.processes import ProcessExecutor

if sys.argv[1:]:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
executor = ProcessExecutor(2)
ids = {executor.submit(os.getpid).result(60) for _ in range(20)}
print([Path(f"/proc/{each}/cmdline").read_bytes() == Path("/proc/self/cmdline").read_bytes() for each in ids])
once = "import os, pathlib\\np = pathlib.Path('died')\\nif not p.exists(): p.touch(); os.kill(os.getpid(), 9)"
print(executor.submit(exec, once).result(60), executor.submit(os.system, "echo said >&1").result(60))
executor.shutdown()
for each in ids:
    print(Path(f"/proc/{each}").exists())
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")
@pytest.mark.parametrize("threads", [(), ("another thread",)])
def test_processes_are_forked_where_there_is_one_thread_alone(threads: tuple[str, ...]) -> None:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, "-c", FORKED, *threads]
    found = subprocess.run(words, env=environment, input=b"", capture_output=True, timeout=60, check=True)
    first, second, *rest = found.stdout.decode().splitlines()
    assert set(first.strip("[]").split(", ")) == {str(not threads)}
    assert (second, set(rest), found.stderr) == ("None 0", {"False"}, b"said\n")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")
def test_a_worker_that_is_killed_costs_no_picture() -> None:
    put(120, size=(200, 200))
    command = [sys.executable, "-m", "imfilt", "apply", "in", *EDGE, "-o", "out/", "-j", "2", "--runner", "processes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(min(children_of(process.pid)), signal.SIGKILL)
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, b"")
    assert all(outcome.status is Status.WRITTEN for outcome in run_jobs(jobs_for("in", "alone"), Running("serial")))
    assert contents("out") == contents("alone")


def test_threads_that_begin_together_do_not_import_the_same_at_once() -> None:
    put(4)
    command = [sys.executable, "-m", "imfilt", "apply", "in", *EDGE, "-j", "2", "--runner", "threads", "-o"]
    for attempt in range(8):
        found = subprocess.run([*command, f"out{attempt}/"], capture_output=True, timeout=60, check=False)
        assert (found.returncode, found.stderr) == (0, b"")


class Bundling(HereExecutor, JobExecutor):
    """Takes several jobs at a time, and dies over one of them."""

    takes_bundles = True

    def __init__(self, deadly: str) -> None:
        self._deadly = deadly
        self.sizes: list[int] = []

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        (calls,) = arguments
        self.sizes.append(len(calls))
        if all(job.source != Path(self._deadly) for job, _ in calls):
            return super().submit(function, *arguments, **named)
        future: Future[Any] = Future()
        future.set_exception(WorkerDied("the worker died"))
        return future


@pytest.mark.parametrize("existing", [Existing.REFUSE, Existing.IN_PLACE])
def test_small_jobs_are_done_several_at_a_time_and_one_that_is_deadly_fails_alone(
    monkeypatch: pytest.MonkeyPatch, existing: Existing
) -> None:
    put(100, size=(8, 8))
    executor = Bundling("in/040.png")
    monkeypatch.setitem(RUNNERS, "processes", Runner("", lambda _: executor))
    output = None if existing is Existing.IN_PLACE else "out/"
    recipe = Recipe((load_registry()["edge3"],))
    jobs = make_jobs(Request(["in"], recipe, output=output, existing=existing)).jobs
    outcomes = list(run_jobs(jobs, Running("processes", 2)))
    assert [outcome.source for outcome in outcomes] == [job.source for job in jobs]
    assert [outcome.source for outcome in outcomes if outcome.status is not Status.WRITTEN] == [Path("in/040.png")]
    assert str(outcomes[40].error) == "the worker died; it may need more memory than there is: use -j 1"
    if existing is Existing.IN_PLACE:  # which is not to be done twice
        assert executor.sizes == [1] * 100
    else:
        assert max(executor.sizes) == 12
        assert executor.sizes[-1] == 1
        assert list(run_jobs(jobs_for("in", "alone"), Running("serial")))
        assert contents("out").items() == {k: v for k, v in contents("alone").items() if k != "040.png"}.items()


def test_a_mistake_in_one_job_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    put(3)

    def work(calls: Sequence[tuple[Job, object]]) -> list[list[Outcome]]:
        ((job, _),) = calls
        if job.source == Path("in/001.png"):
            raise KeyError("what nobody foresaw")
        return [[Outcome(job.source, Status.WRITTEN)]]

    monkeypatch.setattr("imfilt.batch.scheduling.do_jobs", work)
    outcomes = list(run_jobs(jobs_for("in", "out"), Running("threads", 2)))
    assert [outcome.status for outcome in outcomes] == [Status.WRITTEN, Status.FAILED, Status.WRITTEN]
    assert "KeyError: 'what nobody foresaw'" in str(outcomes[1].error)


@pytest.mark.parametrize("source", ["in/001.png", "link.png"])
def test_what_replaces_its_source_is_not_filtered_twice(run: Run, source: str) -> None:
    put(3)
    Path("link.png").symlink_to("in/001.png")
    (job,) = make_jobs(Request([source], Recipe((load_registry()["edge3"],)), existing=Existing.IN_PLACE)).jobs
    before = what_is_replaced(job)
    assert before is not None
    assert [outcome.status for outcome in do_job(job, before)] == [Status.WRITTEN]
    once = contents("in")
    (again,) = do_job(job, before)  # as after the death of a worker that had done it already
    assert again.status is Status.FAILED
    assert "may be filtered already" in str(again.error)
    assert contents("in") == once
    assert run("apply", "in", *EDGE, "--in-place", "--runner", "processes", "-j", "2").status == 0
    assert contents("in") != once


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_processes_of_which_nobody_tells_how_they_ended_hold_nothing_up() -> None:
    put(40)
    code = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); from imfilt.cli.program import main; main()"
    command = [sys.executable, "-c", code, "apply", "in", *EDGE, "-o", "out/", "--runner", "processes", "-j", "2"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr, len(result.stdout.splitlines())) == (0, "", 40)


@pytest.mark.parametrize("runner", ["serial", "threads"])
def test_a_failure_keeps_no_pixels(runner: str) -> None:
    put(3)
    whole = Path("in/001.png").read_bytes()
    Path("in/001.png").write_bytes(whole[: len(whole) // 2])
    Path("out").mkdir()
    jobs = jobs_for("in", "out")
    Path("out/002.tif").write_bytes(b"somebody's")
    outcomes = list(run_jobs(jobs, Running(runner, 2)))
    assert [outcome.status for outcome in outcomes] == [Status.WRITTEN, Status.FAILED, Status.FAILED]
    for outcome in outcomes[1:]:
        error: BaseException | None = outcome.error
        while error is not None:
            assert error.__traceback__ is not None
            for frame, _ in traceback.walk_tb(error.__traceback__):
                assert frame.f_locals == {}, frame
            error = error.__cause__ or error.__context__


@pytest.mark.parametrize("runner", ["processes", "threads"])
def test_what_was_written_before_a_signal_is_told(runner: str) -> None:
    class Signalled(Observer):
        def ended(self, _job: Job, _outcomes: Sequence[Outcome]) -> None:
            raise KeyboardInterrupt

    put(12)
    done = run_jobs(jobs_for("in", "out"), Running(runner, 2), Signalled())
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        told.extend(outcome.target.name for outcome in done if outcome.target)
    assert told
    assert told == sorted(contents("out")) if runner == "threads" else set(told) <= set(contents("out"))
