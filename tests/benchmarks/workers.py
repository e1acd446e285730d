"""From how much work on other processes are worth starting: what `imfilt.batch.runners.here` goes by.

Run ``python tests/benchmarks/workers.py`` on a quiet machine; it prints, for folders of more and more pictures, how
long one process takes, two that are forked, two that are started, and what `auto` makes of it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from batches import KERNEL, icons_of, many, rerun
from commands import imfilt_command
from report import milliseconds
from timing import interleave, middle

FOLDERS = {
    "icons": (icons_of, (10, 30, 60, 120, 250, 500, 1000)),
    "pictures of 2.4 megapixels": (lambda count: many(count, 2.4), (2, 4, 8, 16, 32)),
}
_STARTED = (
    "import sys, threading; threading.Thread(target=threading.Event().wait, daemon=True).start(); "
    "from imfilt.cli import run; sys.argv[0] = 'imfilt'; run()"
)
"""A thread that does nothing keeps the processes from being forked."""


def main(counts: Sequence[int] | None = None, runs: int = 9) -> None:
    """Print a table of milliseconds, medians of `runs` in turn; `counts` of pictures stand in for the usual ones."""
    ways = {
        "one process": [*imfilt_command(None), "apply", "--runner", "serial"],
        "two forked": [*imfilt_command(None), "apply", "--runner", "processes"],
        "two started": [sys.executable, "-c", _STARTED, "apply", "--runner", "processes"],
        "auto": [*imfilt_command(None), "apply"],
    }
    print(f"| pictures | {' | '.join(ways)} |\n|---|{'---:|' * len(ways)}")
    for what, (writing, usual) in FOLDERS.items():
        for count in counts or usual:
            print(f"| {count} {what} | {' | '.join(_times(writing(count), ways, runs))} |", flush=True)


def _times(write: Callable[[Path], None], ways: dict[str, list[str]], runs: int) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="imfilt-workers-") as name:
        source, target = Path(name, "in"), Path(name, "out")
        source.mkdir()
        write(source)
        works = {way: partial(rerun, partial(_command, words), source, target) for way, words in ways.items()}
        return [milliseconds(middle(each).seconds) for each in interleave(works, runs).values()]


def _command(words: Sequence[str], source: Path, target: Path) -> list[str]:
    return [*words, "-k", KERNEL, "-j", "2", "-q", str(source), "-o", f"{target}/"]


if __name__ == "__main__":
    main()
