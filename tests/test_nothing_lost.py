"""Whatever happens to a batch: every target is whole or not there, and nothing else is left behind."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import pytest
from conftest import Run, children_of
from PIL import Image

from imfilt.errors import PictureError
from imfilt.images.atomic import Manner, write_file
from imfilt.images.temporary import remove_strays, temporary_beside

EDGE = ("-k", "edge3")
UNTOUCHED = b"this was here before"

pytestmark = [
    pytest.mark.usefixtures("_in_own_folder"),
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals"),
]


def put(count: int, size: int = 120) -> None:
    Path("in").mkdir()
    for number in range(count):
        image = Image.linear_gradient("L").rotate(3 * number).resize((size, size))
        image.save(f"in/{number:03}.{'png' if number % 2 else 'jpg'}")


def contents(folder: str) -> dict[str, bytes]:
    """Return all files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "imfilt", "apply", "in", *EDGE, *arguments]


def start(*arguments: str) -> subprocess.Popen[bytes]:
    # SIGINT is ignored in what a shell starts in the background, and that is inherited.
    code = "import signal, sys; signal.signal(2, signal.default_int_handler); from imfilt.cli import run; run()"
    words = [sys.executable, "-c", code, *command(*arguments)[3:]]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)


def test_killed_at_twenty_moments_a_batch_ends_as_if_undisturbed(run: Run) -> None:
    Path("in").mkdir()
    for number in range(150):  # too large to be done several at a time, so that they last
        Image.effect_noise((400, 400), 60 + number).save(f"in/{number:03}.{'png' if number % 2 else 'jpg'}")
    assert run("apply", "in", *EDGE, "-o", "expected/").status == 0
    chance = random.Random(2026)
    killed = 0
    for _ in range(20):
        with start("-o", "out/", "--skip-existing", "-j", "2", "--runner", "processes") as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(1 + chance.randrange(3))]
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
        killed += all(lines) and process.returncode == -signal.SIGKILL
        there = {path.name: path.read_bytes() for path in Path("out").glob("[!.]*")}  # workers take a moment to stop
        assert there.items() <= contents("expected").items()
    assert killed >= 10  # the others found everything done
    assert run("apply", "in", *EDGE, "-o", "out/", "--skip-existing").status == 0
    assert contents("out") == contents("expected")


@pytest.mark.parametrize("runner", ["threads", "processes"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_whole_pictures_and_nothing_else(runner: str, number: int, status: int) -> None:
    put(100)
    with start("-o", "out/", "-j", "2", "--runner", runner) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"out/000.jpg\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert errors in (b"imfilt: interrupted\n", b"imfilt: terminated\n")
    assert 0 < len(contents("out")) < 100
    for name in contents("out"):
        with Image.open(f"out/{name}") as image:
            image.load()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")
def test_workers_stop_when_the_process_that_started_them_is_gone() -> None:
    put(100)
    with start("-o", "out/", "-j", "2", "--runner", "processes") as process:
        assert process.stdout is not None
        process.stdout.readline()
        workers = children_of(process.pid)
        process.kill()
    assert len(workers) == 2
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}/cmdline").exists() and _is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not [name for name in contents("out") if name.startswith(".")]


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("extension", ["png", "tif", "jpg", "bmp"])
def test_a_limit_on_the_size_of_files_fails_what_is_larger_and_leaves_nothing(extension: str) -> None:
    put(2, size=20)
    Image.effect_noise((400, 400), 90).save(f"in/large.{extension}")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = command("-o", "out/", "-j", "2", "--runner", "processes")
    result = subprocess.run(words, capture_output=True, check=False, preexec_fn=limit, timeout=60)
    assert (result.returncode, result.stdout) == (1, b"out/000.jpg\nout/001.png\n")
    assert result.stderr.decode() == f"imfilt: in/large.{extension}: cannot be written: File too large\n"
    assert sorted(contents("out")) == ["000.jpg", "001.png"]


def test_the_next_run_removes_what_a_killed_one_has_left(run: Run) -> None:
    put(2)
    Path("out").mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with temporary_beside(Path("out/a.png")) as temporary:
        host = temporary.name.split("-", 3)[3]
    token = "0123456789abcdef"
    kept = [
        f".imfilt-{os.getppid()}-{token}-{host}",  # whose owner lives
        f".imfilt-{ended.pid}-{token}-elsewhere.tmp",  # of another machine
        f".imfilt-{ended.pid}-{host}",  # of another program, perhaps
        ".imfilt-notes.txt",
    ]
    for name in [*kept, f".imfilt-{ended.pid}-{token}-{host}"]:
        Path("out", name).write_bytes(b"half a picture")
    assert run("apply", "in", *EDGE, "-o", "out/").status == 0
    assert sorted(contents("out")) == sorted(["000.jpg", "001.png", *kept])


def test_a_temporary_file_in_use_is_no_stray() -> None:
    with temporary_beside(Path("a.png")) as temporary:
        temporary.write_bytes(b"half a picture")
        Path("link").symlink_to(Path.cwd())
        for folder in (Path(), Path.cwd(), Path("link")):
            remove_strays(folder)
            assert temporary.exists()
        Path("link").unlink()
        assert str(os.getpid()) in temporary.name
    assert list(Path().iterdir()) == []


def write_new(stream: BinaryIO) -> None:
    stream.write(b"new")


@pytest.mark.parametrize("has_links", [True, False])
def test_a_target_that_appears_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    if not has_links:
        monkeypatch.setattr(Path, "hardlink_to", _no_links)

    def write(stream: BinaryIO) -> None:
        stream.write(b"new")
        Path("a.png").write_bytes(UNTOUCHED)

    with pytest.raises(PictureError, match="is there already"):
        write_file(write, Path("a.png"), Manner())
    assert contents(".") == {"a.png": UNTOUCHED}
    write_file(write_new, Path("a.png"), Manner(overwrite=True))
    assert contents(".") == {"a.png": b"new"}


def _no_links(_target: Path, _source: Path) -> None:
    raise PermissionError


def test_without_hard_links_files_are_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    write_file(write_new, Path("a.png"), Manner())
    assert contents(".") == {"a.png": b"new"}


def test_a_target_with_the_same_bytes_is_the_result_of_an_attempt_that_nobody_heard_of() -> None:
    Path("a.png").write_bytes(b"new")
    before = Path("a.png").stat()
    write_file(write_new, Path("a.png"), Manner())
    assert (Path("a.png").stat().st_ino, contents(".")) == (before.st_ino, {"a.png": b"new"})
    Path("a.png").rename("b.png")
    Path("a.png").symlink_to("b.png")
    with pytest.raises(PictureError, match="is there already"):
        write_file(write_new, Path("a.png"), Manner())


def test_fsync_brings_the_file_to_the_disk_before_it_is_moved_and_then_the_folder(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(1)
    synced: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append([name[0] for name in contents("out")]))
    assert run("apply", "in", *EDGE, "-o", "out/", "--fsync").status == 0
    assert synced == [["."], ["0"]]
    assert run("apply", "in", *EDGE, "-o", "out/", "--overwrite").status == 0
    assert len(synced) == 2


@pytest.mark.parametrize("runner", ["serial", "processes"])
def test_preserve_keeps_the_times(run: Run, runner: str) -> None:
    put(2)
    for name in ("000.jpg", "001.png"):
        os.utime(f"in/{name}", ns=(10**18, 10**18 + 12_345_678_000))
        Path("in", name).chmod(0o640)
    assert run("apply", "in", *EDGE, "-o", "out/", "--preserve", "--runner", runner).status == 0
    for name in ("000.jpg", "001.png"):
        state = Path("out", name).stat()
        assert (state.st_mtime_ns, state.st_mode & 0o777) == (10**18 + 12_345_678_000, 0o640)
    assert run("apply", "in", *EDGE, "-o", "out/", "--overwrite").status == 0
    assert Path("out/000.jpg").stat().st_mtime_ns > 10**18 + 12_345_678_000


def test_a_source_that_vanishes_fails_alone() -> None:
    put(30)
    with start("-o", "out/", "-j", "1") as process:
        assert process.stdout is not None
        process.stdout.readline()
        Path("in/029.png").unlink()
        written, errors = process.communicate(timeout=60)
    assert (process.returncode, len(written.splitlines())) == (1, 28)
    assert errors == b"imfilt: in/029.png: cannot be read: No such file or directory\n"


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes")
def test_devices_and_pipes_are_never_replaced_by_files(run: Run) -> None:
    Image.new("L", (4, 4)).save("a.png")
    os.mkfifo("pipe.png")
    Path("link.png").symlink_to("pipe.png")
    for target in ("pipe.png", "link.png"):
        for arguments in (
            ("apply", "a.png", "-k", "edge3", "-o", target, "--overwrite"),
            ("sheet", "a.png", "-k", "edge3", "-o", target, "--overwrite"),
            ("show-kernel", "edge3", "--png", target, "--overwrite"),
        ):
            result = run(*arguments)
            assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
            assert f"{target}: is neither a file nor a folder; choose another name" in result.stderr
        with pytest.raises(PictureError, match="neither a file nor a folder"):
            write_file(lambda _: None, Path(target), Manner(overwrite=True))
    assert Path("pipe.png").is_fifo()
    assert Path("link.png").is_symlink()
