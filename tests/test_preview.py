"""Previews in the terminal: what is drawn, how large, and where nothing is."""

from __future__ import annotations

import io
import itertools
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from PIL import Image
from terminal import PLACEHOLDER, kitty_pictures, screen_of

import imfilt
from imfilt.cli import preview
from imfilt.engine.recipes.recipe import Recipe
from imfilt.images.reading import to_picture
from imfilt.views.preview import lay_out, make_preview
from imfilt.views.seen import as_seen

CODES = re.compile(r"\x1b\[([0-9;]*)m")


@pytest.fixture(autouse=True)
def _terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, in a terminal with all colours, of 80 columns and 24 lines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("LINES", "24")


def pixels_of(line: str) -> list[tuple[tuple[int, ...] | None, tuple[int, ...] | None]]:
    """Return the colours of the upper and the lower half of each letter of a line; None where there are none."""
    found = []
    colours: dict[str, tuple[int, ...] | None] = {"38": None, "48": None}
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if match := CODES.fullmatch(part):
            numbers = match[1].split(";")
            if numbers in ([""], ["0"]):
                colours = {"38": None, "48": None}
            while len(numbers) >= 5:
                colours[numbers[0]] = tuple(map(int, numbers[2:5]))
                numbers = numbers[5:]
        else:
            found += [(colours["38"], colours["48"]) if letter == "▀" else (None, None) for letter in part]
    return found


def plain(text: str) -> list[str]:
    return CODES.sub("", text).splitlines()


@pytest.mark.parametrize(("mode", "height"), [("RGB", 18), ("L", 17), ("RGBA", 19)])
def test_half_blocks_show_before_and_after_sample_by_sample(run: Run, mode: str, height: int) -> None:
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = np.random.default_rng(3).integers(0, 256, 30 * height * bands, dtype=np.uint8)
    image = Image.frombytes(mode, (30, height), noise.tobytes())
    image.save("a.png")
    result = run("preview", "a.png", "-k", "gaussian3", "-k", "edge3", "--border", "wrap", terminal=True)
    assert (result.status, result.stderr) == (0, "")
    lines = result.text.splitlines()
    assert plain(result.text)[0].split() == ["before", "after", "gaussian3,", "edge3"]
    assert plain(result.text)[-1] == f"a.png: 30 x {height}"
    after = imfilt.apply(image, ["gaussian3", "edge3"], border="wrap")
    for left, picture in ((0, image), (32, after)):
        seen = as_seen(to_picture(picture))
        for y, x in itertools.product(range(0, height, 2), range(30)):
            above, below = pixels_of(lines[1 + y // 2])[left + x]
            assert above == seen.getpixel((x, y))
            assert below == (seen.getpixel((x, y + 1)) if y + 1 < height else None)


@pytest.mark.parametrize("colours", ["truecolor", "", "none"])
@pytest.mark.parametrize("window", [(80, 24), (120, 40), (20, 6)])
@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2), (400, 225), (225, 400)])
def test_a_preview_fits_the_window(
    run: Run, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], window: tuple[int, int], colours: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(window[0]))
    monkeypatch.setenv("LINES", str(window[1]))
    monkeypatch.setenv("NO_COLOR" if colours == "none" else "COLORTERM", colours)
    Image.new("RGB", size, "teal").save("a.png")
    result = run("preview", "a.png", "-k", "edge3", terminal=True)
    assert result.status == 0
    lines = plain(result.text)
    picture = (
        lines[:-1] if lines[-1].startswith("a.png") else lines[: next(i for i, x in enumerate(lines) if "a.png" in x)]
    )
    assert max(map(len, lines)) <= window[0]
    assert len(picture) <= max(window[1], 12)
    assert ("\x1b" in result.text) == (colours != "none")


def test_pictures_stand_side_by_side_where_they_are_larger_so() -> None:
    assert lay_out((100, 100), 80, 24).is_beside
    assert lay_out((50, 100), 80, 24).is_beside
    assert not lay_out((400, 100), 80, 40).is_beside


def test_without_colours_the_brighter_is_the_denser(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Image.frombytes("L", (3, 2), bytes([0, 128, 255] * 2)).save("a.png")
    lines = run("preview", "a.png", "-k", "identity", terminal=True).lines
    assert lines[1][0] == " "
    assert lines[1].rstrip()[-1] == "@"
    assert " " < lines[1].strip()[0] != "@"


def test_off_a_terminal_there_is_a_message_instead(run: Run) -> None:
    Image.new("L", (4, 4)).save("a.png")
    result = run("preview", "a.png", "-k", "edge3")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "a preview is for a terminal; 'imfilt sheet'" in result.stderr


def test_the_name_of_a_file_cannot_steer_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Image.new("L", (4, 4)).save("\x1b[31m[red]a.png")
    result = run("preview", "\x1b[31m[red]a.png", "-k", "edge3", terminal=True)
    assert result.status == 0
    assert b"\x1b" not in result.stdout
    assert "[red]a.png" in result.text


@pytest.fixture(params=[(10, 20), (8, 17)])
def cell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Stand in a terminal whose letters have so many columns and rows of pixels."""
    size: tuple[int, int] = request.param
    measured = pytest.importorskip("textual_image._terminal")
    monkeypatch.setattr(measured.get_cell_size, "_result", measured.CellSize(*size), raising=False)
    return size


def shown_pictures(name: str, cell: tuple[int, int]) -> list[Image.Image]:
    """Return before and after edge3, as they fit into a window of 80 columns and 24 lines."""
    picture = to_picture(Image.open(name))
    layout = lay_out((picture.shape[1], picture.shape[0]), 80, 23)
    shown = make_preview(
        picture, Recipe((imfilt.load_registry()["edge3"],)), (layout.columns * cell[0], layout.rows * cell[1])
    )
    return [shown.before, shown.after]


@pytest.mark.parametrize("size", [(1, 1), (60, 45), (400, 60), (900, 1300)])
def test_kitty_is_sent_the_very_pixels_at_their_size(
    run: Run, monkeypatch: pytest.MonkeyPatch, cell: tuple[int, int], size: tuple[int, int]
) -> None:
    from textual_image.renderable import TGPImage

    monkeypatch.setattr(preview, "_pixel_graphics", lambda: preview._Pixels(TGPImage, cell))
    monkeypatch.setattr(sys, "__stdout__", messages := io.StringIO())
    Image.effect_noise(size, 90).convert("RGB").save("a.png")
    result = run("preview", "a.png", "-k", "edge3", terminal=True)
    assert (result.status, result.stderr) == (0, "")
    sent = kitty_pictures(messages.getvalue())
    assert len(sent) == 2
    for (picture, (columns, rows)), expected in zip(sent.values(), shown_pictures("a.png", cell), strict=True):
        assert picture.size == (columns * cell[0], rows * cell[1])  # or the terminal would stretch it
        assert picture.getchannel("A").getbbox() == (0, 0, *expected.size)
        assert picture.crop((0, 0, *expected.size)).convert("RGB").tobytes() == expected.tobytes()
    assert result.text.count(PLACEHOLDER) == sum(columns * rows for _, (columns, rows) in sent.values())


@pytest.mark.parametrize("size", [(1, 1), (60, 45), (400, 60), (900, 1300)])
def test_sixels_leave_the_pixels_on_the_screen_side_by_side_or_one_below_the_other(
    run: Run, monkeypatch: pytest.MonkeyPatch, cell: tuple[int, int], size: tuple[int, int]
) -> None:
    from textual_image.renderable import SixelImage

    monkeypatch.setattr(preview, "_pixel_graphics", lambda: preview._Pixels(SixelImage, cell))
    Image.effect_noise(size, 90).save("a.png")
    result = run("preview", "a.png", "-k", "edge3", terminal=True)
    assert (result.status, result.stderr) == (0, "")
    screen = screen_of(result.text, 80, 60, cell)
    before, after = shown_pictures("a.png", cell)
    is_beside = lay_out(size, 80, 23).is_beside
    width = max(-(-before.width // cell[0]), 20)
    left = (width + 2) * cell[0] if is_beside else 0
    top = cell[1] if is_beside else (2 + -(-before.height // cell[1])) * cell[1]
    for picture, (x, y) in ((before, (0, cell[1])), (after, (left, top))):
        on_screen = screen[y : y + picture.height, x : x + picture.width].astype(int)
        assert np.abs(on_screen - np.asarray(picture)).max() <= 16  # as few colours as sixels have
