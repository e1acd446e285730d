"""Damage real files of every format, and look at what `imfilt apply` makes of them.

    python tests/fuzz/fuzz.py --minutes 10

Nothing but one line of explanation, or a picture, is to come of any file; within 10 seconds, in 1 GiB of memory. What
fails is kept in a folder, with the numbers that make it again: `--seed S --first N --cases 1`. It needs `os.fork`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no threads, so that the process can be forked

import scipy.fft  # noqa: F401 (what a case may need is imported once, and not in each)
from case import make_case, run_cases
from PIL import Image
from seeds import seed_files

import imfilt.batch.frames
import imfilt.cli.apply  # noqa: F401

_AT_A_TIME = 50
"""Cases for one process."""


def main() -> int:
    """Run cases until they are done, or the time is over; return the exit status: 1 where any failed."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10, help="how long (default: 10)")
    parser.add_argument("--cases", type=int, help="how many at most (default: as many as there is time for)")
    parser.add_argument("--seed", type=int, default=0, help="a number that makes the run another one (default: 0)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case (default: 0)")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="where files that fail are kept")
    given = parser.parse_args()
    Image.init()
    files = seed_files()
    end, began = time.monotonic() + given.minutes * 60, time.monotonic()
    number, failed = given.first, 0
    last = sys.maxsize if given.cases is None else given.first + given.cases
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end and number < last:
            cases = [make_case(files, given.seed, each) for each in range(number, min(number + _AT_A_TIME, last))]
            for case, problem in run_cases(cases, Path(folder)):
                if problem:
                    failed += 1
                    given.keep.mkdir(exist_ok=True)
                    (given.keep / f"{given.seed}-{case.number}-{case.name}").write_bytes(case.content)
                    what = f"seed {given.seed}, case {case.number}, {case.name} {' '.join(case.options)}"
                    print(f"{what}: {problem}", flush=True)
            number += len(cases)
    seconds = time.monotonic() - began
    print(f"{number - given.first} cases from {len(files)} files in {seconds:.0f} s, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
