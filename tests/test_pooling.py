"""Pooling: windows of samples become one, of arrays and of finished pictures."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from oracle import planes
from PIL import Image

import imfilt
from imfilt.engine.arrays import ArrayRows, filter_array
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.pooling import POOLS, parse_pooling
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import sample_type
from imfilt.engine.running.run import filter_rows
from imfilt.kernels.given import to_kernels
from imfilt.kernels.registry import load_registry

examples = settings(deadline=None, derandomize=True, max_examples=80, suppress_health_check=list(HealthCheck))

Array = NDArray[Any]
Pair = tuple[int, int]

FOUR = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], np.uint8)

EXACT = {
    "max": max,
    "min": min,
    "sum": sum,
    "mean": lambda window: Fraction(sum(window), len(window)),
}


def pooled(array: Array, kind: str, window: Pair, stride: Pair) -> list[list[list[Any]]]:
    """Return the exact results, rows × columns × channels, in Python's numbers."""
    channels = planes(array)
    tops = range(0, array.shape[0] - window[0] + 1, stride[0])
    lefts = range(0, array.shape[1] - window[1] + 1, stride[1])
    return [
        [
            [
                EXACT[kind]([p[top + y][left + x] for y in range(window[0]) for x in range(window[1])])  # type: ignore[operator]
                for p in channels
            ]
            for left in lefts
        ]
        for top in tops
    ]


def noise(*shape: int, dtype: str = "uint8") -> Array:
    return np.random.default_rng(shape).integers(0, 256, shape).astype(dtype)


pairs = st.tuples(st.integers(1, 7), st.integers(1, 7))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Array, Pair, Pair]:
    window, stride = draw(pairs), draw(pairs)
    shape = (
        window[0] + draw(st.integers(0, 9)),
        window[1] + draw(st.integers(0, 9)),
        draw(st.sampled_from([1, 3, 4, 9])),
    )
    dtype = draw(st.sampled_from(["u1", "i1", "u2", ">i2", "i4", "u8", "i8"]))
    return draw(arrays(dtype, shape)), window, stride


def test_the_table_and_what_the_tests_know_are_the_same() -> None:
    assert set(POOLS) == set(EXACT)


# Arrays


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("max", [[6, 8], [3, 4]]),
        ("min", [[1, 2], [1, 0]]),
        ("sum", [[13, 21], [8, 8]]),
        ("mean", [[3.25, 5.25], [2, 2]]),
    ],
)
def test_four_by_four(kind: str, expected: list[list[float]]) -> None:
    result = imfilt.pool(FOUR, kind, 2)
    assert result.tolist() == expected
    assert result.dtype == {"sum": np.int64, "mean": np.float64}.get(kind, np.uint8)


@examples
@given(cases(), st.sampled_from(list(POOLS)))
def test_whole_numbers_are_pooled_exactly(case: tuple[Array, Pair, Pair], kind: str) -> None:
    array, window, stride = case
    expected = pooled(array, kind, window, stride)
    numbers = [number for row in expected for pixel in row for number in pixel]
    if kind == "sum" and not all(-(1 << 63) <= number < 1 << 63 for number in numbers):
        with pytest.raises(imfilt.RecipeError, match="does not fit into 64 bits"):
            imfilt.pool(array, kind, window, stride=stride)
        return
    result = imfilt.pool(array, kind, window, stride=stride)
    assert result.dtype == {"sum": np.int64, "mean": np.float64}.get(kind, array.dtype)
    if kind == "mean":  # the float nearest to it
        expected = [[[float(number) for number in pixel] for pixel in row] for row in expected]
    assert result.tolist() == expected


@examples
@given(cases(), st.sampled_from(list(POOLS)), st.sampled_from(["f2", "f4", "f8", ">f4"]))
def test_floats_are_pooled_in_double_precision(case: tuple[Array, Pair, Pair], kind: str, dtype: str) -> None:
    whole, window, stride = case
    array = (whole.astype("i8") % 1000 / 8).astype(dtype)
    result = imfilt.pool(array, kind, window, stride=stride)
    assert result.dtype == (np.float64 if POOLS[kind].adds else array.dtype)
    expected = [[[float(number) for number in pixel] for pixel in row] for row in pooled(array, kind, window, stride)]
    assert np.allclose(result, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("kind", POOLS)
def test_nan_spreads_over_the_windows_that_see_it(kind: str, stride: int) -> None:
    array = noise(12, 12).astype(np.float32)
    array[4, 7] = np.nan
    result = imfilt.pool(array, kind, 3, stride=stride)
    seen = [
        [top <= 4 < top + 3 and left <= 7 < left + 3 for left in range(0, 10, stride)] for top in range(0, 10, stride)
    ]
    assert np.isnan(result).tolist() == seen


def test_what_is_left_over_is_not_looked_at() -> None:
    array = noise(7, 8, 2)
    assert np.array_equal(imfilt.pool(array, "sum", (3, 5)), imfilt.pool(array[:6, :5], "sum", (3, 5)))
    assert imfilt.pool(array, "max", 3, stride=2).shape == (3, 3, 2)
    assert imfilt.pool(array, "max", (7, 8)).ravel().tolist() == array.max((0, 1)).tolist()


@pytest.mark.parametrize("channels", [1, 20])
@pytest.mark.parametrize("kind", POOLS)
def test_the_result_is_a_new_array(kind: str, channels: int) -> None:
    array = noise(4, 5, channels, dtype="int64")
    result = imfilt.pool(array, kind, 1)
    assert np.array_equal(result, array)
    assert not np.shares_memory(result, array)


def test_lists_truth_values_and_strided_arrays_are_taken() -> None:
    assert imfilt.pool(FOUR.tolist(), "max", 2).tolist() == [[6, 8], [3, 4]]
    assert imfilt.pool(FOUR > 2, "min", 2).dtype == np.bool_
    assert imfilt.pool(FOUR > 2, "sum", 2).tolist() == [[2, 3], [1, 2]]
    array = noise(20, 30, 3)[::-2, ::3]
    before = array.copy()
    assert np.array_equal(imfilt.pool(array, "mean", 2, stride=1), imfilt.pool(before, "mean", 2, stride=1))
    assert np.array_equal(array, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]], "max", 2), r"2 x 2 samples does not fit into the 1 x 1"),
        (([[1, 2]], "max", (1, 3)), r"1 x 3 samples does not fit into the 1 x 2"),
        (([[1]], "most", 1), r"unknown pool 'most'; .*max, mean, sum, min"),
        (([[1]], "max", 0), r"the window of a pool must be a whole number from 1"),
        (([[1]], "max", 1.5), r"the window of a pool must be a whole number from 1"),
        (([1], "max", 1), r"is no picture"),
        (([["a"]], "max", 1), r"cannot be pooled; give it numbers"),
        (([[1j]], "max", 1), r"complex128 cannot be pooled"),
        (([[2**63 - 1, 1]], "sum", (1, 2)), r"does not fit into 64 bits; pool floats"),
    ],
)
def test_what_cannot_be_pooled_is_an_error_of_one_line(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(imfilt.RecipeError, match=message) as error:
        imfilt.pool(*arguments)
    assert "\n" not in str(error.value)


# How it is written


@pytest.mark.parametrize(
    ("text", "kind", "window", "stride"),
    [
        ("max:2", "max", (2, 2), (2, 2)),
        ("MEAN: 3x2", "mean", (3, 2), (3, 2)),
        (" sum:3,s1 ", "sum", (3, 3), (1, 1)),
        ("min:3X2, S4x5", "min", (3, 2), (4, 5)),
    ],
)
def test_poolings_are_read(text: str, kind: str, window: Pair, stride: Pair) -> None:
    pooling = parse_pooling(text)
    assert (pooling.pool.name, pooling.window, pooling.stride) == (kind, window, stride)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max", r"needs the size of its windows, as in max:2"),
        ("mx:2", r"unknown pool 'mx'; did you mean 'max'"),
        ("max:", r"write it as in max:2 or mean:3x2,s1"),
        ("max:2,3", r"write it as in"),
        ("max:-1", r"write it as in"),
        ("max:2x2x2", r"write it as in"),
        ("max:" + "9" * 5000, r"write it as in"),
        ("", r"unknown pool ''"),
        ("max:0", r"must be a whole number from 1 to 100000"),
        ("max:2,s0", r"stride must be a whole number from 1 to 100000"),
        ("max:100001", r"must be a whole number from 1 to 100000"),
        (2, r"write it as in"),
    ],
)
def test_what_is_no_pooling_is_an_error_of_one_line(text: Any, message: str) -> None:
    with pytest.raises(imfilt.RecipeError, match=message) as error:
        imfilt.apply(FOUR, "identity", pool=text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


# Filtered pictures


def recipe_of(pool: str, kernel: Any = "gaussian3", **options: Any) -> Recipe:
    return Recipe(to_kernels(kernel, load_registry()), pool=pool, **options)


@pytest.mark.parametrize(
    "pool", ["max:2", "mean:2", "sum:2", "min:3,s1", "mean:5x1,s2x3", "max:1x4,s3x4", "mean:9x3,s1"]
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(17, 13), (19, 12, 4)])
def test_finished_samples_are_pooled(pool: str, dtype: str, shape: tuple[int, ...]) -> None:
    image = noise(*shape, dtype=dtype)
    pooling = parse_pooling(pool)
    exact = imfilt.pool(imfilt.apply(image, "sharpen"), pooling.pool.name, pooling.window, stride=pooling.stride)
    expected = exact if dtype == "float32" else np.clip(np.floor(exact + 0.5), 0, np.iinfo(dtype).max)
    result = imfilt.apply(image, "sharpen", pool=pool)
    assert result.dtype == image.dtype
    assert np.array_equal(result, expected.astype(dtype))


@examples
@given(st.data())
def test_means_are_rounded_half_up_exactly_and_sums_are_clipped(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(["uint8", "uint16"]))
    window, stride = data.draw(pairs), data.draw(pairs)
    shape = window[0] + data.draw(st.integers(0, 9)), window[1] + data.draw(st.integers(0, 9))
    image = data.draw(arrays(dtype, shape))
    for kind in POOLS:
        pool = f"{kind}:{window[0]}x{window[1]},s{stride[0]}x{stride[1]}"
        white = int(np.iinfo(dtype).max)
        expected = [
            [min(math.floor(Fraction(number) + Fraction(1, 2)), white) for (number,) in row]
            for row in pooled(image, kind, window, stride)
        ]
        assert imfilt.apply(image, "identity", pool=pool).tolist() == expected


@pytest.mark.parametrize("normalize", ["clip", "peak"])
@pytest.mark.parametrize("pool", ["max:2", "mean:3", "mean:3,s1", "sum:2,s5", "max:1,s4", "min:30x2,s3"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_neither_strips_nor_threads_change_a_sample(pool: str, dtype: str, normalize: str) -> None:
    image = noise(61, 23, 3, dtype=dtype)
    recipe = recipe_of(pool, "edge3", normalize=normalize)
    expected = filter_array(image, recipe, threads=1, strip=1000)
    for strip, threads in itertools.product((1, 2, 5, 16), (1, 2, 3)):
        plan = make_plan(recipe, sample_type(dtype), image.shape, strip=strip)
        result = np.empty(plan.result_shape, dtype)
        filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=threads)
        assert np.array_equal(result, expected), (strip, threads)
        plan = make_plan(recipe, sample_type(dtype), image.shape, strip=strip, panel=20)
        result = np.empty(plan.result_shape, dtype)
        filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=threads)
        assert np.array_equal(result, expected), (strip, threads, "panels")


def test_few_rows_are_held() -> None:
    from imfilt.engine.finishing.pooled import PoolingRows

    image = noise(500, 4, 1)
    result = np.empty((249, 1, 1), np.uint8)
    rows = PoolingRows(parse_pooling("mean:3x4,s2"), sample_type("uint8"), ArrayRows(result))
    for first in range(0, 500, 10):
        room = rows.room_for(first, first + 10, range(4))
        assert room.base is None or len(room.base) <= 12
        room[...] = image[first : first + 10]
        rows.write_rows(first, range(4), room)
    mean = imfilt.pool(image, "mean", (3, 4), stride=2)
    assert np.array_equal(result, np.floor(mean + 0.5))


def test_alpha_is_pooled_like_the_colours() -> None:
    image = Image.fromarray(noise(20, 21, 4), "RGBA")
    filtered = np.asarray(imfilt.apply(image, "gaussian3"))
    result = imfilt.apply(image, "gaussian3", pool="max:2")
    assert result.mode == "RGBA"
    assert np.array_equal(np.asarray(result), imfilt.pool(filtered, "max", 2))


def test_the_stride_of_the_filter_and_that_of_the_pool_are_two() -> None:
    image = noise(30, 31)
    strided = imfilt.apply(image, "box3", stride=2, size="valid")
    pooled = imfilt.apply(image, "box3", stride=2, size="valid", pool="min:3,s1")
    assert np.array_equal(pooled, imfilt.pool(strided, "min", 3, stride=1))


def test_a_pool_that_makes_the_size_what_it_was() -> None:
    image = Image.fromarray(noise(30, 31))
    expected = imfilt.pool(np.asarray(imfilt.apply(image, "box3", size="full")), "max", 3, stride=1)
    assert np.array_equal(np.asarray(imfilt.apply(image, "box3", size="full", pool="max:3,s1")), expected)


# The command


@pytest.mark.parametrize(
    ("mode", "size"), [("L", (40, 30)), ("RGB", (40, 30)), ("RGB", (701, 803)), ("RGBA", (700, 800))]
)
@pytest.mark.parametrize("pool", ["max:2", "mean:3x2,s1"])
def test_files_are_pooled(run: Run, tmp_path: Path, mode: str, size: Pair, pool: str) -> None:
    image = Image.fromarray(noise(size[1], size[0], *((len(mode),) if len(mode) > 1 else ())))
    image.save(tmp_path / "a.png")
    assert run("apply", tmp_path / "a.png", "-k", "sharpen", "--pool", pool).status == 0
    with Image.open(tmp_path / "a_sharpen.png") as result:
        assert np.array_equal(np.asarray(result), np.asarray(imfilt.apply(image, "sharpen", pool=pool)))


def test_a_picture_that_is_smaller_than_a_window_is_an_error_of_one_line(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (5, 4)).save(tmp_path / "a.png")
    result = run("apply", tmp_path / "a.png", "-k", "box3", "--pool", "max:5")
    assert (result.status, result.stderr.count("\n")) == (2, 1)
    assert "a pool over 5 x 5 samples does not fit into the 4 x 5 there are" in result.stderr


def test_a_bad_pool_is_found_before_anything_is_done(run: Run, tmp_path: Path) -> None:
    result = run("apply", tmp_path / "nothing.png", "-k", "box3", "--pool", "max")
    assert (result.status, result.stderr.count("\n")) == (2, 1)
    assert "as in max:2" in result.stderr


def test_the_plan_tells_of_the_pool(run: Run, tmp_path: Path) -> None:
    Image.new("L", (50, 40)).save(tmp_path / "a.png")
    assert (
        "then max over 3 x 3 samples, every 2 x 2"
        in run("apply", tmp_path / "a.png", "-k", "box3", "--pool", "max:3,s2", "-v").stderr
    )
