"""The benchmarks run without their peers, and what they make of times is right."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import array_peers
import arrays
import batches
import commands
import depths
import gigapixel
import numpy as np
import png_settings
import pytest
import run
import scaling
import scanning
import workers
from pictures import strips
from report import Report, put_into, table
from timing import CommandError, Usage, interleave, ratio, timed_command

import imfilt
from imfilt.kernels.registry import load_registry


def times(*seconds: float) -> list[Usage]:
    return [Usage(each) for each in seconds]


def test_a_ratio_is_the_median_of_the_ratios_run_by_run() -> None:
    assert ratio(times(1, 2, 9), times(2, 2, 3)) == 1
    assert ratio(times(1, 2, 9), times(4)) == 0.5
    assert ratio(times(4), times(1, 2, 9)) == 2


def test_runs_are_in_turn_after_one_to_warm_up_and_what_is_slow_runs_once() -> None:
    order: list[str] = []

    def work(name: str, seconds: float) -> Usage:
        order.append(name)
        return Usage(seconds)

    found = interleave({"a": lambda: work("a", 1), "b": lambda: work("b", 2), "c": lambda: work("c", 99)}, 2)
    assert order == ["a", "b", "c", "a", "b", "a", "b"]
    assert found == {"a": times(1, 1), "b": times(2, 2), "c": times(99)}


@pytest.mark.skipif(sys.platform == "win32", reason="os.wait4 is needed")
def test_a_command_is_measured_apart_from_the_memory_of_this_process() -> None:
    ballast = np.ones(100 << 20, np.uint8)
    usage = timed_command([sys.executable, "-I", "-S", "-c", "print(len(b'x' * (20 << 20)))"])
    assert usage.seconds > 0
    assert usage.processor > 0
    assert 20 << 20 < usage.peak < ballast.nbytes
    with pytest.raises(CommandError, match=r"^no such luck$"):
        timed_command([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_results_of_a_part_take_the_place_of_those_before(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    for title, text in (("One", "old"), ("Two", "kept"), ("One", "new")):
        report = Report(title)
        report.heading("In short")
        report.text(text)
        put_into(file, report)
    assert file.read_text().partition("## ")[2] == "One\n\n### In short\n\nnew\n\n## Two\n\n### In short\n\nkept\n"
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_arrays_are_measured_without_any_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_peers, "is_installed", lambda _: False)
    report = arrays.measure(0.01, 1, ["edge3"])
    assert "OpenCV is not installed here" in str(report)
    assert "| edge3 | float32 |" in str(report)
    assert not report.wrong


def test_the_factors_of_a_kernel_are_found_and_sum_to_one() -> None:
    lines = array_peers.gaussian(2).lines
    assert lines is not None
    assert np.allclose([line.sum() for line in lines], 1)
    assert array_peers.Filter("edge3", load_registry()["edge3"]).lines is None
    edge = array_peers.Filter("edge1", load_registry()["edge1"])
    assert edge.lines is not None
    assert np.allclose(np.outer(*edge.lines), edge.weights)


@pytest.mark.parametrize("kernel", [load_registry()["unsharp5"], array_peers.gaussian(2).kernel])
def test_windows_of_a_large_picture_are_checked(kernel: imfilt.Kernel) -> None:
    source = np.concatenate(list(strips(600, 600)))[..., 0]
    result = imfilt.apply(source, kernel)
    assert gigapixel.check(source, result, kernel) == (True, 16)
    for row, column in ((0, 0), (599, 599)):
        wrong = result.copy()
        wrong[row, column] ^= 2
        assert not gigapixel.check(source, wrong, kernel)[0]


def test_16_bits_are_measured_beside_8_in_both_ways() -> None:
    lines = str(depths.measure(0.01, 2, ["identity", "edge"])).splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith(("| identity", "| edge"))]
    assert [row[0] for row in cells] == ["identity", "edge1", "edge2", "edge3"]
    assert all(len(row) == 7 and float(row[3]) > 0 < float(row[6]) for row in cells)


def test_scanning_finds_every_target_and_writes_nothing() -> None:
    report = scanning.measure(30, 1)
    assert "times find" in str(report)
    assert len([line for line in str(report).splitlines() if line.startswith("| `")]) == 2


def test_the_command_line_is_understood() -> None:
    arguments = run.parse(["--part", "arrays", "--part", "scaling", "--megapixels", "1", "4", "--quick"])
    assert (arguments.part, arguments.megapixels, arguments.quick) == (["arrays", "scaling"], [1, 4], True)


def test_a_function_that_gives_another_picture_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: array_peers.Array) -> array_peers.Work:
        raise ValueError("no such luck")

    peers = {("good", "one"): lambda image: image.copy, ("wrong", "one"): lambda image: lambda: image // 2}
    monkeypatch.setattr(arrays, "peers_for", lambda *_: peers | {("good", "two"): lambda image: lambda: image // 2})
    report = arrays.measure(0.01, 1, ["identity"])
    assert report.wrong == [f"wrong: identity, {dtype}" for dtype in arrays.DTYPES]
    assert "good two gives another picture for identity, uint8, off by" in str(report)
    monkeypatch.setattr(arrays, "peers_for", lambda *_: {("good", "one"): fails})
    report = arrays.measure(0.01, 1, ["identity"])
    assert not report.wrong
    assert "good one fails for identity, uint8: no such luck" in str(report)


def test_the_settings_of_png_are_measured_over_a_photograph_and_a_drawing(capsys: pytest.CaptureFixture[str]) -> None:
    png_settings.main()
    lines = capsys.readouterr().out.splitlines()[2:]
    assert len(lines) == 4 * 6
    assert {line.split(" | ")[0] for line in lines} >= {"| photograph", "| edges of the drawing"}


def test_batches_are_measured_without_any_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "find_spec", lambda _: None)
    monkeypatch.setattr(batches, "imagemagick", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    report = batches.measure(1, pictures=2, megapixels=0.01, icons=3, imfilt=f"{sys.executable} -m imfilt")
    assert "| 3 of 64 × 64 | imfilt -j 2 |" in str(report)
    assert not report.wrong


def test_the_worth_of_processes_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    workers.main([2], runs=1)
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == ["| 2 icons", "| 2 pictures of 2.4 megapixels"]
    assert all(len(line.split(" | ")) == 5 for line in lines)


def test_the_scaling_of_small_pictures_is_measured() -> None:
    report = str(scaling.measure([0.01, 0.02], 1))
    assert "| edge3 | " in report
    assert "| 101 × 101 | " in report


@pytest.mark.skipif(sys.platform == "win32", reason="os.wait4 is needed")
def test_whole_commands_are_measured_without_their_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    ours = f"{sys.executable} -m imfilt"
    report = commands.measure(commands.Options(megapixels=(0.01,), runs=1, small_runs=1, imfilt=ours))
    assert "vips is not installed here" in str(report)
    assert report.wrong == []
