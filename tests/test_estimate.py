"""The kernel that turned one picture into another is found: on a photograph, whichever tool filtered it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import imfilt

Array = NDArray[Any]

CAR = Path(__file__).parent.parent / "samples" / "car.jpg"

SKEW = [[0, 1, 2, 1, 0], [1, 3, -2, 4, 0], [2, 5, 9, -1, 1], [0, -3, 2, 3, 1], [1, 0, 2, -1, 1]]
BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]).tolist()

KERNELS: dict[str, tuple[list[list[int]], int]] = {
    "sharpen": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    "emboss": ([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
    "gaussian5": (BINOMIAL, 256),
    "skew": (SKEW, 32),
}
"""As they lie over the picture, and their divisors."""

MINE = f"[kernels.skew]\nmatrix = {SKEW}\ndivisor = 32\n"


def with_pillow(picture: Image.Image, laid: list[list[int]], divisor: int, _: Path) -> Array:
    side = len(laid)
    flat = [float(weight) for row in laid[::-1] for weight in row]  # its rows lie from the bottom to the top
    return np.asarray(picture.filter(ImageFilter.Kernel((side, side), flat, divisor)))


def with_opencv(picture: Image.Image, laid: list[list[int]], divisor: int, _: Path) -> Array:
    cv2 = pytest.importorskip("cv2")
    filtered: Array = cv2.filter2D(np.asarray(picture), -1, np.array(laid, np.float64) / divisor)
    return filtered


def with_vips(picture: Image.Image, laid: list[list[int]], divisor: int, folder: Path) -> Array:
    if shutil.which("vips") is None:
        pytest.skip("vips is not installed")
    picture.save(folder / "in.png")
    rows = "\n".join(" ".join(map(str, row)) for row in laid)
    (folder / "k.mat").write_text(f"{len(laid[0])} {len(laid)} {divisor} 0\n{rows}\n")
    command = ["vips", "conv", "in.png", "out.png", "k.mat", "--precision", "integer"]
    subprocess.run(command, cwd=folder, env=os.environ | {"VIPS_NOVECTOR": "1"}, check=True)
    return np.asarray(Image.open(folder / "out.png"))


TOOLS = {"pillow": with_pillow, "opencv": with_opencv, "vips": with_vips}


@pytest.fixture
def car(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Image.Image:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(MINE)
    picture = Image.open(CAR).convert("RGB")
    picture.save("before.png")
    return picture


def estimated(run: Run, *arguments: str) -> Any:
    result = run("estimate", "before.png", *arguments, "--registry", "mine.toml", "--json")
    assert (result.status, result.stderr) == (0, "")
    return json.loads(result.stdout)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", KERNELS)
def test_the_kernel_another_tool_filtered_a_photograph_with_is_found(
    run: Run, car: Image.Image, tmp_path: Path, name: str, tool: str
) -> None:
    laid, divisor = KERNELS[name]
    Image.fromarray(TOOLS[tool](car, laid, divisor, tmp_path)).save("after.png")
    found = estimated(run, "after.png")
    expected = np.zeros((5, 5))
    edge = (5 - len(laid)) // 2
    expected[edge : 5 - edge, edge : 5 - edge] = np.array(laid)[::-1, ::-1] / divisor
    assert np.abs(np.array(found["matrix"]) - expected).max() < 0.01
    assert abs(found["bias"]) < 0.6
    assert found["nearest"] == name
    assert found["nearest_difference"] < 0.01
    turned = np.array(laid)[::-1, ::-1].tolist() != laid
    assert found["nearest_orientation"] == ("correlation" if turned else "convolution")
    assert found["residual"] < 0.5
    assert np.max(found["standard_error"]) < 0.005
    if found["fractions"]:
        fractions = np.array(found["fractions"]["matrix"]) / found["fractions"]["divisor"]
        np.testing.assert_allclose(fractions, expected, atol=1e-3)


def test_on_a_jpeg_it_says_how_sure_it_is(run: Run, car: Image.Image, tmp_path: Path) -> None:
    blurred = Image.fromarray(with_pillow(car, BINOMIAL, 256, tmp_path))
    blurred.save("after.png")
    sure = estimated(run, "after.png")
    for quality in (95, 60):
        blurred.save("after.jpg", quality=quality)
        found = estimated(run, "after.jpg")
        off = np.abs(np.array(found["matrix"]) - np.array(BINOMIAL) / 256)
        assert np.max(found["standard_error"]) > 2 * np.max(sure["standard_error"])
        assert off.mean() < 4 * np.mean(found["standard_error"])
        assert found["residual"] > 2 * sure["residual"]
        sure = found
    assert "do not rely on the weights" in run("estimate", "before.png", "after.jpg").text


def test_standard_errors_are_what_estimates_vary_by(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("")
    rng = np.random.default_rng(5)
    off, said = [], []
    for _ in range(12):
        before = rng.integers(60, 190, (120, 90), np.uint8)
        Image.fromarray(before).save("before.png")
        noise = np.rint(rng.normal(0, 6, before.shape))
        Image.fromarray((imfilt.apply(before, "box3") + noise).astype(np.uint8)).save("after.png")
        found = estimated(run, "after.png", "--size", "3")
        off.append(np.array(found["matrix"]) - 1 / 9)
        said.append(found["standard_error"])
    assert np.sqrt(np.mean(np.square(off))) == pytest.approx(np.mean(said), rel=0.35)


def test_a_bias_is_found_and_clipped_samples_do_not_count(run: Run, car: Image.Image) -> None:
    kernel = imfilt.Kernel([[-1, 0, 1]], bias=128, divisor="1/2")
    after = imfilt.apply(np.asarray(car), kernel)
    assert {0, 255} <= set(np.unique(after).tolist())
    Image.fromarray(after).save("after.png")
    found = estimated(run, "after.png", "--size", "1,3")
    np.testing.assert_allclose(found["matrix"], [[-2, 0, 2]], atol=1e-6)
    assert found["bias"] == pytest.approx(128, abs=1e-6)


@pytest.mark.parametrize("bias", [0, 0.1, 0.003, -0.25])
def test_a_bias_of_floats_is_a_part_of_white(run: Run, car: Image.Image, bias: float) -> None:
    before = np.asarray(car.convert("L")) / np.float32(255)
    np.save("before.npy", before)
    np.save("after.npy", imfilt.apply(before, imfilt.Kernel([[1, 2, 1]], divisor=4, bias=bias)))
    shown = run("estimate", "before.npy", "after.npy", "--size", "3").text
    assert "rounding" not in shown
    assert float(shown.split("bias")[1].split()[0]) == pytest.approx(bias, abs=1e-8)
    entry = tomllib.loads(run("estimate", "before.npy", "after.npy", "--size", "3", "--toml").text)
    assert entry["kernels"]["estimated"].get("bias", 0) == bias


def test_an_even_size_and_the_entry_for_a_registry_make_the_same_picture(run: Run, car: Image.Image) -> None:
    kernel = imfilt.Kernel([[3, -1], [1, 5]], divisor=8)
    Image.fromarray(imfilt.apply(np.asarray(car), kernel)).save("after.png")
    for size in ("2", "3"):
        text = run("estimate", "before.png", "after.png", "--size", size, "--toml").text
        assert tomllib.loads(text)["kernels"]["estimated"]["divisor"] == 8
        Path("found.toml").write_text(text)
        assert (
            run("apply", "before.png", "-k", "estimated", "--registry", "found.toml", "-o", f"{size}.png").status == 0
        )
        assert np.array_equal(np.asarray(Image.open(f"{size}.png")), np.asarray(Image.open("after.png")))


def test_each_channel_can_have_its_own(run: Run, car: Image.Image) -> None:
    after = np.asarray(car).copy()
    for channel, name in enumerate(("identity", "box3", "gaussian3")):
        after[..., channel] = imfilt.apply(after[..., channel].copy(), name)
    Image.fromarray(after).save("after.png")
    found = estimated(run, "after.png", "--size", "3", "--per-channel")
    assert [each["nearest"] for each in found] == ["identity", "box3", "gaussian3"]
    assert estimated(run, "after.png", "--size", "3")["residual"] > 1
    assert "channel 3" in run("estimate", "before.png", "after.png", "--per-channel").text


def test_16_bits_and_alpha(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("")
    deep = np.random.default_rng(2).integers(0, 65536, (60, 70), np.uint16)
    Image.fromarray(deep).save("before.png")
    Image.fromarray(imfilt.apply(deep, "gaussian3")).save("after.png")
    assert estimated(run, "after.png")["nearest"] == "gaussian3"
    clear = np.random.default_rng(2).integers(0, 256, (60, 70, 4), np.uint8)
    clear[..., 3] = np.where(np.arange(70) < 35, 255, 90)
    Image.fromarray(clear).save("before.png")
    Image.fromarray(imfilt.apply(clear, "box3", alpha="weighted")).save("after.png")
    found = estimated(run, "after.png", "--size", "3")  # where all is opaque
    np.testing.assert_allclose(found["matrix"], np.full((3, 3), 1 / 9), atol=1e-3)


def test_where_it_cannot_know_it_says_why(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(1).integers(0, 256, (40, 40), np.uint8)
    pictures = {
        "flat": np.full((40, 40), 9, np.uint8),
        "noise": noise,
        "smooth": (np.add.outer(np.arange(40), np.arange(40)) * 3).astype(np.uint8),
        "low": noise[:20],
        "clear": np.dstack([noise] * 4),
        "clear_and_low": np.dstack([noise[:20]] * 4),
        "tiny": noise[:5, :5],
        "white": np.full((40, 40), 255, np.uint8),
        "colour": np.dstack([noise] * 3),
    }
    for name, samples in pictures.items():
        Image.fromarray(samples).save(f"{name}.png")
    for before, after, size, reason in (
        ("flat", "noise", "5", "flat"),
        ("smooth", "noise", "5", "singular"),
        ("noise", "low", "5", "it is 40 x 20 and the one before is 40 x 40"),
        ("clear", "clear_and_low", "5", "it is 40 x 20 and the one before is 40 x 40"),
        ("noise", "colour", "5", "3 channels"),
        ("noise", "white", "5", "clipped"),
        ("tiny", "tiny", "5", "too small"),
        ("noise", "none", "5", "no such file"),
    ):
        result = run("estimate", f"{before}.png", f"{after}.png", "--size", size)
        assert (result.status, result.stdout) == (1, b""), result
        assert reason in result.stderr
        assert result.stderr.count("\n") == 1
    for arguments in (["--size", "33"], ["--size", "0"], ["--toml", "--json"], ["--toml", "--per-channel"]):
        assert run("estimate", "noise.png", "noise.png", *arguments).status == 2


def test_a_picture_that_no_kernel_explains_has_a_large_residual(run: Run, car: Image.Image) -> None:
    Image.fromarray(np.asarray(car)[::-1]).save("after.png")
    found = estimated(run, "after.png")
    assert found["residual"] > 20
    shown = run("estimate", "before.png", "after.png").text
    assert "which it is not" in shown
    assert "no kernel of this size does" in shown


def test_of_a_very_small_picture_the_standard_error_is_unknown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("")
    Image.fromarray(np.random.default_rng(1).integers(0, 120, (7, 14), np.uint8)).save("before.png")
    assert run("apply", "before.png", "-m", "2", "-o", "after.png").status == 0
    found = estimated(run, "after.png", "--size", "1")
    assert found["matrix"] == [[pytest.approx(2)]]
    assert (found["standard_error"], found["bias_standard_error"]) == ([[None]], None)
    for extra in ([], ["--toml"]):
        shown = run("estimate", "before.png", "after.png", "--size", "1", *extra).text
        assert "unknown" in shown
        assert "nan" not in shown
