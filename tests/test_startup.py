"""What is imported before it is needed: nothing, for people loop over files in the shell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

HEAVY = {"numpy", "scipy", "PIL", "rich"}

PROBE = """
import sys
from imfilt.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def imports_of(*arguments: str, cwd: Path | None = None) -> set[str]:
    """Run the command in a fresh interpreter, and return the modules that it imported."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(result.stderr.split())


def heavy_imports_of(*arguments: str, cwd: Path | None = None) -> set[str]:
    return HEAVY & imports_of(*arguments, cwd=cwd)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("list-kernels",),
        ("list-kernels", "--json"),
        ("show-kernel", "--help"),
        ("apply", "--help"),
        ("explain", "--help"),
        ("report", "--help"),
        ("preview", "--help"),
        ("sheet", "--help"),
        ("shape", "alexnet"),
        ("compare", "--help"),
    ],
    ids=" ".join,
)
def test_what_needs_no_picture_imports_neither_numpy_nor_scipy_nor_pillow_nor_rich(arguments: tuple[str, ...]) -> None:
    assert heavy_imports_of(*arguments) == set()


def test_filtering_a_picture_of_8_bits_imports_neither_scipy_nor_rich(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "a.png")
    assert heavy_imports_of("apply", "a.png", "-k", "edge3", cwd=tmp_path) == {"numpy", "PIL"}
    assert (tmp_path / "a_edge3.png").exists()


def test_one_small_picture_needs_no_more_than_its_own_kind(tmp_path: Path) -> None:
    Image.effect_noise((40, 30), 90).save(tmp_path / "a.jpg")
    imported = imports_of("apply", "a.jpg", "--kernel", "edge3", cwd=tmp_path)
    assert {"PIL.JpegImagePlugin", "imfilt.engine.strategies.taps"} <= imported
    others = {"concurrent.futures", "difflib", "heapq", "numpy.typing", "PIL.GifImagePlugin", "PIL.PngImagePlugin"}
    ours = {"imfilt.api", "imfilt.batch.scheduling", "imfilt.engine.strategies.fourier", "imfilt.engine.threads"}
    assert not (others | ours) & imported
    assert (tmp_path / "a_edge3.jpg").exists()


@pytest.mark.parametrize("name", ["a.npy", "a.tif", "a.png", "clear.png"])
def test_both_threads_may_need_numpy_first(tmp_path: Path, name: str) -> None:
    samples = np.random.default_rng(1).integers(
        0, 1 << 16, (120, 140, 3), np.uint16
    )  # a thread reads large files alone
    if name == "a.npy":
        np.save(tmp_path / name, samples)
    elif name == "a.tif":
        tifffile.imwrite(tmp_path / name, samples.astype(np.float32), photometric="rgb")
    elif name == "a.png":
        (tmp_path / name).write_bytes(imagecodecs.png_encode(samples))
    else:
        Image.fromarray(samples.reshape(360, 140)).save(tmp_path / name, transparency=7)
    assert (tmp_path / name).stat().st_size > 1 << 16
    for _ in range(3):  # with no order between them, most of such runs fail
        assert heavy_imports_of("apply", name, "-k", "edge3", "--overwrite", cwd=tmp_path) >= {"numpy", "PIL"}
    assert (tmp_path / name.replace(".", "_edge3.")).exists()


def test_a_kernel_is_shown_without_scipy_pillow_and_rich() -> None:
    assert heavy_imports_of("show-kernel", "edge3") == {"numpy"}


def test_importing_the_package_imports_nothing_heavy() -> None:
    probe = "import sys, imfilt; print(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not HEAVY & set(result.stdout.split())


def test_a_kernel_can_be_made_and_looked_up_without_numpy() -> None:
    probe = "import sys, imfilt; imfilt.load_registry()['edge3'].integer_form; print('numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
