"""Arrays in memory, one thread each: imfilt beside OpenCV, SciPy, scikit-image, Pillow and libvips.

Every peer has the same border and gives the same picture, which is checked before it is timed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from array_peers import MOST_TERMS, TAP_BY_TAP, TOOLS, Filter, Peer, gaussian, installed, peers_for
from machine import setting
from numpy.typing import NDArray
from pictures import picture
from report import Report, counted, milliseconds, shown_ratio
from timing import PATIENCE, SLOW, OtherPictureError, Usage, interleave, middle, ratio, timed

from imfilt.engine.arrays import ArrayRows
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.engine.running.run import filter_rows
from imfilt.engine.running.workspaces import Workspaces
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.registry import load_registry

Array = NDArray[Any]

SIDES = (7, 15, 31, 63, 101)
SIGMAS = (1, 2, 5, 20)
DTYPES = ("uint8", "uint16", "float32")
IN_SHORT = ("edge3", "gaussian5", "unsharp5", "dense 7 × 7", "dense 31 × 31", "dense 101 × 101", "Gaussian")

Key = tuple[str, str]
"""A tool and one of its functions."""

OURS = ("imfilt", "")
_CUT = (400, 500)  # rows and columns of what is checked
_MARGIN = 4


@dataclass(frozen=True)
class Row:
    """What was measured of one kernel over one dtype."""

    name: str
    dtype: str
    usage: Usage
    samples: int
    ratios: dict[Key, float]
    """imfilt over the peer, by tool and function."""

    def best(self, tool: str) -> float | None:
        """Return the ratio to a tool at the fastest of its functions."""
        return max((value for (name, _), value in self.ratios.items() if name == tool), default=None)


def filters(only: Sequence[str] = ()) -> Iterator[Filter]:
    """Yield all kernels that are measured, or those whose names begin like one of `only`."""
    built_in = (Filter(entry.name, entry.kernel) for entry in load_registry().entries)
    for each in chain(built_in, map(dense, SIDES), map(gaussian, SIGMAS)):
        if not only or each.name.startswith(tuple(only)):
            yield each


def dense(side: int) -> Filter:
    """Return a kernel with nothing special about it."""
    weights = np.random.default_rng(side).random((side, side))
    return Filter(f"dense {side} × {side}", Kernel(weights / weights.sum()))


def measure(megapixels: float, runs: int, only: Sequence[str] = ()) -> Report:
    """Run everything; return the results."""
    report = Report("Arrays in memory")
    notes = [f"{name} is not installed here" for name in TOOLS if name not in installed()]
    if "OpenCV" in installed():
        import cv2

        cv2.setNumThreads(1)
    rows = []
    image = picture(megapixels)
    for dtype in DTYPES:
        source = as_dtype(image, dtype)
        for each in filters(only):
            print(f"{each.name}, {dtype}", file=sys.stderr, flush=True)
            rows.append(_contest(each, source, runs, notes, report.wrong))
    report.text(setting(("numpy", *dict.fromkeys(tool.package for tool in TOOLS.values()), "pyvips-binary")))
    report.heading("In short")
    report.text(
        f"{image.shape[1]} × {image.shape[0]} RGB of 8 bits, one thread each, medians of {counted(runs)}; imfilt over "
        "each library at the fastest of its functions that give the right picture. Results go into arrays that are "
        "there already, and imfilt's buffers are those of the picture before, as in a batch."
    )
    short = [row for row in rows if row.dtype == "uint8" and row.name.startswith(IN_SHORT)]
    report.table(
        ("kernel", "imfilt, ms", *TOOLS),
        [
            [row.name, milliseconds(row.usage.seconds), *(shown_ratio(row.best(tool)) for tool in TOOLS)]
            for row in short
        ],
    )
    report.heading("All functions")
    functions = [(name, function) for name, tool in TOOLS.items() for function in tool.functions]
    report.table(
        ("kernel", "samples", "imfilt, ms", "ns a sample", *(" ".join(function) for function in functions)),
        [
            [
                *(row.name, row.dtype, milliseconds(row.usage.seconds), f"{1e9 * row.usage.seconds / row.samples:.2f}"),
                *(shown_ratio(row.ratios.get(function)) for function in functions),
            ]
            for row in rows
        ],
    )
    report.heading("Notes")
    report.notes(
        [
            "OpenCV's own functions are blur, GaussianBlur and Laplacian; ndimage is convolve1d twice where it can be.",
            f"What took more than {SLOW:g} times as long as imfilt, or {PATIENCE:g} s, was run once.",
            f"Where ndimage or libvips would sum more than {MOST_TERMS / 1e9:g} · 10⁹ products they got a part of "
            "the picture, and are compared by the sample.",
            *notes,
        ]
    )
    return report


def as_dtype(image: Array, dtype: str) -> Array:
    """Return an 8-bit picture with other samples, of the full range."""
    if dtype == "uint16":
        return image.astype(np.uint16) * 257
    return image.astype(np.float32) / 255 if dtype == "float32" else image


def with_imfilt(kernel: Kernel, image: Array) -> Callable[[], Array]:
    """Return imfilt at one thread, as it filters the second picture of a batch and those that follow.

    The result goes into an array that is there already, as it does with OpenCV.
    """
    result, workspaces = np.empty_like(image), Workspaces()
    plan = make_plan(Recipe((kernel,)), SAMPLE_TYPES[image.dtype.name], image.shape)

    def work() -> Array:
        filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=1, workspaces=workspaces)
        return result

    return work


def _contest(each: Filter, image: Array, runs: int, notes: list[str], wrong: list[str]) -> Row:
    """Measure all libraries over one picture with one kernel."""
    dtype = image.dtype.name
    peers = peers_for(each, dtype)
    right: dict[Key, Peer] = {}
    differing: set[str] = set()
    for key, peer in peers.items():
        try:
            _check(peer, each, image)
            right[key] = peer
        except OtherPictureError as error:
            differing.add(key[0])
            notes.append(f"{' '.join(key)} gives another picture for {each.name}, {dtype}, {error}: not counted")
        except Exception as error:  # whatever a library raises where it cannot do it
            notes.append(f"{' '.join(key)} fails for {each.name}, {dtype}: {_first_line(error)}")
    wrong += [f"{tool}: {each.name}, {dtype}" for tool in sorted(differing - {tool for tool, _ in right})]
    parts = {key: _part_for(key, each, image) for key in right}
    works = {OURS: partial(timed, with_imfilt(each.kernel, image))}
    for key, peer in right.items():
        works[key] = partial(timed, peer(parts[key]))
    usages = interleave(works, runs)
    ratios = {key: ratio(usages[OURS], usages[key]) * parts[key].size / image.size for key in right}
    return Row(each.name, dtype, middle(usages[OURS]), image.size, ratios)


def _part_for(key: Key, each: Filter, image: Array) -> Array:
    """Return the picture, or as much of it as can be given to a function that sums tap by tap."""
    share = MOST_TERMS / (each.weights.size * image.size)
    if share >= 1 or key not in TAP_BY_TAP or each.lines is not None:
        return image
    rows, columns = (max(1, round(length * share**0.5)) for length in image.shape[:2])
    return np.ascontiguousarray(image[:rows, :columns])


def _check(peer: Peer, each: Filter, image: Array) -> None:
    """Raise `OtherPictureError` unless a peer gives what imfilt gives, within 1 level, over a part of the picture."""
    cut = np.ascontiguousarray(image[: _CUT[0], : _CUT[1]])
    inside = np.s_[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    ours, theirs = (
        np.asarray(work())[inside].astype(np.float64) for work in (with_imfilt(each.kernel, cut), peer(cut))
    )
    off = float(np.abs(ours - theirs).max())
    if off > (1e-5 * each.largest if cut.dtype == np.float32 else 1):
        raise OtherPictureError(f"off by {off:.2g}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
