"""A convolution layer carried out: every output channel is a sum over all input channels, by products of matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from imfilt.engine.arrays import EXACT_FLOAT, as_cube, levels_of, to_int64, to_numbers
from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.layers import Layer
from imfilt.engine.recipes.geometry import Axis, lay_axis
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.running.run import numpy_settings
from imfilt.errors import RecipeError

if TYPE_CHECKING:
    from imfilt.array_types import Array

_EXACT_IN = ((1 << 24, "float32"), (EXACT_FLOAT, "float64"), (1 << 63, "int64"))
"""Up to which bound of all sums a dtype holds them exactly; the first ones are multiplied as matrices the fastest."""

_BLOCK = 1 << 19
"""Samples that are laid out for one product of matrices."""

_MOST_PADDED = 1 << 28


def convolve_layer(array: Any, layer: Layer, recipe: Recipe) -> Array:
    """Return what `layer` makes of an array H × W × in, laid as `recipe` says: H' × W' × out, int64 or float64.

    The kernel of the recipe stands for the matrices, and is not looked at but for its size. Raises `RecipeError` where
    the channels or the size do not fit, and for a result beyond int64.
    """
    cube = as_cube(to_numbers(array))
    channels = layer.weights.shape[1]
    if cube.shape[2] != channels:
        raise RecipeError(
            f"weights for {channels} input channels do not fit an array of {cube.shape[2]}; the second side of the "
            "weights (out, in, rows, columns) must be the number of channels"
        )
    axes = _lay(layer, recipe, cube.shape)
    work = None if layer.is_float or cube.dtype.kind == "f" else _in_whole_numbers(layer, recipe, cube)
    work = work or _in_floats(layer, recipe)
    padded = _pad(cube, axes, recipe, work)
    result = np.empty((axes[0].output, axes[1].output, len(work.weights)), work.result_dtype)
    try:
        with numpy_settings():
            for block, windows in _windows(padded, axes, layer):
                result[block] = work.finish(windows)
    except OverflowError:
        raise RecipeError("the result is too large for float64; make the weights smaller") from None
    return to_int64(result, advice="give a divisor for a float64 result") if work.is_whole else result


@dataclass(frozen=True)
class _Work:
    """Numbers of one dtype: weights (out × columns of a product of matrices), offsets, and what the sums are over."""

    weights: Array
    offsets: Array
    scale: int
    """The samples are multiplied by it, so that a fractional border level is a whole number."""
    outside: int | float
    divisor: int
    is_whole: bool = False
    is_long: bool = False
    """Whether sums or divisor are too long for floating point to hold before they are divided."""

    @property
    def result_dtype(self) -> str:
        if not self.is_whole:
            return "float64"
        return ANY_INTEGER if self.weights.dtype == ANY_INTEGER else "int64"

    def finish(self, windows: Array) -> Array:
        """Return the results of windows (… × samples of a window), … × out."""
        sums: Array = np.matmul(windows.reshape(-1, windows.shape[-1]), self.weights.T)
        sums += self.offsets
        sums = sums.reshape(*windows.shape[:-1], -1)
        if self.is_whole or self.divisor == 1:
            return sums
        if not self.is_long:
            sums = sums.astype("float64")
        elif sums.dtype != ANY_INTEGER:  # Python's own integers, whose division is rounded once, however long they are
            sums = sums.astype("int64").astype(ANY_INTEGER)
        quotients: Array = np.true_divide(sums, self.divisor)
        return quotients


def _in_whole_numbers(layer: Layer, recipe: Recipe, cube: Array) -> _Work | None:
    """Return the work in whole numbers, in the fastest dtype; None where they get so long that floats have to do."""
    level = recipe.border_rule.level
    scale = level.denominator
    factor = math.lcm(*((bias * layer.divisor * scale).denominator for bias in layer.biases))
    divisor = layer.divisor * scale * factor
    offsets = [int(bias * divisor) for bias in layer.biases]
    largest = max(levels_of(cube).largest * scale, abs(int(level * scale)))
    weights = _laid(layer.weights, recipe)
    heaviest = max(map(_weight, weights)) * factor
    bound = max(heaviest * largest + max(map(abs, offsets)), largest, heaviest)
    dtype = next((name for limit, name in _EXACT_IN if bound < limit), ANY_INTEGER)
    if dtype == ANY_INTEGER and not layer.is_exact:
        return None
    if factor != 1:
        weights = weights.astype(ANY_INTEGER if dtype == ANY_INTEGER else "int64") * factor
    return _Work(
        weights.astype(dtype),
        np.array(offsets, dtype),
        scale,
        int(level * scale),
        divisor,
        is_whole=layer.is_whole and scale == 1,
        is_long=max(bound, divisor) > EXACT_FLOAT,
    )


def _in_floats(layer: Layer, recipe: Recipe) -> _Work:
    weights = _laid(layer.floats, recipe)
    offsets = np.array([float(bias) for bias in layer.biases])
    return _Work(weights, offsets, 1, float(recipe.border_rule.level), 1)


def _laid(weights: Array, recipe: Recipe) -> Array:
    """Return weights as they lie over the samples, out × (rows · columns · in)."""
    if not recipe.correlate:
        weights = weights[:, :, ::-1, ::-1]
    return weights.transpose(0, 2, 3, 1).reshape(len(weights), -1)


def _weight(weights: Array) -> int:
    """Return the sum of the magnitudes of whole numbers, however large."""
    largest = max(abs(int(weights.max())), abs(int(weights.min())))
    dtype = "int64" if largest * weights.size < 1 << 63 else ANY_INTEGER
    return int(np.abs(weights.astype(dtype)).sum())


def _lay(layer: Layer, recipe: Recipe, shape: tuple[int, ...]) -> tuple[Axis, Axis]:
    taps = layer.weights.shape[2:]
    anchor = recipe.anchor or (taps[0] // 2, taps[1] // 2)
    down, across = (
        lay_axis(
            shape[i], taps[i], anchor=anchor[i], stride=recipe.stride[i], dilation=recipe.dilation[i], size=recipe.size
        )
        for i in range(2)
    )
    span = f"the weights span {down.reach + 1} x {across.reach + 1} samples"
    if not (down.output and across.output):
        raise RecipeError(f"{span}, more than the {shape[0]} x {shape[1]} there are; use size 'same'")
    if math.prod(len(axis.inputs(0, axis.output)) for axis in (down, across)) * shape[2] > _MOST_PADDED:
        raise RecipeError(f"{span}, and with the array more than can be held; use a smaller dilation or array")
    return down, across


def _pad(cube: Array, axes: tuple[Axis, Axis], recipe: Recipe, work: _Work) -> Array:
    """Return all samples that the windows look at, those beyond the border too, in the dtype of the work."""
    index = recipe.border_rule.border.index
    dtype = work.weights.dtype
    looked_at = [axis.inputs(0, axis.output) for axis in axes]
    if index is None:
        inside = [
            range(max(each.start, 0), min(each.stop, axis.length)) for each, axis in zip(looked_at, axes, strict=True)
        ]
        padded = np.full((*map(len, looked_at), cube.shape[2]), work.outside, dtype)
        rows, columns = (
            slice(known.start - each.start, max(known.stop, known.start) - each.start)
            for known, each in zip(inside, looked_at, strict=True)
        )
        samples = cube[inside[0].start : inside[0].stop, inside[1].start : inside[1].stop]
        padded[rows, columns] = samples if work.scale == 1 else samples.astype(dtype) * dtype.type(work.scale)
        return padded
    sources = [
        [x if 0 <= x < axis.length else index(x, axis.length) for x in each]
        for each, axis in zip(looked_at, axes, strict=True)
    ]
    return cube[np.ix_(*sources)].astype(dtype)


def _windows(padded: Array, axes: tuple[Axis, Axis], layer: Layer) -> Iterator[tuple[tuple[slice, slice], Array]]:
    """Yield blocks of the result, and for each the samples that it looks at: rows × columns × samples of a window."""
    down, across = axes
    rows, columns, channels = padded.strides
    windows = as_strided(
        padded,
        (down.output, across.output, down.taps, across.taps, padded.shape[2]),
        (rows * down.stride, columns * across.stride, rows * down.dilation, columns * across.dilation, channels),
        writeable=False,
    )
    size = math.prod(layer.weights.shape[1:])
    wide = min(across.output, max(1, _BLOCK // size))
    high = max(1, _BLOCK // (size * wide))
    for top in range(0, down.output, high):
        for left in range(0, across.output, wide):
            block = slice(top, top + high), slice(left, left + wide)
            samples = windows[block]
            yield block, samples.reshape(*samples.shape[:2], size)
