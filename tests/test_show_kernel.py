"""What `show-kernel` finds out about a kernel, against NumPy and SciPy, and how it draws it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from PIL import Image
from scipy.signal import convolve2d

import imfilt
from imfilt.analysis.response import DIRECTIONS, frequency_response, gain, impulse_response, response_along
from imfilt.kernels.lookup import find_entry
from imfilt.kernels.structure import rank, symmetries

CODES = re.compile(r"\x1b\[[0-9;]*m")


def kernels() -> list[imfilt.Kernel]:
    random = np.random.default_rng(8)
    found = [entry.kernel for entry in imfilt.load_registry().entries]
    for _ in range(20):
        size = random.integers(1, 6, 2)
        found.append(imfilt.Kernel(random.integers(-9, 10, size), divisor=random.choice([1, -3, 16])))
    return found


KERNELS = kernels()


def weights_of(kernel: imfilt.Kernel) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[float(Fraction(str(w)) / Fraction(str(kernel.divisor))) for w in row] for row in kernel.weights])


def test_the_rank_is_that_of_the_singular_values() -> None:
    random = np.random.default_rng(3)
    for _ in range(60):
        rows, columns, wanted = random.integers(1, 9, 3)
        matrix = random.integers(-4, 5, (rows, wanted)) @ random.integers(-4, 5, (wanted, columns))
        assert rank(matrix.tolist()) == np.linalg.matrix_rank(matrix)
    assert rank([[0, 0], [0, 0]]) == 0
    assert rank([[1] * 65]) is None


def test_symmetries_are_those_of_numpy() -> None:
    for kernel in KERNELS:
        matrix = np.array(kernel.integer_form.weights)
        turned = {
            "left-right": np.fliplr(matrix),
            "top-bottom": np.flipud(matrix),
            "diagonal": matrix.T,
            "point": np.rot90(matrix, 2),
        }
        expected = []
        for name, each in turned.items():
            if np.array_equal(each, matrix):
                expected.append(name)
            elif np.array_equal(each, -matrix):
                expected.append(f"anti {name}")
        assert symmetries(kernel.integer_form.weights) == expected


def test_the_frequency_response_is_a_fourier_transform() -> None:
    for kernel in KERNELS:
        expected = np.abs(np.fft.fftshift(np.fft.fft2(weights_of(kernel), (128, 128))))
        found = frequency_response(kernel, 129)
        np.testing.assert_allclose(found[:-1, :-1], expected, atol=1e-9)
        np.testing.assert_allclose(found, found[::-1, ::-1], atol=1e-9)
        lines = {"across": found[64, 64::2], "down": found[64::2, 64], "diagonal": found.diagonal()[64::2]}
        for direction in DIRECTIONS:
            np.testing.assert_allclose(response_along(kernel, direction), lines[direction], atol=1e-9)


def test_gains_are_those_that_pictures_show() -> None:
    noise = np.random.default_rng(1).normal(size=(400, 400))
    for kernel in KERNELS:
        gains = gain(kernel)
        weights = weights_of(kernel)
        assert float(gains.flat) == pytest.approx(convolve2d(np.ones((9, 9)), weights, "valid")[0, 0])
        assert gains.noise == pytest.approx(convolve2d(noise, weights, "valid").std(), rel=0.02, abs=1e-9)
        assert gains.largest >= abs(float(gains.flat)) - 1e-9
        assert gains.largest <= np.abs(weights).sum() + 1e-9


def test_the_impulse_response_is_what_scipy_makes_of_a_point() -> None:
    for kernel in KERNELS:
        rows, columns = kernel.size
        point = np.zeros((2 * rows + 1, 2 * columns + 1))
        point[rows, columns] = 1
        full = convolve2d(point, weights_of(kernel))
        top, left = (rows - 1) // 2, (columns - 1) // 2
        expected = full[top : top + len(point), left : left + point.shape[1]]
        np.testing.assert_allclose(impulse_response(kernel), expected, atol=1e-12)


def matrix_file(folder: Path, side: int) -> str:
    file = folder / "matrix.txt"
    file.write_text("\n".join(" ".join(str((i * j + i) % 7 - 3) for j in range(side)) for i in range(side)))
    return f"@{file}"


@pytest.mark.parametrize("colour", ["", "NO_COLOR"])
@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("side", [1, 5, 31, 101])
def test_the_heat_map_fits_the_terminal_and_is_readable_without_colour(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, side: int, columns: int, colour: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    if colour:
        monkeypatch.setenv(colour, "1")
    result = run("show-kernel", matrix_file(tmp_path, side), terminal=True)
    assert result.status == 0
    text = CODES.sub("", result.text)
    lines = text.splitlines()
    cells = lines[2 : lines.index("", 2)]
    assert max(map(len, lines[: 2 + len(cells)])) <= columns
    assert (b"\x1b" in result.stdout) == (not colour)
    if side <= 5:
        expected = [[str((i * j + i) % 7 - 3) for j in range(side)] for i in range(side)]
        assert [line.split() for line in cells] == expected
    else:
        note = next(
            i for i, line in enumerate(cells) if line.strip().startswith("sign and tenths of the largest weight")
        )
        cells = cells[:note]
    if side == 31 and columns >= 80:
        for i, line in enumerate(cells):
            shown = [line[2 + 2 * j : 4 + 2 * j] for j in range(side)]
            tenths = [f"{weight:+}" for weight in ((i * j + i) % 7 - 3 for j in range(side))]
            assert shown == [
                {"+0": " ·", "+3": "+9", "-3": "-9", "+2": "+6", "-2": "-6"}.get(t, t[0] + "3") for t in tenths
            ]


def test_colours_are_signed_and_zero_has_none(run: Run) -> None:
    line = run("show-kernel", "edge1", terminal=True).lines[2]
    backgrounds = dict(re.findall(r"48;5;(\d+)m *(-?\d)", line))
    assert sorted(backgrounds.values()) == ["-1", "1"]
    assert CODES.split(line)[2].split() == ["0"]


def test_the_json_has_all_that_is_known(run: Run) -> None:
    told = json.loads(run("show-kernel", "gaussian3", "--json").stdout)
    listed = {kernel["name"]: kernel for kernel in json.loads(run("list-kernels", "--json").stdout)}
    assert {key: told[key] for key in listed["gaussian3"]} == listed["gaussian3"]
    assert (told["rank"], told["range"]) == (1, [0, 255])
    assert told["symmetry"] == ["left-right", "top-bottom", "diagonal", "point"]
    assert told["gain"] == {"flat": 1, "noise": pytest.approx(36**0.5 / 16), "largest": pytest.approx(1)}
    assert told["response"]["across"][0] == pytest.approx(1)
    assert told["response"]["across"][-1] == pytest.approx(0, abs=1e-12)
    assert told["plan"][0].startswith("gaussian3, 3 x 3 over all samples: ")


@pytest.mark.parametrize("side", [1, 3, 31, 331])
def test_the_figure_shows_weights_of_any_size(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, side: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("show-kernel", matrix_file(tmp_path, side), "--png", "out.png").status == 0
    with Image.open("out.png") as figure:
        assert max(figure.size) < 1600
        colours = {colour for _, colour in figure.convert("RGB").getcolors(1 << 24) or ()}
    assert (33, 102, 172) in colours
    assert ((178, 60, 30) in colours) == (side > 1)
    again = run("show-kernel", "edge3", "--png", "out.png")
    assert (again.status, again.stdout) == (2, b"")


def test_a_figure_is_written_whatever_is_printed_unless_that_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = run("show-kernel", "edge3", "--png", "plain.png")
    assert plain.stdout == run("show-kernel", "edge3").stdout
    for name, options in (("as", ["--as", "vips"]), ("json", ["--json"])):
        assert run("show-kernel", "edge3", *options, "--png", f"{name}.png").status == 0
        assert Path(f"{name}.png").read_bytes() == Path("plain.png").read_bytes()
    assert run("show-kernel", "edge3", "--as", "npy", "--png", "none.png", terminal=True).status == 2
    assert not Path("none.png").exists()


@pytest.mark.parametrize("options", [["--json", "--plan"], ["--as", "vips", "--json"], ["--as", "vips", "--plan"]])
def test_options_that_print_different_things_are_refused(run: Run, options: list[str]) -> None:
    result = run("show-kernel", "edge3", *options)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "print different things" in result.stderr


def test_where_there_are_no_blocks_the_plot_is_in_ascii() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "imfilt", "show-kernel", "gaussian3"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"\\u258" not in result.stdout
    assert re.search(rb"across +@[-@#*+=:. ]+\|  1 to ", result.stdout)


def test_long_numbers_are_shown_as_decimals(run: Run) -> None:
    for kernel in ("savgol:size=21,degree=6", "savgol:size=99,degree=9", "binomial:28", "3/7 * binomial:20"):
        lines = run("show-kernel", kernel).lines
        cells = [cell for line in lines[2 : lines.index("", 2)] for cell in line.split()]
        assert max(map(len, cells)) <= 12, kernel
        assert any("." in cell for cell in cells)
        assert not any(line.startswith("divisor") for line in lines)  # for the cells are divided by it
        weights = weights_of(find_entry(kernel, imfilt.load_registry()).kernel).ravel()
        assert [float(cell) for cell in cells] == pytest.approx(list(weights), rel=1e-5)
    assert "  6/143  -15/143  -10/429" in run("show-kernel", "savgol:size=11,degree=4").lines[2]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["gaussian5", "gaussian:sigma=3.75", "sobel-x", "gabor"])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_cut(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    lines = run("show-kernel", name, terminal=True).lines
    assert max(map(len, lines)) <= width
    words = set(" ".join(run("show-kernel", name).lines).split())
    facts = lines[next(i for i, line in enumerate(lines) if line.startswith("what it does")) :]
    assert set(" ".join(facts).split()) <= words


def test_what_rounding_leaves_of_no_gain_is_shown_as_0(run: Run) -> None:
    lines = run("show-kernel", "gaussian5").lines
    assert [line.rpartition("|")[2].strip() for line in lines if "|" in line] == ["1 to 0"] * 3


@pytest.mark.parametrize("matrix", ["[1e308 1e308]", "[1e308 1e308 -1e308]"])
def test_weights_whose_sum_is_beyond_all_floats_are_refused_in_one_line(run: Run, matrix: str) -> None:
    result = run("show-kernel", matrix)
    assert (result.status, result.stderr.count("\n")) == (2, 1)
    assert "too large for floating point" in result.stderr


def test_the_gain_for_noise_of_weights_whose_squares_are_beyond_all_floats(run: Run) -> None:
    result = run("show-kernel", "[3e200 4e200]")
    assert (result.status, result.stderr) == (0, "")
    assert "5e+200 for noise" in result.text
