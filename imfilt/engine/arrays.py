"""The engine for arrays: `filter_array` for samples, `convolve_array` and `pool_array` for exact results."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.dtypes import ANY_INTEGER, FLOATS, integer_dtype
from imfilt.engine.finishing.pooled import combine_windows
from imfilt.engine.planning.plan import Chain, Plan
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.pooling import Pooling
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SampleType, sample_type
from imfilt.engine.running.run import filter_rows, numpy_settings
from imfilt.engine.running.strips import Walker
from imfilt.errors import RecipeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from imfilt.array_types import Array

EXACT_FLOAT = 1 << 53
"""float64 holds all whole numbers up to here."""


@dataclass(frozen=True)
class ArrayRows:
    """An array of rows × columns × channels as a source and a sink of rows."""

    array: Array

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        """Return rows ``first … last-1``."""
        return self.array[first:last, columns.start : columns.stop]

    room_for = read_rows

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Do nothing: the rows are there, as `room_for` gives out the array itself."""


def filter_array(array: Array, recipe: Recipe, *, threads: int | None = None, strip: int | None = None) -> Array:
    """Return the samples of `array` filtered, rounded and clipped, in the same dtype unless the recipe names a depth.

    `array` is H × W or H × W × C, of a type in `SAMPLE_TYPES`. All channels are filtered alike, unless the recipe names
    an alpha mode: then the last channel is alpha.
    """
    cube = as_cube(array)
    if recipe.channels is not None or recipe.gray is not None or recipe.linear:
        raise RecipeError("channels, gray and linear are for images of Pillow; give the part of the array instead")
    plan = make_plan(recipe, sample_type(array.dtype.name), cube.shape, has_alpha=recipe.alpha != "auto", strip=strip)
    filtered = np.empty(plan.result_shape, array.dtype if plan.output is plan.samples else plan.output.name)
    filter_rows(plan, ArrayRows(cube), ArrayRows(filtered), threads=threads)
    return filtered.reshape(filtered.shape[: array.ndim])


def convolve_array(array: ArrayLike, recipe: Recipe) -> Array:
    """Return the exact result of `recipe` over `array`, not rounded: int64 where all is whole, else float64."""
    samples = to_numbers(array)
    cube = as_cube(samples)
    plan = make_plan(recipe, levels_of(cube), cube.shape, unrounded=True)
    numerators = _numerators(plan, ArrayRows(cube))
    whole = not plan.is_float and plan.chains[0].scale == 1 and all(kernel.is_whole for kernel in recipe.kernels)
    result = (
        to_int64(numerators, advice="give a divisor for a float64 result")
        if whole
        else _to_float64(numerators, plan.chains[0])
    )
    return result.reshape(result.shape[: samples.ndim])


def pool_array(array: ArrayLike, pooling: Pooling) -> Array:
    """Return the windows of an array of any real numbers brought together: no sum is rounded, and none clipped.

    The largest and the smallest keep the dtype; sums are int64 for whole numbers and float64 for floats; means float64.
    Raises `RecipeError` for an array that is no picture, or too small, and for a sum beyond int64.
    """
    samples = np.asarray(array)
    if samples.dtype.kind not in "biuf":
        raise RecipeError(f"an array of {samples.dtype.name} cannot be pooled; give it numbers")
    cube = as_cube(samples)
    pooling.output(*cube.shape[:2])  # before any work is done
    with numpy_settings():
        pooled = _pooled(cube, pooling)
    return pooled.reshape(pooled.shape[: samples.ndim])


def _pooled(cube: Array, pooling: Pooling) -> Array:
    if not pooling.pool.adds:
        return combine_windows(cube, pooling, cube.dtype.newbyteorder("=")).astype(cube.dtype, copy=False)
    if cube.dtype.kind == "f":
        sums = combine_windows(cube, pooling, np.float64)
        return sums / pooling.area if pooling.pool.divides else sums
    bound = levels_of(cube).largest * pooling.area
    sums = combine_windows(cube, pooling, integer_dtype(bound, signed=cube.dtype.kind == "i"))
    if not pooling.pool.divides:
        return to_int64(sums, advice="pool floats for a float64 result")
    if bound > EXACT_FLOAT:
        sums = sums.astype(ANY_INTEGER)  # whose division is rounded once, however long the numbers are
    return np.true_divide(sums, pooling.area).astype(np.float64)


def to_numbers(array: ArrayLike) -> Array:
    """Return what can be convolved: integers or floats; true and false become 1 and 0."""
    samples = np.asarray(array)
    if samples.dtype.kind == "b":
        samples = samples.astype(np.uint8)
    if samples.dtype.kind not in "iuf":
        raise RecipeError(f"an array of {samples.dtype.name} cannot be convolved; give it numbers")
    return samples


def as_cube(array: Array) -> Array:
    """Return an array H × W or H × W × C as rows × columns × channels; raise `RecipeError` for any other shape."""
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise RecipeError(
            f"an array of shape {array.shape} is no picture; give it as H × W or H × W × C, none of them 0"
        )
    return array.reshape(*array.shape[:2], -1)


def levels_of(cube: Array) -> SampleType:
    """Return a sample type that is as wide as the samples are."""
    if cube.dtype.kind == "f":
        return SampleType(cube.dtype.name, 1, is_float=True)
    return SampleType(cube.dtype.name, max(abs(int(cube.min())), abs(int(cube.max())), 1))


def _numerators(plan: Plan, source: ArrayRows) -> Array:
    numerators = np.empty(plan.output_shape, plan.chains[0].dtype)
    with numpy_settings():
        for rows, _, parts in Walker(plan, range(plan.output_shape[0])).begin(source):
            for where, (sums,) in parts:
                numerators[rows.start : rows.stop][where] = sums
    return numerators


def _to_float64(numerators: Array, chain: Chain) -> Array:
    denominator = chain.denominator
    if chain.dtype not in FLOATS and max(Fraction(denominator), chain.bound) > EXACT_FLOAT:
        numerators = numerators.astype(object)  # whose division is rounded once, however long the numbers are
    try:
        return np.true_divide(numerators, denominator).astype(np.float64)
    except OverflowError:
        raise RecipeError("the result is too large for float64; make the weights smaller") from None


def to_int64(numerators: Array, *, advice: str) -> Array:
    """Return whole numbers of any size as int64; raise `RecipeError` that gives `advice` where one does not fit."""
    try:
        return numerators.astype(np.int64)
    except OverflowError:
        raise RecipeError(f"the result does not fit into 64 bits; {advice}") from None
