from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import signal
import stat
import struct
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Result, Run
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

import imfilt
from imfilt.batch import jobs, work
from imfilt.engine.recipes.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

EDGE = ("-k", "edge3")
UNTOUCHED = b"this was here before"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)


def fresh(*arguments: str, code: str | None = None, seconds: float = 60) -> subprocess.CompletedProcess[bytes]:
    """Run the command (or Python `code`) in a process of its own, which is to end by itself."""
    command = [sys.executable, "-B", *(["-c", code] if code else ["-m", "imfilt"]), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=seconds)


def encoded(format_name: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image = Image.linear_gradient("L").resize((20, 15)).convert("RGB")
    image.save(stream, format_name)
    return stream.getvalue()


PNG, JPEG = encoded("PNG"), encoded("JPEG")


def put(*names: str) -> None:
    """Make pictures of these names, in folders that are made as well."""
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG if path.suffix.casefold() in (".jpg", ".jpeg") else PNG)


def tree(folder: str | Path = ".") -> list[str]:
    """Return every file below `folder`, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if not path.is_dir())


def format_of(path: str | Path) -> str | None:
    with Image.open(path) as image:
        image.load()
        return image.format


@pytest.mark.parametrize(
    ("source", "options", "target"),
    [
        ("car.jpg", ["-k", "edge3"], "car_edge3.jpg"),
        ("car.jpg", ["-k", "gaussian3", "-k", "edge3"], "car_gaussian3_edge3.jpg"),
        ("car.jpg", ["-m", "0 1 0"], "car_custom.jpg"),
        ("car.jpg", ["-m", "0 1 0", "-k", "edge3"], "car_custom_edge3.jpg"),
        ("car.jpg", ["-k", "edge3", "-m", "0 1 0"], "car_edge3_custom.jpg"),
        ("CAR.JPG", ["-k", "edge3"], "CAR_edge3.JPG"),
        ("a.b.png", ["-k", "sharpen"], "a.b_sharpen.png"),
        ("on the road/my car.png", ["-k", "edge3"], "on the road/my car_edge3.png"),
        ("grüße 車.png", ["-k", "edge3"], "grüße 車_edge3.png"),
    ],
)
def test_results_lie_beside_their_sources_and_are_named_after_the_kernels(
    run: Run, source: str, options: list[str], target: str
) -> None:
    put(source)
    assert run("apply", source, *options) == Result(0, target.encode() + b"\n", "")
    assert tree() == sorted([source, target])
    assert format_of(target) == format_of(source)


@pytest.mark.parametrize("name", ["Edge-3", "EDGE_3", "outline"])
def test_however_the_kernel_is_spelt_the_result_has_its_real_name(run: Run, name: str) -> None:
    put("car.jpg")
    assert run("apply", "car.jpg", "-k", name).lines == ["car_edge3.jpg"]


@pytest.mark.parametrize(
    ("target", "written"), [("b.png", "PNG"), ("b.TIF", "TIFF"), ("b.jpeg", "JPEG"), ("b.bmp", "BMP")]
)
def test_the_output_file_says_the_format(run: Run, target: str, written: str) -> None:
    put("a.jpg")
    assert run("apply", "a.jpg", *EDGE, "-o", target) == Result(0, target.encode() + b"\n", "")
    assert format_of(target) == written


@pytest.mark.parametrize("output", ["out/", "new/out/", "./out//"])
def test_an_output_folder_is_made_and_takes_the_same_name(run: Run, output: str) -> None:
    put("in/a.jpg", "b.png")
    result = run("apply", "in/a.jpg", "b.png", *EDGE, "-o", output)
    folder = os.path.normpath(output)
    assert (result.status, result.lines) == (0, [f"{folder}/a.jpg", f"{folder}/b.png"])
    assert tree(folder) == ["a.jpg", "b.png"]


def test_an_output_folder_that_is_there_needs_no_slash(run: Run) -> None:
    put("a.jpg")
    Path("out").mkdir()
    assert run("apply", "a.jpg", *EDGE, "-o", "out").lines == ["out/a.jpg"]


def test_no_output_folder_is_made_for_an_input_that_fails(run: Run) -> None:
    Path("a.png").write_bytes(b"text")
    assert run("apply", "a.png", *EDGE, "-o", "out/").status == 1
    assert tree() == ["a.png"]


def test_standard_output_gets_the_picture_and_nothing_else(run: Run) -> None:
    put("a.jpg")
    result = run("apply", "a.jpg", *EDGE, "-o", "-")
    assert (result.status, result.stderr) == (0, "")
    assert run("apply", "a.jpg", *EDGE).status == 0
    assert result.stdout == Path("a_edge3.jpg").read_bytes()
    assert tree() == ["a.jpg", "a_edge3.jpg"]


@pytest.mark.parametrize("output", [[], ["-o", "-"]])
def test_standard_input_goes_to_standard_output(run: Run, output: list[str]) -> None:
    put("a.jpg")
    result = run("apply", "-", *EDGE, *output, stdin=JPEG)
    assert (result.status, result.stderr) == (0, "")
    assert run("apply", "a.jpg", *EDGE, "-o", "-").stdout == result.stdout


def test_standard_input_goes_to_a_file_of_another_format(run: Run) -> None:
    assert run("apply", "-", *EDGE, "-o", "b.png", stdin=JPEG) == Result(0, b"b.png\n", "")
    assert format_of("b.png") == "PNG"
    assert tree() == ["b.png"]


def test_standard_input_that_is_no_picture_fails_without_an_output(run: Run) -> None:
    for content in (b"", b"text"):
        result = run("apply", "-", *EDGE, "-o", "b.png", stdin=content)
        assert (result.status, result.stdout) == (1, b"")
        assert result.stderr.startswith("imfilt: standard input: ")
    assert tree() == []


def test_standard_input_that_cannot_be_read_fails_in_one_line() -> None:
    command = [sys.executable, "-m", "imfilt", "apply", "-", *EDGE, "-o", "b.png"]
    with Path("a.png").open("wb") as written:
        result = subprocess.run(command, stdin=written, capture_output=True, check=False, timeout=60)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr == b"imfilt: standard input: cannot be read: Bad file descriptor\n"


def test_a_folder_gives_its_own_pictures_in_the_order_of_their_names(run: Run) -> None:
    put("in/c.png", "in/a.png", "in/B.jpg", "in/deeper/d.png")
    Path("in/notes.txt").write_text("no picture")
    result = run("apply", "in", *EDGE)
    assert (result.status, result.stderr) == (0, "")
    assert result.lines == ["in/B_edge3.jpg", "in/a_edge3.png", "in/c_edge3.png"]


def test_a_folder_with_recursive_gives_all_below_it(run: Run) -> None:
    put("in/b.png", "in/z/a.png", "in/y/deep/er/c.png", "in/y/a.png")
    result = run("apply", "in", "-r", *EDGE)
    assert (result.status, result.stderr) == (0, "")
    expected = ["in/b_edge3.png", "in/y/a_edge3.png", "in/y/deep/er/c_edge3.png", "in/z/a_edge3.png"]
    assert result.lines == expected


def test_an_output_folder_mirrors_the_tree(run: Run) -> None:
    put("in/a.png", "in/x/a.png", "in/x/y/a.png")
    result = run("apply", "in", "-r", *EDGE, "-o", "out/")
    assert result.lines == ["out/a.png", "out/x/a.png", "out/x/y/a.png"]
    assert tree("out") == tree("in") == ["a.png", "x/a.png", "x/y/a.png"]


def test_hidden_files_and_folders_are_passed_over(run: Run) -> None:
    put("in/.a.png", "in/.hidden/b.png", "in/c.png", "in/d/.e.png")
    assert run("apply", "in", "-r", *EDGE).lines == ["in/c_edge3.png"]


def test_a_hidden_file_that_is_named_is_taken(run: Run) -> None:
    put(".a.png", ".in/b.png")
    assert run("apply", ".a.png", ".in", *EDGE).lines == [".a_edge3.png", ".in/b_edge3.png"]


def test_a_folder_without_pictures_fails_and_the_rest_is_done(run: Run) -> None:
    put("a.png", "full/deeper/b.png")
    Path("empty").mkdir()
    result = run("apply", "empty", "full", "a.png", *EDGE)
    assert (result.status, result.lines) == (1, ["a_edge3.png"])
    first, second = result.stderr.splitlines()
    assert "empty: no pictures" in first
    assert "-r" in second


def test_results_beside_their_sources_are_not_taken_in_again(run: Run) -> None:
    put("in/a.png", "in/x/b.jpg")
    first = run("apply", "in", "-r", *EDGE)
    again = run("apply", "in", "-r", *EDGE, "--overwrite")
    assert again == first
    assert run("apply", "in", "-r", *EDGE, "--skip-existing") == Result(0, b"", "")
    assert tree("in") == ["a.png", "a_edge3.png", "x/b.jpg", "x/b_edge3.jpg"]


def test_results_in_a_folder_inside_the_input_are_not_taken_in_again(run: Run) -> None:
    put("a.png", "x/b.jpg")
    first = run("apply", ".", "-r", *EDGE, "-o", "out/")
    assert first.lines == ["out/a.png", "out/x/b.jpg"]
    again = run("apply", ".", "-r", *EDGE, "-o", "out/", "--overwrite")
    assert again == first
    assert tree() == ["a.png", "out/a.png", "out/x/b.jpg", "x/b.jpg"]


def test_an_output_folder_round_the_input_takes_the_results(run: Run) -> None:
    put("photos/raw/a.png", "photos/raw/x/b.png")
    result = run("apply", "photos/raw", "-r", *EDGE, "-o", "photos/")
    assert (result.status, result.lines) == (0, ["photos/a.png", "photos/x/b.png"])


@pytest.mark.parametrize("options", [[], ["--overwrite"]])
@pytest.mark.parametrize("output", ["in/", "in", "./in/../in/"])
def test_an_output_folder_that_is_the_input_is_an_error(run: Run, output: str, options: list[str]) -> None:
    put("in/a.png")
    result = run("apply", "in", *EDGE, "-o", output, *options)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert tree() == ["in/a.png"]
    assert Path("in/a.png").read_bytes() == PNG


def test_a_file_that_is_named_is_taken_even_if_it_is_called_like_a_result(run: Run) -> None:
    put("a.png", "a_edge3.png")
    assert run("apply", "a_edge3.png", *EDGE).lines == ["a_edge3_edge3.png"]


def test_several_inputs_are_done_in_the_order_they_are_given(run: Run) -> None:
    put("z.png", "a.jpg", "in/m.png", "in/b.png", "k.png")
    result = run("apply", "z.png", "in", "a.jpg", "k.png", *EDGE)
    assert result.lines == ["z_edge3.png", "in/b_edge3.png", "in/m_edge3.png", "a_edge3.jpg", "k_edge3.png"]


def test_an_input_that_is_given_twice_is_done_once(run: Run) -> None:
    put("in/a.png")
    assert run("apply", "in/a.png", "in", "./in/a.png", *EDGE).lines == ["in/a_edge3.png"]


def named(name: bytes) -> None:
    """Make a picture whose name is these bytes, where the file system takes them."""
    try:
        Path(os.fsdecode(name)).write_bytes(PNG)
    except OSError:
        pytest.skip("this file system does not take the name")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (b"a b  c.png", b"a b  c_edge3.png"),
        (b"line\nend.png", b"line\nend_edge3.png"),
        (b"caf\xe9\xff.png", b"caf\xe9\xff_edge3.png"),
        (b"\x1b[31mred.png", b"\x1b[31mred_edge3.png"),
        (b"'\"$x`y`*?.png", b"'\"$x`y`*?_edge3.png"),
    ],
)
def test_paths_are_printed_byte_for_byte(run: Run, source: bytes, target: bytes) -> None:
    named(source)
    assert run("apply", os.fsdecode(source), *EDGE) == Result(0, target + b"\n", "")
    assert os.path.exists(target)  # noqa: PTH110


def test_a_name_that_begins_with_a_dash_is_given_with_its_folder(run: Run) -> None:
    put("-a.png")
    result = run("apply", "./-a.png", *EDGE)
    assert (result.status, [os.path.normpath(path) for path in result.lines]) == (0, ["-a_edge3.png"])
    assert tree() == ["-a.png", "-a_edge3.png"]


def test_a_name_that_begins_with_a_dash_is_given_after_two_dashes(run: Run) -> None:
    put("-a.png", "-k")
    assert run("apply", *EDGE, "--", "-a.png").status == 0
    assert tree() == ["-a.png", "-a_edge3.png", "-k"]


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"line\nend.png", b"\x1b[31mred.png"])
def test_errors_about_odd_names_are_one_line_that_steers_no_terminal(run: Run, name: bytes) -> None:
    named(name)
    Path(os.fsdecode(name)).write_bytes(b"text")
    result = run("apply", os.fsdecode(name), *EDGE)
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr.endswith("\n")
    assert result.stderr[:-1].isprintable()


def test_two_inputs_for_one_output_are_an_error_before_anything_is_written(run: Run) -> None:
    put("x/a.png", "y/a.png", "b.png")
    result = run("apply", "b.png", "x/a.png", "y/a.png", *EDGE, "-o", "out/")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "x/a.png" in result.stderr
    assert "y/a.png" in result.stderr
    assert tree() == ["b.png", "x/a.png", "y/a.png"]


@pytest.mark.parametrize("output", ["b.png", "-"])
def test_several_inputs_for_one_file_are_an_error(run: Run, output: str) -> None:
    put("a.png", "c.png")
    result = run("apply", "a.png", "c.png", *EDGE, "-o", output)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert tree() == ["a.png", "c.png"]


@pytest.mark.parametrize("output", ["a.png", "./a.png", "../here/a.png", "link.png", "hard.png", "."])
def test_an_input_is_never_its_own_output(run: Run, output: str) -> None:
    put("a.png")
    Path("link.png").symlink_to("a.png")
    Path("hard.png").hardlink_to("a.png")
    result = run("apply", "a.png", *EDGE, "-o", output, "--overwrite")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert Path("a.png").read_bytes() == PNG


def test_a_target_that_is_there_is_untouched_and_nothing_else_is_done(run: Run) -> None:
    put("a.png", "b.png", "c.png")
    Path("b_edge3.png").write_bytes(UNTOUCHED)
    os.utime("b_edge3.png", ns=(10**18, 10**18 + 1))
    before = Path("b_edge3.png").stat()
    result = run("apply", "a.png", "b.png", "c.png", *EDGE)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert all(word in result.stderr for word in ("b_edge3.png", "--overwrite", "--skip-existing"))
    after = Path("b_edge3.png").stat()
    assert Path("b_edge3.png").read_bytes() == UNTOUCHED
    assert (after.st_mtime_ns, after.st_ino, after.st_mode) == (
        before.st_mtime_ns,
        before.st_ino,
        before.st_mode,
    )
    assert tree() == ["a.png", "b.png", "b_edge3.png", "c.png"]


@pytest.mark.parametrize("source", ["a.png", "-"])
def test_a_named_output_that_is_there_is_untouched(run: Run, source: str) -> None:
    put("a.png")
    Path("b.png").write_bytes(UNTOUCHED)
    assert run("apply", source, *EDGE, "-o", "b.png", stdin=PNG).status == 2
    assert Path("b.png").read_bytes() == UNTOUCHED


def test_a_link_that_leads_nowhere_is_a_target_that_is_there(run: Run) -> None:
    put("a.png")
    Path("a_edge3.png").symlink_to("../beyond.png")
    assert run("apply", "a.png", *EDGE).status == 2
    assert Path("a_edge3.png").is_symlink()
    assert not Path("../beyond.png").exists()


def test_overwrite_replaces(run: Run) -> None:
    put("a.png")
    Path("a_edge3.png").write_bytes(UNTOUCHED)
    assert run("apply", "a.png", *EDGE, "--overwrite") == Result(0, b"a_edge3.png\n", "")
    assert format_of("a_edge3.png") == "PNG"
    assert tree() == ["a.png", "a_edge3.png"]


def test_overwrite_replaces_a_link_and_not_what_it_leads_to(run: Run) -> None:
    put("a.png")
    Path("kept.png").write_bytes(UNTOUCHED)
    Path("a_edge3.png").symlink_to("kept.png")
    assert run("apply", "a.png", *EDGE, "--overwrite").status == 0
    assert Path("kept.png").read_bytes() == UNTOUCHED
    assert not Path("a_edge3.png").is_symlink()


def test_a_failure_with_overwrite_leaves_what_was_there(run: Run) -> None:
    Path("a.png").write_bytes(b"text")
    Path("a_edge3.png").write_bytes(UNTOUCHED)
    assert run("apply", "a.png", *EDGE, "--overwrite").status == 1
    assert Path("a_edge3.png").read_bytes() == UNTOUCHED


def test_skip_existing_passes_over_and_does_the_rest(run: Run) -> None:
    put("a.png", "b.png", "c.png")
    Path("b_edge3.png").write_bytes(UNTOUCHED)
    assert run("apply", "a.png", "b.png", "c.png", *EDGE, "--skip-existing").lines == [
        "a_edge3.png",
        "c_edge3.png",
    ]
    assert Path("b_edge3.png").read_bytes() == UNTOUCHED
    assert run("apply", "a.png", "b.png", "c.png", *EDGE, "--skip-existing") == Result(0, b"", "")


def test_quiet_prints_errors_only(run: Run) -> None:
    put("a.png")
    Path("b.png").write_bytes(b"text")
    assert run("apply", "a.png", *EDGE, "-q") == Result(0, b"", "")
    result = run("apply", "a.png", "b.png", *EDGE, "-q", "--overwrite")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    Path("a.png").rename("misnamed.jpg")
    assert "misnamed.jpg" in run("apply", "misnamed.jpg", *EDGE).stderr
    assert run("apply", "misnamed.jpg", *EDGE, "--overwrite", "-q") == Result(0, b"", "")
    for quiet in ([], ["-q"]):
        result = run("apply", "misnamed.jpg", *EDGE, "--overwrite", "--json", *quiet)
        assert (len(result.lines), bool(result.stderr)) == (2, not quiet)


def test_verbose_tells_more_on_standard_error_alone(run: Run) -> None:
    put("a.png", "b.png")
    Path("b_edge3.png").write_bytes(UNTOUCHED)
    result = run("apply", "a.png", "b.png", *EDGE, "-v", "--skip-existing")
    assert (result.status, result.stdout) == (0, b"a_edge3.png\n")
    assert any("a.png" in line for line in result.stderr.splitlines())
    assert any("b.png" in line and "skipped" in line for line in result.stderr.splitlines())


def test_without_a_terminal_nothing_but_paths_is_said_of_many_files(run: Run) -> None:
    put(*(f"{number}.png" for number in range(9)))
    assert run("apply", ".", *EDGE) == Result(0, b"".join(b"%d_edge3.png\n" % number for number in range(9)), "")


def test_one_failure_does_not_end_the_rest(run: Run) -> None:
    put("a.png", "c.png")
    Path("b.png").write_bytes(PNG[:60])
    result = run("apply", "a.png", "b.png", "missing.png", "c.png", *EDGE)
    assert (result.status, result.lines) == (1, ["a_edge3.png", "c_edge3.png"])
    assert sorted(line.split(": ")[1] for line in result.stderr.splitlines()) == ["b.png", "missing.png"]
    assert tree() == ["a.png", "a_edge3.png", "b.png", "c.png", "c_edge3.png"]


def test_the_exit_status_is_1_where_all_inputs_fail(run: Run) -> None:
    Path("a.png").write_bytes(b"text")
    Path("b.png").write_bytes(b"")
    result = run("apply", "a.png", "b.png", "c.png", *EDGE)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 3)


def test_the_exit_status_is_2_where_the_kernel_is_unknown_and_nothing_is_written(run: Run) -> None:
    put("a.png")
    result = run("apply", "a.png", "-k", "egde3")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert tree() == ["a.png"]


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o444, 0o664, 0o755])
def test_a_result_has_the_permissions_of_its_source(run: Run, mode: int) -> None:
    put("a.png")
    Path("a.png").chmod(mode)
    assert run("apply", "a.png", *EDGE).status == 0
    assert stat.S_IMODE(Path("a_edge3.png").stat().st_mode) == mode


def test_a_result_is_not_open_to_others_while_it_is_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png")
    Path("a.png").chmod(0o600)
    modes: list[int] = []
    whole = Image.Image.save

    def save(image: Image.Image, stream: Any, **settings: Any) -> None:
        modes.extend(path.stat().st_mode for path in Path.cwd().iterdir())
        whole(image, stream, **settings)

    monkeypatch.setattr(Image.Image, "save", save)
    assert run("apply", "a.png", *EDGE).status == 0
    assert [stat.S_IMODE(mode) & 0o077 for mode in modes] == [0] * len(modes)


def test_a_result_that_replaces_has_the_permissions_of_its_source(run: Run) -> None:
    put("a.png")
    Path("a.png").chmod(0o640)
    Path("a_edge3.png").write_bytes(UNTOUCHED)
    Path("a_edge3.png").chmod(0o444)
    assert run("apply", "a.png", *EDGE, "--overwrite").status == 0
    assert stat.S_IMODE(Path("a_edge3.png").stat().st_mode) == 0o640


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_result_of_standard_input_has_the_permissions_of_any_new_file(run: Run, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        assert run("apply", "-", *EDGE, "-o", "b.png", stdin=PNG).status == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("b.png").stat().st_mode) == mode


ENCODER_FAILURES = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError("encoder error -2 when writing image file"),
    ValueError("cannot be"),
    RuntimeError("cannot be"),
    struct.error("cannot be"),
    ZeroDivisionError("cannot be"),
    MemoryError(),
]


def breaking_save(error: Exception, format_name: str) -> Callable[..., None]:
    """Return what stands for Pillow's `save`, and fails halfway with one format."""
    whole = Image.Image.save

    def save(image: Image.Image, stream: Any, **settings: Any) -> None:
        if settings["format"] != format_name:
            return whole(image, stream, **settings)
        stream.write(b"half a picture")
        stream.flush()
        raise error

    return save


@pytest.mark.parametrize("overwrite", [False, True], ids=["new", "overwrite"])
@pytest.mark.parametrize("error", ENCODER_FAILURES, ids=repr)
def test_a_failing_encoder_is_one_line_and_leaves_nothing(
    run: Run, error: Exception, overwrite: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.png", "b.jpg", "c.png")
    if overwrite:
        Path("b_edge3.jpg").write_bytes(UNTOUCHED)
    monkeypatch.setattr(Image.Image, "save", breaking_save(error, "JPEG"))
    result = run("apply", "a.png", "b.jpg", "c.png", *EDGE, *(["--overwrite"] if overwrite else []))
    assert (result.status, result.lines) == (1, ["a_edge3.png", "c_edge3.png"])
    assert result.stderr.startswith("imfilt: b.jpg: ")
    assert result.stderr.count("\n") == 1
    kept = ["b_edge3.jpg"] if overwrite else []
    assert tree() == sorted(["a.png", "a_edge3.png", "b.jpg", "c.png", "c_edge3.png", *kept])
    assert all(Path(name).read_bytes() == UNTOUCHED for name in kept)


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
from imfilt.cli.program import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.tga", "a.jp2"])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.effect_noise((150, 150), 80).save(name)
    put("small.png")
    result = fresh("apply", name, "small.png", "-k", "sharpen", code=LIMITED, seconds=15)
    assert (result.returncode, result.stdout) == (1, b"small_sharpen.png\n")
    assert result.stderr.startswith(f"imfilt: {name}: ".encode())
    assert result.stderr.count(b"\n") == 1
    assert tree() == sorted([name, "small.png", "small_sharpen.png"])


@pytest.mark.parametrize("name", ["a.tif", "a.webp", "a.gif", "a.sgi", "a.pcx", "a.ppm", "a.qoi"])
def test_a_disk_that_takes_a_part_only_is_no_success(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    Image.effect_noise((150, 150), 80).convert("RGB" if name == "a.qoi" else "L").save(name)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    whole = Image.Image.save

    def save(image: Image.Image, stream: Any, **settings: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
        whole(image, stream, **settings)

    monkeypatch.setattr(Image.Image, "save", save)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    try:
        result = run("apply", name, "-k", "sharpen")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (result.status, result.stdout) == (1, b"")
    assert tree() == [name]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("options", [[], ["-o", "-"]], ids=["paths", "picture"])
def test_a_standard_output_that_is_full_is_an_error_in_one_line(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    command = [sys.executable, "-m", "imfilt", "apply", "a.png", *EDGE, *options]
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120
        )
    assert result.returncode == 1
    assert result.stderr.startswith("imfilt: ")
    assert result.stderr.count("\n") == 1


def test_a_target_that_appears_meanwhile_is_not_overwritten(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png", "b.png")
    whole = Image.Image.save

    def save(image: Image.Image, stream: Any, **settings: Any) -> None:
        whole(image, stream, **settings)
        Path("a_edge3.png").write_bytes(UNTOUCHED)

    monkeypatch.setattr(Image.Image, "save", save)
    result = run("apply", "a.png", "b.png", *EDGE)
    assert (result.status, result.lines, result.stderr.count("\n")) == (1, ["b_edge3.png"], 1)
    assert Path("a_edge3.png").read_bytes() == UNTOUCHED
    assert tree() == ["a.png", "a_edge3.png", "b.png", "b_edge3.png"]


def test_a_target_that_appears_meanwhile_is_kept_on_file_systems_without_hard_links(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    put("a.png", "b.png")
    assert run("apply", "a.png", *EDGE).lines == ["a_edge3.png"]
    whole = Image.Image.save

    def save(image: Image.Image, stream: Any, **settings: Any) -> None:
        whole(image, stream, **settings)
        Path("b_edge3.png").write_bytes(UNTOUCHED)

    monkeypatch.setattr(Image.Image, "save", save)
    assert run("apply", "b.png", *EDGE).status == 1
    assert Path("b_edge3.png").read_bytes() == UNTOUCHED
    assert tree() == ["a.png", "a_edge3.png", "b.png", "b_edge3.png"]


def test_a_source_that_disappears_meanwhile_fails_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png", "b.png", "c.png")
    whole = Image.Image.save

    def save(image: Image.Image, stream: Any, **settings: Any) -> None:
        whole(image, stream, **settings)
        Path("b.png").unlink(missing_ok=True)

    monkeypatch.setattr(Image.Image, "save", save)
    result = run("apply", "a.png", "b.png", "c.png", *EDGE)
    assert (result.status, result.lines) == (1, ["a_edge3.png", "c_edge3.png"])
    assert result.stderr.count("\n") == 1


def test_a_source_that_disappears_while_it_is_read_does_not_end_the_rest(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.png", "b.png")
    whole = PngImageFile.load

    def load(image: PngImageFile) -> Any:
        Path("a.png").unlink(missing_ok=True)
        return whole(image)

    monkeypatch.setattr(PngImageFile, "load", load)
    result = run("apply", "a.png", "b.png", *EDGE)
    assert result.lines[-1:] == ["b_edge3.png"]
    assert result.stderr.count("\n") <= 1


def test_the_result_of_a_link_lies_beside_the_link(run: Run) -> None:
    put("far/real.png")
    Path("far/real.png").chmod(0o640)
    Path("link.png").symlink_to("far/real.png")
    assert run("apply", "link.png", *EDGE).lines == ["link_edge3.png"]
    assert not Path("link_edge3.png").is_symlink()
    assert stat.S_IMODE(Path("link_edge3.png").stat().st_mode) == 0o640
    assert tree("far") == ["real.png"]


def test_links_among_folders_do_not_lead_round_in_circles(run: Run) -> None:
    put("in/a.png", "in/x/b.png")
    Path("in/x/up").symlink_to("..", target_is_directory=True)
    Path("in/self").symlink_to(".", target_is_directory=True)
    Path("in/loop").symlink_to("loop")
    Path("in/nowhere.png").symlink_to("not-there.png")
    result = run("apply", "in", "-r", *EDGE)
    assert (result.status, result.stderr) == (0, "")
    assert result.lines == ["in/a_edge3.png", "in/x/b_edge3.png"]


def test_a_link_that_leads_nowhere_is_an_input_that_fails(run: Run) -> None:
    Path("a.png").symlink_to("not-there.png")
    Path("loop.png").symlink_to("loop.png")
    result = run("apply", "a.png", "loop.png", *EDGE)
    assert (result.status, result.stderr.count("\n")) == (1, 2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put("in/a.png")
    os.mkfifo("in/pipe.png")
    os.mkfifo("pipe.png")
    result = fresh("apply", "in", "pipe.png", *EDGE)
    assert (result.returncode, result.stdout) == (1, b"in/a_edge3.png\n")
    assert result.stderr.splitlines() == [
        b"imfilt: in/pipe.png: passed over, it is a named pipe",
        b"imfilt: pipe.png: neither a file nor a folder, but a named pipe; it is not opened",
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_found_before_anything_is_done(run: Run) -> None:
    put("a.png", "locked/b.png")
    Path("locked").chmod(0o555)
    try:
        result = run("apply", "a.png", "locked/b.png", *EDGE)
    finally:
        Path("locked").chmod(0o755)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert tree() == ["a.png", "locked/b.png"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_fails_alone(run: Run) -> None:
    put("a.png", "b.png")
    Path("a.png").chmod(0)
    result = run("apply", "a.png", "b.png", *EDGE)
    assert (result.status, result.lines, result.stderr.count("\n")) == (1, ["b_edge3.png"], 1)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may look everywhere")
def test_what_lies_in_a_folder_that_may_not_be_looked_into_fails_alone(run: Run) -> None:
    put("locked/a.png", "in/b.png", "in/locked/c.png", "d.png")
    for folder in ("locked", "in/locked"):
        Path(folder).chmod(0)
    try:
        result = run("apply", "locked/a.png", "in", "d.png", "-r", *EDGE)
    finally:
        for folder in ("locked", "in/locked"):
            Path(folder).chmod(0o755)
    assert (result.status, result.lines) == (1, ["in/b_edge3.png", "d_edge3.png"])
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["locked/a.png", "in/locked"]


def test_an_input_whose_name_is_too_long_fails_alone(run: Run) -> None:
    put("a.png")
    result = run("apply", f"{'n' * 300}.png", "a.png", *EDGE)
    assert (result.status, result.lines, result.stderr.count("\n")) == (1, ["a_edge3.png"], 1)
    assert result.stderr.startswith("imfilt: nnn")


def test_an_output_whose_name_gets_too_long_is_an_error_that_names_it(run: Run) -> None:
    put(f"{'n' * 248}.png")
    result = run("apply", f"{'n' * 248}.png", *EDGE)
    assert result.status in (1, 2)
    assert result.stderr.startswith("imfilt: nnn")
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        ("apply - -k edge3 -o b.png <&-", []),
        ("apply a.png -k edge3 -o - >&-", []),
        ("apply a.png -k edge3 >&-", ["a_edge3.png"]),
        ("list-kernels >&-", []),
    ],
)
def test_a_stream_that_is_closed_gives_no_traceback(arguments: str, made: list[str]) -> None:
    put("a.png")
    command = ["/bin/sh", "-c", f"'{sys.executable}' -m imfilt {arguments}"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") <= 1
    assert set(tree()) <= {"a.png", *made}


@pytest.mark.parametrize("output", ["no/such/b.png", "a.png/b.png", "a.png/"])
def test_an_output_in_a_folder_that_is_none_is_refused(run: Run, output: str) -> None:
    put("a.png")
    result = run("apply", "a.png", *EDGE, "-o", output)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert tree() == ["a.png"]


def on_a_terminal(
    *arguments: str, stdout_too: bool = False, environment: Mapping[str, str] | None = None
) -> tuple[int, bytes, str]:
    """Run the command with standard error on a terminal; return status, standard output, what is drawn."""
    pty = pytest.importorskip("pty")
    reader, terminal = pty.openpty()
    unset = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
    settings = {name: value for name, value in os.environ.items() if name not in unset}
    settings |= {"TERM": "xterm-256color", "COLUMNS": "100", **(environment or {})}
    with subprocess.Popen(
        [sys.executable, "-m", "imfilt", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=terminal if stdout_too else subprocess.PIPE,
        stderr=terminal,
        env=settings,
    ) as process:
        os.close(terminal)
        drawn = b"".join(pieces_of(reader))
        os.close(reader)
        written, _ = process.communicate()
    return process.returncode, written or b"", drawn.decode()


def pieces_of(reader: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # what Linux says at the end of a terminal
        while piece := os.read(reader, 4096):
            yield piece


def left_on_screen(drawn: str) -> list[str]:
    """Return the lines that a terminal shows in the end, as far as it needs to be a terminal here."""
    screen, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[[?0-9;]*[a-zA-Z]|.", drawn, re.DOTALL):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            row += 1
            screen += [""] * (row + 1 - len(screen))
        elif piece.startswith("\x1b") and piece.endswith("A"):
            row -= int(piece[2:-1] or 1)
        elif piece.startswith("\x1b") and piece.endswith("K"):
            screen[row] = "" if piece[2:-1] == "2" else screen[row][:column]
        elif not piece.startswith("\x1b"):
            screen[row] = screen[row][:column].ljust(column) + piece + screen[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in screen if line.strip()]


@pytest.fixture
def four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    monkeypatch.chdir(tmp_path)
    names = [f"{number}.png" for number in range(4)]
    put(*names)
    return names


def test_several_files_on_a_terminal_are_counted_on_standard_error_alone(four: Sequence[str]) -> None:
    code, written, drawn = on_a_terminal("apply", *four, *EDGE)
    assert (code, written) == (0, b"0_edge3.png\n1_edge3.png\n2_edge3.png\n3_edge3.png\n")
    assert "4/4" in drawn
    assert "_edge3.png" not in drawn
    assert left_on_screen(drawn) == []


@pytest.mark.usefixtures("four")
def test_one_file_on_a_terminal_needs_no_bar() -> None:
    assert on_a_terminal("apply", "0.png", *EDGE) == (0, b"0_edge3.png\n", "")


def test_quiet_draws_no_bar(four: Sequence[str]) -> None:
    assert on_a_terminal("apply", *four, *EDGE, "-q") == (0, b"", "")


def test_no_color_draws_without_colour(four: Sequence[str]) -> None:
    coloured = re.compile(r"\x1b\[[0-9;]*m")
    _, _, drawn = on_a_terminal("apply", *four, *EDGE)
    assert coloured.search(drawn)
    code, _, drawn = on_a_terminal("apply", *four, *EDGE, "--overwrite", environment={"NO_COLOR": "1"})
    assert code == 0
    assert "4/4" in drawn
    assert not coloured.search(drawn)


def test_paths_and_bar_on_one_terminal_leave_only_the_paths(four: Sequence[str]) -> None:
    code, _, drawn = on_a_terminal("apply", *four, *EDGE, stdout_too=True)
    assert code == 0
    assert left_on_screen(drawn) == ["0_edge3.png", "1_edge3.png", "2_edge3.png", "3_edge3.png"]


def test_an_error_between_paths_on_one_terminal_is_one_line(four: Sequence[str]) -> None:
    Path("1.png").unlink()
    Path("1.png").write_bytes(b"text")
    _, _, drawn = on_a_terminal("apply", *four, *EDGE, stdout_too=True, environment={"COLUMNS": "60"})
    first, error, *others = left_on_screen(drawn)
    assert [first, *others] == ["0_edge3.png", "2_edge3.png", "3_edge3.png"]
    assert error.startswith("imfilt: 1.png: ")


def test_a_picture_is_not_written_to_a_terminal(four: Sequence[str]) -> None:
    code, _, drawn = on_a_terminal("apply", four[0], *EDGE, "-o", "-", stdout_too=True)
    assert code == 2
    assert len(left_on_screen(drawn)) <= 2
    assert "PNG" not in drawn


# One picture for each kernel

EACH = ("-k", "edge1", "-k", "sharpen", "--each")


def test_each_kernel_makes_the_picture_that_it_makes_alone(run: Run) -> None:
    put("a.jpg")
    assert run("apply", "a.jpg", *EACH) == Result(0, b"a_edge1.jpg\na_sharpen.jpg\n", "")
    for name in ("edge1", "sharpen"):
        assert run("apply", "a.jpg", "-k", name, "-o", "alone.jpg", "--overwrite").status == 0
        assert Path("alone.jpg").read_bytes() == Path(f"a_{name}.jpg").read_bytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "CMYK", "I;16"])
def test_each_kernel_sees_the_source_of_a_large_picture_too(run: Run, mode: str) -> None:
    extension = "tif" if mode == "CMYK" else "png"
    image = Image.effect_noise((1100, 1000), 80)
    image = Image.frombytes(mode, (550, 1000), image.tobytes()) if mode == "I;16" else image.convert(mode)
    image.save(f"a.{extension}")
    assert run("apply", f"a.{extension}", *EACH, "-k", "edge3").status == 0
    for name in ("edge1", "sharpen", "edge3"):
        assert run("apply", f"a.{extension}", "-k", name, "-o", f"alone.{extension}", "--overwrite").status == 0
        assert Path(f"alone.{extension}").read_bytes() == Path(f"a_{name}.{extension}").read_bytes()


@pytest.mark.parametrize("options", [["--size", "valid"], ["--size", "full"], ["--stride", "3"]])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_large_pictures_may_change_their_size(run: Run, mode: str, options: list[str]) -> None:
    Image.effect_noise((1100, 1000), 80).convert(mode).save("a.png")
    assert run("apply", "a.png", *EDGE, *options, "-o", "b.png").status == 0
    with Image.open("a.png") as source, Image.open("b.png") as result:
        size = {"--size": options[1], "--stride": "same"}[options[0]]
        expected = imfilt.apply(source, "edge3", size=size, stride=3 if options[0] == "--stride" else 1)
        assert result.mode == mode
        assert result.tobytes() == expected.tobytes()


def test_a_source_is_read_once_for_each_kernel(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png", "b.png")
    opened: list[str] = []
    real = Image.open

    def count(source: Any, *arguments: Any, **options: Any) -> Any:
        opened.append(str(source))
        return real(source, *arguments, **options)

    monkeypatch.setattr(Image, "open", count)
    assert len(run("apply", "a.png", "b.png", *EACH).lines) == 4
    assert len(opened) == 2


@pytest.mark.parametrize("output", ["out/", "new/out/"])
def test_in_a_folder_results_are_named_after_each_kernel_too(run: Run, output: str) -> None:
    put("in/a.jpg", "in/deep/b.png")
    result = run("apply", "in", "-r", *EACH, "-o", output)
    assert (result.status, result.stderr) == (0, "")
    names = ["a_edge1.jpg", "a_sharpen.jpg", "deep/b_edge1.png", "deep/b_sharpen.png"]
    assert result.lines == [f"{output}{name}" for name in names]
    assert tree(output) == names


def test_one_kernel_is_named_in_the_folder_too(run: Run) -> None:
    put("a.jpg")
    assert run("apply", "a.jpg", "-k", "edge1", "--each", "-o", "out/").lines == ["out/a_edge1.jpg"]
    assert run("apply", "a.jpg", "-k", "edge1", "--each", "-o", "b.png").lines == ["b.png"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["-m", "1 2", "-m", "2 1"], ["a_custom1.png", "a_custom2.png"]),
        (["-m", "1 2", "-k", "edge1", "-m", "2 1"], ["a_custom1.png", "a_edge1.png", "a_custom2.png"]),
        (["-m", "1 2", "-k", "edge1"], ["a_custom.png", "a_edge1.png"]),
        (["-k", "edge1", "-k", "Edge-1", "-m", "1 2", "-m", "1, 2"], ["a_edge1.png", "a_custom.png"]),
    ],
)
def test_kernels_of_one_name_are_numbered_and_the_same_kernel_is_done_once(
    run: Run, options: list[str], names: list[str]
) -> None:
    put("a.png")
    assert run("apply", "a.png", *options, "--each").lines == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "b.png"], "the results of 2 kernels cannot all be written to 'b.png'; end it with a slash"),
        (["-o", "-"], "the results of 2 kernels cannot all be written to standard output; give one"),
        (["--combine", "max"], "--each and --combine contradict each other; give one of them"),
    ],
)
def test_each_with_one_place_or_one_result_is_an_error(run: Run, options: list[str], message: str) -> None:
    put("a.png")
    result = run("apply", "a.png", *EACH, *options)
    assert (result.status, result.stdout) == (2, b"")
    assert message in result.stderr
    assert tree() == ["a.png"]


def test_each_of_standard_input_is_an_error(run: Run) -> None:
    result = run("apply", "-", *EACH, stdin=PNG)
    assert (result.status, result.stdout) == (2, b"")
    assert "cannot all be written to standard output; give one" in result.stderr


def test_every_target_of_each_is_checked_before_anything_is_written(run: Run) -> None:
    put("a.png", "b.png")
    Path("b_sharpen.png").write_bytes(UNTOUCHED)
    result = run("apply", "a.png", "b.png", *EACH)
    assert (result.status, result.stdout) == (2, b"")
    assert "b_sharpen.png: is there already" in result.stderr
    assert tree() == ["a.png", "b.png", "b_sharpen.png"]


def test_targets_of_each_that_fall_together_are_an_error(run: Run) -> None:
    put("a.png")
    Path("mine.toml").write_text("[kernels.custom1]\nmatrix = [[1, 1]]\n")
    options = ("--registry", "mine.toml", "-k", "custom1", "-m", "1 2", "-m", "2 1")
    result = run("apply", "a.png", *options, "--each")
    assert (result.status, result.stdout) == (2, b"")
    assert "two kernels would both be written to a_custom1.png" in result.stderr


def test_skip_existing_and_overwrite_are_per_target_of_each(run: Run) -> None:
    put("a.png")
    Path("a_edge1.png").write_bytes(UNTOUCHED)
    assert run("apply", "a.png", *EACH, "--skip-existing").lines == ["a_sharpen.png"]
    assert Path("a_edge1.png").read_bytes() == UNTOUCHED
    result = run("apply", "a.png", *EACH, "--skip-existing", "-v")
    assert (result.status, result.stdout) == (0, b"")
    assert "a_edge1.png is there already" in result.stderr
    assert run("apply", "a.png", *EACH, "--overwrite").lines == ["a_edge1.png", "a_sharpen.png"]
    assert format_of("a_edge1.png") == "PNG"


def test_a_source_of_each_that_cannot_be_read_fails_once_and_the_rest_is_done(run: Run) -> None:
    put("b.png")
    Path("a.png").write_bytes(b"text")
    result = run("apply", "a.png", "b.png", *EACH)
    assert (result.status, result.lines) == (1, ["b_edge1.png", "b_sharpen.png"])
    assert result.stderr.count("a.png") == 1
    assert len(result.stderr.splitlines()) == 1


def test_a_kernel_of_each_that_does_not_fit_fails_alone(run: Run) -> None:
    put("a.png")
    result = run("apply", "a.png", "-k", "edge1", "-m", "1 " * 30, "-k", "sharpen", "--each", "--size", "valid")
    assert (result.status, result.lines) == (1, ["a_edge1.png", "a_sharpen.png"])
    assert "kernel 'custom' spans 1 x 30 samples" in result.stderr


def test_the_seconds_of_a_result_of_each_are_not_those_of_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png", "b.png")
    monkeypatch.setattr(work, "time", SimpleNamespace(perf_counter=count().__next__))
    recipe = Recipe((imfilt.load_registry()["edge1"],))
    results = tuple(jobs.Result(Path(name), recipe) for name in ("b.png", "c.png"))  # the first of which is there
    outcomes = work.do_job(jobs.Job(Path("a.png"), results))
    assert [(outcome.status.value, outcome.seconds) for outcome in outcomes] == [("failed", 1), ("written", 1)]


def test_results_of_each_beside_their_sources_are_not_taken_in_again(run: Run) -> None:
    put("in/a.png")
    assert run("apply", "in", *EACH).status == 0
    assert run("apply", "in", *EACH, "--overwrite").lines == ["in/a_edge1.png", "in/a_sharpen.png"]
