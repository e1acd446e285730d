"""How the time of the engine grows with the picture and with the kernel, and what memory it takes; one thread."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from arrays import dense, with_imfilt
from machine import setting
from numpy.typing import NDArray
from pictures import picture
from report import Report, counted, mebibytes
from timing import interleave, timed

from imfilt.kernels.kernel import Kernel
from imfilt.kernels.registry import load_registry

Array = NDArray[Any]

SIDES = (3, 5, 7, 9, 11, 15, 21, 31, 45, 63, 81, 101)
_KERNEL_MEGAPIXELS = 4.0
"""The size of the picture for kernels of all sides, or the largest that was asked for, where that is less."""


def measure(sizes: Sequence[float], runs: int) -> Report:
    """Run everything; return the results."""
    report = Report("Scaling")
    report.text(setting(("numpy", "scipy")))
    report.text(
        f"RGB of 8 bits in memory, one thread; medians of {counted(runs)}. A sample is one channel of one pixel. The "
        "memory is what the engine asks for beyond the picture and the result."
    )
    by_kernel = _by_picture(sizes, runs)
    report.heading("As the picture grows")
    rows = []
    for name, cells in by_kernel.items():
        times = [time for time, _ in cells]
        rows.append([name, *(f"{time:.2f} ns, {mebibytes(memory)} MiB" for time, memory in cells), _flat(times)])
    report.table(("kernel", *(f"{size:g} MP" for size in sizes), "flat within"), rows)
    report.heading("As the kernel grows")
    size = min(_KERNEL_MEGAPIXELS, max(sizes))
    report.text(f"Dense kernels with nothing special about them, over {counted(size, 'megapixel')}.")
    image = picture(size)
    kernels = []
    for side in SIDES:
        time, memory = _cost(dense(side).kernel, image, runs)
        kernels.append([f"{side} × {side}", f"{time:.2f}", f"{1e3 * time / side**2:.1f}", mebibytes(memory)])
    report.table(("kernel", "ns a sample", "ps a sample and weight", "memory, MiB"), kernels)
    return report


def _by_picture(sizes: Sequence[float], runs: int) -> dict[str, list[tuple[float, int]]]:
    """Return nanoseconds a sample and bytes for each kernel and size."""
    kernels = {name: load_registry()[name] for name in ("edge3", "gaussian5")} | {"dense 31 × 31": dense(31).kernel}
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in kernels}
    for size in sizes:
        print(f"{size:g} megapixels", file=sys.stderr, flush=True)
        image = picture(size)
        for name, kernel in kernels.items():
            found[name].append(_cost(kernel, image, runs))
    return found


def _cost(kernel: Kernel, image: Array, runs: int) -> tuple[float, int]:
    """Return the median of the nanoseconds a sample, and the most bytes that were asked for."""
    work = with_imfilt(kernel, image)
    usages = interleave({"imfilt": partial(timed, work)}, runs)["imfilt"]
    tracemalloc.start()  # NumPy tells it of its arrays; it takes time, so it has a run of its own
    first = with_imfilt(kernel, image)  # whose buffers are not there yet
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    first()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return 1e9 * float(np.median([usage.seconds for usage in usages])) / image.size, peak - held


def _flat(times: Sequence[float]) -> str:
    """Say by how much the largest is above the smallest."""
    return f"{100 * (max(times) / min(times) - 1):.0f} %"
