"""The libraries that filter an array, each with the functions that may give the right picture, at their best settings.

A peer is given the picture, and returns what is timed: copies into the types of a library, and the room for its result
where it lets one give it, are made before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from machine import is_installed
from numpy.typing import NDArray

from imfilt.kernels.kernel import Kernel

Array = NDArray[Any]
Work = Callable[[], Any]
"""Filters the picture; what it returns can be made an array."""
Peer = Callable[[Array], Work]

TRUNCATE = 4.0
"""Standard deviations to each side of a Gaussian."""

MOST_TERMS = 4e9
"""Products that a slow function has to sum, at most: a larger picture is cut, and the times compared by the sample."""


@dataclass(frozen=True)
class Filter:
    """A kernel, and what is special about it."""

    name: str
    kernel: Kernel
    sigma: float | None = None
    """Of a Gaussian with `TRUNCATE`."""

    @property
    def weights(self) -> Array:
        """The weights over the divisor."""
        rows = [[float(weight) for weight in row] for row in self.kernel.weights]
        return np.array(rows) / float(self.kernel.divisor)

    @property
    def lines(self) -> tuple[Array, Array] | None:
        """The column and the row whose product the weights are, where they are one; sums of 1 where that can be."""
        left, values, right = np.linalg.svd(self.weights)
        if len(values) > 1 and values[1] > 1e-12 * values[0]:
            return None
        column, row = left[:, 0] * values[0], right[0]
        total = row.sum() if abs(row.sum()) > 1e-9 else 1
        return column * total, row / total

    @property
    def largest(self) -> float:
        """The largest sum over samples of 1 at most."""
        return float(np.abs(self.weights).sum())


def gaussian(sigma: float) -> Filter:
    """Return a Gaussian, in decimals."""
    radius = int(TRUNCATE * sigma + 0.5)
    line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    line /= line.sum()
    return Filter(f"Gaussian, sigma {sigma:g}", Kernel(np.outer(line, line)), sigma)


def rounded(result: Array, dtype: Any) -> Array:
    """Return float32 results, which are overwritten, as samples."""
    if dtype == np.float32:
        return result
    np.floor(np.add(result, 0.5, out=result), out=result)
    return np.clip(result, 0, np.iinfo(dtype).max, out=result).astype(dtype)


def opencv_filter2d(each: Filter, _dtype: str) -> Peer | None:
    import cv2

    turned = each.weights[::-1, ::-1].astype(np.float32)

    def prepare(image: Array) -> Work:
        result = np.empty_like(image)
        return lambda: cv2.filter2D(image, -1, turned, dst=result, borderType=cv2.BORDER_REPLICATE)

    return prepare


def opencv_separable(each: Filter, _dtype: str) -> Peer | None:
    import cv2

    if each.lines is None:
        return None
    column, row = (line[::-1].astype(np.float32) for line in each.lines)

    def prepare(image: Array) -> Work:
        result = np.empty_like(image)
        return lambda: cv2.sepFilter2D(image, -1, row, column, dst=result, borderType=cv2.BORDER_REPLICATE)

    return prepare


def opencv_own(each: Filter, _dtype: str) -> Peer | None:
    """Take the function that OpenCV has for this very kernel."""
    import cv2

    side = len(each.weights)
    border = cv2.BORDER_REPLICATE
    if each.name == "box3":
        return lambda image: _with_result(image, lambda result: cv2.blur(image, (3, 3), dst=result, borderType=border))
    if each.name == "edge2":
        return lambda image: _with_result(
            image, lambda result: cv2.Laplacian(image, -1, dst=result, ksize=1, borderType=border)
        )
    if each.name in ("gaussian3", "gaussian5") or each.sigma:
        sigma = each.sigma or 0  # 0: the binomial weights of this size
        return lambda image: _with_result(
            image, lambda result: cv2.GaussianBlur(image, (side, side), sigma, dst=result, borderType=border)
        )
    return None


def _with_result(image: Array, work: Callable[[Array], Any]) -> Work:
    result = np.empty_like(image)
    return lambda: work(result)


def scipy_ndimage(each: Filter, dtype: str) -> Peer | None:
    from scipy import ndimage

    if dtype != "uint8":
        return None
    weights, lines = each.weights[..., np.newaxis], each.lines

    def prepare(image: Array) -> Work:
        result = np.empty(image.shape, np.float32)
        between = np.empty(image.shape, np.float32)

        def separable(column: Array, row: Array) -> Array:
            ndimage.convolve1d(image, column, axis=0, output=between, mode="nearest")
            ndimage.convolve1d(between, row, axis=1, output=result, mode="nearest")
            return rounded(result, image.dtype)

        def dense() -> Array:
            ndimage.convolve(image, weights, output=result, mode="nearest")
            return rounded(result, image.dtype)

        return dense if lines is None else lambda: separable(*lines)

    return prepare


def scipy_signal(each: Filter, dtype: str) -> Peer | None:
    from scipy import signal

    if dtype != "uint8" or each.weights.size < 49:
        return None
    weights = each.weights[..., np.newaxis].astype(np.float32)
    down, across = weights.shape[0] // 2, weights.shape[1] // 2

    def prepare(image: Array) -> Work:
        def work() -> Array:
            padded = np.pad(image, ((down, down), (across, across), (0, 0)), mode="edge").astype(np.float32)
            return rounded(signal.oaconvolve(padded, weights, mode="valid", axes=(0, 1)), image.dtype)

        return work

    return prepare


def scikit_image(each: Filter, dtype: str) -> Peer | None:
    from skimage import filters

    if dtype != "uint8" or not each.sigma:
        return None

    def prepare(image: Array) -> Work:
        numbers = image.astype(np.float32)
        result = np.empty_like(numbers)

        def work() -> Array:
            filters.gaussian(
                *(numbers, each.sigma),
                mode="nearest",
                truncate=TRUNCATE,
                preserve_range=True,
                channel_axis=-1,
                out=result,
            )
            return rounded(result, image.dtype)

        return work

    return prepare


def pillow(each: Filter, dtype: str) -> Peer | None:
    from PIL import Image, ImageFilter

    if dtype != "uint8" or len(each.weights) not in (3, 5):
        return None
    flat = each.weights[:, ::-1].ravel().tolist()  # Pillow correlates with the rows upside down
    kernel = ImageFilter.Kernel(each.weights.shape, flat, scale=1)

    def prepare(image: Array) -> Work:
        source = Image.fromarray(image)
        return lambda: source.filter(kernel)

    return prepare


def libvips_float(each: Filter, dtype: str) -> Peer | None:
    return _libvips(each, dtype, "float")


def libvips_integer(each: Filter, dtype: str) -> Peer | None:
    return _libvips(each, dtype, "integer") if each.kernel.is_exact else None


def _libvips(each: Filter, dtype: str, precision: str) -> Peer | None:
    pyvips = import_pyvips()
    if dtype != "uint8":
        return None
    form = each.kernel.integer_form
    whole = precision == "integer"
    rows = [list(row)[::-1] for row in form.weights][::-1] if whole else each.weights[::-1, ::-1].tolist()
    matrix = pyvips.Image.new_from_array(rows, scale=form.divisor if whole else 1)
    lines = None if whole else each.lines

    def prepare(image: Array) -> Work:
        source = pyvips.Image.new_from_memory(image.tobytes(), image.shape[1], image.shape[0], 3, "uchar")

        def work() -> Any:
            if lines is None:
                result = source.conv(matrix, precision=precision)
            else:
                column, row = (line[::-1] for line in lines)
                result = source.conv(pyvips.Image.new_from_array(column[:, None].tolist()), precision=precision)
                result = result.conv(pyvips.Image.new_from_array([row.tolist()]), precision=precision)
            return (result if whole else result.rint()).cast("uchar").numpy()

        return work

    return prepare


def import_pyvips() -> Any:
    """Return libvips with one thread, and with no memory of what it did before; other processes are left alone."""
    before = os.environ.get("VIPS_CONCURRENCY")
    os.environ["VIPS_CONCURRENCY"] = "1"  # read when libvips is loaded
    import pyvips

    os.environ.pop("VIPS_CONCURRENCY")
    if before is not None:
        os.environ["VIPS_CONCURRENCY"] = before
    pyvips.cache_set_max(0)
    return pyvips


@dataclass(frozen=True)
class Tool:
    """A library and its functions."""

    package: str
    functions: dict[str, Callable[[Filter, str], Peer | None]]


TOOLS = {
    "OpenCV": Tool(
        "opencv-python-headless",
        {"filter2D": opencv_filter2d, "sepFilter2D": opencv_separable, "its own function": opencv_own},
    ),
    "SciPy": Tool("scipy", {"ndimage": scipy_ndimage, "oaconvolve": scipy_signal}),
    "scikit-image": Tool("scikit-image", {"gaussian": scikit_image}),
    "Pillow": Tool("pillow", {"Kernel": pillow}),
    "libvips": Tool("pyvips", {"float": libvips_float, "integer": libvips_integer}),
}


TAP_BY_TAP = (("SciPy", "ndimage"), ("libvips", "float"))
"""The functions that take very long over large kernels."""


def installed() -> dict[str, Tool]:
    """Return the tools that are there."""
    return {name: tool for name, tool in TOOLS.items() if is_installed(tool.package)}


def peers_for(each: Filter, dtype: str) -> dict[tuple[str, str], Peer]:
    """Return the functions that do this, by tool and name."""
    found = {
        (name, function): make(each, dtype)
        for name, tool in installed().items()
        for function, make in tool.functions.items()
    }
    return {key: peer for key, peer in found.items() if peer is not None}
