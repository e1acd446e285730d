"""Memory is bounded: what a picture needs is read from its header before it is admitted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from imfilt.batch import scheduling
from imfilt.batch.admission import Admission, memory_needed
from imfilt.batch.jobs import Job, Request, Result, make_jobs
from imfilt.batch.machine import available_memory
from imfilt.batch.outcomes import Outcome, Status
from imfilt.batch.running import Running, run_jobs
from imfilt.engine.recipes.recipe import Recipe
from imfilt.images.formats import FORMATS
from imfilt.kernels.registry import load_registry

pytestmark = pytest.mark.usefixtures("_in_own_folder")

MEMINFO = "MemTotal:  8000 kB\nMemAvailable:  3000 kB\n"


def job(name: str) -> Job:
    recipe = Recipe((load_registry()["edge3"],))
    return Job(Path(name), (Result(Path("out", name), recipe),))


def test_the_need_follows_from_the_header_alone() -> None:
    Image.new("RGB", (3000, 2000)).save("blank.png", compress_level=1)
    size = Path("blank.png").stat().st_size
    assert size < 3000 * 2000 / 20
    assert memory_needed(job("blank.png")) == 2 * 4 * 3000 * 2000 + 2 * size
    data = Path("blank.png").read_bytes()
    Path("cut.png").write_bytes(data[: len(data) // 2])
    assert memory_needed(job("cut.png")) >= 2 * 4 * 3000 * 2000


def test_a_codec_that_takes_much_memory_counts_read_or_written() -> None:
    Image.effect_noise((300, 200), 90).convert("RGB").save("a.png")
    Image.open("a.png").save("a.jp2", irreversible=True)
    plain, written, read = job("a.png"), job("a.png")._replace(format="JPEG2000"), job("a.jp2")._replace(format="PNG")
    more = FORMATS["JPEG2000"].codec_bytes * 300 * 200
    assert more > 4 * 2 * 300 * 200
    assert memory_needed(written) - memory_needed(plain) == more
    assert memory_needed(read) == 2 * 4 * 300 * 200 + more + 2 * Path("a.jp2").stat().st_size


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", ">f8"])
def test_arrays_are_counted_as_pictures_are(dtype: str) -> None:
    np.save("a.npy", np.zeros((100, 200, 3), dtype))
    width = 3 * np.dtype(dtype).itemsize
    more = FORMATS["NPY"].codec_bytes * 100 * 200
    assert memory_needed(job("a.npy")) == 2 * width * 100 * 200 + more + 2 * Path("a.npy").stat().st_size


@pytest.mark.parametrize("settings", [{}, {"bigtiff": True}, {"byteorder": ">"}], ids=["plain", "big", "other order"])
@pytest.mark.parametrize(("dtype", "channels", "width"), [("f2", 3, 12), ("f4", 3, 12), ("f8", 4, 32), ("u8", 1, 8)])
def test_what_pillow_does_not_open_is_counted_by_what_it_unpacks_to(
    dtype: str, channels: int, width: int, settings: dict[str, Any]
) -> None:
    samples = np.zeros((1000, 400, channels), dtype)
    kind = "rgb" if channels > 1 else "minisblack"
    tifffile.imwrite("a.tif", samples, photometric=kind, compression="deflate", rowsperstrip=1, **settings)
    size = Path("a.tif").stat().st_size
    assert size < 1000 * 400
    assert memory_needed(job("a.tif")) == 2 * width * 1000 * 400 + 2 * size
    assert memory_needed(job("a.tif")._replace(max_pixels=399_999)) == size  # it will be refused
    with Path("a.tif").open("r+b") as file:
        file.seek(4)
        file.write(bytes(12))
    assert memory_needed(job("a.tif")) == size


def test_what_is_no_picture_or_not_there_needs_next_to_nothing() -> None:
    Path("text.png").write_bytes(b"text" * 10_000)
    assert memory_needed(job("text.png")) == 40_000
    assert memory_needed(job("none.png")) == 0


def test_one_picture_is_always_admitted_and_the_next_when_there_is_room() -> None:
    for name in "abc":
        Image.effect_noise((200, 200), 90).save(f"{name}.png")
    need = memory_needed(job("a.png"))
    admission = Admission(int(1.5 * need))
    assert admission.admits(0, job("a.png"))
    assert not admission.admits(1, job("b.png"))
    admission.release(0)
    assert admission.admits(1, job("b.png"))
    small = Admission(1)
    assert small.admits(0, job("a.png"))
    assert not small.admits(1, job("b.png"))
    assert all(Admission(None).admits(number, job("none.png")) for number in range(9))


@pytest.mark.parametrize(("budget", "at_once"), [(1, 1), (None, 3)])
def test_fewer_are_worked_on_at_a_time_where_memory_is_short(
    monkeypatch: pytest.MonkeyPatch, budget: int | None, at_once: int
) -> None:
    Path("in").mkdir()
    for number in range(9):
        Image.effect_noise((200, 200), 90).save(f"in/{number}.png")
    lock, inside, most = threading.Lock(), 0, 0
    all_there = threading.Barrier(at_once)

    def work(calls: Sequence[tuple[Job, object]]) -> list[list[Outcome]]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        all_there.wait(60)
        with lock:
            inside -= 1
        return [[Outcome(job.source, Status.WRITTEN)] for job, _ in calls]

    monkeypatch.setattr(scheduling, "do_jobs", work)
    monkeypatch.setattr(scheduling, "memory_for_pictures", lambda: budget)
    jobs = make_jobs(Request(["in"], Recipe((load_registry()["edge3"],)), output="out/")).jobs
    outcomes = list(run_jobs(jobs, Running("threads", 3)))
    assert [outcome.source for outcome in outcomes] == [job.source for job in jobs]
    assert most == at_once


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 3_072_000),
        (
            {"proc/self/cgroup": "0::/a/b\n", "groups/a/b/memory.max": "max", "groups/a/b/memory.current": "5"},
            3_072_000,
        ),
        ({"proc/self/cgroup": "0::/a/b\n", "groups/a/memory.max": "900", "groups/a/memory.current": "300"}, 600),
        (
            {
                "proc/self/cgroup": "0::/\n",
                "groups/memory.max": "900",
                "groups/memory.current": "700",
                "groups/memory.stat": "anon 1\ninactive_file 400\n",
            },
            600,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu:/x\n4:memory,hugetlb:/x\n",
                "groups/memory/x/memory.limit_in_bytes": "1000",
                "groups/memory/x/memory.usage_in_bytes": "1200",
            },
            0,
        ),
    ],
    ids=["no limit", "max", "of a parent", "less the cache", "version 1"],
)
def test_the_memory_that_is_there_is_what_system_and_container_leave(files: dict[str, str], expected: int) -> None:
    for name, text in {"proc/meminfo": MEMINFO, **files}.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    assert available_memory(Path("proc"), Path("groups")) == expected


def test_where_the_system_does_not_say_nothing_is_known() -> None:
    assert available_memory(Path("no"), Path("no")) is None
