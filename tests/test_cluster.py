"""The same jobs on a cluster: a scheduler and two workers on this machine, one of which is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run
from PIL import Image

pytestmark = pytest.mark.usefixtures("_in_own_folder")

EDGE = ("-k", "edge3")


def put(count: int, size: int) -> None:
    Path("in").mkdir()
    for number in range(count):
        Image.linear_gradient("L").rotate(number).resize((size, size)).save(f"in/{number:03}.png")


def contents(folder: str) -> dict[str, bytes]:
    """Return all files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def dask(*arguments: str) -> subprocess.Popen[bytes]:
    # The workers are in another folder than the command, as on another machine.
    environment = {**os.environ, "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(Path("scheduler.json").resolve())]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment, cwd="/")


@pytest.fixture
def cluster(_in_own_folder: None) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and two workers; give its address, and the workers."""
    pytest.importorskip("distributed")
    processes = [dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
    processes += [
        dask("worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(2)
    ]
    try:
        yield address_of(Path("scheduler.json")), processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def address_of(file: Path) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            address = str(json.loads(file.read_text())["address"])
            break
        except (OSError, ValueError):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    return address


def test_a_cluster_does_the_same_even_when_a_worker_is_killed(
    run: Run, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    put(200, 60)
    assert run("apply", "in", *EDGE, "-o", "alone/", "--runner", "serial", "--preserve").status == 0
    command = [sys.executable, "-m", "imfilt", "apply", "in", *EDGE, "-o", "out/", "--preserve"]
    command += ["--runner", "dask", "--scheduler", address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(50)]
        workers[0].kill()
        rest, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, b"")
    assert b"".join([*printed, rest]) == b"".join(b"out/%03d.png\n" % number for number in range(200))
    assert contents("out") == contents("alone")


def test_without_an_address_or_a_scheduler_nothing_is_done(run: Run) -> None:
    pytest.importorskip("distributed")
    put(1, 9)
    for options in ([], ["--scheduler", "nonsense://here"]):
        result = run("apply", "in", *EDGE, "-o", "out/", "--runner", "dask", *options)
        assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
        assert "dask" in result.stderr
    assert not Path("out").exists()


def test_a_runner_that_is_not_installed_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    put(1, 9)
    result = run("apply", "in", *EDGE, "-o", "out/", "--runner", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert result.status == 2
    assert result.stderr == "imfilt: the runner dask is not installed; pip install 'imfilt[dask]'\n"
