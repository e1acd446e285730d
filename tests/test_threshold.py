"""A threshold: what changes by less stays as it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt import Kernel, RecipeError, UsageError

Array = NDArray[Any]

DTYPES: list[Any] = [np.uint8, np.uint16, np.int16, np.int32, np.uint32, np.float32]


def picture_of(dtype: Any, shape: tuple[int, ...] = (17, 23, 3)) -> Array:
    rng = np.random.default_rng(1)
    if np.dtype(dtype).kind == "f":
        return rng.random(shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def kept_where_small(source: Array, result: Array, threshold: Fraction) -> Array:
    """Return what a threshold leaves, sample by sample, in Python's numbers."""
    pairs = zip(source.ravel().tolist(), result.ravel().tolist(), strict=True)
    kept = [after if abs(Fraction(after) - Fraction(before)) >= threshold else before for before, after in pairs]
    return np.array(kept, source.dtype).reshape(source.shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", ["0", "1/300", "0.1", "1/2", "5"])
def test_samples_that_change_by_less_stay(dtype: Any, share: str) -> None:
    picture = picture_of(dtype)
    white = 1 if np.dtype(dtype).kind == "f" else int(np.iinfo(dtype).max)
    threshold = Fraction(share) * white
    plain = imfilt.apply(picture, "unsharp5")
    expected = kept_where_small(picture, plain, Fraction(float(threshold)) if white == 1 else threshold)
    assert np.array_equal(imfilt.apply(picture, "unsharp5", threshold=threshold), expected)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.fractions(0, 300, max_denominator=10), st.integers(1, 3), st.sampled_from(["edge", "wrap", "zero"]))
def test_any_threshold_border_and_number_of_threads(threshold: Fraction, threads: int, border: str) -> None:
    picture = picture_of(np.uint8, (40, 11))
    kernel = Kernel([[0, -1, 0], [-1, 5, -1], [0, -2, 0]])
    plain = imfilt.apply(picture, kernel, border=border)
    filtered = imfilt.apply(picture, kernel, border=border, threshold=threshold, threads=threads)
    assert np.array_equal(filtered, kept_where_small(picture, plain, threshold))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "CMYK"])
def test_pictures_are_compared_with_themselves_though_they_are_filtered_in_place(mode: str) -> None:
    shape = (301, 400, len(Image.new(mode, (1, 1)).getbands()))
    array = picture_of(np.uint8, shape if shape[2] > 1 else shape[:2])
    image = (
        Image.fromarray(array, mode)
        if mode not in ("LA", "CMYK")
        else Image.frombytes(mode, (400, 301), array.tobytes())
    )
    plain = np.asarray(imfilt.apply(image, "sharpen"))
    filtered = np.asarray(imfilt.apply(image, "sharpen", threshold=40, threads=3))
    assert np.array_equal(filtered, kept_where_small(np.asarray(image), plain, Fraction(40)))


def test_a_pool_looks_at_what_the_threshold_left() -> None:
    picture = picture_of(np.uint8, (20, 30))
    left = imfilt.apply(picture, "sharpen", threshold=50)
    assert np.array_equal(imfilt.apply(picture, "sharpen", threshold=50, pool="max:2"), imfilt.pool(left, "max", 2))


@pytest.mark.parametrize(
    "options", [{"size": "valid"}, {"size": "full"}, {"stride": 2}, {"depth": "16"}], ids=lambda o: next(iter(o))
)
def test_it_is_refused_where_a_result_has_no_sample_to_be_compared_with(options: dict[str, Any]) -> None:
    name = next(iter(options))
    with pytest.raises(RecipeError, match=f"a threshold compares each sample .*; give it without {name}"):
        imfilt.apply(picture_of(np.uint8), "sharpen", threshold=3, **options)


@pytest.mark.parametrize("wrong", [-1, "x", float("nan"), True])
def test_what_is_no_number_of_levels_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"^threshold: "):
        imfilt.apply(picture_of(np.uint8), "sharpen", threshold=wrong)


def test_the_command_takes_a_threshold(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    array = picture_of(np.uint8, (30, 40, 3))
    Image.fromarray(array).save("a.png")
    result = run("apply", "a.png", "-k", "unsharp:2", "--threshold", "7.5", "-v")
    assert result.status == 0
    assert "samples that would change by less than 7.5 levels stay" in result.stderr
    expected = kept_where_small(array, imfilt.apply(array, "unsharp:2"), Fraction(15, 2))
    assert np.array_equal(np.asarray(Image.open(result.lines[0])), expected)
    assert run("apply", "a.png", "-k", "unsharp:2", "--threshold", "few").status == 2
