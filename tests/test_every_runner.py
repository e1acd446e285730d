"""Whoever does the work, and however many they are: the same bytes, with the same metadata, in every format."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import Run
from test_cluster import cluster  # noqa: F401 (a fixture)
from test_table import BY_PILLOW, DEEP, DURATIONS, deep_samples, settings_for, source_of, write_deep

from imfilt.batch.runners import RUNNERS
from imfilt.images.formats import FORMATS

pytestmark = pytest.mark.usefixtures("_in_own_folder")

APPLY = ("apply", "in", "-k", "gaussian3", "--preserve")
LOCAL = [name for name in RUNNERS if name != "dask"]


def put_all_kinds() -> int:
    """Make a file of each format in each mode, with all that it can carry, and animations; return how many."""
    Path("in").mkdir()
    for name, mode in BY_PILLOW:
        source_of(mode).image.save(path_of(name, mode), name, **settings_for(name))
    for name, mode in set(DEEP) - set(BY_PILLOW):
        write_deep(path_of(name, mode), name, *deep_samples(mode))
    for name in ("GIF", "PNG", "WEBP", "TIFF"):
        first, *others = (source_of("L", seed).image for seed in range(3))
        how = {"duration": DURATIONS} if name != "TIFF" else {}
        first.save(path_of(name, "frames"), name, save_all=True, append_images=others, **settings_for(name), **how)
    return len(list(Path("in").iterdir()))


def path_of(name: str, mode: str) -> Path:
    return Path("in", f"{name}-{mode.replace(';', '_')}{FORMATS[name].extensions[0]}")


def written(folder: str) -> dict[str, tuple[bytes, int, int]]:
    """Return of each file its bytes, its permissions and its time."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in Path(folder).iterdir()
    }


def test_here(run: Run) -> None:
    count = put_all_kinds()
    alone = run(*APPLY, "-o", "alone/", "-j", "1", "--runner", "serial")
    assert (alone.status, len(alone.lines)) == (0, count)
    for runner in LOCAL:
        for workers in ("1", "2"):
            result = run(*APPLY, "-o", f"{runner}{workers}/", "-j", workers, "--runner", runner)
            assert (result.status, result.stderr) == (0, alone.stderr)
            assert written(f"{runner}{workers}") == written("alone"), (runner, workers)


def test_on_a_cluster(run: Run, cluster: tuple[str, list[subprocess.Popen[bytes]]]) -> None:  # noqa: F811
    put_all_kinds()
    alone = run(*APPLY, "-o", "alone/", "-j", "1", "--runner", "serial")
    for workers in ("1", "2"):
        result = run(*APPLY, "-o", f"out{workers}/", "-j", workers, "--runner", "dask", "--scheduler", cluster[0])
        assert (result.status, result.stderr) == (0, alone.stderr)
        assert written(f"out{workers}") == written("alone"), workers
