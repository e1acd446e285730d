"""What is said of a batch: objects of JSON, a summary, and how many results were clipped."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Result, Run
from PIL import Image
from rich.progress import Progress
from scipy.signal import convolve2d

import imfilt
from imfilt.batch.jobs import Job
from imfilt.batch.outcomes import Outcome, Status
from imfilt.cli.progress import Bar

pytestmark = pytest.mark.usefixtures("_in_own_folder")

EDGE = ("-k", "edge3")


def noise(name: str, mode: str = "L", size: tuple[int, int] = (60, 40)) -> Image.Image:
    image = Image.effect_noise(size, 70).convert(mode)
    image.save(name)
    return image


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.lines]


def clipped_shares(image: Image.Image, kernel: str) -> dict[str, float]:
    """Return what is below 0 and above white, as SciPy has it; the kernel has whole weights and a divisor of 1."""
    weights = np.array(imfilt.load_registry()[kernel].weights, int)
    samples = np.atleast_3d(np.asarray(image)).astype(int)
    padded = np.pad(samples, ((1, 1), (1, 1), (0, 0)), "edge")
    results = [convolve2d(padded[..., channel], weights, "valid") for channel in range(samples.shape[2])]
    return {"below": float(np.mean(np.array(results) < 0)), "above": float(np.mean(np.array(results) > 255))}


def test_each_result_is_an_object_and_the_last_has_the_totals(run: Run) -> None:
    image = noise("a.png")
    Path("b.png").write_bytes(b"text")
    noise("c.png")
    Path("out").mkdir()
    Path("out/c.png").write_bytes(b"this was here before")
    result = run("apply", "a.png", "b.png", "c.png", "none.png", *EDGE, "-o", "out/", "--skip-existing", "--json")
    assert result.status == 1
    by_source = {each["source"]: each for each in objects(result)[:-1]}
    assert set(by_source) == {"a.png", "b.png", "c.png", "none.png"}
    assert {name: each["status"] for name, each in by_source.items()} == {
        "a.png": "written",
        "b.png": "failed",
        "c.png": "skipped",
        "none.png": "failed",
    }
    written = by_source["a.png"]
    assert (written["schema"], written["target"], written["error"]) == (1, "out/a.png", None)
    assert (written["width"], written["height"]) == (60, 40)
    assert written["clipped"] == pytest.approx(clipped_shares(image, "edge3"), abs=0)
    assert written["recipe"]["kernels"] == ["edge3"]
    assert written["seconds"] > 0
    assert by_source["b.png"]["error"].startswith("not a picture")
    assert by_source["b.png"]["clipped"] is None
    totals = objects(result)[-1]["totals"]
    assert (totals["written"], totals["skipped"], totals["failed"]) == (1, 1, 2)
    assert totals["pixels"] == 60 * 40
    assert totals["clipped"] == written["clipped"]


@pytest.mark.parametrize("runner", ["serial", "processes"])
def test_whoever_works_the_objects_are_the_same(run: Run, runner: str) -> None:
    for number in range(4):
        noise(f"{number}.png", "RGB")
    names = [f"{number}.png" for number in range(4)]
    result = run("apply", *names, "-k", "edge1", "-k", "sharpen", "--each", "--json", "--runner", runner, "-j", "2")
    assert (result.status, result.stderr) == (0, "")
    *written, totals = objects(result)
    assert [each["target"] for each in written] == [
        f"{number}_{kernel}.png" for number in range(4) for kernel in ("edge1", "sharpen")
    ]
    for each in written:
        with Image.open(each["source"]) as image:
            expected = clipped_shares(image, each["recipe"]["kernels"][0])
        assert each["clipped"] == pytest.approx(expected, abs=0)
    assert totals["totals"]["written"] == 8


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA", "CMYK"])
def test_clipped_results_are_counted_in_every_mode_and_by_several_threads(run: Run, mode: str) -> None:
    image = noise("a.tif", mode, (1100, 1000))
    result = run("apply", "a.tif", "-k", "sharpen", "--alpha", "straight", "--json", "--threads", "3", "-o", "b.tif")
    assert objects(result)[0]["clipped"] == pytest.approx(clipped_shares(image, "sharpen"), abs=0)


def test_where_nothing_can_be_clipped_nothing_is(run: Run) -> None:
    noise("a.png")
    Image.new("F", (9, 9), 7.5).save("b.tif")
    for name, kernel in (("a.png", "box3"), ("b.tif", "edge3")):
        assert objects(run("apply", name, "-k", kernel, "--json"))[0]["clipped"] == {"below": 0.0, "above": 0.0}


def test_counting_changes_no_byte(run: Run) -> None:
    noise("a.png", "RGBA")
    assert run("apply", "a.png", "-k", "sharpen", "-o", "plain.png").status == 0
    assert run("apply", "a.png", "-k", "sharpen", "-o", "counted.png", "--json").status == 0
    assert Path("plain.png").read_bytes() == Path("counted.png").read_bytes()


def test_names_that_are_no_utf_8_are_given_as_bytes_too(run: Run) -> None:
    data = b"caf\xe9\n.png"
    try:
        noise(os.fsdecode(data))
    except OSError:
        pytest.skip("this file system does not take the name")
    result = run("apply", os.fsdecode(data), *EDGE, "--json")
    first, _ = objects(result)
    assert first["source"] == "caf\ufffd\n.png"
    assert base64.b64decode(first["source_base64"]) == data
    assert base64.b64decode(first["target_base64"]) == b"caf\xe9\n_edge3.png"


def test_standard_input_has_no_name(run: Run) -> None:
    noise("a.png")
    first, _ = objects(run("apply", "-", *EDGE, "-o", "b.png", "--json", stdin=Path("a.png").read_bytes()))
    assert (first["source"], first["target"], first["status"]) == (None, "b.png", "written")


@pytest.mark.parametrize("output", [["-o", "-"], []])
def test_a_picture_and_json_on_standard_output_are_an_error(run: Run, output: list[str]) -> None:
    noise("a.png")
    source = "a.png" if output else "-"
    result = run("apply", source, *EDGE, *output, "--json", stdin=Path("a.png").read_bytes())
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)


def test_the_summary_goes_to_standard_error(run: Run) -> None:
    image = noise("a.png")
    Path("b.png").write_bytes(b"text")
    result = run("apply", "a.png", "b.png", *EDGE, "--summary", "-q")
    assert (result.status, result.stdout) == (1, b"")
    _, counts, slowest, clipped = result.stderr.splitlines()
    shares = clipped_shares(image, "edge3")
    assert counts.startswith("imfilt: 1 written, 0 skipped, 1 failed in ")
    assert slowest.startswith("imfilt: slowest: a.png (")
    expected = f"{shares['below']:.2%} of all results were below 0, {shares['above']:.2%} above white"
    assert clipped == f"imfilt: clipped: {expected}"


def test_the_bar_names_what_is_worked_on() -> None:
    jobs = [Job(Path(f"in/{name}.png"), ()) for name in "abc"]
    with Progress(disable=True) as progress:
        bar = Bar(progress, 3)
        for job in jobs:
            bar.begun(job)
        assert progress.tasks[0].description == "a.png b.png"
        bar.ended(jobs[0], [Outcome(jobs[0].source, Status.WRITTEN, size=(2000, 1000))])
        assert progress.tasks[0].description == "b.png c.png"
        assert progress.tasks[0].fields["rate"].endswith(" MP/s")


def test_the_bar_tells_how_fast_it_goes_and_failures_come_between(tmp_path: Path) -> None:
    from test_batch import left_on_screen, on_a_terminal

    names = [f"{number}.png" for number in range(4)]
    for name in names:
        noise(name)
    (tmp_path / "2.png").write_bytes(b"text")
    code, _, drawn = on_a_terminal("apply", *names, *EDGE, "-j", "1")
    assert code == 1
    assert all(text in drawn for text in ("4/4", "MP/s"))
    (error,) = left_on_screen(drawn)
    assert error.startswith("imfilt: 2.png: not a picture")
