"""Which files are taken, and what results are called: many files, of any name, in folders of any shape."""

from __future__ import annotations

import io
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, Run, snapshot
from PIL import Image

import imfilt.batch.jobs.names as names

EDGE = ("-k", "edge3")


def encoded(level: int) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((12, 9)).point(lambda sample: min(255, sample + level)).save(stream, "PNG")
    return stream.getvalue()


def put(*paths: str) -> None:
    """Make pictures, each different, in folders that are made as well."""
    for level, path in enumerate(paths):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(encoded(level))


def tree(folder: str | Path = ".") -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if not path.is_dir())


def usage(result: Result, *words: str) -> None:
    """Check for one line about usage that holds all `words`."""
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert all(word in result.stderr for word in words), result.stderr


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)


# Globs


@pytest.mark.parametrize(
    ("pattern", "made"),
    [
        ("in/*.png", ["in/a_edge3.png", "in/b_edge3.png"]),
        ("in/[b-z].png", ["in/b_edge3.png"]),
        ("in/?.png", ["in/a_edge3.png", "in/b_edge3.png"]),
        ("in/**/*.png", ["in/a_edge3.png", "in/b_edge3.png", "in/deep/er/d_edge3.png"]),
        ("*/*.PNG", ["in/C_edge3.PNG"]),
        ("i*", ["in/C_edge3.PNG", "in/a_edge3.png", "in/b_edge3.png"]),
    ],
)
def test_a_pattern_that_no_shell_expanded_is_expanded(run: Run, pattern: str, made: list[str]) -> None:
    put("in/b.png", "in/a.png", "in/C.PNG", "in/deep/er/d.png", "in/.hidden.png")
    Path("in/notes.txt").write_text("no picture")
    result = run("apply", pattern, *EDGE)
    assert (result.status, result.lines, result.stderr) == (0, made, "")


def test_a_pattern_takes_no_results_in_again(run: Run) -> None:
    put("in/a.png", "in/b.png")
    first = run("apply", "in/*.png", *EDGE)
    assert run("apply", "in/*.png", *EDGE, "--overwrite") == first


def test_a_pattern_mirrors_the_tree_below_the_folder_it_begins_with(run: Run) -> None:
    put("in/a.png", "in/x/a.png")
    assert run("apply", "in/**/*.png", *EDGE, "-o", "out/").lines == ["out/a.png", "out/x/a.png"]


def test_a_file_that_is_called_like_a_pattern_is_that_file(run: Run) -> None:
    put("[a].png", "a.png")
    assert run("apply", "[a].png", *EDGE).lines == ["[a]_edge3.png"]


def test_a_pattern_that_matches_nothing_fails_alone(run: Run) -> None:
    put("a.png")
    result = run("apply", "in/*.png", "a.png", *EDGE)
    assert (result.status, result.lines) == (1, ["a_edge3.png"])
    assert result.stderr == "imfilt: in/*.png: no such file or folder, and nothing matches it as a pattern\n"


# Lists


@pytest.mark.parametrize("place", ["list.txt", "-"])
@pytest.mark.parametrize("options", [[], ["-0"]], ids=["lines", "nulls"])
def test_a_list_names_files_and_folders(run: Run, place: str, options: list[str]) -> None:
    put("b.png", "in/c.png", "in/a.png", "-")
    data = b"in\nb.png\n\n" if not options else b"in\0b.png\0"
    Path("list.txt").write_bytes(data)
    result = run("apply", "--files-from", place, *options, *EDGE, stdin=data)
    assert result == Result(0, b"in/a_edge3.png\nin/c_edge3.png\nb_edge3.png\n", "")


def test_a_list_may_hold_any_name_byte_for_byte(run: Run) -> None:
    listed = [b"line\nend.png", b"caf\xe9\xff.png", b"-k.png", b"*.png", b" .png", b"n" * 200 + b".png"]
    for name in listed:
        Path(os.fsdecode(name)).write_bytes(encoded(0))
    Path("list").write_bytes(b"\0".join(listed))
    result = run("apply", "--files-from", "list", "-0", *EDGE)
    # all are hard to tell apart but by their bytes
    assert (result.status, result.stderr) == (0, "")
    assert sorted(result.stdout.rstrip(b"\n").split(b"_edge3.png\n")) == sorted(
        [name.removesuffix(b".png") for name in listed[:-1]] + [b"n" * 200 + b"_edge3.png"]
    )


def test_after_the_inputs_comes_the_list(run: Run) -> None:
    put("a.png", "b.png", "c.png")
    Path("list").write_text("c.png\na.png\n")
    assert run("apply", "b.png", "--files-from", "list", *EDGE).lines == ["b_edge3.png", "c_edge3.png", "a_edge3.png"]


def test_an_empty_list_is_nothing_to_do(run: Run) -> None:
    assert run("apply", "--files-from", "-", *EDGE) == Result(0, b"", "imfilt: no pictures to filter\n")


def test_what_is_wrong_with_a_list_is_one_line(run: Run) -> None:
    Path("list").write_bytes(b"a.png\0b.png\0")
    usage(run("apply", "--files-from", "list", *EDGE), "list: there are null bytes", "-0")
    usage(run("apply", "--files-from", "none", *EDGE), "none: the list cannot be read")
    usage(run("apply", "-0", "a.png", *EDGE), "--files-from")
    usage(run("apply", "-", "--files-from", "-", *EDGE), "standard input cannot be a picture and a list")
    usage(run("apply", *EDGE), "INPUT")
    assert tree() == ["list"]


# Patterns of names


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (["--include", "*.jpg"], ["b.JPG"]),
        (["--include", "a*", "--include", "*.jpg"], ["a.png", "b.JPG", "raw/a.png"]),
        (["--exclude", "a.*"], ["b.JPG", "raw/c.png", "x/raw/d.png"]),
        (["--exclude", "raw"], ["a.png", "b.JPG"]),
        (["--exclude", "raw/*"], ["a.png", "b.JPG", "x/raw/d.png"]),
        (["--include", "raw/*", "--exclude", "*c.png"], ["raw/a.png"]),
        (["--include", "[!a]*", "--exclude", "x"], ["b.JPG", "raw/c.png"]),
    ],
)
def test_pictures_are_chosen_by_patterns(run: Run, options: list[str], taken: list[str]) -> None:
    put("in/a.png", "in/b.JPG", "in/raw/a.png", "in/raw/c.png", "in/x/raw/d.png")
    result = run("apply", "in", "-r", *options, *EDGE, "-o", "out/")
    assert (result.status, result.lines) == (0, [f"out/{name}" for name in taken])


def test_patterns_that_leave_nothing_are_told_from_a_folder_without_pictures(run: Run) -> None:
    put("in/a.png", "in/x/b.png")
    for options in (["--exclude", "*"], ["-r", "--include", "*.tif"]):
        result = run("apply", "in", *options, *EDGE, "-o", "out/")
        told = "imfilt: in: --include and --exclude leave none of the pictures in this folder\n"
        assert (result.status, result.stderr) == (1, told)


def test_patterns_hold_for_files_that_are_named_too(run: Run) -> None:
    put("a.png", "a_thumb.png")
    assert run("apply", "a.png", "a_thumb.png", "--exclude", "*_thumb*", *EDGE).lines == ["a_edge3.png"]


def test_a_folder_that_is_excluded_is_not_looked_into(run: Run) -> None:
    put("in/a.png")
    Path("in/x").symlink_to("x")
    Path("in/private").mkdir(mode=0)
    assert run("apply", "in", "-r", "--exclude", "private", *EDGE).stderr == ""


# Names of results


@pytest.mark.parametrize(
    ("options", "made"),
    [
        (["--name", "{stem}_{kernel}{ext}"], ["in/a_edge3.png"]),
        (["--name", "{parent}-{stem}.new{ext}"], ["in/in-a.new.png"]),
        (["--name", "{kernel}/{stem}{ext}"], ["in/edge3/a.png"]),
        (["--name", "{{{stem}}}.jpg"], ["in/{a}.jpg"]),
        (["--suffix", "_soft"], ["in/a_soft.png"]),
        (["--suffix", "{x}"], ["in/a{x}.png"]),
        (["--suffix", ".2", "-o", "out/"], ["out/a.2.png"]),
        (
            ["--name", "{kernel}_{stem}{ext}", "-o", "out/", "--each", "-k", "edge1"],
            ["out/edge3_a.png", "out/edge1_a.png"],
        ),
    ],
)
def test_results_are_called_as_it_is_asked_for(run: Run, options: list[str], made: list[str]) -> None:
    put("in/a.png")
    result = run("apply", "in", *EDGE, *options)
    assert (result.status, result.lines, result.stderr) == (0, made, "")
    again = run("apply", "in", "-r", *EDGE, *options, "--overwrite")
    assert again == result


def test_the_extension_of_a_name_says_the_format(run: Run) -> None:
    put("a.png")
    assert run("apply", "a.png", *EDGE, "--name", "{stem}.jpg").lines == ["a.jpg"]
    with Image.open("a.jpg") as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--name", "{steam}"], ["no field {steam}", "{stem}"]),
        (["--name", "{}"], ["{stem}"]),
        (["--name", "{stem"], ["--name", "{stem}"]),
        (["--name", "{stem.x}{ext}"], ["{stem}"]),
        (["--name", ""], ["not the name of a file"]),
        (["--name", "../{stem}{ext}"], ["not the name of a file"]),
        (["--name", "/{stem}{ext}"], ["not the name of a file"]),
        (["--name", "x/"], ["not the name of a file"]),
        (["--name", "{stem}", "-o", "b.png"], ["end -o with a slash"]),
        (["--name", "{stem}", "-o", "-"], ["end -o with a slash"]),
        (["--name", "{stem}", "--suffix", "x"], ["--name and --suffix contradict"]),
        (["--name", "x{ext}", "--each", "-k", "edge1"], ["two kernels", "{kernel}"]),
    ],
)
def test_a_name_that_will_not_do_is_told_before_anything_is_written(
    run: Run, options: list[str], words: list[str]
) -> None:
    put("a.png")
    usage(run("apply", "a.png", *EDGE, *options), *words)
    assert tree() == ["a.png"]


def test_one_name_for_two_inputs_is_an_error(run: Run) -> None:
    put("a.png", "b.png")
    usage(run("apply", "a.png", "b.png", *EDGE, "--name", "x{ext}"), "a.png and b.png", "x.png")
    assert tree() == ["a.png", "b.png"]


# What would be done


def test_a_dry_run_prints_the_jobs_and_writes_nothing(run: Run) -> None:
    put("in/a.png", "in/x/b\n.png", "out/a.png")
    before = snapshot(Path())
    result = run("apply", "in", "-r", *EDGE, "-o", "out/", "--overwrite", "--dry-run")
    assert (result.status, result.stderr) == (0, "")
    assert result.lines == ["in/a.png -> out/a.png (replaced)", r"in/x/b\n.png -> out/x/b\n.png"]
    assert snapshot(Path()) == before
    usage(run("apply", "in", "-r", *EDGE, "-o", "out/", "-n"), "out/a.png: is there already")
    assert run("apply", "in", "nothing", *EDGE, "-n").status == 1
    assert snapshot(Path()) == before


# One file under two names


def two_names() -> list[str]:
    put("a.png")
    Path("hard.png").hardlink_to("a.png")
    Path("soft.png").symlink_to("a.png")
    return ["a.png", "./a.png", "hard.png", "./hard.png", "soft.png", "../here/soft.png"]


def test_one_file_under_several_names_has_a_result_for_each_and_one_name_only_one(run: Run) -> None:
    result = run("apply", *two_names(), *EDGE)
    assert result == Result(0, b"a_edge3.png\nhard_edge3.png\nsoft_edge3.png\n", "")


def test_a_file_with_symbolic_links_is_replaced_once_and_one_with_hard_links_under_each_name(run: Run) -> None:
    names = two_names()
    Path("other.png").symlink_to("hard.png")
    result = run("apply", *names, "other.png", *EDGE, "--in-place")
    assert (result.status, result.lines) == (0, ["a.png", "hard.png"])
    assert result.stderr.splitlines() == [
        "imfilt: soft.png: passed over, it is the same file as a.png",
        "imfilt: other.png: passed over, it is the same file as hard.png",
    ]
    put("expected/a.png")
    assert run("apply", "expected/a.png", *EDGE, "-o", "once.png").status == 0
    assert Path("a.png").read_bytes() == Path("hard.png").read_bytes() == Path("once.png").read_bytes()


def test_a_name_in_two_spellings_is_replaced_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png")
    Path("A.png").hardlink_to("a.png")
    original = os.stat

    def one_name(*arguments: Any, **named: Any) -> os.stat_result:  # a file system that takes them for one
        found = original(*arguments, **named)
        return os.stat_result((*found[:3], 1, *found[4:]))

    monkeypatch.setattr(os, "stat", one_name)
    result = run("apply", "a.png", "A.png", *EDGE, "--in-place")
    assert (result.status, result.lines) == (0, ["a.png"])
    assert result.stderr == "imfilt: A.png: passed over, it is the same file as a.png\n"


def test_one_file_by_way_of_a_folder_that_is_linked_is_done_once(run: Run) -> None:
    put("in/a.png")
    Path("link").symlink_to("in", target_is_directory=True)
    assert run("apply", "in", "link", "link/a.png", *EDGE) == Result(0, b"in/a_edge3.png\n", "")


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_target_that_is_another_name_of_an_input_is_an_error(run: Run, kind: str) -> None:
    put("in/a.png", "in/b.png", "out/x")
    link = Path("out/b.png")
    link.hardlink_to("in/a.png") if kind == "hard" else link.symlink_to("../in/a.png")
    before = snapshot(Path())
    usage(run("apply", "in", *EDGE, "-o", "out/", "--overwrite"), "out/b.png", "in/a.png")
    assert snapshot(Path()) == before


def test_names_that_one_file_system_may_take_for_one_are_two_where_it_does_not(run: Run, tmp_path: Path) -> None:
    paths = ["A.png", "a.png", "caf\u00e9.png", "cafe\u0301.png", "x/a.png", "X/A.png"]
    if any(names.is_one_name(str(tmp_path / one), str(tmp_path / two)) for one, two in [paths[:2], paths[2:4]]):
        pytest.skip("this file system takes them for one")
    put(*(f"in/{path}" for path in paths))
    result = run("apply", "in", "-r", *EDGE, "-o", "out/")
    assert (result.status, result.stderr) == (0, "")
    assert tree("out") == sorted(paths)


@pytest.mark.parametrize(
    ("one", "other"),
    [("A.png", "a.png"), ("caf\u00e9.png", "cafe\u0301.png"), ("Deep/a.png", "deep/a.png"), ("x/y/A.png", "X/Y/a.png")],
)
def test_names_that_are_one_file_to_the_file_system_are_an_error(
    run: Run, one: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(f"in/{one}", f"in/{other}")
    if len(tree("in")) == 1:
        pytest.skip("the pictures cannot even be made here")
    asked: list[tuple[str, str]] = []

    def find(_folder: str, name: str, other: str) -> bool:
        asked.append((name, other))
        return names.fold(name) == names.fold(other)

    monkeypatch.setattr(names, "_finds", find)  # a file system that does not tell them apart
    usage(run("apply", "in", "-r", *EDGE, "-o", "out/"), f"in/{one}", f"in/{other}", "the same file")
    assert asked
    assert not Path("out").exists()


def test_the_file_system_is_asked_without_a_trace(tmp_path: Path) -> None:
    assert names.is_one_name(str(tmp_path / "a.png"), str(tmp_path / "a.png"))
    assert not names.is_one_name(str(tmp_path / "a" / "b.png"), str(tmp_path / "b" / "b.png"))
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]


def test_a_target_that_would_be_a_folder_as_well_is_an_error(run: Run) -> None:
    put("one/a.png", "two/a.png/b.png")
    usage(run("apply", "one", "two", "-r", *EDGE, "-o", "out/"), "out/a.png", "a folder, and a file")
    assert not Path("out").exists()


# Odd files and odd names


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no sockets in folders")
def test_pipes_and_sockets_in_folders_are_passed_over_with_a_word_and_not_opened(run: Run) -> None:
    put("in/a.png")
    os.mkfifo("in/pipe.png")
    os.mkfifo("in/pipe")
    Path("in/link.png").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("in/socket.png")
        result = run("apply", "in", *EDGE)
    assert (result.status, result.lines) == (0, ["in/a_edge3.png"])
    assert result.stderr.splitlines() == [
        "imfilt: in/link.png: passed over, it is a named pipe",
        "imfilt: in/pipe.png: passed over, it is a named pipe",
        "imfilt: in/socket.png: passed over, it is a socket",
    ]


def test_pipes_and_links_that_a_pattern_matches_end_nothing(run: Run) -> None:
    put("in/a.png", "in/d.png")
    os.mkfifo("in/b.png")
    Path("in/c.png").symlink_to("nowhere")
    result = run("apply", "in/*.png", *EDGE, "-o", "out/")
    assert (result.status, result.lines) == (1, ["out/a.png", "out/d.png"])
    assert result.stderr.splitlines() == [
        "imfilt: in/b.png: passed over, it is a named pipe",
        "imfilt: in/c.png: neither a file nor a folder, but a link that leads nowhere",
    ]


def test_any_folders_of_a_pattern_are_not_looked_for_behind_links(run: Run) -> None:
    put("in/a.png", "in/x/y/b.png", "in/.hidden/c.png", "in/[z]/d.png", "in/e.jpg")
    for name in ("l1", "l2", "x/l3"):
        Path("in", name).symlink_to(".", target_is_directory=True)
    for pattern, found in {
        "in/**/*.png": ["[z]/d.png", "a.png", "x/y/b.png"],
        "**/y/*.png": ["in/x/y/b.png"],
        "in/**/x/**/*": ["x/y/b.png"],
        "in/**": ["[z]/d.png", "a.png", "e.jpg", "x/y/b.png"],
        "in/l1/*.png": ["a.png"],
    }.items():
        result = run("apply", pattern, *EDGE, "-o", "out/", "--dry-run")
        targets = [line.partition(" -> out/")[2] for line in result.lines]
        assert sorted(targets) == found, pattern


def test_any_name_in_a_tree_is_mirrored_byte_for_byte(run: Run) -> None:
    odd = [b"line\nend.png", b"caf\xe9\xff.png", b"-k.png", b"n" * 251 + b".png", b"\x1b[2J.png", b"-r/--.png"]
    for name in odd:
        put(os.fsdecode(b"in/" + name))
    result = run("apply", "in", "-r", *EDGE, "-o", "out/")
    assert (result.status, result.stderr) == (0, "")
    assert tree("out") == tree("in")
    assert len(tree("out")) == len(odd)


def test_a_link_round_in_a_circle_is_no_picture(run: Run) -> None:
    put("in/a.png")
    Path("in/b.png").symlink_to("b.png")
    Path("in/x.png").symlink_to(".", target_is_directory=True)
    assert run("apply", "in", "-r", *EDGE) == Result(0, b"in/a_edge3.png\n", "")


def test_folders_many_levels_deep_are_looked_into(run: Run) -> None:
    deep = "/".join(["d"] * 300)
    put("in/a.png")
    os.makedirs(f"in/{deep}")  # noqa: PTH103
    Path(f"in/{deep}/b.png").write_bytes(encoded(1))
    result = run("apply", "in", "-r", *EDGE, "--dry-run")
    assert (result.status, len(result.lines)) == (0, 2)


def test_a_source_that_vanishes_fails_alone() -> None:
    put("a.png", "b.png", "c.png")
    code = """
import sys
from pathlib import Path
import imfilt.batch.work as work

whole = work.read_picture
def read_picture(source, **settings):
    picture = whole(source, **settings)
    Path("b.png").unlink(missing_ok=True)
    return picture
work.read_picture = read_picture
from imfilt.cli.program import main
main(sys.argv[1:])
"""
    command = [sys.executable, "-c", code, "apply", "a.png", "b.png", "c.png", *EDGE]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout.splitlines()) == (1, ["a_edge3.png", "c_edge3.png"])
    assert result.stderr.startswith("imfilt: b.png: ")
    assert result.stderr.count("\n") == 1


# In place


def test_in_place_replaces_the_inputs(run: Run) -> None:
    put("in/a.png", "in/x/b.png")
    Path("in/a.png").chmod(0o640)
    assert run("apply", "in", "-r", *EDGE, "-o", "out/").status == 0
    result = run("apply", "in", "-r", *EDGE, "--in-place")
    assert result == Result(0, b"in/a.png\nin/x/b.png\n", "")
    for name in ("a.png", "x/b.png"):
        assert Path("in", name).read_bytes() == Path("out", name).read_bytes()
    assert stat.S_IMODE(Path("in/a.png").stat().st_mode) == 0o640
    assert tree("in") == ["a.png", "x/b.png"]


def test_in_place_keeps_backups(run: Run) -> None:
    put("a.png")
    before = Path("a.png").read_bytes()
    assert run("apply", "a.png", *EDGE, "--in-place", "--backup", ".orig").lines == ["a.png"]
    assert Path("a.png.orig").read_bytes() == before != Path("a.png").read_bytes()
    once = Path("a.png").read_bytes()
    usage(run("apply", "a.png", *EDGE, "--in-place", "--backup", ".orig"), "a.png.orig: is there already")
    assert (Path("a.png").read_bytes(), Path("a.png.orig").read_bytes()) == (once, before)


def test_in_place_follows_a_link(run: Run) -> None:
    put("real/a.png")
    Path("link.png").symlink_to("real/a.png")
    before = Path("real/a.png").read_bytes()
    assert run("apply", "link.png", *EDGE, "--in-place", "--backup", "~").status == 0
    assert Path("link.png").is_symlink()
    assert Path("real/a.png~").read_bytes() == before != Path("real/a.png").read_bytes()


def test_a_failure_in_place_leaves_the_input_and_no_backup(run: Run) -> None:
    put("b.png")
    Path("a.png").write_bytes(encoded(0)[:90])
    before = Path("a.png").read_bytes()
    wide = ("-m", "1 " * 30, "--size", "valid")
    assert run("apply", "a.png", "b.png", *EDGE, *wide, "--in-place", "--backup", ".orig").status == 2
    assert Path("a.png").read_bytes() == before
    assert tree() == ["a.png", "b.png"]


def test_a_full_disk_in_place_leaves_the_input_and_no_backup(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png")
    before = Path("a.png").read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Image.Image, "save", fail)
    result = run("apply", "a.png", *EDGE, "--in-place", "--backup", ".orig")
    assert (result.status, result.stderr.count("\n")) == (1, 1)
    assert Path("a.png").read_bytes() == before
    assert tree() == ["a.png"]


def test_a_failure_after_the_input_was_replaced_leaves_the_backup(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png")
    before = Path("a.png").read_bytes()

    def refuse(_folder: Path) -> None:
        raise OSError(22, os.strerror(22))

    monkeypatch.setattr("imfilt.images.atomic.sync_folder", refuse)
    result = run("apply", "a.png", *EDGE, "--in-place", "--backup", ".orig", "--fsync")
    assert (result.status, result.stderr.count("\n")) == (1, 1)
    assert Path("a.png.orig").read_bytes() == before != Path("a.png").read_bytes()


def test_a_backup_of_a_run_that_was_killed_is_taken_up(run: Run) -> None:
    put("a.png")
    before = Path("a.png").read_bytes()
    Path("a.png.orig").hardlink_to("a.png")
    assert run("apply", "a.png", *EDGE, "--in-place", "--backup", ".orig").status == 0
    assert Path("a.png.orig").read_bytes() == before != Path("a.png").read_bytes()


def test_a_backup_where_there_are_no_hard_links_is_a_copy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.png")
    before = Path("a.png").read_bytes()

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert run("apply", "a.png", *EDGE, "--in-place", "--backup", ".orig").status == 0
    assert Path("a.png.orig").read_bytes() == before != Path("a.png").read_bytes()
    assert tree() == ["a.png", "a.png.orig"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--in-place", "-o", "b.png"], ["-o"]),
        (["--in-place", "--name", "{stem}"], ["--name"]),
        (["--in-place", "--each"], ["--each"]),
        (["--in-place", "--overwrite"], ["--overwrite and --in-place contradict"]),
        (["--in-place", "--skip-existing"], ["--skip-existing and --in-place contradict"]),
        (["--in-place", "--backup", ""], ["--backup"]),
        (["--in-place", "--backup", "/x"], ["--backup"]),
        (["--backup", ".orig"], ["add --in-place"]),
    ],
)
def test_in_place_and_what_contradicts_it(run: Run, options: list[str], words: list[str]) -> None:
    put("a.png")
    usage(run("apply", "a.png", *EDGE, *options), *words)
    assert tree() == ["a.png"]


def test_standard_input_is_not_replaced(run: Run) -> None:
    usage(run("apply", "-", *EDGE, "--in-place", stdin=encoded(0)), "standard input (-) is none")
    assert tree() == []
