"""The Python API: what it takes, what it returns, what it refuses."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt.kernels.given import to_kernels

CAR = Path(__file__).parent.parent / "samples" / "car.jpg"

Array = NDArray[Any]

EDGE3 = [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
BOX3 = [[1, 1, 1], [1, 1, 1], [1, 1, 1]]


@pytest.fixture(scope="module")
def car() -> Image.Image:
    with Image.open(CAR) as image:
        return image.convert("RGB").resize((45, 31))


@pytest.fixture(scope="module")
def samples(car: Image.Image) -> Array:
    return np.asarray(car)


# Pictures of Pillow


def transparent_palette(car: Image.Image) -> Image.Image:
    image = car.quantize(8)
    image.info["transparency"] = 3
    return image


def transparent_level(car: Image.Image) -> Image.Image:
    image = car.convert("L")
    image.info["transparency"] = image.getpixel((5, 5))
    return image


def transparent_colour(car: Image.Image) -> Image.Image:
    image = car.copy()
    image.info["transparency"] = image.getpixel((5, 5))
    return image


def with_alpha(car: Image.Image, mode: str) -> Image.Image:
    image = car.convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(car.size))
    return image


def deep(car: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(car.convert("L")).astype(np.uint16) * 257)


PICTURES: list[tuple[str, Callable[[Image.Image], Image.Image], str]] = [
    ("1", lambda car: car.convert("1"), "L"),
    ("L", lambda car: car.convert("L"), "L"),
    ("L with a transparent level", transparent_level, "LA"),
    ("LA", lambda car: with_alpha(car, "L"), "LA"),
    ("P", lambda car: car.quantize(8), "RGB"),
    ("P with a transparent colour", transparent_palette, "RGBA"),
    ("PA", lambda car: car.quantize(8).convert("PA"), "RGBA"),
    ("RGB", lambda car: car, "RGB"),
    ("RGB with a transparent colour", transparent_colour, "RGBA"),
    ("RGBX", lambda car: car.convert("RGBX"), "RGB"),
    ("RGBA", lambda car: with_alpha(car, "RGB"), "RGBA"),
    ("CMYK", lambda car: car.convert("CMYK"), "CMYK"),
    ("I;16", deep, "I;16"),
    ("F", lambda car: car.convert("F"), "F"),
]


@pytest.mark.parametrize(("make", "mode"), [row[1:] for row in PICTURES], ids=[row[0] for row in PICTURES])
@pytest.mark.parametrize("kernel", ["gaussian5", "edge3", "identity"])
def test_pictures_of_every_mode_are_filtered_as_their_samples_are(
    make: Callable[[Image.Image], Image.Image], mode: str, kernel: str, car: Image.Image
) -> None:
    image = make(car)
    pixels, info = image.tobytes(), dict(image.info)
    result = imfilt.apply(image, kernel)
    assert type(result) is Image.Image
    assert result is not image
    assert (result.mode, result.size) == (mode, image.size)
    assert (image.tobytes(), image.info) == (pixels, info)
    alpha = "auto"
    if mode.endswith("A"):
        alpha = "keep" if kernel == "edge3" else "weighted"
    expected = imfilt.apply(np.asarray(image.convert(mode)), kernel, alpha=alpha)
    assert np.array_equal(np.asarray(result), expected)


def test_one_bit_is_filtered_as_black_and_white() -> None:
    image = Image.new("1", (3, 1))
    image.putpixel((1, 0), 1)
    assert np.asarray(imfilt.apply(image, imfilt.Kernel([[1, 1, 1]], divisor=3))).tolist() == [[85, 85, 85]]


def test_a_transparent_colour_becomes_alpha(car: Image.Image) -> None:
    result = imfilt.apply(transparent_palette(car), "identity")
    clear = np.asarray(car.quantize(8)) == 3
    assert np.array_equal(np.asarray(result)[..., 3], np.where(clear, 0, 255))
    assert "transparency" not in result.info


def test_the_result_carries_what_the_picture_carries(car: Image.Image) -> None:
    image = car.copy()
    image.info = {"dpi": (300, 300), "icc_profile": b"profile", "comment": "car"}
    result = imfilt.apply(image, "edge3")
    assert result.info == {"dpi": (300, 300), "icc_profile": b"profile", "comment": "car"}
    result.info["comment"] = "edges"
    assert image.info["comment"] == "car"


def test_sizes_and_strides_give_pictures_of_another_size(car: Image.Image) -> None:
    assert imfilt.apply(car, "gaussian5", size="valid").size == (41, 27)
    assert imfilt.apply(car, "gaussian5", size="full").size == (49, 35)
    assert imfilt.apply(car, "gaussian5", stride=(2, 3)).size == (15, 16)


def test_a_file_that_was_opened_and_not_yet_read_can_be_filtered() -> None:
    with Image.open(CAR) as image:
        result = imfilt.apply(image, "edge3")
        assert np.array_equal(np.asarray(result), imfilt.apply(np.asarray(image), "edge3"))


def test_a_mode_that_cannot_be_filtered_without_loss_is_refused(car: Image.Image) -> None:
    with pytest.raises(imfilt.PictureError, match="mode HSV cannot be filtered"):
        imfilt.apply(car.convert("HSV"), "edge3")


@pytest.mark.parametrize("size", [(0, 0), (0, 3), (3, 0)])
def test_a_picture_without_pixels_is_refused_with_a_reason_that_holds(size: tuple[int, int]) -> None:
    with pytest.raises(imfilt.ImfiltError) as error:
        imfilt.apply(Image.new("L", size), "edge3")
    assert "'valid'" not in str(error.value)


# Arrays


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", ">u2", ">f4"])
@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 1), (6, 7, 3), (6, 7, 5), (1, 1)])
@pytest.mark.parametrize("kernel", ["identity", "edge3", "gaussian5"])
def test_arrays_keep_type_dtype_and_shape_and_are_not_changed(dtype: str, shape: tuple[int, ...], kernel: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    before = image.copy()
    result = imfilt.apply(image, kernel)
    assert type(result) is np.ndarray
    assert (result.dtype, result.shape) == (image.dtype, image.shape)
    assert not np.shares_memory(result, image)
    assert np.array_equal(image, before)
    native = imfilt.apply(image.astype(image.dtype.newbyteorder("=")), kernel)
    assert np.array_equal(result, native)


def test_read_only_and_strided_arrays_are_taken(samples: Array) -> None:
    expected = imfilt.apply(samples[::2, ::-3, :2].copy(), "gaussian3")
    assert np.array_equal(imfilt.apply(samples[::2, ::-3, :2], "gaussian3"), expected)
    fortran = np.asfortranarray(samples[::2, ::-3, :2])
    fortran.flags.writeable = False
    assert np.array_equal(imfilt.apply(fortran, "gaussian3"), expected)
    assert np.array_equal(imfilt.convolve(fortran, BOX3), imfilt.convolve(samples[::2, ::-3, :2].copy(), BOX3))


def test_convolve_takes_lists_and_arrays_alike_and_changes_none(car: Image.Image, samples: Array) -> None:
    expected = imfilt.convolve(samples, EDGE3)
    assert np.array_equal(imfilt.convolve(samples.tolist(), EDGE3), expected)
    weights = np.array(EDGE3, np.int8)
    assert np.array_equal(imfilt.convolve(samples, weights), expected)
    assert weights.tolist() == EDGE3
    assert np.array_equal(samples, np.asarray(car))


# Kernels


def test_kernels_may_be_given_in_many_ways(samples: Array) -> None:
    expected = imfilt.apply(samples, "edge3")
    same: list[Any] = [
        "Edge-3",
        "outline",
        "LAPLACIAN_8",
        EDGE3,
        tuple(map(tuple, EDGE3)),
        np.array(EDGE3),
        np.array(EDGE3, np.float32),
        [[str(weight) for weight in row] for row in EDGE3],
        [[Fraction(weight) for weight in row] for row in EDGE3],
        imfilt.Kernel(EDGE3),
        imfilt.Kernel([[2 * weight for weight in row] for row in EDGE3], divisor=2),
        imfilt.load_registry()["edge3"],
        ["edge3"],
        ("edge3",),
        [EDGE3],
        [np.array(EDGE3)],
        [imfilt.Kernel(EDGE3)],
        ["identity", EDGE3],
        [imfilt.Kernel(EDGE3), [[1]]],
    ]
    for kernel in same:
        assert np.array_equal(imfilt.apply(samples, kernel), expected), kernel


def test_convolve_takes_names_families_and_expressions(samples: Array) -> None:
    for name in ("gaussian3", "gaussian:sigma=1", "identity - box3"):
        (kernel,) = to_kernels(name, imfilt.load_registry())
        assert np.array_equal(imfilt.convolve(samples, name), imfilt.convolve(samples, kernel))


def test_kernels_in_a_row_may_be_given_in_many_ways(samples: Array) -> None:
    expected = imfilt.apply(samples, ["box3", "edge3"])
    assert not np.array_equal(expected, imfilt.apply(samples, "edge3"))
    box = imfilt.Kernel(BOX3, divisor="sum")
    ways: list[Any] = [
        ("blur", "outline"),
        [box, EDGE3],
        [box, np.array(EDGE3)],
        np.array([np.array(BOX3, object) * Fraction(1, 9), EDGE3]),
        iter(["box3", "edge3"]),
        (name for name in ("box3", "edge3")),
    ]
    for kernels in ways:
        assert np.array_equal(imfilt.apply(samples, kernels), expected), kernels


def test_matrices_of_one_row_or_column(samples: Array) -> None:
    row = imfilt.apply(samples, [[1, 0, -1]])
    column = imfilt.apply(samples, [[1], [0], [-1]])
    assert np.array_equal(row, imfilt.apply(samples, np.array([[1, 0, -1]])))
    assert np.array_equal(column, np.swapaxes(imfilt.apply(np.swapaxes(samples, 0, 1), [[1, 0, -1]]), 0, 1))


def test_kernels_of_a_registry_of_ones_own(samples: Array, tmp_path: Path) -> None:
    file = tmp_path / "kernels.toml"
    file.write_text('[kernels.edge3]\nmatrix = [[1]]\n[kernels.mine]\nmatrix = [[1, -1]]\naliases = ["step"]\n')
    registry = imfilt.load_registry(file)
    assert np.array_equal(imfilt.apply(samples, "edge3", registry=registry), samples)
    assert np.array_equal(imfilt.apply(samples, "step", registry=registry), imfilt.apply(samples, [[1, -1]]))
    assert np.array_equal(imfilt.apply(samples, "box3", registry=registry), imfilt.apply(samples, "box3"))
    with pytest.raises(imfilt.UnknownKernelError):
        imfilt.apply(samples, "mine")


def test_a_registry_without_kernels_is_not_replaced_by_the_built_in_ones(samples: Array) -> None:
    with pytest.raises(imfilt.UnknownKernelError):
        imfilt.apply(samples, "edge3", registry=imfilt.Registry(()))


def test_rows_that_can_be_gone_through_once_lose_no_cell(samples: Array) -> None:
    expected = imfilt.apply(samples, [[1, 2, 1], [0, 1, 3]])
    rows: Any
    for rows in ([iter([1, 2, 1]), iter([0, 1, 3])], (map(int, row) for row in ("121", "013"))):
        assert (imfilt.apply(samples, rows) == expected).all()


def test_a_kernel_brings_divisor_bias_and_anchor_to_convolve(samples: Array) -> None:
    kernel = imfilt.Kernel([[1, 2], [3, 4]], divisor=4, bias=7, anchor=(0, 0))
    expected = imfilt.convolve(samples, [[1, 2], [3, 4]], divisor=4, bias=7, anchor=(0, 0))
    assert np.array_equal(imfilt.convolve(samples, kernel), expected)
    moved = imfilt.convolve(samples, kernel, anchor=(1, 1))
    assert np.array_equal(moved, imfilt.convolve(samples, [[1, 2], [3, 4]], divisor=4, bias=7, anchor=(1, 1)))
    with pytest.raises(imfilt.UsageError, match="a Kernel has its own divisor and bias"):
        imfilt.convolve(samples, kernel, divisor=2)


# Options


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"border": "wrap"},
        {"border": "constant:12.5"},
        {"border": " Reflect "},
        {"size": "full"},
        {"size": "VALID"},
        {"stride": 2},
        {"stride": (2, 3)},
        {"stride": [3, 1]},
        {"dilation": 3},
        {"dilation": (1, 2)},
        {"anchor": (0, 1)},
        {"anchor": [1, 0]},
        {"correlate": True},
        {"border": "zero", "size": "full", "stride": 2, "dilation": 2, "anchor": (1, 1), "correlate": True},
    ],
    ids=str,
)
def test_apply_is_convolve_rounded_half_up_and_clipped(options: dict[str, Any], samples: Array) -> None:
    kernel = imfilt.Kernel([[-1, 2, 3], [4, 0, -3]], divisor=3, bias=10)
    exact = imfilt.convolve(samples, kernel, **options)
    expected = np.clip(np.floor(exact + 0.5), 0, 255)
    assert np.array_equal(imfilt.apply(samples, kernel, **options), expected)


def test_numbers_of_numpy_are_numbers(samples: Array) -> None:
    two = np.int64(2)
    expected = imfilt.apply(samples, "gaussian3", stride=2, dilation=(2, 1), anchor=(2, 0))
    given: dict[str, Any] = {"stride": two, "dilation": (two, np.int8(1)), "anchor": (two, np.uint8(0))}
    assert np.array_equal(imfilt.apply(samples, "gaussian3", **given), expected)


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
def test_threads_change_no_sample(threads: int | None, samples: Array) -> None:
    assert np.array_equal(imfilt.apply(samples, "unsharp5", threads=threads), imfilt.apply(samples, "unsharp5"))


# Errors

GREY = np.zeros((4, 5), np.uint8)

# As someone without a type checker calls them.
apply: Any = imfilt.apply
convolve: Any = imfilt.convolve


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: apply(GREY, "edge4"), imfilt.UnknownKernelError, r"unknown kernel 'edge4'; did you mean edge"),
        (lambda: apply(GREY, ["edge3", "?"]), imfilt.KernelError, r"kernel '\?': column 1: '\?' has no meaning"),
        (lambda: apply(GREY, "1 2 1"), imfilt.KernelError, r"column 3: an operator .* in brackets, as in \[1 0 -1\]"),
        (lambda: apply(GREY, []), imfilt.UsageError, r"at least one kernel"),
        (lambda: apply(GREY, 5), imfilt.UsageError, r"5 is no kernel; give a name, a matrix, or a Kernel"),
        (lambda: apply(GREY, None), imfilt.UsageError, r"None is no kernel"),
        (lambda: apply(GREY, [None]), imfilt.UsageError, r"."),
        (lambda: apply(GREY, [1, 2, 1]), imfilt.KernelError, r"row 1"),
        (lambda: apply(GREY, [[]]), imfilt.KernelError, r"row 1 is empty"),
        (lambda: apply(GREY, [[1, 2], [3]]), imfilt.KernelError, r"row 2 has 1 numbers where row 1 has 2"),
        (lambda: apply(GREY, [[1, "x"]]), imfilt.KernelError, r"row 1, column 2: 'x' is not a number"),
        (lambda: apply(GREY, [[1, float("nan")]]), imfilt.KernelError, r"row 1, column 2: nan is not a finite"),
        (lambda: apply(GREY, [[1], [np.inf]]), imfilt.KernelError, r"row 2, column 1: inf is not a finite"),
        (lambda: apply(GREY, [[True]]), imfilt.KernelError, r"row 1, column 1: true or false is not a number"),
        (lambda: apply(GREY, [[1j]]), imfilt.KernelError, r"row 1, column 1: complex is not a number"),
        (lambda: apply(GREY, np.ones((1, 1002))), imfilt.KernelError, r"larger than 1001 x 1001"),
        (lambda: imfilt.Kernel([[1]], divisor=0), imfilt.KernelError, r"divisor: nothing can be divided by 0"),
        (lambda: imfilt.Kernel([[1, -1]], divisor="sum"), imfilt.KernelError, r"the weights sum to 0"),
        (lambda: imfilt.Kernel([[1]], anchor=(0, 1)), imfilt.KernelError, r"anchor: 0,1 is outside the 1 x 1 matrix"),
        (lambda: apply(GREY, "edge3", border="edges"), imfilt.RecipeError, r"did you mean 'edge'"),
        (lambda: apply(GREY, "edge3", border="constant"), imfilt.RecipeError, r"constant:128"),
        (lambda: apply(GREY, "edge3", border="constant:x"), imfilt.RecipeError, r"constant:128"),
        (lambda: apply(GREY, "edge3", border="edge:3"), imfilt.RecipeError, r"only constant:V does"),
        (lambda: apply(GREY, "edge3", border=3), imfilt.UsageError, r"border"),
        (lambda: apply(GREY, "edge3", border=None), imfilt.UsageError, r"border"),
        (lambda: apply(GREY, "edge3", size="big"), imfilt.RecipeError, r"size 'big'; .*same, valid, full"),
        (lambda: apply(GREY, "edge3", normalize="peek"), imfilt.RecipeError, r"did you mean 'peak'"),
        (lambda: apply(GREY, "edge3", normalize="none"), imfilt.RecipeError, r"which uint8 samples cannot hold"),
        (lambda: apply(GREY, "edge3", alpha="kept"), imfilt.RecipeError, r"did you mean 'keep'"),
        (lambda: apply(GREY, "edge3", stride=0), imfilt.RecipeError, r"stride .*must be a whole number"),
        (lambda: apply(GREY, "edge3", stride=(1, 2, 3)), imfilt.RecipeError, r"stride .* or two of them"),
        (lambda: apply(GREY, "edge3", stride=1.5), imfilt.RecipeError, r"stride .*must be a whole number"),
        (lambda: apply(GREY, "edge3", dilation=True), imfilt.RecipeError, r"dilation .*must be a whole number"),
        (lambda: apply(GREY, "edge3", anchor=(3, 0)), imfilt.RecipeError, r"'edge3': anchor: 3,0 is outside"),
        (lambda: apply(GREY, "edge3", anchor=(-1, 0)), imfilt.RecipeError, r"anchor: -1,0 is outside"),
        (lambda: apply(GREY, "edge3", anchor=1), imfilt.UsageError, r"anchor"),
        (lambda: apply(GREY, "edge3", anchor=(1, 1, 1)), imfilt.UsageError, r"anchor"),
        (lambda: apply(GREY, "edge3", anchor=(0.5, 1)), imfilt.UsageError, r"anchor"),
        (lambda: apply(GREY, ["edge3", [[1]]], anchor=(1, 1)), imfilt.RecipeError, r"'custom': anchor: 1,1"),
        (lambda: apply(GREY, "gaussian5", size="valid"), imfilt.RecipeError, r"spans 5 x 5 .* use 'same'"),
        (lambda: apply(GREY.astype(np.int64), "edge3"), imfilt.RecipeError, r"int64 .* uint8, .*, float32"),
        (lambda: apply(GREY.astype(complex), "edge3"), imfilt.RecipeError, r"complex128 cannot be filtered"),
        (lambda: apply(GREY > 0, "edge3"), imfilt.RecipeError, r"bool cannot be filtered"),
        (lambda: apply(GREY[0], "edge3"), imfilt.RecipeError, r"shape \(5,\) is no picture"),
        (lambda: apply(GREY[:0], "edge3"), imfilt.RecipeError, r"shape \(0, 5\) is no picture"),
        (lambda: apply(np.zeros((2, 2, 0), np.uint8), "edge3"), imfilt.RecipeError, r"is no picture"),
        (lambda: apply(np.zeros((2, 2, 2, 2), np.uint8), "edge3"), imfilt.RecipeError, r"is no picture"),
        (lambda: apply(GREY.tolist(), "edge3"), imfilt.UsageError, r"array"),
        (lambda: apply("car.jpg", "edge3"), imfilt.UsageError, r"car.jpg"),
        (lambda: convolve([1, 2], [[1]]), imfilt.RecipeError, r"shape \(2,\) is no picture"),
        (lambda: convolve([["a"]], [[1]]), imfilt.RecipeError, r"cannot be convolved"),
        (lambda: convolve([[1j]], [[1]]), imfilt.RecipeError, r"complex128 cannot be convolved"),
        (lambda: convolve([[2**70]], [[1]]), imfilt.RecipeError, r"object cannot be convolved"),
        (lambda: convolve([[1]], "edge4"), imfilt.UnknownKernelError, r"unknown kernel 'edge4'"),
        (lambda: convolve([[1]], "sobel-xy"), imfilt.UsageError, r"'sobel-xy' is a group of kernels"),
        (lambda: convolve([[1]], "edge3", bias=1), imfilt.UsageError, r"a Kernel has its own divisor and bias"),
        (lambda: apply(GREY, "edge3", threads=0), imfilt.UsageError, r"threads: 0 of them can do nothing"),
        (lambda: convolve([[1]], [[1]], divisor=0), imfilt.KernelError, r"divisor"),
        (lambda: convolve([[1]], [[1]], bias=np.nan), imfilt.KernelError, r"bias: nan is not a finite number"),
        (lambda: imfilt.load_registry("nowhere.toml"), imfilt.RegistryError, r"nowhere.toml: cannot read"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error_with_a_message(
    call: Callable[[], Any], error: type[imfilt.UsageError], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        call()
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, imfilt.ImfiltError)
    assert "\n" not in str(raised.value)


# The module


def test_everything_public_is_there_and_documented() -> None:
    for name in imfilt.__all__:
        assert getattr(imfilt, name).__doc__, name
    assert imfilt.__version__


MODULES = sorted(
    module.name for module in pkgutil.walk_packages(imfilt.__path__, "imfilt.") if module.name != "imfilt.__main__"
)


def test_packages_that_list_their_modules_list_all_of_them() -> None:
    lists = 0
    for package in Path(imfilt.__file__).parent.rglob("__init__.py"):
        documentation = package.read_text(encoding="utf-8").split('"""')[1]
        if "::" not in documentation:
            continue
        lists += 1
        modules = {path.stem for path in package.parent.glob("*.py")} - {"__init__"}
        modules |= {path.parent.name for path in package.parent.glob("*/__init__.py")}
        assert modules - set(re.findall(r"\w+", documentation)) == set(), package
    assert lists > 5


def test_modules_with_examples_are_found() -> None:
    assert {"imfilt.engine.planning.plan", "imfilt.kernels.numbers", "imfilt.cli.apply"} <= set(MODULES)


@pytest.mark.parametrize("name", ["imfilt", *MODULES])
def test_examples_in_the_documentation_are_true(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name), extraglobs={"imfilt": imfilt})
    assert results.failed == 0


def test_the_settings_of_numpy_are_left_as_they_are() -> None:
    before = np.geterr(), np.getbufsize()
    for samples in (np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.float32)):
        imfilt.apply(samples, "edge3")
        imfilt.convolve(samples, "edge3")
    assert (np.geterr(), np.getbufsize()) == before
