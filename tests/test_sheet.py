"""Contact sheets: what is on them, where it lies, and how they are laid out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from PIL import Image

import imfilt
from imfilt.images.reading import to_picture
from imfilt.views.drawing import text_width
from imfilt.views.seen import as_seen
from imfilt.views.sheet import Grid, lay_out

pytestmark = pytest.mark.usefixtures("_in_own_folder")


def tile(sheet: Image.Image, grid: Grid, number: int, size: tuple[int, int]) -> Image.Image:
    """Return what lies in the middle of a cell."""
    left, top = grid.place(number)
    left, top = left + (grid.cell[0] - size[0]) // 2, top + (grid.cell[1] - size[1]) // 2
    return sheet.crop((left, top, left + size[0], top + size[1]))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "I;16"])
def test_a_picture_that_fits_is_shown_with_the_samples_that_apply_makes(run: Run, mode: str) -> None:
    bands = {"L": 1, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 2}[mode]
    noise = np.random.default_rng(3).integers(0, 256, 200 * 150 * bands, dtype=np.uint8)
    image = Image.frombytes(mode, (200, 150), noise.tobytes())
    image.save("a.tif")
    result = run("sheet", "a.tif", "-k", "gaussian3", "-k", "edge3", "--border", "wrap", "--cell", "220")
    assert (result.status, result.lines, result.stderr) == (0, ["a_sheet.png"], "imfilt: a.tif: 200 x 150\n")
    sheet = Image.open("a_sheet.png")
    grid = lay_out(3, (200, 150), cell=220)
    expected = [image, *(imfilt.apply(image, kernel, border="wrap") for kernel in ("gaussian3", "edge3"))]
    assert sheet.size == grid.size
    for number, each in enumerate(expected):
        assert tile(sheet, grid, number, (200, 150)).tobytes() == as_seen(to_picture(each)).tobytes()


def test_a_large_picture_is_reduced_before_it_is_filtered_and_the_sheet_says_so(run: Run) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (900, 1200), dtype=np.uint8)
    Image.fromarray(noise).save("a.png")
    result = run("sheet", "a.png", "-k", "edge3", "--cell", "200", "-o", "out.png")
    assert result.stderr == "imfilt: a.png: 1200 x 900, filtered and shown as 200 x 150\n"
    sheet, grid = Image.open("out.png"), lay_out(2, (1200, 900), cell=200)
    small = tile(sheet, grid, 0, (200, 150))
    assert tile(sheet, grid, 1, (200, 150)).tobytes() == imfilt.apply(small, "edge3").tobytes()


def test_a_tiny_picture_is_enlarged_by_a_whole_factor(run: Run) -> None:
    Image.frombytes("L", (2, 1), bytes([0, 200])).save("a.png")
    assert run("sheet", "a.png", "-k", "identity", "--cell", "301").status == 0
    sheet, grid = Image.open("a_sheet.png"), lay_out(2, (2, 1), cell=301)
    for number in range(2):
        left, right = (tile(sheet, grid, number, (300, 150)).crop((x, 0, x + 150, 150)) for x in (0, 150))
        assert (left.getextrema(), right.getextrema()) == (((0, 0),) * 3, ((200, 200),) * 3)


def test_cells_are_not_wider_than_a_picture_is_shown_in_them() -> None:
    assert [lay_out(4, (width, width * 2 // 3)).cell[0] for width in (100, 200, 400, 4000)] == [700, 600, 400, 760]


@pytest.mark.parametrize("size", [(400, 225), (225, 400), (1, 1), (4000, 3), (3, 4000)])
@pytest.mark.parametrize("count", [2, 3, 10, 31, 120])
def test_a_sheet_is_of_a_size_that_can_be_looked_at_and_no_cell_lies_on_another(
    count: int, size: tuple[int, int]
) -> None:
    grid = lay_out(count, size)
    assert grid.columns * grid.rows >= count > grid.columns * (grid.rows - 1)
    assert 180 <= grid.cell[0] <= 760
    assert grid.size[0] <= max(1600, 48 + grid.columns * 200)
    assert grid.label >= 12
    places = [grid.place(number) for number in range(count)]
    assert len(set(places)) == count
    for left, top in places:
        assert left >= 0
        assert left + grid.cell[0] <= grid.size[0]
        assert top + grid.cell[1] + 2 * grid.label <= grid.size[1]


def test_all_stands_for_every_kernel_of_the_registry_and_columns_are_as_asked_for(run: Run) -> None:
    Image.new("L", (30, 20), 99).save("a.png")
    assert run("sheet", "a.png", "--all", "--columns", "5", "--cell", "60", "-o", "out.png").status == 0
    grid = lay_out(len(imfilt.load_registry()) + 1, (30, 20), columns=5, cell=60)
    assert grid.columns == 5
    assert Image.open("out.png").size == grid.size


def test_labels_that_are_too_long_are_cut(run: Run) -> None:
    name = "a-kernel-with-a-name-that-is-longer-than-any-cell-is-wide"
    Path("mine.toml").write_text(f"[kernels.{name}]\nmatrix = [[1]]\n")
    Image.new("L", (300, 20), 0).save("a.png")
    arguments = ("sheet", "a.png", "-k", name, "--registry", "mine.toml", "--columns", "2", "--cell", "300")
    assert run(*arguments).status == 0
    sheet, grid = Image.open("a_sheet.png").convert("L"), lay_out(2, (300, 20), columns=2, cell=300)
    assert text_width(name, grid.label) > 300
    below = grid.place(0)[1] + grid.cell[1] + 2
    between = sheet.crop((24 + 300, below, 24 + 320, below + 2 * grid.label - 2))
    assert between.getextrema() == (255, 255)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["a.png"], 2, "no kernel given"),
        (["a.png", "--all", "-k", "edge3"], 2, "--all stands for every kernel"),
        (["a.png", "--all", "--bias", "128"], 2, "--divisor and --bias belong to a matrix"),
        (["a.png", "--all", "--divisor", "3"], 2, "--divisor and --bias belong to a matrix"),
        (["-", "-k", "edge3"], 2, "give -o a file"),
        (["none.png", "-k", "edge3"], 1, "none.png: no such file"),
        ([".", "-k", "edge3"], 1, ".: cannot be read"),
        (["/", "-k", "edge3"], 1, "/: cannot be read"),
        (["", "-k", "edge3"], 1, "cannot be read"),
        (["a.png", "-k", "edge3", "-o", "there.png"], 2, "there.png: is there already"),
        (["a.png", "-k", "edge3", "--cell", "0"], 2, "must be a whole number from 1 on"),
        (["a.png", "-k", "edge3", "--cell", "99999999"], 2, "pixels is too large; make --cell smaller than 99999999"),
        (["a.png", "-k", "edge3", "-o", "-"], 2, "name a file"),
    ],
)
def test_errors_are_one_line_and_leave_everything_as_it_is(
    run: Run, arguments: list[str], status: int, told: str
) -> None:
    Image.new("L", (4, 4)).save("a.png")
    Path("there.png").write_bytes(b"mine")
    result = run("sheet", *arguments)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (status, b"", 1)
    assert told in result.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["a.png", "there.png"]
    assert Path("there.png").read_bytes() == b"mine"


def test_more_columns_than_pictures_leave_no_room_empty_and_a_name_may_hold_a_line_end(run: Run) -> None:
    Image.new("L", (40, 30)).save("a\n\x1b.png")
    assert run("sheet", "a\n\x1b.png", "-k", "edge3", "--columns", "1000000", "-o", "wide.png").status == 0
    assert run("sheet", "a\n\x1b.png", "-k", "edge3", "--columns", "2", "-o", "two.png").status == 0
    assert Path("wide.png").read_bytes() == Path("two.png").read_bytes()


def test_a_group_is_a_picture_for_each_of_its_kernels(run: Run) -> None:
    samples = np.random.default_rng(3).integers(0, 256, (150, 200), dtype=np.uint8)
    Image.fromarray(samples).save("a.png")
    assert run("sheet", "a.png", "-k", "sobel-xy", "--cell", "220").status == 0
    sheet, grid = Image.open("a_sheet.png").convert("L"), lay_out(3, (200, 150), cell=220)
    assert sheet.size == grid.size
    for number, kernel in enumerate(("sobel:x", "sobel:y"), 1):
        expected = np.asarray(imfilt.apply(samples, kernel))
        assert (np.asarray(tile(sheet, grid, number, (200, 150))) == expected).all()


def test_of_several_frames_the_first_is_shown_and_that_is_said(run: Run) -> None:
    frames = [Image.new("L", (8, 6), level) for level in (10, 90)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    result = run("sheet", "a.gif", "-k", "identity", "-o", "first.png")
    assert result.status == 0
    assert "imfilt: a.gif: it has 2 frames, of which this is the first\n" in result.stderr
    for frame, name in enumerate(("0.png", "1.png")):
        result = run("sheet", "a.gif", "-k", "identity", "--frame", str(frame), "-o", name)
        assert (result.status, "frames" in result.stderr) == (0, False)
    sheets = [Path(name).read_bytes() for name in ("first.png", "0.png", "1.png")]
    assert sheets[0] == sheets[1] != sheets[2]
