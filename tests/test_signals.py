from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = [
    pytest.param(signal.SIGINT, 130, b"imfilt: interrupted\n", id="SIGINT"),
    pytest.param(signal.SIGTERM, 143, b"imfilt: terminated\n", id="SIGTERM"),
    pytest.param(signal.SIGHUP, 129, b"imfilt: the terminal was closed\n", id="SIGHUP"),
]

# SIGINT is ignored in what a shell starts in the background, SIGHUP under nohup, and that is inherited.
START = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""

RUN = """
from imfilt.cli.program import main
main(sys.argv[1:])
"""

WHOLE_COMMAND = """
from imfilt.cli import run
run()
"""

WAIT_WHILE_WRITING = """
import time
from PIL import Image

def save(image, stream, **settings):
    stream.write(b"half a picture")
    stream.flush()
    print("started", flush=True)
    while True:
        time.sleep(1)

Image.Image.save = save
"""

WAIT_WHILE_READING = """
import os, time
from PIL import PngImagePlugin

def load(image):
    os.write(1, b"started\\n")  # no lock of a buffer, in a thread that may end at any time
    while True:
        time.sleep(1)

PngImagePlugin.PngImageFile.load = load
"""

WAIT_FOR_INPUT = """
class Input:
    buffer = property(lambda self: self)

    def read(self, size):
        print("started", flush=True)
        return sys.__stdin__.buffer.read(size)

sys.stdin = Input()
"""

# Each thread waits after its first rows for the signal, then goes on without hurry; in the end it is said how
# many rows were done.
COUNT_ROWS = """
import atexit, os, select, threading, time
from imfilt.images.rows import _MemoryRows

rows_done, waited, whole = [], threading.local(), _MemoryRows.write_rows
arrived, noted = os.pipe()
os.set_blocking(noted, False)
signal.set_wakeup_fd(noted)

def write_rows(self, first, columns, rows):
    whole(self, first, columns, rows)
    rows_done.append(len(rows))
    if hasattr(waited, "once"):
        time.sleep(0.2)
    else:
        waited.once = True
        os.write(1, b"started\\n")
        select.select([arrived], [], [])

_MemoryRows.write_rows = write_rows
atexit.register(lambda: print(sum(rows_done), flush=True))
"""


# The signal comes when the first thread is at work and the second is about to be started.
HOLD_SECOND_THREAD = """
from concurrent.futures import ThreadPoolExecutor

submitted, whole_submit = [], ThreadPoolExecutor.submit

def submit(*arguments, **settings):
    submitted.append(True)
    if len(submitted) == 2:
        select.select([arrived], [], [])
    return whole_submit(*arguments, **settings)

ThreadPoolExecutor.submit = submit
"""


@contextlib.contextmanager
def started(folder: Path, code: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command in `folder`; whatever happens, it is not left running."""
    process = subprocess.Popen(
        [sys.executable, "-c", START + code + RUN, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def whole_pictures(folder: Path) -> set[str]:
    for name in files(folder):
        with Image.open(folder / name) as image:
            image.load()
    return files(folder)


def many_pictures(folder: Path) -> set[str]:
    """Make so many pictures, with such long names, that the paths of the results do not fit into a pipe."""
    Image.linear_gradient("L").resize((12, 12)).save(folder / f"{'long-name-' * 20}000.png")
    first = folder / f"{'long-name-' * 20}000.png"
    for number in range(1, 700):
        (folder / f"{'long-name-' * 20}{number:03}.png").hardlink_to(first)
    return files(folder)


@pytest.mark.parametrize(("number", "status", "line"), SIGNALS)
@pytest.mark.parametrize(
    ("code", "there"),
    [(WAIT_WHILE_READING, False), (WAIT_WHILE_WRITING, False), (WAIT_WHILE_WRITING, True)],
    ids=["reading", "writing", "overwriting"],
)
def test_a_signal_in_the_middle_of_a_picture_leaves_nothing_behind(
    tmp_path: Path, code: str, number: int, status: int, line: bytes, there: bool
) -> None:
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    if there:
        (tmp_path / "a_edge3.png").write_bytes(b"this was here before")
    before = files(tmp_path)
    with started(tmp_path, code, "apply", "a.png", "-k", "edge3", "--overwrite") as process:
        assert next_line(process) == b"started\n"
        if code is WAIT_WHILE_WRITING:
            assert len(files(tmp_path)) == len(before) + 1
        process.send_signal(number)
        assert process.communicate(timeout=60) == (b"", line)
    assert process.returncode == status
    assert files(tmp_path) == before
    if there:
        assert (tmp_path / "a_edge3.png").read_bytes() == b"this was here before"


def test_a_second_signal_ends_threads_that_do_not_and_leaves_nothing_behind(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("L", (20, 20)).save(tmp_path / name)
    words = ("apply", "a.png", "b.png", "-k", "edge3", "-o", "out/", "--runner", "threads", "-j", "2")
    with started(tmp_path, WAIT_WHILE_WRITING + WHOLE_COMMAND, *words) as process:
        both = next_line(process) + next_line(process)  # of two threads that print at the same time
        assert (both.count(b"started"), both.count(b"\n")) == (2, 2)
        assert len(files(tmp_path / "out")) == 2
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60) == (b"", b"imfilt: terminated\n")
    assert files(tmp_path / "out") == set()


@pytest.mark.parametrize(("number", "status", "line"), SIGNALS)
def test_a_signal_while_standard_input_is_awaited_ends_the_command(
    tmp_path: Path, number: int, status: int, line: bytes
) -> None:
    with started(tmp_path, WAIT_FOR_INPUT, "apply", "-", "-k", "edge3", "-o", "b.png") as process:
        assert next_line(process) == b"started\n"
        process.send_signal(number)
        assert process.wait(timeout=60) == status
        assert process.communicate() == (b"", line)
    assert files(tmp_path) == set()


@pytest.mark.parametrize(("number", "status", "line"), SIGNALS)
def test_a_signal_in_the_middle_of_many_pictures_keeps_those_that_are_whole(
    tmp_path: Path, number: int, status: int, line: bytes
) -> None:
    sources = many_pictures(tmp_path)
    with started(tmp_path, "", "apply", ".", "-k", "edge3") as process:
        first = next_line(process)
        process.send_signal(number)
        others, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (status, line)
    results = whole_pictures(tmp_path) - sources
    printed = {os.fsdecode(path) for path in (first + others).splitlines()}
    assert {name for name in printed if name.endswith(".png")} <= results
    assert len(printed) <= len(results) <= len(printed) + 1
    assert all(name.endswith("_edge3.png") for name in results)
    assert len(results) < len(sources)


@pytest.mark.parametrize(("number", "status", "line"), SIGNALS)
@pytest.mark.parametrize(
    ("code", "threads"), [(COUNT_ROWS, 2), (COUNT_ROWS + HOLD_SECOND_THREAD, 1)], ids=["at work", "starting"]
)
def test_a_signal_in_the_middle_of_a_large_picture_ends_all_threads_early(
    tmp_path: Path, code: str, threads: int, number: int, status: int, line: bytes
) -> None:
    width, height = 20000, 400
    Image.linear_gradient("L").resize((width, height)).save(tmp_path / "a.png", compress_level=1)
    with started(tmp_path, code, "apply", "a.png", "-k", "box3", "--threads", "2") as process:
        for _ in range(threads):
            assert next_line(process) == b"started\n"
        process.send_signal(number)
        written, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (status, line)
    assert int(written) < threads * height // 2
    assert files(tmp_path) == {"a.png"}


def test_an_interrupt_on_a_terminal_leaves_the_cursor_visible(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    many_pictures(tmp_path)
    reader, terminal = pty.openpty()
    command = [sys.executable, "-c", START + RUN, "apply", ".", "-k", "edge3"]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env=environment,
        bufsize=0,
    ) as process:
        os.close(terminal)
        assert next_line(process).endswith(b"_edge3.png\n")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    drawn = b""
    with contextlib.suppress(OSError):  # what Linux says at the end of a terminal
        while piece := os.read(reader, 65536):
            drawn += piece
    os.close(reader)
    assert process.returncode == 130
    assert drawn.rindex(b"\x1b[?25h") > drawn.rindex(b"\x1b[?25l")
    assert drawn.rstrip().endswith(b"imfilt: interrupted")


def test_a_reader_that_leaves_after_the_first_path_sees_no_traceback(tmp_path: Path) -> None:
    sources = many_pictures(tmp_path)
    with started(tmp_path, "", "apply", ".", "-k", "edge3") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert next_line(process).endswith(b"_edge3.png\n")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) not in (0, 2)
    assert all(name.endswith("_edge3.png") for name in whole_pictures(tmp_path) - sources)


def test_head_takes_one_line_of_many(tmp_path: Path) -> None:
    many_pictures(tmp_path)
    script = f"'{sys.executable}' -m imfilt apply . -k edge3 | head -n 1"
    result = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert result.stdout.count(b"\n") == 1
    assert result.stderr == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ["list-kernels"],
        ["list-kernels", "--json"],
        ["show-kernel", "edge3"],
        ["--help"],
        ["apply", "--help"],
        ["apply", "a.png", "-k", "edge3"],
        ["apply", "a.png", "-k", "edge3", "-o", "-"],
    ],
    ids=" ".join,
)
def test_a_pipe_that_nobody_reads_gives_no_traceback(tmp_path: Path, arguments: list[str]) -> None:
    Image.effect_noise((300, 300), 60).save(tmp_path / "a.png")
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", "imfilt", *arguments],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert result.stderr == b""
    assert result.returncode != 0
    assert all(not name.startswith(".") for name in files(tmp_path))


# The command is run again and again, and each time SIGTERM comes at another line of what writes files.
AT_EVERY_LINE = """
import json, os, pathlib, signal, sys
from PIL import Image
from imfilt.cli.program import main
from imfilt.images import writing

def command(step):
    lines = 0

    def trace(frame, event, argument):
        return count if frame.f_code.co_filename == writing.__file__ else None

    def count(frame, event, argument):
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == step:
                sys.settrace(None)
                signal.raise_signal(signal.SIGTERM)
        return count

    sys.settrace(trace)
    try:
        main(["apply", "a.png", "-k", "edge3", "-q", *sys.argv[1:]])
    finally:
        sys.settrace(None)

target, before = pathlib.Path("a_edge3.png"), None
if target.exists():
    before = target.read_bytes()

def restore():
    target.unlink(missing_ok=True)
    if before is not None:
        target.write_bytes(before)
    for left in pathlib.Path().glob(".*"):
        left.unlink()

try:
    command(0)  # imports what is imported late
except SystemExit:
    pass
restore()
status, outcomes = None, []
while status != 0 and len(outcomes) < 500:
    child = os.fork()
    if not child:
        command(len(outcomes) + 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    content = target.read_bytes() if target.exists() else None
    kind = "before" if content == before else "whole" if content.endswith(b"IEND\\xaeB`\\x82") else "broken"
    outcomes.append([status, kind, sorted(os.listdir())])
    restore()
print(json.dumps(outcomes))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
@pytest.mark.parametrize("there", [False, True], ids=["new", "overwrite"])
def test_a_signal_at_any_line_of_writing_leaves_no_temporary_file(tmp_path: Path, there: bool) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    if there:
        (tmp_path / "a_edge3.png").write_bytes(b"this was here before")
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AT_EVERY_LINE, *(["--overwrite"] if there else [])],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
        timeout=120,
    )
    *interrupted, done = json.loads(result.stdout)
    assert done[:2] == [0, "whole"]
    assert len(interrupted) > 10
    assert {status for status, _, _ in interrupted} == {143}
    assert {kind for _, kind, _ in interrupted} <= {"before", "whole"}
    assert {name for _, _, names in interrupted for name in names} <= {"a.png", "a_edge3.png"}
    lines = result.stderr.decode().splitlines()
    assert set(lines) == {"imfilt: terminated"}
    assert len(lines) == len(interrupted)
