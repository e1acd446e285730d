"""Damaged files, and what the command makes of them in a process of its own, with little memory and little time."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NoReturn

import numpy as np
import tifffile
from mutate import mutated
from PIL import Image, ImageSequence

from imfilt.cli.program import main

SECONDS = 10
"""Of processor time, which does not depend on what else the machine does."""
SECONDS_BY_THE_CLOCK = 60
BYTES = 1 << 30

_WAYS = (
    *("-k identity", "-k identity", "-k gaussian3", "-k edge3 --normalize peak", "-k box3 --stride 2"),
    *("-k identity --frame 1", "-k identity -o out/a.png", "-k identity -o out/a.gif", "-k box3 -o out/a.tif"),
    *(
        "-k identity -o out/a.webp",
        "-k edge3 -o out/a.jpg",
        "-k identity --depth float -o out/a.npy",
        "-k sharpen --alpha straight",
    ),
)


@dataclass(frozen=True)
class Case:
    """A damaged file, and how it is filtered."""

    number: int
    name: str
    content: bytes
    options: tuple[str, ...]


def make_case(files: dict[str, bytes], seed: int, number: int) -> Case:
    """Return a case; the same for the same numbers and files."""
    random = Random(f"{seed} {number}")
    name = random.choice(sorted(files))
    content = mutated(files[name], list(files.values()), random)
    options = random.choice(_WAYS).split()
    return Case(number, name, content, tuple(options if "-o" in options else (*options, "-o", "out/")))


def run_cases(cases: Sequence[Case], folder: Path) -> Iterator[tuple[Case, str | None]]:
    """Filter one file after the other in `folder`, and yield what is wrong with what came of it, or None.

    One process does as many as it survives; the next one goes on behind the case that ended it.
    """
    while cases:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reading)
            _be_the_command(cases, folder, writing)
        os.close(writing)
        done = 0
        with os.fdopen(reading, encoding="utf-8", errors="replace") as results:
            for result in results:
                yield cases[done], result.rstrip("\n") or None
                done += 1
        _, ended = os.waitpid(process, 0)
        if done < len(cases):
            yield cases[done], _how_it_ended(ended)
            done += 1
        cases = cases[done:]


def _how_it_ended(ended: int) -> str:
    if not os.WIFSIGNALED(ended):
        return f"it ended with status {os.WEXITSTATUS(ended)}"
    number = signal.Signals(os.WTERMSIG(ended))
    is_late = number in (signal.SIGALRM, signal.SIGPROF)
    return f"it took more than {SECONDS} s" if is_late else f"it was ended by {number.name}"


def _be_the_command(cases: Sequence[Case], folder: Path, results: int) -> NoReturn:
    os.chdir(folder)
    log = os.open("log", os.O_RDWR | os.O_CREAT)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    try:
        for case in cases:
            os.ftruncate(log, 0)
            os.lseek(log, 0, os.SEEK_SET)
            problem = _run(case, log) or ""
            os.write(results, problem.replace("\n", " ").encode(errors="replace") + b"\n")
    finally:
        os._exit(0)


def _run(case: Case, log: int) -> str | None:
    source, output = Path(case.name), Path("out")
    source.write_bytes(case.content)
    output.mkdir(exist_ok=True)
    for path in output.iterdir():  # of a case that ended a process
        path.unlink()
    _set_alarms(SECONDS, SECONDS_BY_THE_CLOCK)
    status: object = None
    try:
        main(["apply", case.name, *case.options])
    except SystemExit as end:
        status = end.code
    except BaseException as error:
        return f"an exception: {error!r}"
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        said = os.pread(log, 1 << 20, 0).decode(errors="replace")
        written = sorted(output.iterdir())
        broken = _read_again(written) if status == 0 else None
        _set_alarms(0, 0)
        for path in (source, *written):
            path.unlink()
    return broken or _what_is_wrong(status, said, [path.name for path in written])


def _set_alarms(seconds: int, seconds_by_the_clock: int) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(seconds_by_the_clock)


def _read_again(written: Sequence[Path]) -> str | None:
    try:
        for path in written:
            if path.suffix == ".npy":
                np.load(path)
                continue
            if _is_deep_tiff(path):
                tifffile.imread(path)
                continue
            with Image.open(path) as image:
                for frame in ImageSequence.Iterator(image):
                    frame.load()
    except Exception as error:
        return f"what was written cannot be read: {error!r}"
    return None


def _is_deep_tiff(path: Path) -> bool:
    """Return whether it is a TIFF of samples that Pillow has no mode for."""
    if path.suffix != ".tif":
        return False
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        return page.dtype != np.uint8 and page.samplesperpixel > 1


def _what_is_wrong(status: object, said: str, left: Sequence[str]) -> str | None:
    lines = said.splitlines()
    if status not in (0, 1):
        return f"status {status}: {lines[-1:]}"
    if "Traceback" in said:
        return f"a traceback: {lines[-1]}"
    if status == 1 and (len(lines) != 1 or not lines[0].startswith("imfilt: ")):
        return f"not one line: {lines[:4]}"
    if status == 0 and not all(line.startswith(("imfilt: ", "out/")) for line in lines):
        return f"more than notes: {lines[:4]}"
    if len(left) != (status == 0):
        return f"status {status}, and in the folder lies {left}"
    return None
