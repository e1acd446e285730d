"""One picture of a thousand million pixels, from file to file, and windows of the result against plain arithmetic.

The picture is grey, 8 bits, not compressed (PGM), so that it is made and looked at without being in memory as a whole.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from array_peers import gaussian
from commands import imfilt_command
from machine import setting
from numpy.typing import NDArray
from pictures import strips
from report import Report, mebibytes
from scipy import ndimage
from timing import timed_command

from imfilt.kernels.kernel import Kernel
from imfilt.kernels.registry import load_registry

Array = NDArray[Any]

SIGMA = 5
_WINDOW = 256
_MOST_OFF = 1e-4
"""The part of the samples that may be 1 level off where weights are decimals."""


def measure(side: int, imfilt: str | None) -> Report:
    """Make the picture, filter it, check the results; return what it took."""
    report = Report("A gigapixel")
    report.text(setting(("numpy", "pillow", "scipy")))
    rows = []
    with tempfile.TemporaryDirectory(prefix="imfilt-gigapixel-") as name:
        source, target, matrix = (Path(name, file) for file in ("source.pgm", "result.pgm", "gaussian.txt"))
        make(source, side)
        soft = gaussian(SIGMA).kernel
        matrix.write_text("\n".join(" ".join(map(str, row)) for row in soft.weights))
        for title, choice, kernel in (
            ("edge3", ("-k", "edge3"), load_registry()["edge3"]),
            (f"Gaussian, sigma {SIGMA}, {len(soft.weights)} × {len(soft.weights)}", ("-m", f"@{matrix}"), soft),
        ):
            print(title, file=sys.stderr, flush=True)
            command = [*imfilt_command(imfilt), "apply", str(source), *choice, "-o", str(target), "--overwrite"]
            usage = timed_command([*command, "--max-pixels", str(side * side)])
            right, windows = check(samples_of(source, side), samples_of(target, side), kernel)
            if not right:
                report.wrong.append(f"imfilt: {title}, {side} × {side}")
            found = f"{windows} windows are right" if right else "WRONG"
            times = (f"{usage.seconds:.1f}", f"{usage.processor:.1f}")
            rows.append([title, *times, mebibytes(usage.peak), f"{usage.peak / side**2:.2f}", found])
    report.text(
        f"`imfilt apply` over {side} × {side} grey samples of 8 bits ({mebibytes(side * side)} MiB), PGM to PGM. "
        f"Windows of {_WINDOW} × {_WINDOW} at the corners, along the sides and within were computed anew: edge3 in "
        "whole numbers, the Gaussian in float64."
    )
    report.table(("kernel", "s", "processor s", "peak MiB", "bytes a pixel", "result"), rows)
    return report


def make(file: Path, side: int) -> None:
    """Write the picture, a few rows at a time."""
    with file.open("wb") as stream:
        stream.write(_header(side))
        for strip in strips(side, side):
            stream.write(strip[..., 1].tobytes())


def samples_of(file: Path, side: int) -> Array:
    """Return the samples of a PGM file, which are read as they are looked at."""
    header = _header(side)
    with file.open("rb") as stream:
        if stream.read(len(header)).split() != header.split():
            raise SystemExit(f"{file.name} is no grey picture of {side} × {side}")
    samples: Array = np.memmap(file, np.uint8, "r", len(header), (side, side))
    return samples


def _header(side: int) -> bytes:
    return b"P5\n%d %d\n255\n" % (side, side)


def check(source: Array, result: Array, kernel: Kernel) -> tuple[bool, int]:
    """Return whether the windows of `result` are right, and how many were looked at."""
    right, windows = True, 0
    for window in _windows(source.shape[0]):
        samples = _around(source, window, len(kernel.weights) // 2)
        expected = exact(samples, kernel) if kernel.is_exact else close(samples, kernel)
        off = np.abs(result[window].astype(int) - expected)
        most = 0 if kernel.is_exact else _MOST_OFF * off.size
        right &= bool(off.max() <= 1 and np.count_nonzero(off) <= most)
        windows += 1
    return right, windows


def _windows(side: int) -> Iterator[tuple[slice, slice]]:
    """Yield the corners, the middles of the sides, and what lies between."""
    starts = (0, side // 3, side // 2, side - _WINDOW)
    for top in starts:
        for left in starts:
            yield slice(top, top + _WINDOW), slice(left, left + _WINDOW)


def _around(source: Array, window: tuple[slice, slice], reach: int) -> Array:
    """Return a window with `reach` samples around it, the outermost of the picture repeated beyond the border."""
    side = source.shape[0]
    rows, columns = (np.clip(np.arange(part.start - reach, part.stop + reach), 0, side - 1) for part in window)
    return np.asarray(source[rows[0] : rows[-1] + 1][np.ix_(rows - rows[0], columns)])


def exact(samples: Array, kernel: Kernel) -> Array:
    """Return the convolution in whole numbers, rounded half up and clipped, for kernels without a bias."""
    form = kernel.integer_form
    height, width = len(form.weights), len(form.weights[0])
    numbers = samples.astype(np.int64)
    sums = np.zeros((samples.shape[0] - height + 1, samples.shape[1] - width + 1), np.int64)
    for y, row in enumerate(form.weights):
        for x, weight in enumerate(row):
            down, across = height - 1 - y, width - 1 - x
            sums += weight * numbers[down : down + sums.shape[0], across : across + sums.shape[1]]
    return np.asarray(np.clip((2 * sums + form.divisor) // (2 * form.divisor), 0, 255))


def close(samples: Array, kernel: Kernel) -> Array:
    """Return the convolution in float64 as SciPy has it, rounded half up and clipped."""
    weights = np.array(kernel.weights, np.float64) / float(kernel.divisor)
    down, across = weights.shape[0] // 2, weights.shape[1] // 2
    sums = ndimage.convolve(samples.astype(np.float64), weights)[down:-down, across:-across]
    return np.asarray(np.clip(np.floor(sums + 0.5), 0, 255).astype(int))
