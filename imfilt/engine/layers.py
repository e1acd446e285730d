"""The weights of a convolution layer: one matrix for each output channel and each input channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.errors import KernelError, RecipeError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import Number, to_fraction, to_number

if TYPE_CHECKING:
    from imfilt.array_types import Array

_DECIMALS = 9
"""Floats with no more of them stand for decimals that whole numbers can hold."""


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
