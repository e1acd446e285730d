"""Going on where a run ended: only what changed is done again, and what a crash left is made good."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, Run
from PIL import Image

import imfilt.images.reading
from imfilt.batch.fingerprints import describe_recipe, hash_of_recipe
from imfilt.batch.manifest import NAME, Manifest, Record
from imfilt.batch.outcomes import Outcome
from imfilt.batch.resume import Resumption
from imfilt.engine.recipes.recipe import Recipe
from imfilt.kernels.kernel import Kernel

EDGE = ("-k", "edge3")
RESUME = ("apply", "in", "-r", "-o", "out/", "--resume")
LIST = Path("out", NAME)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)


def put(*paths: str, seed: int = 0) -> None:
    """Make pictures of noise, each different."""
    for number, name in enumerate(paths):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = random.Random(f"{seed} {number}").randbytes(3 * 20 * 15)
        Image.frombytes("RGB", (20, 15), samples).save(path)


def pictures(folder: str = "out") -> dict[str, bytes]:
    """Return all files but the manifest, hidden ones too."""
    paths = [path for path in Path(folder).rglob("*") if not path.is_dir() and path.name != NAME]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def records() -> list[dict[str, Any]]:
    return [json.loads(line) for line in LIST.read_text().splitlines()]


def done(result: Result) -> list[str]:
    """Return the targets that were written in a run in which nothing failed."""
    assert (result.status, result.stderr) == (0, "")
    return [line.removeprefix("out/") for line in result.lines]


def sha256_of(path: str) -> str:
    return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]


def kill_before_it_records(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let a run end where it would record its result of this number."""
    append, numbers = Manifest.append, iter(range(number))

    def append_some(manifest: Manifest, record: Record) -> None:
        if next(numbers, None) is None:
            raise SystemExit(130)
        append(manifest, record)

    monkeypatch.setattr(Manifest, "append", append_some)


def before_it_is_recorded(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen when a result is written, and not recorded yet."""
    record = Resumption.record

    def record_late(resumption: Resumption, outcome: Outcome) -> Outcome:
        happens()
        return record(resumption, outcome)

    monkeypatch.setattr(Resumption, "record", record_late)


def test_a_second_run_has_nothing_to_do(run: Run) -> None:
    put("in/a.png", "in/x/b.png")
    assert done(run(*RESUME, *EDGE)) == ["a.png", "x/b.png"]
    made, listed = pictures(), LIST.read_bytes()
    assert done(run(*RESUME, *EDGE)) == []
    assert (pictures(), LIST.read_bytes()) == (made, listed)


def test_the_manifest_says_what_was_done(run: Run) -> None:
    put("in/a.png")
    run(*RESUME, *EDGE)
    status = Path("in/a.png").stat()
    (record,) = records()
    assert record.pop("recipe")
    assert record == {
        "schema": 1,
        "target": "a.png",
        "source": "in/a.png",
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "sha256": sha256_of("in/a.png"),
        "target_size": Path("out/a.png").stat().st_size,
        "target_sha256": sha256_of("out/a.png"),
    }


def test_only_what_changed_is_done_again(run: Run) -> None:
    put("in/a.png", "in/b.png", "in/c.png")
    run(*RESUME, *EDGE)
    put("in/b.png", "in/d.png", seed=1)
    assert done(run(*RESUME, *EDGE)) == ["b.png", "d.png"]
    made = pictures()
    assert run("apply", "in", *EDGE, "-o", "fresh/").status == 0
    assert made == pictures("fresh")


def test_a_source_of_another_time_and_the_same_content_is_left_alone(run: Run) -> None:
    put("in/a.png")
    run(*RESUME, *EDGE)
    os.utime("in/a.png", ns=(1, 1))
    assert done(run(*RESUME, *EDGE)) == []


def test_a_source_of_another_content_and_the_same_size_is_done_again(run: Run) -> None:
    Path("in").mkdir()
    Image.new("L", (8, 8), 10).save("in/a.bmp")
    run(*RESUME, *EDGE)
    before = Path("in/a.bmp").stat()
    Image.new("L", (8, 8), 20).save("in/a.bmp")
    os.utime("in/a.bmp", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert Path("in/a.bmp").stat().st_size == before.st_size
    assert done(run(*RESUME, *EDGE)) == ["a.bmp"]


@pytest.mark.parametrize("options", [["-k", "edge1"], [*EDGE, "--border", "wrap"], [*EDGE, "--strip", "all"]])
def test_another_recipe_does_all_again(run: Run, options: list[str]) -> None:
    put("in/a.png", "in/b.png")
    run(*RESUME, *EDGE)
    assert done(run(*RESUME, *options)) == ["a.png", "b.png"]
    assert done(run(*RESUME, *options)) == []
    made = pictures()
    assert run("apply", "in", *options, "-o", "fresh/").status == 0
    assert made == pictures("fresh")


def test_another_format_under_the_same_name_does_all_again(run: Run) -> None:
    put("in/a.png")
    named = (*RESUME, *EDGE, "--name", "{stem}.img", "--format")
    assert done(run(*named, "png")) == ["a.img"]
    assert done(run(*named, "jpeg")) == ["a.img"]
    assert done(run(*named, "jpeg")) == []
    with Image.open("out/a.img") as image:
        assert image.format == "JPEG"


def test_a_target_that_was_removed_is_made_again(run: Run) -> None:
    put("in/a.png", "in/b.png")
    run(*RESUME, *EDGE)
    Path("out/a.png").unlink()
    assert done(run(*RESUME, *EDGE)) == ["a.png"]


def test_a_target_that_a_power_cut_left_empty_is_made_again(run: Run) -> None:
    put("in/a.png", "in/b.png")
    run(*RESUME, *EDGE)
    made = pictures()
    Path("out/a.png").write_bytes(b"")
    assert done(run(*RESUME, *EDGE)) == ["a.png"]
    assert pictures() == made


@pytest.mark.parametrize("is_of_the_same_size", [False, True])
@pytest.mark.parametrize("options", [["-j", "1"], ["-j", "2", "--runner", "processes"]])
def test_a_target_that_somebody_changed_is_not_written_over(
    run: Run, options: list[str], is_of_the_same_size: bool
) -> None:
    put("in/a.png", "in/b.png", "in/c.png")
    run(*RESUME, *EDGE)
    size = Path("out/b.png").stat().st_size
    work = b"my own work".ljust(size if is_of_the_same_size else 0)
    Path("out/b.png").write_bytes(work)
    result = run(*RESUME, "-k", "sharpen", *options)
    assert (result.status, result.lines) == (1, ["out/a.png", "out/c.png"])
    assert result.stderr.endswith("out/b.png has changed since it was written; move it away, and it is made again\n")
    assert result.stderr.count("\n") == 1
    assert "--" not in result.stderr  # for other options contradict this one
    assert Path("out/b.png").read_bytes() == work
    Path("out/b.png").unlink()
    assert done(run(*RESUME, "-k", "sharpen")) == ["b.png"]


def test_a_record_without_a_hash_of_the_target_is_gone_by_its_size(run: Run) -> None:
    put("in/a.png", "in/b.png")
    run(*RESUME, *EDGE)
    old = [{name: value for name, value in each.items() if name != "target_sha256"} for each in records()]
    LIST.write_text("".join(json.dumps(each) + "\n" for each in old))
    assert done(run(*RESUME, *EDGE)) == []
    Path("out/b.png").write_bytes(b"my own work")
    result = run(*RESUME, "-k", "sharpen")
    assert (result.status, result.lines) == (1, ["out/a.png"])
    assert Path("out/b.png").read_bytes() == b"my own work"


def test_a_first_run_that_is_killed_before_it_records_anything_is_gone_on_with(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("in/x/a.png", "in/x/b.png")
    with monkeypatch.context() as patch:
        kill_before_it_records(patch, 0)
        assert run(*RESUME, *EDGE).status == 130
    assert list(pictures()) == ["x/a.png"]
    assert done(run(*RESUME, *EDGE)) == ["x/a.png", "x/b.png"]
    assert run("apply", "in", "-r", *EDGE, "-o", "fresh/").status == 0
    assert pictures() == pictures("fresh")
    assert done(run(*RESUME, *EDGE)) == []


@pytest.mark.parametrize("kind", ["png", "bmp"])  # whose results are all of one size
def test_a_target_that_a_killed_run_replaced_and_did_not_record_is_recognised(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    put(f"in/a.{kind}", f"in/b.{kind}", f"in/c.{kind}")
    run(*RESUME, *EDGE)
    with monkeypatch.context() as patch:
        kill_before_it_records(patch, 1)
        assert run(*RESUME, "-k", "sharpen").status == 130
    assert done(run(*RESUME, "-k", "sharpen")) == [f"b.{kind}", f"c.{kind}"]
    assert run("apply", "in", "-k", "sharpen", "-o", "fresh/").status == 0
    assert pictures() == pictures("fresh")
    assert done(run(*RESUME, "-k", "sharpen")) == []


def test_a_result_is_recorded_as_it_was_written_even_if_somebody_changes_it_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("in/a.png")
    with monkeypatch.context() as patch:
        before_it_is_recorded(patch, lambda: Path("out/a.png").write_bytes(b"my own work"))
        assert done(run(*RESUME, *EDGE)) == ["a.png"]
    assert run(*RESUME, "-k", "sharpen").status == 1
    assert Path("out/a.png").read_bytes() == b"my own work"


def test_a_target_that_no_run_recorded_is_an_error_before_anything_is_written(run: Run) -> None:
    put("in/a.png", "in/b.png")
    Path("out").mkdir()
    Path("out/b.png").write_bytes(b"my own work")
    result = run(*RESUME, *EDGE)
    assert (result.status, result.stdout) == (2, b"")
    assert "out/b.png: is there already, and no earlier run recorded it" in result.stderr
    assert list(pictures()) == ["b.png"]
    assert not LIST.exists()


def test_a_target_that_a_killed_run_did_not_record_is_recognised(run: Run) -> None:
    put("in/a.png", "in/b.png")
    run(*RESUME, *EDGE)
    made = pictures()
    LIST.write_bytes(LIST.read_bytes().splitlines(keepends=True)[0])
    before = Path("out/b.png").stat()
    assert done(run(*RESUME, *EDGE)) == ["b.png"]
    assert pictures() == made
    assert Path("out/b.png").stat().st_ino == before.st_ino
    assert done(run(*RESUME, *EDGE)) == []


def test_a_target_that_is_somebody_elses_is_kept_beside_a_manifest_too(run: Run) -> None:
    put("in/a.png")
    run(*RESUME, *EDGE)
    put("in/b.png", seed=1)
    Path("out/b.png").write_bytes(b"my own work")
    result = run(*RESUME, *EDGE)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    assert "this run would make another" in result.stderr
    assert Path("out/b.png").read_bytes() == b"my own work"
    assert sorted(pictures()) == ["a.png", "b.png"]


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_a_torn_last_line_is_passed_over_and_does_not_spoil_the_next(run: Run, cut: int) -> None:
    put("in/a.png", "in/b.png")
    run(*RESUME, *EDGE)
    made = pictures()
    LIST.write_bytes(LIST.read_bytes()[:-cut])
    again = done(run(*RESUME, *EDGE))
    assert again == ["b.png"]
    assert pictures() == made
    assert done(run(*RESUME, *EDGE)) == []


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "{",
            "[]",
            "1",
            "null",
            '{"schema": 2}',
            '{"schema": 1, "target": "a.png"}',
            "\udcff\0",
            '{"schema": {}}',
        ),
        '{"schema":1,"target":"x","recipe":"","source":"","size":Infinity,"mtime_ns":1,"sha256":"","target_size":1}',
        pytest.param("[" * 200_000, id="brackets"),
    ],
)
def test_lines_that_are_none_are_passed_over(run: Run, line: str) -> None:
    put("in/a.png")
    run(*RESUME, *EDGE)
    whole = LIST.read_bytes()
    LIST.write_bytes(line.encode(errors="surrogateescape") + b"\n" + whole + line.encode(errors="surrogateescape"))
    assert done(run(*RESUME, *EDGE)) == []


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("out", ["-o", "./"]),
        ("out", ["-o", "../out//"]),
        (".", ["-o", "out/./", "--name", "./{stem}{ext}"]),
        (".", ["-o", "out", "--name", "sub//{stem}{ext}"]),
    ],
)
def test_however_the_folder_is_written_what_was_done_is_found_again(
    run: Run, monkeypatch: pytest.MonkeyPatch, where: str, options: list[str]
) -> None:
    put("in/a.png", "in/b.png")
    Path("out").mkdir()
    source = str(Path("in").absolute())
    monkeypatch.chdir(where)
    first = run("apply", source, *EDGE, *options, "--resume")
    assert (first.status, len(first.lines)) == (0, 2)
    again = run("apply", source, *EDGE, *options, "--resume")
    assert (again.status, again.lines, again.stderr) == (0, [], "")


def test_any_name_is_found_again(run: Run) -> None:
    names = [b"line\nend.png", b"caf\xe9\xff.png", b"\xc3\xa9.png", b'"\\.png']
    for name in names:
        put(os.fsdecode(b"in/" + name))
    assert run(*RESUME, *EDGE).status == 0
    assert done(run(*RESUME, *EDGE)) == []
    assert len(LIST.read_bytes().splitlines()) == len(names)


def test_each_kernel_is_gone_by_on_its_own(run: Run) -> None:
    put("in/a.png")
    run(*RESUME, "-k", "edge1", "-k", "edge3", "--each")
    Path("out/a_edge1.png").unlink()
    assert done(run(*RESUME, "-k", "edge1", "-k", "edge3", "--each")) == ["a_edge1.png"]
    assert done(run(*RESUME, "-k", "edge1", "-k", "sharpen", "--each")) == ["a_sharpen.png"]


def test_a_source_that_fails_is_tried_again(run: Run) -> None:
    put("in/a.png")
    Path("in/b.png").write_bytes(b"text")
    assert run(*RESUME, *EDGE).status == 1
    result = run(*RESUME, *EDGE)
    assert (result.status, result.stdout) == (1, b"")
    put("in/c.png", "in/b.png")
    assert done(run(*RESUME, *EDGE)) == ["b.png", "c.png"]


def test_a_source_that_changes_meanwhile_is_done_again_next_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("in/a.png")
    whole = imfilt.images.reading.read_picture

    def read_picture(source: Any, **settings: Any) -> Any:
        picture = whole(source, **settings)
        put("in/a.png", seed=1)
        return picture

    with monkeypatch.context() as patch:
        patch.setattr("imfilt.batch.work.read_picture", read_picture)
        assert done(run(*RESUME, *EDGE)) == ["a.png"]
    first = pictures()
    assert done(run(*RESUME, *EDGE)) == ["a.png"]
    assert run("apply", "in", *EDGE, "-o", "fresh/").status == 0
    assert first != pictures() == pictures("fresh")
    assert done(run(*RESUME, *EDGE)) == []


def test_a_source_that_is_gone_when_it_is_filtered_may_come_back_changed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("in/a.png")
    with monkeypatch.context() as patch:
        before_it_is_recorded(patch, Path("in/a.png").unlink)
        assert done(run(*RESUME, *EDGE)) == ["a.png"]
    put("in/a.png", seed=1)
    assert done(run(*RESUME, *EDGE)) == ["a.png"]
    assert done(run(*RESUME, *EDGE)) == []


def test_a_result_of_a_source_that_changed_meanwhile_is_not_written_over_if_somebody_changes_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("in/a.png")
    with monkeypatch.context() as patch:
        before_it_is_recorded(patch, lambda: put("in/a.png", seed=1))
        assert done(run(*RESUME, *EDGE)) == ["a.png"]
    Path("out/a.png").write_bytes(b"my own work")
    assert run(*RESUME, *EDGE).status == 1
    assert Path("out/a.png").read_bytes() == b"my own work"


def test_a_manifest_that_cannot_be_written_costs_no_picture(run: Run) -> None:
    put("in/a.png")
    LIST.mkdir(parents=True)
    result = run(*RESUME, *EDGE)
    assert (result.status, result.stdout) == (2, b"")
    assert NAME in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="folders are not synced here")
def test_fsync_brings_the_manifest_to_the_disk_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("in/a.png", "in/b.png")
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    assert run(*RESUME, *EDGE, "--fsync").status == 0
    manifest, folder = LIST.stat().st_ino, LIST.parent.stat().st_ino
    pictures = [Path("out", name).stat().st_ino for name in ("a.png", "b.png")]
    assert synced == [folder, pictures[0], folder, manifest, pictures[1], folder, manifest]


@pytest.mark.parametrize("options", [[], ["-o", "b.png"], ["-o", "-"]])
def test_without_an_output_folder_there_is_nothing_to_go_by(run: Run, options: list[str]) -> None:
    put("a.png")
    result = run("apply", "a.png", *EDGE, *options, "--resume")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "-o DIR/" in result.stderr


def test_a_dry_run_says_what_is_left(run: Run) -> None:
    put("in/a.png", "in/b.png")
    run(*RESUME, *EDGE)
    Path("out/b.png").unlink()
    assert run(*RESUME, *EDGE, "-n").lines == ["in/b.png -> out/b.png"]


@pytest.mark.parametrize("options", [["-n"], ["--runner", "dask"]])  # without the address of a cluster
def test_where_nothing_is_begun_nothing_is_left(run: Run, options: list[str]) -> None:
    put("in/a.png")
    run(*RESUME, *EDGE, *options)
    assert not Path("out").exists()


# Two runs at the same time


def record(**changes: Any) -> Record:
    return Record("a.png", "one", "in/a.png", 1, 2, "0", 3)._replace(**changes)


def test_two_runs_append_whole_lines(tmp_path: Path) -> None:
    one, other = Manifest(tmp_path), Manifest(tmp_path)
    for number in range(50):
        one.append(record(target=f"one{number}"))
        other.append(record(target=f"other{number}"))
    assert len(Manifest(tmp_path).records) == 100


def test_a_torn_line_of_another_run_stays_apart(tmp_path: Path) -> None:
    one = Manifest(tmp_path)
    one.append(record(target="a"))
    with (tmp_path / NAME).open("ab") as stream:
        stream.write(b'{"schema": 1, "tar')
    one.append(record(target="b"))
    assert sorted(Manifest(tmp_path).records) == ["a", "b"]


def test_of_two_runs_that_write_one_target_differently_neither_is_believed(tmp_path: Path) -> None:
    one, other = Manifest(tmp_path), Manifest(tmp_path)
    one.append(record(recipe="one"))
    other.append(record(recipe="other"))
    assert Manifest(tmp_path).records["a.png"].recipe == ""
    later = Manifest(tmp_path)
    later.append(record(recipe="later"))
    assert Manifest(tmp_path).records["a.png"].recipe == "later"


def start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "imfilt", *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_runs_into_one_folder_at_the_same_time_make_what_one_makes(run: Run) -> None:
    put(*(f"in/{number}.png" for number in range(30)))
    both = [start(*RESUME, *EDGE) for _ in range(2)]
    for process in both:
        process.communicate(timeout=60)
    # where one comes upon a target that the other has just written, it says so, and leaves it
    assert {process.returncode for process in both} <= {0, 1, 2}
    assert done(run(*RESUME, *EDGE)) == []
    assert run("apply", "in", *EDGE, "-o", "fresh/").status == 0
    assert pictures() == pictures("fresh")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(run: Run) -> None:
    put(*(f"in/{number % 3}/{number}.png" for number in range(150)))
    moments = random.Random(5)
    began = time.monotonic()
    with start("apply", "in", "-r", *EDGE, "-o", "fresh/") as undisturbed:
        undisturbed.communicate(timeout=60)
    length = time.monotonic() - began
    for _ in range(20):
        with start(*RESUME, *EDGE) as process:
            try:
                process.wait(timeout=moments.uniform(0.2, 1.1) * length)
            except subprocess.TimeoutExpired:
                process.kill()
    run(*RESUME, *EDGE)
    made = {name: content for name, content in pictures().items() if not name.endswith(".tmp")}
    assert made == pictures("fresh")
    assert done(run(*RESUME, *EDGE)) == []


# Fingerprints


def test_the_same_arithmetic_has_the_same_fingerprint_however_it_is_written() -> None:
    box = Kernel([[1, 1, 1]], divisor=3, name="box")
    same = Kernel([["1/3", "2/6", Fraction(1, 3)]])
    twice = Kernel([[-2, -2, -2]], divisor=-6)
    assert len({hash_of_recipe(Recipe((kernel,))) for kernel in (box, same, twice)}) == 1


def test_whatever_changes_pixels_changes_the_fingerprint() -> None:
    box = Kernel([[1, 1, 1]], divisor=3)
    recipes = [
        Recipe((box,)),
        Recipe((box, box)),
        Recipe((Kernel([[1], [1], [1]], divisor=3),)),
        Recipe((Kernel([[1, 1, 1]], divisor=3, bias=1),)),
        Recipe((Kernel([[1, 1, 1]], divisor=3, anchor=(0, 0)),)),
        Recipe((Kernel([[0.5, 0.5]]),)),
        Recipe((Kernel([["1/2", "1/2"]]),)),
        Recipe((box,), border="wrap"),
        Recipe((box,), border="constant:1"),
        Recipe((box,), size="full"),
        Recipe((box,), stride=(2, 1)),
        Recipe((box,), dilation=(1, 2)),
        Recipe((box,), anchor=(0, 0)),
        Recipe((box,), correlate=True),
        Recipe((box,), normalize="abs"),
        Recipe((box,), alpha="keep"),
        Recipe((box, box), combine="max"),
        Recipe((box,), pool="max:2"),
        Recipe((box,), depth="16"),
    ]
    assert len({hash_of_recipe(recipe) for recipe in recipes}) == len(recipes)
    assert hash_of_recipe(recipes[0]) != hash_of_recipe(recipes[0], "fast")


def test_a_fingerprint_stays_the_same_from_one_version_to_the_next() -> None:
    text = "kernel 1 2 1 / 4 + 1/2, anchor (0, 1), exact\nborder = 'wrap'"
    recipe = Recipe((Kernel([[1, 2, 1]], divisor=4, bias="1/2", anchor=(0, 1), name="any"),), border="wrap")
    assert describe_recipe(recipe) == text
