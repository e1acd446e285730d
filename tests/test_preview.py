"""Previews in the terminal: what is drawn, how large, and where nothing is."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from PIL import Image

import imfilt
from imfilt.images.reading import to_picture
from imfilt.views.preview import lay_out
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
