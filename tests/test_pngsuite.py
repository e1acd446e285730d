"""PngSuite, by Willem van Schaik: every kind of PNG there is, and those that are broken on purpose."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import png_oracle
import pytest
from conftest import Run

from imfilt.batch.filtering import filter_picture
from imfilt.engine.recipes.recipe import Recipe
from imfilt.errors import PictureError
from imfilt.images.formats import FORMATS
from imfilt.images.frames.reading import Frames
from imfilt.images.reading import read_picture
from imfilt.images.writing import encode_picture
from imfilt.kernels.registry import load_registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

SUITE = Path(__file__).parent / "pngsuite"
VALID = sorted(path.name for path in SUITE.glob("[!x]*.png"))
BROKEN = sorted(path.name for path in SUITE.glob("x*.png"))
IDENTITY = Recipe((load_registry()["identity"],))


def test_all_files_are_here() -> None:
    assert (len(VALID), len(BROKEN)) == (161, 14)


@pytest.mark.parametrize("name", VALID)
def test_identity_keeps_every_sample(name: str) -> None:
    expected = png_oracle.decode((SUITE / name).read_bytes())
    picture = read_picture(SUITE / name)
    assert not isinstance(picture, Frames)
    result, _ = filter_picture(picture, IDENTITY)
    written = png_oracle.decode(encode_picture(result, FORMATS["PNG"]))
    assert (written.dtype, written.shape) == (expected.dtype, expected.shape)
    assert np.array_equal(written, expected)


@pytest.mark.parametrize("name", ["basi0g01.png", "basn0g16.png", "basi3p04.png", "basn6a08.png", "tbbn3p08.png"])
def test_the_command_keeps_every_sample(run: Run, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    result = run("apply", SUITE / name, "-k", "identity", "-o", target)
    assert (result.status, result.text) == (0, f"{target}\n")
    expected = png_oracle.decode((SUITE / name).read_bytes())
    written = png_oracle.decode(target.read_bytes())
    assert written.dtype == expected.dtype
    assert np.array_equal(written, expected)


def needs_the_extra(name: str) -> bool:
    depth, colour = (SUITE / name).read_bytes()[24:26]
    return depth == 16 and colour != 0


@pytest.mark.parametrize("name", VALID)
def test_without_the_extra_16_bits_in_colour_name_it_and_all_else_is_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    if needs_the_extra(name):
        with pytest.raises(
            PictureError, match=re.escape("16 bits a channel would be cut to 8; to read it whole")
        ) as why:
            read_picture(SUITE / name)
        assert "pip install 'imfilt[deep]'" in str(why.value)
        assert "--depth 8" in str(why.value)
        return
    picture = read_picture(SUITE / name)
    assert not isinstance(picture, Frames)
    assert picture.shape[:2] == png_oracle.decode((SUITE / name).read_bytes()).shape[:2]


def test_the_suite_holds_16_bits_in_colour() -> None:
    assert sum(map(needs_the_extra, VALID)) > 10


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line_and_leaves_nothing(run: Run, tmp_path: Path, name: str) -> None:
    result = run("apply", SUITE / name, "-k", "identity", "-o", tmp_path / "a.png")
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr.startswith(f"imfilt: {SUITE / name}: ")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
