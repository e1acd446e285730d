"""What the tests share: the command in this process, kept apart from the files of whoever runs the tests."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from imfilt.cli.program import main

_LEFT_TO_THE_TESTS = (
    *("IMFILT_REGISTRY", "_IMFILT_COMPLETE", "COMP_WORDS", "COMP_CWORD"),
    *("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LINES"),
)


@dataclass(frozen=True)
class Result:
    """What a command left behind: its exit status, and what it wrote."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """Standard output, decoded."""
        return self.stdout.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.text.splitlines()


class Run(Protocol):
    """Runs ``imfilt`` with arguments, in this process."""

    def __call__(self, *arguments: str | Path, stdin: bytes = b"", terminal: bool = False) -> Result: ...


class _Terminal(io.TextIOWrapper):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test work in a folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's own kernels, colours and terminal width out of the tests."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, str(home))
        for name in ("XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
            patch.setenv(name, str(home / "config"))
        for name in _LEFT_TO_THE_TESTS:
            patch.delenv(name, raising=False)
        patch.setenv("COLUMNS", "80")
        patch.setenv("TERM", "xterm-256color")
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home folder for one test."""
    place = tmp_path / "home"
    place.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(place))
    for name in ("XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(place / "config"))
    return place


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the command in this process, with its streams caught and the handler of SIGTERM put back."""
    handler = signal.getsignal(signal.SIGTERM)

    def call(*arguments: str | Path, stdin: bytes = b"", terminal: bool = False) -> Result:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin)), encoding="utf-8"))
            capfdbinary.readouterr()
            screen = io.BytesIO()
            if terminal:
                patch.setattr(sys, "stdout", _Terminal(screen, encoding="utf-8", write_through=True))
            with pytest.raises(SystemExit) as stop:
                main([str(argument) for argument in arguments])
            shown = screen.getvalue()
        caught = capfdbinary.readouterr()
        return Result(int(stop.value.code or 0), shown if terminal else caught.out, caught.err.decode())

    yield call
    if handler is not None:
        signal.signal(signal.SIGTERM, handler)


def snapshot(folder: Path) -> dict[str, tuple[str, int, bytes]]:
    """Return all there is in a folder: names, kinds, times of change, and bytes."""
    return {".": _state(folder)} | {str(path.relative_to(folder)): _state(path) for path in folder.rglob("*")}


def _state(path: Path) -> tuple[str, int, bytes]:
    changed = path.lstat().st_mtime_ns
    if path.is_symlink():
        return "link", changed, bytes(path.readlink())
    if path.is_file():
        return "file", changed, path.read_bytes()
    return "folder" if path.is_dir() else "other", changed, b""


def children_of(pid: int) -> set[int]:
    """Return the processes that a process has started, as Linux tells."""
    found: set[int] = set()
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        found |= set(map(int, listed.read_text().split()))
    return found
