"""Scanning: how long it takes to find very many pictures, and that all of their targets are there already."""

from __future__ import annotations

import shlex
import tempfile
from functools import partial
from pathlib import Path

from commands import imfilt_command
from machine import setting
from report import Report, mebibytes
from timing import interleave, middle, ratio, timed_command

_IN_A_FOLDER = 1000


def measure(files: int, runs: int, imfilt: str | None = None) -> Report:
    """Time imfilt over `files` names, and what lists and sorts the same names, in turn."""
    report = Report("Scanning")
    report.text(setting(()))
    with tempfile.TemporaryDirectory(prefix="imfilt-scanning-") as name:
        sources, targets = Path(name, "in"), Path(name, "out")
        make(sources, files)
        make(targets, files)
        find = f"find {shlex.quote(str(sources))} {shlex.quote(str(targets))} | sort >/dev/null"
        apply = ["apply", str(sources), "-r", "-o", f"{targets}/", "-k", "edge3", "--skip-existing"]
        commands = {
            "`find in out`, sorted": ["/bin/sh", "-c", find],
            "`imfilt apply in -r -o out/ --skip-existing`": [*imfilt_command(imfilt), *apply],
        }
        usages = interleave({title: partial(timed_command, command) for title, command in commands.items()}, runs)
    report.text(
        f"{files} names in folders of {_IN_A_FOLDER}, and as many targets that are there already, so that nothing is "
        f"left to do. Medians of {runs} runs in turn."
    )
    rows = []
    for title, each in usages.items():
        usage, base = middle(each), next(iter(usages.values()))
        times = (f"{usage.seconds:.2f}", f"{usage.processor:.2f}")
        rows.append([title, *times, mebibytes(usage.peak), f"{ratio(each, base):.1f}"])
    report.table(("command", "s", "processor s", "peak MiB", "times find"), rows)
    return report


def make(folder: Path, files: int) -> None:
    """Make empty files; none of them will be opened."""
    for number in range(files):
        place = folder / f"{number // _IN_A_FOLDER:04}"
        if number % _IN_A_FOLDER == 0:
            place.mkdir(parents=True)
        (place / f"scan_{number:07}.png").touch()
