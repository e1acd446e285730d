"""What the linter finds, and what it leaves alone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import Run

import imfilt
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.lint import CHECKS, lint_entry, lint_registry
from imfilt.kernels.lookup import find_entry
from imfilt.kernels.registry import Entry, Registry

ROOT = Path(__file__).parent.parent


def found(*arguments: object, **settings: object) -> dict[str, str]:
    kernel = Kernel(*arguments, **settings)  # type: ignore[arg-type]
    return {finding.check: finding.message for finding in lint_entry(Entry(kernel))}


def test_the_built_in_kernels_are_clean(run: Run) -> None:
    result = run("lint", ROOT / "kernels.toml")
    assert (result.status, result.stdout) == (0, b"")
    assert "nothing found" in result.stderr
    assert run("lint").status == 0


@pytest.mark.parametrize(
    "matrix",
    [
        [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
        [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        [["1/9"] * 3] * 3,
        [[0.25, 0.5, 0.25]],
        [[1]],
    ],
)
def test_edges_sharpening_and_blurs_are_no_findings(matrix: list[list[object]]) -> None:
    assert found(matrix) == {}


def test_a_sum_that_is_neither_0_nor_1_is_found() -> None:
    assert "sum to 16" in found([[1, 2, 1], [2, 4, 2], [1, 2, 1]])["sum"]
    assert "sum" not in found([[0.3333, 0.3333, 0.3333]])


@pytest.mark.parametrize(
    ("matrix", "settings"),
    [
        ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], {"divisor": 4}),
        ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], {"divisor": 8, "bias": 128}),
        ([[-1, 0, -1], [0, 1, 0], [-1, 0, -1]], {"bias": 20}),
        ([[1, 1, 1]], {"divisor": 3, "bias": 10}),
    ],
)
def test_the_divisor_and_the_bias_that_are_advised_hold_all_results(
    matrix: list[list[int]], settings: dict[str, int]
) -> None:
    message = found(matrix, **settings)["range"]
    words = dict(zip(message.split(), message.split()[2:], strict=False))
    divisor, bias = (Fraction(words[key].strip('"')) for key in ("divisor", "bias"))
    low, high = Kernel(matrix, divisor=divisor, bias=bias).output_range()
    assert low >= 0
    assert high <= 255


def test_orientation_and_even_sides_are_found() -> None:
    assert "--correlate" in found([[1, 0, -1]])["orientation"]
    assert "anchor = [0, 1]" in found([[0.5, 0.5]])["even"]
    assert "even" not in found([[0.5, 0.5]], anchor=(0, 0))


@pytest.mark.parametrize(("row", "anchor"), [([1, 0, 0], None), ([1, 1, 2], None), ([1, 1], None), ([1, 2, 1], (0, 2))])
def test_a_shift_is_what_the_kernel_does_to_a_spot(row: list[int], anchor: tuple[int, int] | None) -> None:
    kernel = Kernel([row], divisor="sum", anchor=anchor)
    spot = np.zeros((1, 21))
    spot[0, 10] = 1
    result = imfilt.convolve(spot, kernel)[0]
    moved = (result * np.arange(21)).sum() - 10
    message = found([row], divisor="sum", anchor=anchor)["shift"]
    assert float(message.split(" down and ")[1].split()[0]) == pytest.approx(moved, rel=1e-5)


def test_zeros_at_the_sides_are_found() -> None:
    assert "1 x 3" in found([[0, 0, 0], [1, 2, 1], [0, 0, 0]], divisor=4)["zeros"]
    assert "all weights are 0" in found([[0, 0]])["zeros"]
    assert "zeros" not in found([[1, 0, -1]])


def test_a_matrix_a_hair_from_separable_is_found_with_its_factors() -> None:
    line = np.exp(-(np.arange(-3, 4) ** 2) / 4.0)
    matrix = np.round(np.outer(line, line) / line.sum() ** 2, 4)
    message = found(matrix)["separable"]
    singular = np.linalg.svd(matrix, compute_uv=False)
    rest = np.sqrt((singular[1:] ** 2).sum() / (singular**2).sum())
    assert float(message.split("but for ")[1].split()[0]) == pytest.approx(rest, rel=0.06)
    row = np.array(message.split("row ")[1].split(" but")[0].split(), float)
    np.testing.assert_allclose(row, line, atol=0.01)
    assert "separable" not in found(np.outer([1, 2, 1], [1, 2, 1]))
    assert "separable" not in found([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def test_names_and_aliases_that_hide_others_are_found() -> None:
    earlier = imfilt.load_registry()
    one = Kernel([[0, 0, 0], [0, 1, 0], [0, 0, 0]], name="Edge-3")
    other = Kernel([[1]], name="mine")
    registry = Registry((Entry(one, intended=("zeros",)), Entry(other, aliases=("box-blur",))))
    messages = [finding.message for finding in lint_registry(registry, earlier)]
    assert len(messages) == 2
    assert "its name hides the kernel 'edge3' of built-in" in messages[0]
    assert "its alias 'box-blur' hides the kernel 'box3'" in messages[1]
    assert lint_registry(earlier, earlier) == []  # the same kernels


def test_a_registry_says_what_it_intends(run: Run, tmp_path: Path) -> None:
    text = "{top}[kernels.wind]\nmatrix = [[1, 2]]\n{own}\n[kernels.other]\nmatrix = [[1, 0, -1]]\n"
    file = tmp_path / "mine.toml"
    file.write_text(text.format(top="", own=""))
    result = run("lint", file)
    assert result.status == 1
    assert [line.removeprefix(f"{file}: ").split(": ")[:2] for line in result.lines] == [
        *(["wind", check] for check in ("sum", "range", "orientation", "even", "shift")),
        ["other", "orientation"],
    ]
    file.write_text(text.format(top='intended = ["orientation"]\n', own='intended = ["sum", "range", "even", "shift"]'))
    assert run("lint", file).status == 0
    file.write_text(text.format(top='intended = ["colour"]\n', own=""))
    assert "'colour' is no check; known are sum, range" in run("lint", file).text
    file.write_text(text.format(top="intended = 3\n", own=""))
    assert (result := run("lint", file)).status == 2
    assert "intended must be a list" in result.stderr


def test_kernels_and_matrices_on_the_command_line(run: Run) -> None:
    assert run("lint", "-k", "sharpen", "-k", "identity").status == 0
    assert run("lint", "-m", "1 2 1", "--divisor", "4").status == 0
    result = run("lint", "-m", "1 2 1", "-k", "edge3")
    assert (result.status, [line.split(": ")[1] for line in result.lines]) == (1, ["sum", "range"])
    for arguments in (["none.toml"], ["-k", "none"], ["-m", "x"], ["none.toml", "-k", "edge3"]):
        result = run("lint", *arguments)
        assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)


def test_options_that_would_not_count_are_refused(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "mine.toml").write_text("[kernels.mine]\nmatrix = [[1]]\n")
    for arguments, told in (
        (["--divisor", "3"], "--divisor and --bias belong to a matrix"),
        ([file, "--bias", "128"], "--divisor and --bias belong to a matrix"),
        ([file, "--registry", file], "name all registries that are to be looked at without --registry"),
    ):
        result = run("lint", *arguments)
        assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
        assert told in result.stderr
    assert run("lint", file, file).status == 0


def test_a_range_beyond_all_floats_is_told(run: Run) -> None:
    result = run("lint", "-m", "1e308 1e308", "--divisor", "7")
    assert (result.status, result.stderr) == (1, "")
    assert "the weights sum to 2.85714e+307" in result.text
    assert "e+309" in result.text


def test_every_check_is_explained_in_the_help(run: Run) -> None:
    shown = " ".join(run("lint", "--help").text.split())
    assert all(check.finds in shown for check in CHECKS.values())


def test_advice_for_approximate_weights_has_no_divisor_of_thirty_digits() -> None:
    message = {
        each.check: each.message for each in lint_entry(find_entry("3*gaussian:sigma=1", imfilt.load_registry()))
    }
    assert message["range"].endswith("(8 bits); a divisor 3 times as large and bias = 0 hold them all")
