"""Reports: whole pages that need nothing else, and tell the truth about clipped pixels and failures."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, Browser
from conftest import Run
from PIL import Image

import imfilt
from imfilt.batch.manifest import NAME

pytestmark = pytest.mark.usefixtures("_in_own_folder")

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


@pytest.mark.parametrize("tool", ["vips", "scipy"])
def test_what_is_clipped_goes_by_how_the_results_are_rounded(run: Run, tool: str) -> None:
    write_noise("a.png")
    with Image.open("a.png") as image:
        image.convert("L").save("a.png")
    kernel = ("-m", "3 0; -1 0", "--divisor", "2", "--like", tool)
    counted = json.loads(run("apply", "a.png", *kernel, "--json").lines[0])["clipped"]
    run("report", "a.png", *kernel, "-o", "out.html")
    page = Page(Path("out.html").read_text())
    assert counted["below"] > 0 < counted["above"]
    assert f"{counted['below']:.2%} of the pixels below black, {counted['above']:.2%} above white" in page.text


@pytest.mark.parametrize("options", [["--channels", "luma"], ["--channels", "r"], ["--linear"], ["--threshold", "9"]])
def test_where_clipped_pixels_cannot_be_told_nothing_is_said_of_them(run: Run, options: list[str]) -> None:
    write_noise("a.png")
    result = run("report", "a.png", "-k", "sharpen", *options, "-o", "out.html")
    assert (result.status, result.stderr) == (0, "")
    page = Page(Path("out.html").read_text())
    assert "clipped" not in page.text.partition("What was done")[2]
    assert len(page.images("a.png after")) == 1
    assert "checkbox" not in [attributes.get("type") for _, attributes in page.elements]


def test_weights_that_cannot_be_drawn_are_an_error(run: Run) -> None:
    write_noise("a.png")
    result = run("report", "a.png", "-m", "1e308 1", "--divisor", "1e-300", "-o", "out.html")
    assert (result.status, result.stdout) == (2, b"")
    assert result.stderr.endswith("imfilt: the weights are too large for floating point; make them smaller\n")


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
    assert "2 filtered, 1 failed in" in page.text
    assert all(max(each.size) <= 480 for each in page.images("before"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_of_a_folder_without_pictures_is_said_what_it_has_instead(run: Run) -> None:
    Path("in").mkdir()
    os.mkfifo("in/a.png")
    result = run("report", "in", "-k", "edge3", "-o", "out.html")
    assert (result.status, result.stdout) == (2, b"")
    assert result.stderr == "imfilt: in/a.png: passed over, it is a named pipe\n"


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


def events(*found: dict[str, object], seconds: float = 1.5) -> bytes:
    usual = {"schema": 1, "recipe": {"kernels": ["edge3"]}, "seconds": 0.25, "width": 40, "height": 30}
    usual |= {"target": None, "clipped": None, "error": None, "status": "written"}
    objects = [*({**usual, **each} for each in found), {"schema": 1, "totals": {"seconds": seconds}}]
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def test_a_run_is_reported_from_what_apply_printed_failures_first(run: Run) -> None:
    Path("in/deep").mkdir(parents=True)
    samples = write_noise("in/a.png")
    write_noise("in/deep/c.png")
    Path("in/b.png").write_bytes(b"no picture")
    printed = run("apply", "in", "-r", "-k", "edge3", "--border", "wrap", "-o", "out/", "--json").stdout
    Path("run.jsonl").write_bytes(printed)
    result = run("report", "run.jsonl", "-o", "out.html")
    assert (result.status, result.lines, result.stderr) == (0, ["out.html"], "")
    page = Page(Path("out.html").read_text())
    assert page.text.index("in/b.png") < page.text.index("in/a.png") < page.text.index("in/deep/c.png")
    assert "not a picture that imfilt reads" in page.text
    assert "2 written, 1 failed in" in page.text
    assert "edge3; border wrap" in page.text
    assert "to out/deep/c.png" in page.text
    after = imfilt.apply(samples, "edge3", border="wrap")
    for shown, expected in ((page.images("in/a.png before"), samples), (page.images("in/a.png after"), after)):
        factor = shown[0].width // 40
        small = np.asarray(shown[0].resize((40, 30), Image.Resampling.BOX)).astype(int)
        assert shown[0].size == (40 * factor, 30 * factor)
        assert np.abs(small - expected).mean() < 6  # it is a JPEG
    assert run("report", "-", "-o", "piped.html", stdin=printed).status == 0
    assert (
        Path("piped.html").read_text().replace("imfilt: standard input", "imfilt: run.jsonl")
        == Path("out.html").read_text()
    )


def test_a_run_is_reported_from_the_manifest_of_its_folder(run: Run) -> None:
    write_noise("a.png")
    run("apply", "a.png", "-k", "edge3", "-o", "out/", "--resume")
    assert run("report", "out", "-o", "out.html").status == 0
    page = Page(Path("out.html").read_text())
    assert "1 written" in page.text
    assert len(page.images("a.png before")) == len(page.images("a.png after")) == 1
    assert run("report", "out", "-k", "edge3", "-o", "again.html").status == 0  # its pictures, filtered
    assert "What was done" in Page(Path("again.html").read_text()).text


def test_a_manifest_that_records_nothing_yet_is_no_run(run: Run) -> None:
    Path("out").mkdir()
    Path("out", NAME).touch()
    result = run("report", "out", "-o", "out.html")
    assert (result.status, result.stderr.count("\n")) == (2, 1)
    assert "out: its manifest records no result yet" in result.stderr


def test_what_is_gone_since_a_run_is_not_shown_and_no_error(run: Run) -> None:
    write_noise("b.png")
    Path("run.jsonl").write_bytes(
        events({"source": "a.png", "target": "gone.png"}, {"source": "b.png", "status": "skipped", "target": "b.png"})
        + b'{"schema": 1, "sour'
    )
    assert run("report", "run.jsonl", "-o", "out.html").status == 0
    page = Page(Path("out.html").read_text())
    assert "no picture to show" in page.text
    assert "1 written, 1 skipped in 1.50 s" in page.text


def test_several_recipes_of_a_run_are_told_at_each_picture(run: Run) -> None:
    write_noise("a.png")
    printed = run("apply", "a.png", "-k", "edge3", "-k", "box3", "--each", "--threshold", "1/2", "--json").stdout
    Path("run.jsonl").write_bytes(printed)
    assert run("report", "run.jsonl", "-o", "out.html").status == 0
    text = Page(Path("out.html").read_text()).text
    assert "edge3; threshold 0.5" in text
    assert "box3; threshold 0.5" in text


def test_names_that_are_no_text_and_names_that_steer_are_shown_as_escapes(run: Run) -> None:
    for name in (b"\xff.png", "\u202egnp.a\x1b[31m\n.png".encode()):
        write_noise(os.fsdecode(name))
    assert run("report", ".", "-k", "edge3", "-o", "out.html").status == 0
    printed = run("apply", ".", "-k", "edge3", "-o", "out/", "--json").stdout
    Path("run.jsonl").write_bytes(printed)
    assert run("report", "run.jsonl", "-o", "run.html").status == 0
    for page in (Page(Path(name).read_text()) for name in ("out.html", "run.html")):
        assert "\\udcff.png" in page.text
        assert "\\u202egnp.a\\x1b[31m\\n.png" in page.text
        assert len(page.images(".png before")) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run.jsonl", "-k", "edge3"], "run.jsonl: a run brings along what was done; leave out kernels"),
        (["run.jsonl", "--border", "wrap"], "run.jsonl: a run brings along what was done"),
        (["run.jsonl", "a.png"], "run.jsonl: a run stands alone"),
        (["other.jsonl"], "other.jsonl: no run; what 'imfilt apply --json' prints is one"),
        (["empty.jsonl"], "empty.jsonl: no run"),
        (["missing.jsonl"], "missing.jsonl: cannot be read: No such file"),
        (["folder"], "no kernel given, and folder has no manifest of a run; name a kernel with -k"),
        (["a.png"], "no kernel given"),
    ],
)
def test_errors_about_runs_are_one_line(run: Run, arguments: list[str], told: str) -> None:
    write_noise("a.png")
    Path("folder").mkdir()
    Path("run.jsonl").write_bytes(events({"source": "a.png"}))
    Path("other.jsonl").write_text('{"schema": 7}\n[]\n{"schema": 1, "source": "a.png"}\n')
    Path("empty.jsonl").touch()
    result = run("report", *arguments, "-o", "out.html")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert told in result.stderr
    assert not Path("out.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_slider_and_marks_are_worked_with_keys_in_a_browser_from_a_file(run: Run, tmp_path: Path) -> None:
    write_noise("<b onload=alert(1)>.png")
    run("report", "<b onload=alert(1)>.png", "-k", "edge3", "-o", "out.html")
    shown = "getComputedStyle(document.querySelector('.clipped')).display"
    cut = "getComputedStyle(document.querySelector('.after')).clipPath"
    focus = "document.activeElement.type"
    with Browser(tmp_path / "profile") as browser:
        browser.open(tmp_path / "out.html")
        assert browser.value_of("document.body.dataset.ready") == "yes"
        assert browser.value_of("document.images.length") == 4
        assert browser.value_of("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert browser.value_of(cut) == "inset(0px 0px 0px 50%)"
        browser.press("Tab")
        assert browser.value_of(focus) == "range"
        browser.press("ArrowRight")
        assert browser.value_of(cut) == "inset(0px 0px 0px 51%)"
        browser.press("End")
        assert browser.value_of(cut) == "inset(0px 0px 0px 100%)"
        browser.press("Home")
        assert browser.value_of(cut) in ("inset(0px)", "inset(0px 0px 0px 0%)")
        assert browser.value_of(shown) == "none"
        browser.press("Tab")
        assert browser.value_of(focus) == "checkbox"
        browser.press(" ")
        assert browser.value_of(shown) == "block"
        browser.press(" ")
        assert browser.value_of(shown) == "none"


@pytest.mark.parametrize("line", ['{"schema":1,"width":1e999,"height":1}', "[" * 200_000], ids=["infinity", "brackets"])
def test_lines_that_no_run_printed_are_passed_over(run: Run, tmp_path: Path, line: str) -> None:
    usual = {"source": "a", "target": "b", "status": "written", "recipe": None, "seconds": 0, "clipped": None}
    odd = json.dumps({**usual, "schema": 1, "width": None, "height": None, "error": None})
    (tmp_path / "run.jsonl").write_text(f"{line}\n{odd.replace('null', '1e999', 2)}\n")
    result = run("report", tmp_path / "run.jsonl", "-o", tmp_path / "run.html")
    assert (result.status, result.stderr.count("\n")) == (2, 1)
    assert "no run" in result.stderr
