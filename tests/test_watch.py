"""Watching a folder: pictures are filtered as they come, whole, and once."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run
from PIL import Image

from imfilt.batch.fingerprints import State
from imfilt.batch.manifest import NAME
from imfilt.batch.settling import Settling

EDGE = ("-k", "edge3")
PATIENCE = 60
"""Seconds after which a test gives up."""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()


def put(name: str, *, level: int = 0) -> bytes:
    Image.linear_gradient("L").resize((30, 20)).point(lambda sample: min(255, sample + level)).save(name)
    return Path(name).read_bytes()


@contextlib.contextmanager
def watching(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Watch a folder in a process of its own, which is not left running."""
    command = [sys.executable, "-m", "imfilt", "watch", "in", "-o", "out/", *EDGE, "--settle", "0.2", *options]
    ignore = "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    start = f"{ignore}os.execv(sys.executable, sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", start, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_path(process: subprocess.Popen[bytes]) -> str:
    """Wait for the next path that is printed."""
    assert process.stdout is not None
    return process.stdout.readline().decode().rstrip("\n")


def stopped(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGINT) -> tuple[int, bytes, bytes]:
    process.send_signal(number)
    written, said = process.communicate(timeout=PATIENCE)
    return process.returncode, written, said


def pictures() -> list[str]:
    return sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.name != NAME)


def test_what_is_there_and_what_comes_is_filtered_as_apply_does(run: Run) -> None:
    put("in/a.png")
    with watching() as process:
        assert next_path(process) == "out/a.png"
        put("in/b.png", level=9)
        assert next_path(process) == "out/b.png"
        Path("in/notes.txt").write_text("no picture")
        put("in/.hidden.png")
        put("in/c.png", level=20)
        assert next_path(process) == "out/c.png"
        assert stopped(process) == (130, b"", b"imfilt: interrupted\n")
    assert pictures() == ["a.png", "b.png", "c.png"]
    assert run("apply", "in", *EDGE, "-o", "fresh/").status == 0
    for name in pictures():
        assert Path("out", name).read_bytes() == Path("fresh", name).read_bytes()


def test_a_picture_that_is_still_being_written_is_filtered_when_it_is_whole(run: Run) -> None:
    content = put("whole.png")
    with watching("--settle", "1") as process, Path("in/a.png").open("wb", buffering=0) as stream:
        for number, byte in enumerate(content):
            stream.write(bytes([byte]))
            if number % 100 == 0:
                time.sleep(0.05)
        assert next_path(process) == "out/a.png"
        stopped(process)
    assert run("apply", "whole.png", *EDGE).status == 0
    assert Path("out/a.png").read_bytes() == Path("whole_edge3.png").read_bytes()


def test_a_picture_that_changes_is_filtered_again(run: Run) -> None:
    put("in/a.png")
    with watching() as process:
        assert next_path(process) == "out/a.png"
        put("in/a.png", level=50)
        assert next_path(process) == "out/a.png"
        stopped(process)
    assert run("apply", "in/a.png", *EDGE).status == 0
    assert Path("out/a.png").read_bytes() == Path("in/a_edge3.png").read_bytes()


def test_what_was_done_before_is_not_done_again() -> None:
    put("in/a.png")
    with watching() as process:
        assert next_path(process) == "out/a.png"
        stopped(process)
    put("in/b.png", level=9)
    with watching() as process:
        assert next_path(process) == "out/b.png"
        assert stopped(process, signal.SIGTERM) == (143, b"", b"imfilt: terminated\n")


def test_folders_are_mirrored() -> None:
    with watching("-r") as process:
        Path("in/x/y").mkdir(parents=True)
        put("in/x/y/a.png")
        assert next_path(process) == "out/x/y/a.png"
        stopped(process)


def test_what_cannot_be_filtered_keeps_nothing_else_from_it() -> None:
    Path("out").mkdir()
    Path("out/mine.png").write_bytes(b"my own work")
    Path("in/broken.png").write_bytes(b"text")
    put("in/mine.png")
    put("in/z.png", level=9)
    with watching() as process:
        assert next_path(process) == "out/z.png"
        put("in/later.png", level=20)
        assert next_path(process) == "out/later.png"
        _, _, said = stopped(process)
    lines = said.decode().splitlines()
    assert len([line for line in lines if line.startswith("imfilt: in/broken.png: ")]) == 1
    assert len([line for line in lines if "out/mine.png" in line]) == 1
    assert Path("out/mine.png").read_bytes() == b"my own work"
    assert pictures() == ["later.png", "mine.png", "z.png"]


def test_a_folder_that_goes_away_ends_it() -> None:
    put("in/a.png")
    with watching() as process:
        assert next_path(process) == "out/a.png"
        Path("in/a.png").unlink()
        Path("in").rmdir()
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (1, b"imfilt: in: the folder that was watched is gone\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["in", "-o", "in/out/"], ["in/out", "inside", "move it out"]),
        (["in", "-o", "in/"], ["in", "move it out"]),
        (["in", "-o", "link/out/"], ["move it out"]),
        (["in"], ["-o DIR/"]),
        (["in", "-o", "-"], ["-o DIR/"]),
        (["none", "-o", "out/"], ["none: there is no such folder"]),
        (["file.png", "-o", "out/"], ["file.png: there is no such folder"]),
        (["in", "-o", "out/", "--settle", "-1"], ["--settle"]),
    ],
)
def test_what_cannot_be_watched_is_one_line(run: Run, arguments: list[str], words: list[str]) -> None:
    put("file.png")
    Path("link").symlink_to("in", target_is_directory=True)
    result = run("watch", *arguments, *EDGE)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert all(word in result.stderr for word in words if word != "inside"), result.stderr
    assert not Path("out").exists()


def test_without_the_library_it_is_said_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    result = run("watch", "in", "-o", "out/", *EDGE)
    assert (result.status, result.stderr.count("\n")) == (2, 1)
    assert "pip install 'imfilt[watch]'" in result.stderr


# Settling

A, B = State(1, 10), State(2, 20)


def test_a_file_has_settled_when_it_stayed_as_it_is() -> None:
    settling = Settling(2)
    assert settling.settled({"a": A}, 0) == []
    assert settling.is_waiting
    assert settling.settled({"a": A}, 1.9) == []
    assert settling.settled({"a": A}, 2) == ["a"]
    assert not settling.is_waiting
    assert settling.settled({"a": A}, 9) == []


def test_a_file_that_changes_settles_anew() -> None:
    settling = Settling(2)
    settling.settled({"a": A}, 0)
    assert settling.settled({"a": B}, 2) == []
    assert settling.settled({"a": B}, 4) == ["a"]
    assert settling.settled({"a": A}, 5) == []
    assert settling.settled({"a": A}, 7) == ["a"]


def test_a_file_that_vanishes_is_forgotten() -> None:
    settling = Settling(2)
    settling.settled({"a": A, "b": B}, 0)
    assert settling.settled({"b": B}, 1) == []
    assert settling.settled({"b": B, "a": A}, 2) == ["b"]
    assert settling.settled({"b": B, "a": A}, 4) == ["a"]
    assert settling.settled({}, 5) == []
    assert not settling.is_waiting


def test_files_settle_at_once_where_that_is_asked_for() -> None:
    assert Settling(0).settled({"b": B, "a": A}, 0) == ["b", "a"]
