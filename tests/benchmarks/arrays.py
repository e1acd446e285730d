"""Arrays in memory, one thread each: imfilt beside OpenCV, SciPy, scikit-image, Pillow and libvips.

Run ``python tests/benchmarks/arrays.py`` with the extra ``bench`` installed. Every peer has the same border and gives
the same picture (by at most 1 level, which is checked before it is timed); the runs are interleaved; the table
holds medians as ratios, imfilt over the peer, so that less than 1 means that imfilt is faster. ``--megapixels`` and
``--runs`` make it shorter; a case is named to be run alone.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

os.environ["VIPS_CONCURRENCY"] = "1"  # read when libvips is loaded

import cv2
import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage
from skimage import filters

from imfilt.engine.arrays import ArrayRows
from imfilt.engine.plan import make_plan
from imfilt.engine.recipe import Recipe
from imfilt.engine.run import filter_rows
from imfilt.engine.samples import SAMPLE_TYPES
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.registry import load_registry

Array = NDArray[Any]
Peer = Callable[[Array], Array]

PEERS = ("OpenCV filter2D", "OpenCV Gaussian", "SciPy", "scikit-image", "Pillow", "libvips")
SEPARABLE_SIGMAS = (1.0, 2.0, 5.0, 20.0)
TRUNCATE = 4.0


@dataclass(frozen=True)
class Case:
    """A kernel over a picture, and the peers that can do it."""

    name: str
    kernel: Kernel
    dtype: str
    peers: dict[str, Peer] = field(default_factory=dict)


def weights_of(kernel: Kernel) -> Array:
    return np.array([[float(weight) for weight in row] for row in kernel.weights]) / float(kernel.divisor)


def gaussian(sigma: float) -> Array:
    radius = int(TRUNCATE * sigma + 0.5)
    line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(line / line.sum())


def with_filter2d(weights: Array) -> Peer:
    turned = weights[::-1, ::-1].copy()
    return lambda image: np.asarray(cv2.filter2D(image, -1, turned, borderType=cv2.BORDER_REPLICATE))


def with_ndimage(weights: Array) -> Peer:
    cube = weights[..., np.newaxis]

    def run(image: Array) -> Array:
        result = ndimage.convolve(image, cube, output=np.float32, mode="nearest")
        return rounded(result, image.dtype)

    return run


def rounded(result: Array, dtype: Any) -> Array:
    if dtype == np.float32:
        return result
    return np.clip(np.floor(result + 0.5), 0, np.iinfo(dtype).max).astype(dtype)


def with_pillow(weights: Array) -> Peer:
    flat = weights[:, ::-1].ravel().tolist()  # Pillow correlates with the rows upside down
    kernel = ImageFilter.Kernel(weights.shape, flat, scale=1)
    return lambda image: np.asarray(Image.fromarray(image).filter(kernel))


def with_vips(weights: Array) -> Peer:
    matrix = pyvips.Image.new_from_array(weights[::-1, ::-1].tolist())

    def run(image: Array) -> Array:
        source = pyvips.Image.new_from_memory(image.tobytes(), image.shape[1], image.shape[0], 3, "uchar")
        return np.asarray(source.conv(matrix, precision="float").rint().cast("uchar").numpy())

    return run


def gaussian_peers(sigma: float) -> dict[str, Peer]:
    line = gaussian(sigma)
    side = len(line)

    def scipy(image: Array) -> Array:
        result = ndimage.gaussian_filter(image, (sigma, sigma, 0), output=np.float32, mode="nearest", truncate=TRUNCATE)
        return rounded(result, image.dtype)

    def skimage(image: Array) -> Array:
        result = filters.gaussian(image, sigma, mode="nearest", truncate=TRUNCATE, preserve_range=True, channel_axis=-1)
        return rounded(result, image.dtype)

    def opencv(image: Array) -> Array:
        return np.asarray(cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REPLICATE))

    peers: dict[str, Peer] = {"OpenCV Gaussian": opencv, "SciPy": scipy, "scikit-image": skimage}
    return peers


def cases() -> Iterator[Case]:
    for entry in load_registry().entries:
        weights = weights_of(entry.kernel)
        peers = {
            "OpenCV filter2D": with_filter2d(weights),
            "SciPy": with_ndimage(weights),
            "Pillow": with_pillow(weights),
            "libvips": with_vips(weights),
        }
        yield Case(entry.name, entry.kernel, "uint8", peers)
        yield Case(entry.name, entry.kernel, "uint16", {"OpenCV filter2D": peers["OpenCV filter2D"]})
    rng = np.random.default_rng(0)
    for side in (7, 15, 31, 63, 101):
        weights = rng.random((side, side))
        weights /= weights.sum()
        yield Case(f"dense {side} x {side}", Kernel(weights), "uint8", {"OpenCV filter2D": with_filter2d(weights)})
    for sigma in SEPARABLE_SIGMAS:
        line = gaussian(sigma)
        yield Case(f"Gaussian, sigma {sigma:g}", Kernel(np.outer(line, line)), "uint8", gaussian_peers(sigma))


def with_imfilt(case: Case, image: Array) -> Peer:
    """Return imfilt at one thread, writing into an array that is there already, as OpenCV's result is pooled."""
    result = np.empty_like(image)
    recipe = Recipe((case.kernel,))

    def run(source: Array) -> Array:
        plan = make_plan(recipe, SAMPLE_TYPES[source.dtype.name], source.shape)
        filter_rows(plan, ArrayRows(source), ArrayRows(result), threads=1)
        return result

    return run


def check(ours: Array, theirs: Array, name: str) -> None:
    """Stop unless both are the same picture, away from the border by no more than the rounding of the peer."""
    margin = 4
    a = ours[margin:-margin, margin:-margin].astype(np.float64)
    b = theirs[margin:-margin, margin:-margin].astype(np.float64)
    if np.abs(a - b).max() > 1:
        raise SystemExit(f"{name} gives another picture: {np.abs(a - b).max():g} levels")


def measure(case: Case, image: Array, runs: int) -> tuple[float, dict[str, float]]:
    """Return the median milliseconds of imfilt, and the median ratio to each peer, run by run."""
    ours = with_imfilt(case, image)
    cut = np.ascontiguousarray(image[:220, :260])
    for name, peer in case.peers.items():
        check(with_imfilt(case, cut)(cut), peer(cut), f"{name}, {case.name}")
    times: dict[str, list[float]] = {name: [] for name in ("imfilt", *case.peers)}
    for _ in range(runs + 1):
        for name, work in (("imfilt", ours), *case.peers.items()):
            start = time.perf_counter()
            work(image)
            times[name].append(time.perf_counter() - start)
    middle = {name: float(np.median(each[1:])) for name, each in times.items()}
    ratios = {name: float(np.median(np.array(times["imfilt"][1:]) / np.array(times[name][1:]))) for name in case.peers}
    return 1e3 * middle["imfilt"], ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only cases whose names begin like this")
    parser.add_argument("--megapixels", type=float, default=24.0)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pyvips.cache_set_max(0)
    height = round((arguments.megapixels * 1e6 / 1.5) ** 0.5)
    noise = np.random.default_rng(0).integers(0, 256, (height, height * 3 // 2, 3), np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 1.5) // 2 + noise // 2
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("numpy", "scipy", "opencv-python-headless", "scikit-image", "pillow", "pyvips")
    )
    print(f"{arguments.megapixels:g} megapixels RGB, one thread, {platform.machine()}, {versions}\n")
    print(f"| kernel | samples | imfilt ms | {' | '.join(PEERS)} |")
    print("|---" * (3 + len(PEERS)) + "|")
    for case in cases():
        if arguments.names and not case.name.startswith(tuple(arguments.names)):
            continue
        picture = image if case.dtype == "uint8" else image.astype(np.uint16) * 257
        milliseconds, ratios = measure(case, picture, arguments.runs)
        cells = [f"{ratios[name]:.2f}" if name in ratios else "" for name in PEERS]
        print(f"| {case.name} | {case.dtype} | {milliseconds:.0f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
