"""Kernels in the notations of other tools, run by these tools: the picture is the one that imfilt makes.

Each test is skipped where its tool is not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.notations.table import write_kernel

Array = NDArray[Any]

RNG = np.random.default_rng(7)
SAMPLES = RNG.integers(0, 256, (29, 37), np.uint8)

KERNELS = {
    "skew": Kernel([[1, 2, 3], [4, 5, -6], [7, 8, 10]], divisor=32),
    "emboss": Kernel([[2, 1, 0], [1, 1, -1], [0, -1, -2]]),
    "negative divisor": Kernel([[-3, 0, 1], [0, -8, 0], [0, 2, 0]], divisor=-8),
    "fractions": Kernel([["1/4", 0, "1/2"], ["1/8", "1/16", 0], ["1/16", 0, 0]]),
    "decimals": Kernel([[0.25, 0, 0.5], [0.125, 0.0625, 0], [0.0625, 0, 0]]),
    "five": Kernel([[(7 * y + 3 * x * x) % 11 - 3 for x in range(5)] for y in range(5)], divisor=32),
    "with bias": Kernel([[1, 0, 0], [0, 2, 0], [0, 0, -1]], divisor=4, bias=51),
    "row": Kernel([[1, 2, 5, 0, -2, 1, 1]], divisor=8),
    "column": Kernel([[1], [3], [4]], divisor=8),
    "even": Kernel([[1, 2], [3, -4]], divisor=2),
    "anchored": Kernel([[1, 2, 4], [0, 3, 6]], divisor=16, anchor=(0, 2)),
}

on_every_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


def written(kernel: Kernel, notation: str) -> str:
    content, notes = write_kernel(kernel, notation)
    assert isinstance(content, str)
    assert not notes
    return content


def exact(kernel: Kernel) -> Array:
    """Return the result of `kernel` over `SAMPLES`, not rounded."""
    return imfilt.convolve(SAMPLES, kernel)


def rounded(kernel: Kernel) -> Array:
    return imfilt.apply(SAMPLES, kernel)


def tool(name: str) -> str:
    """Return the path of a tool of Debian's; skip the test where it is not there."""
    found = shutil.which(name, path=os.pathsep.join(("/usr/bin", "/opt/homebrew/bin", os.environ.get("PATH", ""))))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str | Path, **environment: str) -> None:
    result = subprocess.run(
        [str(word) for word in command], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    Image.fromarray(SAMPLES).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def samples_of(file: Path) -> Array:
    with Image.open(file) as image:
        return np.asarray(image)


@on_every_kernel
def test_vips_makes_the_same_picture(kernel: Kernel, source: Path) -> None:
    (mask := source.with_name("k.mat")).write_text(written(kernel, "vips"))
    result = source.with_name("b.png")
    # Its code for vectors rounds the weights; this is the one that computes in whole numbers.
    run(tool("vips"), "conv", source, result, mask, "--precision", "integer", VIPS_NOVECTOR="1")
    if kernel.bias:  # the quotient is rounded towards 0 before the offset is added
        assert np.abs(samples_of(result).astype(int) - rounded(kernel)).max() <= 1
    else:
        assert np.array_equal(samples_of(result), rounded(kernel))


@on_every_kernel
def test_imagemagick_makes_the_same_picture_in_its_16_bits(kernel: Kernel, source: Path) -> None:
    result = source.with_name("b.gray")
    options = [word.strip("'") for word in _words(written(kernel, "imagemagick"))]
    run(tool("convert"), source, "-virtual-pixel", "edge", *options, "-depth", "16", "-endian", "LSB", f"gray:{result}")
    levels = np.frombuffer(result.read_bytes(), "<u2").reshape(SAMPLES.shape) / 257
    assert np.abs(levels - np.clip(exact(kernel), 0, 255)).max() <= 0.501 / 257  # rounded, to 16 bits


@on_every_kernel
def test_gmic_makes_the_same_picture(kernel: Kernel, source: Path) -> None:
    result = source.with_name("b.png")
    run(tool("gmic"), source, *written(kernel, "gmic").split(" "), "-output", result)
    assert np.array_equal(samples_of(result), rounded(kernel))


def run_ffmpeg(source: Path, convolution: str) -> Path:
    result = source.with_name("b.png")
    run(
        tool("ffmpeg"), "-y", "-v", "error", "-i", source, "-vf", f"format=gray,{convolution}", "-frames:v", "1", result
    )
    return result


def ffmpeg_heeds_rdiv(source: Path) -> bool:
    """Return whether it divides by what it is told; versions 5.1 divide by the sum of the weights, whatever is said."""
    doubled = samples_of(run_ffmpeg(source, "convolution=0m=0 0 0 0 2 0 0 0 0:0rdiv=1/4"))
    return bool(doubled[5, 5] != SAMPLES[5, 5])


@on_every_kernel
def test_ffmpeg_makes_the_same_picture_inside_its_border(kernel: Kernel, source: Path) -> None:
    total = sum(map(sum, kernel.integer_form.weights)) or 1
    if total != kernel.integer_form.divisor and not ffmpeg_heeds_rdiv(source):
        pytest.skip("this FFmpeg takes no notice of rdiv")
    result = run_ffmpeg(source, written(kernel, "ffmpeg").strip())
    inside = (slice(5, -5), slice(5, -5))  # what lies beyond the border is mirrored in another way
    assert np.array_equal(samples_of(result)[inside], rounded(kernel)[inside])


@on_every_kernel
def test_opencv_makes_the_same_picture(kernel: Kernel) -> None:
    cv2 = pytest.importorskip("cv2")
    names: dict[str, Any] = {"image": SAMPLES, "cv2": cv2}
    exec(written(kernel, "opencv"), names)
    ties = (exact(kernel) * 2) % 2 == 1  # which OpenCV rounds to the even level
    difference = np.abs(names["filtered"].astype(int) - rounded(kernel))
    assert difference[~ties].max() == 0
    assert difference.max() <= 1


@on_every_kernel
def test_numpy_holds_the_matrix_that_scipy_convolves_with(kernel: Kernel) -> None:
    from scipy.signal import convolve2d

    if kernel.bias or kernel.anchor:
        pytest.skip("a matrix alone has neither")
    matrix = eval(written(kernel, "numpy"), {"np": np})
    assert np.array_equal(convolve2d(SAMPLES, matrix, "valid"), imfilt.convolve(SAMPLES, kernel, size="valid"))


def render(source: Path, primitive: str) -> Array:
    height, width = SAMPLES.shape
    (drawing := source.with_name("a.svg")).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" '
        f'height="{height}"><filter id="f" x="0" y="0" width="1" height="1">{primitive}</filter>'
        f'<image width="{width}" height="{height}" xlink:href="a.png" filter="url(#f)"/></svg>'
    )
    run(tool("rsvg-convert"), drawing, "-o", source.with_name("b.png"))
    return samples_of(source.with_name("b.png"))[..., 0].astype(int)


def rsvg_transposes(source: Path) -> bool:
    """Return whether it takes columns for rows, as versions around 2.54 do, where the standard says rows."""
    moved = render(source, written(Kernel([[0, 1, 0], [0, 0, 0], [0, 0, 0]]), "svg"))
    return bool(np.abs(moved[5:-5, 5:-5] - np.roll(SAMPLES, -1, 1)[5:-5, 5:-5].astype(int)).max() <= 1)


@on_every_kernel
def test_an_svg_filter_makes_the_same_picture(kernel: Kernel, source: Path) -> None:
    transposed = tuple(zip(*kernel.weights, strict=True))
    if transposed != kernel.weights and 1 not in kernel.size and rsvg_transposes(source):
        pytest.skip("this librsvg takes columns for rows")
    filtered = render(source, written(kernel, "svg"))
    assert np.abs(filtered - rounded(kernel)).max() <= 1  # it computes with parts of white, and truncates some


@on_every_kernel
def test_gegl_makes_the_same_picture_to_less_than_a_level(kernel: Kernel, source: Path) -> None:
    if max(kernel.size) > 5:
        pytest.skip("GEGL has 5 x 5")
    Image.fromarray(np.dstack([SAMPLES] * 3)).save(source)
    # It filters in linear light: the samples are passed off as linear, and its results as samples again.
    casts = [
        ("gegl:cast-format", f"input-format={old} float", f"output-format={new} float")
        for old, new in (("R'G'B'A", "RGBA"), ("RGBA", "R'G'B'A"))
    ]
    result = source.with_name("b.png")
    run(tool("gegl"), source, "-o", result, "--", *casts[0], *written(kernel, "gimp").split(), *casts[1])
    difference = samples_of(result)[..., 0] - np.clip(exact(kernel), 0, 255)
    assert np.abs(difference).max() < 1


@pytest.mark.parametrize("name", ["skew", "emboss", "five"])
def test_pillow_makes_the_same_picture_inside_its_border(name: str) -> None:
    from PIL import ImageFilter

    kernel = KERNELS[name]
    side = kernel.size[0]
    flat = [float(weight) for row in kernel.weights for weight in row[::-1]]  # its rows lie from the bottom to the top
    filtered = Image.fromarray(SAMPLES).filter(ImageFilter.Kernel((side, side), flat, float(kernel.divisor)))
    inside = (slice(side // 2, -(side // 2)),) * 2
    assert np.array_equal(np.asarray(filtered)[inside], rounded(kernel)[inside])


def _words(options: str) -> list[str]:
    import shlex

    return shlex.split(options)


def test_graphicsmagick_correlates(source: Path) -> None:
    kernel = KERNELS["skew"]
    result = source.with_name("b.png")
    flat = ",".join(str(float(weight)) for row in kernel.weights[::-1] for weight in row[::-1])
    run(tool("gm"), "convert", source, "-convolve", flat, result)  # which divides by the sum, 34
    expected = imfilt.convolve(SAMPLES, Kernel(kernel.weights, divisor=34))
    assert np.abs(samples_of(result) - expected).max() < 1


def test_ffmpeg_reads_a_row_of_49_and_imfilt_refuses_more() -> None:
    assert "0mode=row" in written(Kernel([[1] * 49], divisor=49), "ffmpeg")
    for weights in ([[1] * 51], [[1] * 9] * 3, [[Fraction(1, 1 << 40), 1]]):
        with pytest.raises(imfilt.KernelError, match="ffmpeg"):
            write_kernel(Kernel(weights), "ffmpeg")
