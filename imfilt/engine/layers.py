"""A convolution layer, as neural networks have it: every output channel is a sum over all input channels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from imfilt.engine.arrays import EXACT_FLOAT, as_cube, levels_of, to_int64, to_numbers
from imfilt.engine.geometry import Axis, lay_axis
from imfilt.engine.recipe import Recipe
from imfilt.engine.run import ignoring_infinity
from imfilt.engine.stage import ANY_INTEGER
from imfilt.errors import KernelError, RecipeError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import Number, to_fraction, to_number

Array = NDArray[Any]

_EXACT_IN = ((1 << 24, "float32"), (EXACT_FLOAT, "float64"), (1 << 63, "int64"))
"""Up to which bound of all sums a dtype holds them exactly; the first ones are multiplied as matrices the fastest."""

_DECIMALS = 9
"""Floats with no more of them stand for decimals that whole numbers can hold."""

_BLOCK = 1 << 19
"""Samples that are laid out for one product of matrices."""

_MOST_PADDED = 1 << 28


@dataclass(frozen=True)
class Layer:
    """The weights of a layer, out × in × rows × columns, and one bias for each output channel.

    The exact value of a weight is that of `weights` over `divisor`.
    """

    weights: Array
    """Whole numbers (any integer dtype, or Python's own), or float64 where `is_float`."""
    divisor: int
    biases: tuple[Fraction, ...]
    is_float: bool
    """Whether some number has more decimals than whole numbers can hold, so that floating point is to do."""
    is_exact: bool
    """Whether all weights were given as whole numbers and fractions, so that results must be exact."""
    is_whole: bool
    """Whether whole samples give whole results."""

    @property
    def outline(self) -> Kernel:
        """A kernel of the size that all matrices have, which stands for them in a recipe."""
        rows, columns = self.weights.shape[2:]
        return Kernel([[0] * columns] * rows, name="the layer")

    @property
    def floats(self) -> Array:
        """The weights as float64, out × in × rows × columns; raises `RecipeError` where they are too large."""
        try:
            floats: Array = np.true_divide(self.weights, self.divisor).astype(np.float64)
        except OverflowError:
            floats = np.array(np.inf)
        if not np.isfinite(floats).all():
            raise RecipeError("the weights are too large for floating point; make them smaller")
        return floats


def is_layer(weights: object) -> bool:
    """Return whether `weights` is nested four deep, by its first elements.

    >>> is_layer([[[[1, 2]]]]), is_layer([[1, 2]]), is_layer(np.zeros((2, 3, 5, 5)))
    (True, False, True)
    """
    for depth in (4, 3, 2):
        if hasattr(weights, "ndim"):
            return bool(weights.ndim == depth)
        if isinstance(weights, str) or not isinstance(weights, Sequence) or not weights:
            return False
        weights = weights[0]
    return isinstance(weights, Sequence | np.ndarray) and not isinstance(weights, str)


def to_layer(weights: Any, *, divisor: object = 1, bias: object = 0) -> Layer:
    """Return the layer of weights (out × in × rows × columns), with one bias for all output channels, or one for each.

    Raises `KernelError` with the place of what is no finite number.

    >>> layer = to_layer([[[["1/2", 1]]]], bias=[3])
    >>> layer.weights.tolist(), layer.divisor, layer.biases
    ([[[[1, 2]]]], 2, (Fraction(3, 1),))
    """
    values = _to_values(weights)
    over = _to_divisor(divisor)
    biases = _to_biases(bias, len(values))
    floats = [number for number in (over, *biases) if isinstance(number, float)]
    is_exact = values.dtype.kind in "iu" or _has_no_float(values)
    is_short = (is_exact or _is_short(values)) and all(round(number, _DECIMALS) == number for number in floats)
    ratio = to_fraction(over)
    exact_biases = tuple(map(to_fraction, biases))
    if not is_short:
        floating = np.array([float(value) for value in values.flat]).reshape(values.shape)
        with np.errstate(over="ignore"):  # which is an error as soon as the weights are used
            floating /= float(ratio)
        return Layer(floating, 1, exact_biases, is_float=True, is_exact=False, is_whole=False)
    whole, denominator = _to_whole(values)
    is_whole = denominator == ratio == 1 and all(isinstance(number, int) for number in biases)
    if ratio != 1:
        whole = whole.astype(ANY_INTEGER) * (ratio.denominator if ratio > 0 else -ratio.denominator)
    return Layer(
        whole,
        denominator * abs(ratio.numerator),
        exact_biases,
        is_float=False,
        is_exact=is_exact,
        is_whole=is_whole,
    )


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
            f"weights (out, in, rows, columns) must be the number of channels"
        )
    axes = _lay(layer, recipe, cube.shape)
    work = None if layer.is_float or cube.dtype.kind == "f" else _in_whole_numbers(layer, recipe, cube)
    work = work or _in_floats(layer, recipe)
    padded = _pad(cube, axes, recipe, work)
    result = np.empty((axes[0].output, axes[1].output, len(work.weights)), work.result_dtype)
    with ignoring_infinity():
        for block, windows in _windows(padded, axes, layer):
            result[block] = work.finish(windows)
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
        # Long numbers as Python's own, whose division is rounded once, however long they are.
        quotients: Array = np.true_divide(sums.astype(ANY_INTEGER if self.is_long else "float64"), self.divisor)
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


def _to_values(weights: Any) -> Array:
    """Return weights as four-dimensional: integers, float64 without a whole one, or objects that are such numbers."""
    try:
        array = np.asarray(weights) if hasattr(weights, "dtype") else np.array(weights, ANY_INTEGER)
    except ValueError:  # of lists that NumPy finds too uneven
        array = np.empty(0)
    if array.ndim != 4 or 0 in array.shape:
        raise KernelError(
            f"weights of shape {array.shape} make no layer; give them as out x in x rows x columns, all matrices of "
            "one size, none of them 0"
        )
    if array.dtype.kind in "iu":
        return array
    if array.dtype.kind == "f" and np.isfinite(array).all():
        array = array.astype(np.float64)
        small = np.abs(array).max() < 1 << 63
        return array.astype(np.int64) if small and (array == np.trunc(array)).all() else array
    numbers = np.empty(array.shape, ANY_INTEGER)
    for place, value in zip(np.ndindex(array.shape), array.reshape(-1).tolist(), strict=True):
        try:
            numbers[place] = to_number(value)
        except KernelError as error:
            out, into, row, column = place
            raise KernelError(f"weights[{out}][{into}], row {row + 1}, column {column + 1}: {error}") from None
    return numbers


def _has_no_float(values: Array) -> bool:
    return values.dtype == ANY_INTEGER and not any(isinstance(value, float) for value in values.flat)


def _is_short(values: Array) -> bool:
    if values.dtype == ANY_INTEGER:
        return all(round(value, _DECIMALS) == value for value in values.flat if isinstance(value, float))
    return bool((np.round(values, _DECIMALS) == values).all())


def _to_whole(values: Array) -> tuple[Array, int]:
    """Return values as whole numbers over a common denominator."""
    if values.dtype.kind in "iu":
        return values, 1
    fractions = [to_fraction(value) for value in values.reshape(-1).tolist()]
    denominator = math.lcm(*(fraction.denominator for fraction in fractions))
    whole = np.array([int(fraction * denominator) for fraction in fractions], ANY_INTEGER)
    return whole.reshape(values.shape), denominator


def _to_divisor(divisor: object) -> Number:
    if isinstance(divisor, str) and divisor.strip().casefold() == "sum":
        raise KernelError('divisor "sum" is for one matrix; give a number for a layer')
    number = _located("divisor", divisor)
    if number == 0:
        raise KernelError("divisor: nothing can be divided by 0; leave it out, or give another number")
    return number


def _to_biases(bias: Any, count: int) -> tuple[Number, ...]:
    bias = bias.tolist() if hasattr(bias, "tolist") else bias
    if isinstance(bias, str) or not isinstance(bias, Sequence):
        return (_located("bias", bias),) * count
    if len(bias) != count:
        raise KernelError(f"{len(bias)} biases for {count} output channels; give one for each, or one number for all")
    return tuple(_located(f"bias {number}", each) for number, each in enumerate(bias, 1))


def _located(place: str, value: object) -> Number:
    try:
        return to_number(value)
    except KernelError as error:
        raise KernelError(f"{place}: {error}") from None
