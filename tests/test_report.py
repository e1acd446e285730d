"""Reports: whole pages that need nothing else, and tell the truth about clipped pixels and failures."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from PIL import Image

import imfilt

VOID = {"meta", "img", "input", "path"}


class Page(HTMLParser):
    """The elements of a page, checked for being closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def images(self, kind: str) -> list[Image.Image]:
        """Return the images whose description ends so."""
        found = [str(a["src"]) for tag, a in self.elements if tag == "img" and str(a["alt"]).endswith(kind)]
        return [Image.open(io.BytesIO(base64.b64decode(each.partition(",")[2]))) for each in found]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_noise(name: str, size: tuple[int, int] = (40, 30)) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    samples = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(samples).save(name)
    return samples


def test_one_picture_has_before_after_clipped_pixels_histograms_kernels_and_times(run: Run) -> None:
    samples = write_noise("a.png")
    result = run("report", "a.png", "-k", "sharpen", "-k", "gaussian3", "-o", "out.html")
    assert (result.status, result.lines, result.stderr) == (0, ["out.html"], "")
    page = Page(Path("out.html").read_text())
    (before,), (after,) = page.images("a.png before"), page.images("a.png after")
    factor = before.width // 40
    assert before.size == after.size == (40 * factor, 30 * factor)
    assert (np.asarray(before)[::factor, ::factor] == samples).all()
    assert (np.asarray(after)[::factor, ::factor] == imfilt.apply(samples, ["sharpen", "gaussian3"])).all()
    assert [tag for tag, _ in page.elements].count("svg") == 2
    assert re.search(r"ms to filter 0\.00 megapixels", page.text)
    assert len([a for tag, a in page.elements if tag == "img" and str(a["alt"]).startswith("kernel ")]) == 2


def test_the_page_needs_no_network_and_can_be_used_with_the_keyboard(run: Run) -> None:
    write_noise("a.png")
    run("report", "a.png", "-k", "edge3", "-o", "out.html")
    text = Path("out.html").read_text()
    page = Page(text)
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert str(attributes.get(name, "data:")).startswith("data:")
    assert "url(" not in text
    assert "@import" not in text
    inputs = [attributes for tag, attributes in page.elements if tag == "input"]
    assert [each["type"] for each in inputs] == ["range", "checkbox"]
    assert all("tabindex" not in each for each in inputs)


def test_the_clipped_pixels_are_those_whose_exact_result_is_out_of_range(run: Run) -> None:
    samples = write_noise("a.png")
    run("report", "a.png", "-k", "edge3", "-o", "out.html")
    page = Page(Path("out.html").read_text())
    exact = imfilt.convolve(np.pad(samples, ((1, 1), (1, 1), (0, 0)), "edge"), imfilt.load_registry()["edge3"])
    exact = exact[1:-1, 1:-1]
    below, above = (exact < 0).any(axis=2), (exact > 255).any(axis=2)
    assert f"{below.mean():.2%} of the pixels below black, {above.mean():.2%} above white" in page.text
    (marks,) = page.images("")[2:3]
    factor = marks.width // 40
    alpha = np.asarray(marks.convert("RGBA"))[::factor, ::factor, 3]
    assert ((alpha > 0) == (below | above)).all()


def test_of_several_pictures_those_that_failed_come_first_and_the_status_says_so(run: Run) -> None:
    Path("in").mkdir()
    write_noise("in/a.png", (400, 300))
    write_noise("in/c.png", (300, 400))
    Path("in/b.png").write_bytes(b"no picture")
    result = run("report", "in", "-k", "edge3", "-o", "out.html")
    assert (result.status, result.lines) == (1, ["out.html"])
    assert result.stderr.startswith("imfilt: in/b.png: not a picture")
    page = Page(Path("out.html").read_text())
    assert page.text.index("in/b.png") < page.text.index("in/a.png") < page.text.index("in/c.png")
    assert "2 pictures filtered in" in page.text
    assert all(max(each.size) <= 480 for each in page.images("before"))


def test_names_cannot_break_the_page(run: Run) -> None:
    name = '<script>alert("1")</script> & $title.png'.replace("/", "")
    write_noise(name)
    assert run("report", name, "-k", "edge3", "-o", "out.html").status == 0
    page = Page(Path("out.html").read_text())
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert name in page.text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a.png", "-k", "edge3"], "no page named; give one with -o"),
        (["a.png", "-o", "out.html"], "no kernel given"),
        (["a.png", "-k", "edge3", "-o", "there.html"], "there.html: is there already"),
        (["empty", "-k", "edge3", "-o", "out.html"], "empty: no pictures in this folder"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(run: Run, arguments: list[str], told: str) -> None:
    write_noise("a.png")
    Path("empty").mkdir()
    Path("there.html").write_text("mine")
    result = run("report", *arguments)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert told in result.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["a.png", "empty", "there.html"]


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
def test_the_script_runs_in_a_browser_from_a_file(run: Run, tmp_path: Path) -> None:
    write_noise("a.png")
    run("report", "a.png", "-k", "edge3", "-o", "out.html")
    page = (tmp_path / "out.html").as_uri()
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    result = subprocess.run([*command, "--dump-dom", page], capture_output=True, text=True, check=True, timeout=120)
    assert 'data-ready="yes"' in result.stdout
    assert '<div class="slider" style="--at: 50%;">' in result.stdout
