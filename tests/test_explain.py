"""`explain` tells what `apply` does: the same samples, and sums that add up."""

from __future__ import annotations

import json
import random
import re
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
from conftest import Run
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt.batch.filtering import filter_image
from imfilt.engine.recipes.borders import BORDERS
from imfilt.engine.recipes.normalisations import NORMALISATIONS
from imfilt.engine.recipes.recipe import ALPHA_MODES, Recipe
from imfilt.engine.recipes.roundings import ROUNDINGS
from imfilt.images.reading import to_picture
from imfilt.kernels.numbers import to_fraction
from imfilt.views.colours import signed_colours
from imfilt.views.explain import explain

MODES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


def image_of(random_: random.Random, mode: str, size: tuple[int, int]) -> Image.Image:
    """Return noise in which clear, opaque and half-transparent samples are all common."""
    bytes_ = size[0] * size[1] * MODES[mode]
    return Image.frombytes(mode, size, bytes(random_.choice([0, 255, random_.randrange(256)]) for _ in range(bytes_)))


def kernel_of(random_: random.Random) -> imfilt.Kernel:
    rows, columns = random_.randint(1, 4), random_.randint(1, 5)
    low, denominator = random_.choice([(0, 1), (-9, 1), (-5, 7)])
    weights = [[Fraction(random_.randint(low, 9), denominator) for _ in range(columns)] for _ in range(rows)]
    divisor = random_.choice([1, 2, 2, 9, 16, -4, Fraction(2, 3)])
    return imfilt.Kernel(weights, divisor=divisor, bias=random_.choice([0, 0, 20, Fraction(-7, 3)]))


def test_the_outputs_are_those_of_apply_and_the_sums_add_up_at_200_random_cases() -> None:
    borders = [border.replace(":V", ":100") for border in BORDERS]
    normalisations = [name for name, entry in NORMALISATIONS.items() if not entry.float_only]
    seen = set()
    explained = 0
    for seed in count():
        if explained == 200:
            break
        random_ = random.Random(seed)
        image = image_of(random_, random_.choice(list(MODES)), (random_.randint(1, 7), random_.randint(1, 6)))
        kernels = tuple(kernel_of(random_) for _ in range(random_.choice([1, 1, 1, 2])))
        options: dict[str, Any] = {
            "border": random_.choice(borders),
            "size": random_.choice(["same", "same", "full"]),
            "stride": (random_.randint(1, 2), random_.randint(1, 2)),
            "dilation": (random_.randint(1, 2), 1),
            "correlate": random_.random() < 0.5,
            "rounding": random_.choice(list(ROUNDINGS)),
            "normalize": random_.choice(normalisations),
            "alpha": random_.choice(list(ALPHA_MODES)),
        }
        try:
            filtered = np.atleast_3d(np.asarray(filter_image(image, Recipe(kernels, **options))))
        except imfilt.UsageError:  # what does not fit together is no case
            continue
        explained += 1
        y, x = random_.randrange(filtered.shape[0]), random_.randrange(filtered.shape[1])
        explanation = explain(to_picture(image), Recipe(kernels, **options), x, y)
        assert [channel.account.output for channel in explanation.channels] == filtered[y, x].tolist(), seed
        assert [channel.output for channel in explanation.channels] == filtered[y, x].tolist(), seed
        for channel in explanation.channels:
            account = channel.account
            assert account.sum == sum(
                to_fraction(w) * p
                for ws, ps in zip(account.weights, account.window, strict=True)
                for w, p in zip(ws, ps, strict=True)
            )
            assert account.exact == account.sum / account.divisor + account.bias
            seen.add((options["border"], options["normalize"], account.planes, account.clipped))
    assert {border for border, *_ in seen} == set(borders)
    assert {name for _, name, *_ in seen} == set(normalisations)
    assert {planes for *_, planes, _ in seen} == {"all", "premultiplied", "colour", "alpha"}
    assert {clipped for *_, clipped in seen} == {True, False}


@pytest.mark.parametrize("border", ["edge", "reflect", "symmetric", "wrap", "zero", "constant:51/2"])
def test_the_window_holds_what_the_border_rule_says(border: str) -> None:
    image = image_of(random.Random(1), "L", (4, 3))
    kernel = imfilt.Kernel([[1, 2, 3, 4, 5]] * 7)
    rows = np.asarray(image).tolist()
    for y, x in np.ndindex(3, 4):
        (channel,) = explain(to_picture(image), Recipe((kernel,), border=border), x, y).channels
        for i, j in np.ndindex(7, 5):
            at = y + i - 3, x + j - 2
            assert channel.account.window[i][j] == oracle.sample(rows, *at, border)
            assert channel.account.beyond[i][j] == (not (0 <= at[0] < 3 and 0 <= at[1] < 4))
        assert channel.account.weights == ((5, 4, 3, 2, 1),) * 7


def test_16_bits_and_floats_are_explained_too() -> None:
    random_ = np.random.default_rng(5)
    kernel = imfilt.Kernel([[1, -2], [3, 1]], divisor=3, bias=7)
    deep = Image.fromarray(random_.integers(0, 65536, (5, 6), dtype=np.uint16))
    (channel,) = explain(to_picture(deep), Recipe((kernel,)), 4, 2).channels
    assert channel.account.output == channel.output == np.asarray(imfilt.apply(deep, kernel))[2, 4]
    floats: NDArray[np.float32] = random_.normal(size=(5, 6)).astype(np.float32)
    (channel,) = explain(to_picture(Image.fromarray(floats)), Recipe((kernel,)), 0, 0).channels
    assert channel.output == imfilt.apply(floats, kernel)[0, 0]
    assert float(channel.account.exact) == pytest.approx(channel.output, rel=1e-6)
    floats[0, 0] = np.nan
    with pytest.raises(imfilt.UsageError, match="NaN"):
        explain(to_picture(Image.fromarray(floats)), Recipe((kernel,)), 0, 0)


def test_weights_of_a_family_are_shown_over_their_divisor_and_add_up(run: Run, tmp_path: Path) -> None:
    image = image_of(random.Random(4), "RGBA", (20, 20))
    image.save(tmp_path / "a.png")
    told = json.loads(run("explain", tmp_path / "a.png", "3", "7", "-k", "gaussian:sigma=1", "--json").stdout)
    samples = np.asarray(imfilt.apply(image, "gaussian:sigma=1"))[7, 3].tolist()
    for channel, sample in zip(told["channels"], samples, strict=True):
        assert abs(float(Fraction(channel["exact"])) - sample) <= 0.5 + 1e-9
        assert channel["output"] == sample
    lines = run("explain", tmp_path / "a.png", "3", "7", "-k", "gaussian:sigma=1").lines[1:]
    assert max(map(len, lines)) <= 80


@pytest.fixture
def car(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.uint8]:
    """Make car.png, 40 × 30 of noise, in the folder that the test runs in."""
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(7).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(samples).save("car.png")
    return samples


def test_the_json_has_what_was_asked_for_and_equals_the_file_that_apply_writes(
    run: Run, car: NDArray[np.uint8]
) -> None:
    options = ("-m", "1 2 0; 0 1 -1", "--divisor", "3", "--bias", "4", "--border", "reflect")
    run("apply", "car.png", "-o", "out.png", *options)
    written = np.asarray(Image.open("out.png"))
    result = run("explain", "car.png", "12", "5", *options, "--json")
    assert (result.status, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert (told["x"], told["y"]) == (12, 5)
    assert [channel["name"] for channel in told["channels"]] == ["R", "G", "B"]
    for c, channel in enumerate(told["channels"]):
        assert channel["window"] == car[4:6, 11:14, c].tolist()
        assert channel["weights"] == [[-1, 1, 0], [0, 2, 1]]
        assert channel["sum"] == int((car[4:6, 11:14, c].astype(int) * [[-1, 1, 0], [0, 2, 1]]).sum())
        assert (channel["divisor"], channel["bias"]) == (3, 4)
        assert Fraction(channel["exact"]) == Fraction(channel["sum"], 3) + 4
        assert channel["output"] == written[5, 12, c]
        assert channel["clipped"] == (not 0 <= Fraction(channel["exact"]) + Fraction(1, 2) < 256)


def test_the_text_shows_window_weights_products_and_what_lies_beyond(run: Run, tmp_path: Path) -> None:
    Image.new("L", (3, 3), 90).save(tmp_path / "flat.png")
    result = run("explain", tmp_path / "flat.png", "0", "1", "-k", "gaussian3", "--border", "zero")
    assert result.lines[1:] == [
        "column 0, row 1: gaussian3, rotated by 180 degrees",
        "",
        "L     samples     weights   products",
        "      0* 90  90   1 2 1     0 180  90",
        "      0* 90  90   2 4 2     0 360 180",
        "      0* 90  90   1 2 1     0 180  90",
        "      sum     1080",
        "      exact   1080 / 16 = 67.5",
        "      output  68 (rounded half up)",
        "",
        "* beyond the border, by the rule zero (00|abcd|00)",
    ]


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_approximate_weights_are_shown_as_decimals_and_give_what_apply_does(
    run: Run, tmp_path: Path, mode: str
) -> None:
    picture = image_of(random.Random(1), mode, (7, 6))
    picture.save(tmp_path / "soft.png")
    result = run("explain", tmp_path / "soft.png", "3", "2", "-k", "gaussian:sigma=.4")
    assert result.status == 0
    assert "0.844962" in result.text
    assert "1208925819614629174706176" not in result.text
    pixel = imfilt.apply(picture, "gaussian:sigma=.4").getpixel((3, 2))
    outputs = [int(line.split()[1]) for line in result.lines if line.split()[:1] == ["output"]]
    assert outputs == list(pixel if isinstance(pixel, tuple) else (pixel,))


@pytest.mark.parametrize("columns", ["60", "80", "120"])
@pytest.mark.parametrize("side", [1, 5, 31])
@pytest.mark.usefixtures("car")
def test_the_text_keeps_to_the_width_of_the_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, side: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    matrix = "; ".join(" ".join(str((3 * i + j) % 9 - 4) for j in range(side)) for i in range(side))
    result = run("explain", "car.png", "0", "0", "-m", matrix, "--bias", "1/3")
    assert result.status == 0
    assert max(map(len, result.lines)) <= int(columns)
    assert ("the 12 largest:" in result.text) == (side == 31)


def test_of_a_large_window_the_samples_are_named_by_their_places_in_the_picture(run: Run, tmp_path: Path) -> None:
    picture = image_of(random.Random(2), "L", (60, 50))
    picture.save(tmp_path / "grey.png")
    matrix = "; ".join(" ".join(["1"] * 41) for _ in range(5))
    result = run("explain", tmp_path / "grey.png", "3", "20", "-m", matrix, "--dilation", "2,1", "--border", "reflect")
    listed = re.findall(r"column +(-?\d+), row +(-?\d+): +(\d+)(\*?) x 1 = ", result.text)
    assert len(listed) == 12
    for column, row, sample, mark in listed:
        x, y = int(column), int(row)
        assert (x in range(-17, 24), y in range(16, 25, 2), mark == "*") == (True, True, x < 0)
        assert picture.getpixel((abs(x), y)) == int(sample)


def test_a_sum_that_is_cut_short_says_so(run: Run, tmp_path: Path) -> None:
    Image.new("L", (3, 1), 1).save(tmp_path / "one.png")
    result = run("explain", tmp_path / "one.png", "0", "0", "-k", "gaussian5", "-m", "1645/411 0 0")
    assert "sum     4.002433…" in result.text


def test_results_beyond_all_floats_are_told(run: Run, tmp_path: Path) -> None:
    Image.frombytes("L", (4, 1), bytes([99, 98, 99, 98])).save(tmp_path / "a.png")
    shown = run("explain", tmp_path / "a.png", "1", "0", "-m", "1e308 1 1e308", "--divisor", "7")
    assert (shown.status, shown.stderr) == (0, "")
    assert " / 7 = 2.82857e+309…" in shown.text


@pytest.mark.usefixtures("car")
def test_a_place_outside_a_missing_file_and_no_kernel_are_errors_of_one_line(run: Run) -> None:
    for status, told, arguments in (
        (2, "columns 0 to 39 and rows 0 to 29", ("car.png", "40", "0", "-k", "edge3")),
        (2, "columns 0 to 37 and rows 0 to 27", ("car.png", "0", "28", "-k", "edge3", "--size", "valid")),
        (1, "none.png: no such file", ("none.png", "0", "0", "-k", "edge3")),
        (2, "no kernel given", ("car.png", "0", "0")),
    ):
        result = run("explain", *arguments)
        assert (result.status, result.stdout, result.stderr.count("\n")) == (status, b"", 1)
        assert told in result.stderr


def cells_of(image: Image.Image, place: tuple[int, int], side: int, rows: int, columns: int) -> list[list[Any]]:
    """Return the colours in the middle of the cells of a grid."""
    (left, top), half = place, side // 2
    return [
        [image.getpixel((left + j * side + half, top + i * side + half)) for j in range(columns)] for i in range(rows)
    ]


def test_the_last_frame_of_the_film_shows_the_result_that_apply_makes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(2).integers(0, 2, (5, 6), dtype=np.uint8) * np.uint8(200)
    Image.fromarray(samples).save("a.png")
    result = run("explain", "a.png", "3", "2", "-k", "box3", "--gif", "a.gif")
    assert (result.status, result.stderr) == (0, "")
    with Image.open("a.gif") as film:
        assert film.n_frames == samples.size  # type: ignore[attr-defined]
        film.seek(film.n_frames - 1)  # type: ignore[attr-defined]
        last = film.convert("RGB")
    side = 360 // (6 + 2)
    left = 24 + 8 * side + 24 + 3 * (140 // 3) + 24
    expected = imfilt.apply(samples, "box3")
    shown = np.array(cells_of(last, (left, 46), side, 4, 5))[..., 0]  # the last sample has a frame around it
    assert np.abs(shown.astype(int) - expected[:4, :5]).max() <= 8  # a palette of 256 colours


@pytest.mark.parametrize("side", [1, 3, 5, 31])
def test_the_figure_is_as_large_as_it_has_to_be_and_shows_the_weights(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (1, 1), 90).save("dot.png")
    matrix = "; ".join(" ".join("1" if i == j else "-1" for j in range(side)) for i in range(side))
    assert run("explain", "dot.png", "0", "0", "-m", matrix, "--png", "out.png").status == 0
    with Image.open("out.png") as figure:
        assert figure.format == "PNG"
        colours = set(figure.convert("RGB").get_flattened_data())
    assert (178, 60, 30) in colours
    assert ((33, 102, 172) in colours) == (side > 1)


@pytest.mark.usefixtures("car")
def test_a_figure_that_is_there_already_is_left_alone_unless_it_may_be_overwritten(run: Run) -> None:
    Path("there.png").write_bytes(b"mine")
    arguments = ("explain", "car.png", "0", "0", "-k", "edge3", "--png", "there.png")
    result = run(*arguments)
    assert (result.status, result.stdout, Path("there.png").read_bytes()) == (2, b"", b"mine")
    assert "there.png: is there already; use --overwrite" in result.stderr
    assert run(*arguments, "--overwrite").status == 0
    assert Path("there.png").read_bytes().startswith(b"\x89PNG")
    assert run("explain", "car.png", "0", "0", "-k", "edge3", "--gif", "none/a.gif").status == 2
    assert run("explain", "car.png", "0", "0", "-k", "edge3", "-k", "box3", "--gif", "a.gif").status == 2
    assert sorted(path.name for path in Path().iterdir()) == ["car.png", "there.png"]


@pytest.mark.usefixtures("car")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-1", "0"], "X and Y are counted from 0, from the top left; none is negative"),
        (["0", "-12"], "X and Y are counted from 0"),
        (["0", "99999999999999999999"], "there is no sample at column 0, row 99999999999999999999"),
        (["0", "0", "--png", "out", "--gif", "./out"], "out: two figures cannot be one file"),
        (["0", "0", "--png", "out.gif"], "out.gif: it is going to be PNG; call it out.png"),
        (["0", "0", "--gif", "out.JPG"], "out.JPG: it is going to be GIF; call it out.gif"),
        (["0", "0", "--png", "-"], "- is standard output, which figures are not written to; name a file"),
        (["0", "0", "-k", "sobel-xy"], "laid side by side; name one of them: sobel:x, sobel:y"),
        (["0", "0", "--pgn", "a"], "No such option '--pgn'"),
    ],
)
def test_what_cannot_be_explained_or_drawn_is_said_before_anything_is_written(
    run: Run, arguments: list[str], told: str
) -> None:
    result = run("explain", "car.png", *arguments, "-k", "edge3")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert told in result.stderr
    assert [path.name for path in Path().iterdir()] == ["car.png"]


@pytest.mark.usefixtures("car")
def test_standard_input_is_called_so(run: Run) -> None:
    assert run("explain", "-", "0", "0", "-k", "edge3", stdin=Path("car.png").read_bytes()).lines[0] == "standard input"


def test_what_a_negative_divisor_makes_add_is_red() -> None:
    for divisor in (3, -3):
        ((minus, _, plus),) = signed_colours([[-1, 0, 1]], divisor)
        red, blue = (plus, minus) if divisor > 0 else (minus, plus)
        assert red[0] > red[2]
        assert blue[2] > blue[0]
