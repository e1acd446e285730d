"""What the commands print about kernels, and about themselves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run
from PIL import Image

import imfilt
from imfilt.cli.program import COMMANDS
from imfilt.kernels.families.table import FAMILIES
from imfilt.kernels.lookup import find_entry
from imfilt.kernels.numbers import to_number

NAMES = ["identity", "edge1", "edge2", "edge3", "sharpen", "box3", "gaussian3", "gaussian5", "unsharp5"]
NAMES += ["sobel-x", "sobel-y", "sobel-right", "sobel-bottom", "emboss"]
USAGES = [family.usage for family in FAMILIES.values()]
GROUPS = [group.name for group in imfilt.load_registry().groups]
SHELLS = ["bash", "zsh", "fish"]

BOLD = re.compile(rb"\x1b\[[0-9;]*m")
"""Bold, dim, colours, and back."""

HOSTILE = r"""
[kernels.evil]
matrix = [["1/3", -0.5]]
divisor = "2/7"
bias = 12.5
anchor = [0, 1]
aliases = ["wicked"]
description = "\u001b[31mred\u0007 [bold]loud[/bold] [/nothing] \u202eback\ttab\nline [link=http://x]link[/link]"
reference = "\u001b]0;title\u0007"
"""


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Make a registry file whose texts and whose name would steer a terminal."""
    file = tmp_path / "\x1b[32mmine[red].toml"
    file.write_text(HOSTILE, encoding="utf-8")
    return file


def assert_nothing_steers(shown: bytes) -> None:
    """Assert that there are no control characters but line ends, and those that set bold."""
    text = BOLD.sub(b"", shown).replace(b"\r\n", b"\n").decode()
    assert all(c == "\n" or c.isprintable() for c in text), repr(text)


# list-kernels


def test_the_list_is_tab_separated_when_piped_with_names_first_and_no_header(run: Run) -> None:
    result = run("list-kernels")
    assert (result.status, result.stderr) == (0, "")
    rows = [line.split("\t") for line in result.lines]
    assert [row[0] for row in rows] == NAMES + USAGES + GROUPS
    assert {len(row) for row in rows} == {5}
    assert ["gaussian:sigma=1", "9x9", "1", "blurs softly: a Gaussian, cut at 4 sigma", "family"] in rows
    assert [row[1:] for row in rows if row[0] == "kirsch-compass"] == [
        ["8 kernels", "", "edges of eight directions; --combine max takes the strongest", "built-in"]
    ]
    rows = rows[:9]
    assert rows[3] == ["edge3", "3x3", "0", "edges: the Laplacian of all 8 neighbours", "built-in"]
    assert [row[1] for row in rows] == ["3x3"] * 7 + ["5x5"] * 2
    assert [row[2] for row in rows] == ["1", "0", "0", "0", "1", "1", "1", "1", "1"]
    assert b"\x1b" not in result.stdout


def test_the_list_keeps_to_one_line_of_five_fields_whatever_a_description_holds(run: Run, hostile: Path) -> None:
    result = run("list-kernels", "--registry", hostile)
    fields = result.lines[len(NAMES)].split("\t")
    assert len(result.lines) == len(NAMES) + 1 + len(USAGES) + len(GROUPS)
    assert fields[:3] == ["evil", "1x2", "-7/12"]
    assert fields[3].startswith(r"\x1b[31mred\x07 [bold]loud[/bold] [/nothing] \u202eback\ttab\nline")
    assert fields[4].endswith(r"\x1b[32mmine[red].toml")
    assert len(fields) == 5


def test_the_json_holds_all_that_is_known_of_every_kernel(run: Run) -> None:
    result = run("list-kernels", "--json")
    assert (result.status, result.stderr) == (0, "")
    known = {kernel["name"]: kernel for kernel in json.loads(result.stdout)}
    assert list(known) == NAMES + USAGES + GROUPS
    assert known["sobel-xy"]["kernels"] == ["sobel:x", "sobel:y"]
    assert known["pyramid:radius=1"]["aliases"] == ["tent"]
    assert known["pyramid:radius=1"]["parameters"] == [
        {
            "name": "radius",
            "default": 1,
            "range": "a whole number from 0 to 500",
            "meaning": "samples on each side of the middle",
        }
    ]
    assert known["unsharp5"] == {
        "name": "unsharp5",
        "aliases": ["unsharp", "unsharp-mask"],
        "size": [5, 5],
        "matrix": [
            [1, 4, 6, 4, 1],
            [4, 16, 24, 16, 4],
            [6, 24, -476, 24, 6],
            [4, 16, 24, 16, 4],
            [1, 4, 6, 4, 1],
        ],
        "divisor": -256,
        "bias": 0,
        "anchor": None,
        "sum": 1,
        "description": "sharpens: twice the picture minus gaussian5",
        "reference": "",
        "origin": "built-in",
    }


def test_the_json_makes_the_same_kernels_again(run: Run, hostile: Path) -> None:
    result = run("list-kernels", "--json", "--registry", hostile)
    assert b"\x1b" not in result.stdout
    registry = imfilt.load_registry(hostile)
    for known in (each for each in json.loads(result.stdout) if "matrix" in each):
        again = imfilt.Kernel(
            known["matrix"],
            divisor=known["divisor"],
            bias=known["bias"],
            anchor=known["anchor"],
            name=known["name"],
        )
        assert to_number(known["sum"]) == again.sum
        if known["origin"] == "family":
            assert again == replace(find_entry(known["name"], registry).kernel, name=known["name"])
        else:
            assert again == registry[known["name"]]
    evil = next(each for each in json.loads(result.stdout) if each["name"] == "evil")
    assert evil["origin"] == str(hostile)
    assert evil["description"] == registry.entry("evil").description


def test_the_json_is_the_same_on_a_terminal(run: Run) -> None:
    assert run("list-kernels", "--json", terminal=True).stdout == run("list-kernels", "--json").stdout


def test_the_table_on_a_terminal_fits_80_columns_and_shows_every_kernel_and_alias(run: Run) -> None:
    result = run("list-kernels", terminal=True)
    assert result.status == 0
    text = BOLD.sub(b"", result.stdout).decode()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert next(line.split() for line in lines if line.strip()) == ["name", "size", "sum", "what", "it", "does", "from"]
    words = text.replace(",", " ").replace("(", " ").replace(")", " ").split()
    for entry in imfilt.load_registry().entries:
        assert {*entry.names, *entry.description.replace(",", " ").split()} <= set(words)
    assert words.count("built-in") == len(NAMES + GROUPS)
    assert {*GROUPS, *(usage for usage in USAGES if "," not in usage)} <= set(words)


def test_the_table_uses_the_width_there_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = BOLD.sub(b"", run("list-kernels", terminal=True).stdout).decode().splitlines()
    assert 80 < max(len(line.rstrip()) for line in lines) <= 120


def test_a_long_name_leaves_room_for_the_other_columns(run: Run, tmp_path: Path) -> None:
    name = "a-name-that-is-longer-than-any-name-of-a-kernel-ought-to-be"
    (tmp_path / "mine.toml").write_text(f'[kernels.{name}]\nmatrix = [[1]]\ndescription = "tiny"\n')
    text = BOLD.sub(b"", run("list-kernels", "--registry", tmp_path / "mine.toml", terminal=True).stdout).decode()
    assert max(map(len, text.splitlines())) <= 80
    assert {"size", "sum", "does", "3x3", "tiny"} <= set(text.split())


def test_the_table_has_no_escape_codes_with_no_color(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b" not in run("list-kernels", terminal=True).stdout


def test_the_table_has_no_escape_codes_on_a_dumb_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert b"\x1b" not in run("list-kernels", terminal=True).stdout


def test_texts_and_file_names_in_the_table_cannot_steer_a_terminal(
    run: Run, hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shown = run("list-kernels", "--registry", hostile, terminal=True).stdout
    assert_nothing_steers(shown)
    text = BOLD.sub(b"", shown).decode()
    assert r"\x1b[31mred\x07 [bold]loud[/bold] [/nothing] \u202eback\ttab\nline [link=http://x]link[/link]" in text
    assert r"\x1b[32mmine[red].toml" in text


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("columns", [80, 60])
def test_the_table_fits_a_real_terminal(columns: int) -> None:
    lines = on_a_terminal(["list-kernels"], columns).splitlines()
    assert max(map(len, lines)) <= columns
    assert [line.split()[0] for line in lines if re.search(r" \dx\d ", line)] == NAMES
    assert all(any(line.lstrip().startswith(usage.partition(":")[0]) for line in lines) for usage in USAGES)


def on_a_terminal(arguments: list[str], columns: int) -> str:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "imfilt", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # what Linux says at the end
                chunk = b""
            if not chunk:
                break
            shown += chunk
        os.close(ours)
    assert process.returncode == 0, shown
    return BOLD.sub(b"", shown).decode()


# show-kernel


def facts(lines: list[str]) -> dict[str, str]:
    """Return the names and values below the matrix."""
    ends = [i for i, line in enumerate(lines) if not line]
    below = lines[ends[1] + 1 : ends[2]]
    pairs = [re.split(r"  +", line, maxsplit=1) for line in below]
    return {pair[0]: pair[1] for pair in pairs}


def test_a_kernel_is_shown_with_its_matrix_as_a_person_would_write_it(run: Run) -> None:
    result = run("show-kernel", "edge3")
    assert (result.status, result.stderr) == (0, "")
    assert result.lines[:6] == ["edge3", "", "  -1  -1  -1", "  -1   8  -1", "  -1  -1  -1", ""]
    assert facts(result.lines) == {
        "aliases": "outline, laplacian8",
        "what it does": "edges: the Laplacian of all 8 neighbours",
        "reference": "Gonzalez & Woods, Digital Image Processing, section 3.6",
        "from": "built-in",
        "size": "3 x 3",
        "divisor": "1",
        "sum": "0 (a flat picture becomes black)",
        "separable": "no",
        "8-bit output": "from -2040 to 2040 before clipping to 0 to 255",
        "rank": "2",
        "symmetry": "left-right, top-bottom, diagonal, point",
        "gain": "0 for flat areas, 8.485 for noise, at most 12 for any wave",
    }


def test_a_separable_kernel_is_shown_with_its_factors(run: Run) -> None:
    shown = facts(run("show-kernel", "gaussian5").lines)
    assert shown["divisor"] == "256"
    assert shown["sum"] == "1 (a flat picture stays as it is)"
    assert shown["separable"] == "yes: column 1 4 6 4 1, row 1 4 6 4 1, divided by 256"
    assert shown["8-bit output"] == "from 0 to 255"
    assert facts(run("show-kernel", "edge1").lines)["separable"] == "yes: column 1 0 -1, row 1 0 -1, divided by 1"


def test_a_kernel_with_a_negative_divisor_is_shown_with_the_range_it_really_has(run: Run) -> None:
    shown = facts(run("show-kernel", "Unsharp_Mask").lines)
    assert shown["divisor"] == "-256"
    assert shown["8-bit output"] == "from -219.141 to 474.141 before clipping to 0 to 255"


def test_fractions_bias_and_anchor_are_shown_and_texts_cannot_steer_a_terminal(
    run: Run, hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    for terminal in (False, True):
        result = run("show-kernel", "wicked", "--registry", hostile, terminal=terminal)
        assert result.status == 0
        assert_nothing_steers(result.stdout)
        lines = BOLD.sub(b"", result.stdout).decode().splitlines()
        assert [line.split() for line in lines[:4]] == [["evil"], [], ["1/3", "-0.5"], []]
        shown = facts(result.lines)
        assert (shown["divisor"], shown["bias"], shown["sum"]) == ("2/7", "12.5", "-7/12")
        assert shown["anchor"] == "row 0, column 1"
        assert shown["separable"] == "yes: column 7, row 2 -3, divided by 12"
        assert shown["8-bit output"] == "from -433.75 to 310 before clipping to 0 to 255"
        assert shown["reference"] == r"\x1b]0;title\x07"
        assert shown["from"].endswith(r"\x1b[32mmine[red].toml")


def test_a_number_in_json_is_a_number_where_a_float_is_exact(run: Run) -> None:
    shown = json.loads(run("show-kernel", "gaussian3 / 4 + [1/3]", "--json").text)
    assert (shown["sum"], json.loads(run("show-kernel", "gaussian3 / 4", "--json").text)["sum"]) == ("7/12", 0.25)


@pytest.mark.parametrize("command", [("show-kernel",), ("apply", "none.png", "-k")])
@pytest.mark.parametrize(("wrong", "meant"), [("egde3", "edge3"), ("gausian", "gaussian3"), ("blurr", "blur")])
def test_an_unknown_name_gives_close_ones_and_exit_2(run: Run, command: list[str], wrong: str, meant: str) -> None:
    result = run(*command, wrong)
    assert (result.status, result.stdout) == (2, b"")
    assert re.fullmatch(
        f"imfilt: unknown kernel '{wrong}'; did you mean .*{meant}.*'imfilt list-kernels' lists them all\n",
        result.stderr,
    )


# Names of files on a terminal


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not allowed")
def test_the_path_of_a_result_is_exact_in_a_pipe_and_cannot_steer_a_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (4, 4)).save("\x1b[31mred.png")
    assert run("apply", "\x1b[31mred.png", "-k", "edge1").stdout == b"\x1b[31mred_edge1.png\n"
    assert_nothing_steers(run("apply", "\x1b[31mred.png", "-k", "edge2", terminal=True).stdout)


def test_names_in_errors_cannot_steer_a_terminal(run: Run) -> None:
    for arguments in (
        ("show-kernel", "\x1b[31mred"),
        ("apply", "\x1b[31mred.png", "-k", "edge3"),
        ("list-kernels", "--registry", "\x1b[31mred\n.toml"),
        ("apply", "x.png", "-m", "\x1b[31m"),
        ("apply", "x.png", "-k", "edge3", "--size", "\x1b[31m"),
        ("\x1b[31m",),
        ("--\x1b[31m",),
    ):
        result = run(*arguments)
        assert result.status in (1, 2)
        assert result.stderr.count("\n") == 1
        assert r"\x1b[31m" in result.stderr
        assert_nothing_steers(result.stderr.encode())


def test_texts_that_standard_output_has_no_letters_for_are_shown_somehow(tmp_path: Path) -> None:
    (file := tmp_path / "mine.toml").write_text('[kernels.mine]\nmatrix = [[1]]\ndescription = "é → ü"\n', "utf-8")
    for command in (["list-kernels"], ["show-kernel", "mine"], ["list-kernels", "--json"]):
        result = subprocess.run(
            [sys.executable, "-m", "imfilt", *command, "--registry", str(file)],
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=False,
        )
        assert (result.returncode, result.stderr) == (0, b"")
        assert b"mine" in result.stdout


# Completion


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_completion_script_for_every_shell(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert (result.status, result.stderr) == (0, "")
    assert f"_IMFILT_COMPLETE={shell}_complete" in result.text
    assert "imfilt" in result.text
    if interpreter := shutil.which(shell):
        check = subprocess.run([interpreter, "-n"], input=result.stdout, capture_output=True, check=False)
        assert (check.returncode, check.stderr) == (0, b"")


def test_there_is_no_completion_script_for_other_shells(run: Run) -> None:
    result = run("completion", "csh")
    assert (result.status, result.stdout) == (2, b"")
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in result.stderr


def complete(*words: str, shell: str = "bash", **environment: str) -> list[str]:
    """Return the answer to a shell that asks how the last of `words` may go on."""
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_IMFILT_COMPLETE": f"{shell}_complete"}
    if shell == "fish":
        asked["COMP_CWORD"] = words[-1]
    answer = subprocess.run(
        [sys.executable, "-c", "from imfilt.cli import main; main()"],
        env={**os.environ, **asked, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stderr == ""
    return list(filter(None, answer.stdout.splitlines()))


def test_bash_is_offered_the_kernels_that_begin_as_typed() -> None:
    assert complete("imfilt", "apply", "-k", "ed") == ["plain,edge1", "plain,edge2", "plain,edge3"]


def test_bash_is_offered_aliases_and_kernels_of_the_users_own(tmp_path: Path) -> None:
    (file := tmp_path / "mine.toml").write_text('[kernels.outer]\nmatrix = [[1]]\naliases = ["out-most"]\n')
    offered = complete("imfilt", "show-kernel", "out", IMFILT_REGISTRY=str(file))
    assert offered == ["plain,outline", "plain,outer", "plain,out-most"]


def test_fish_and_zsh_are_offered_kernels_with_what_they_do() -> None:
    described = complete("imfilt", "apply", "-k", "sharp", shell="zsh")
    assert described == ["plain", "sharpen", "sharpens: the picture minus its Laplacian"]
    assert "sharpen" in complete("imfilt", "apply", "-k", "sharp", shell="fish")[0]


def test_a_broken_registry_offers_nothing_and_says_nothing(tmp_path: Path) -> None:
    (file := tmp_path / "mine.toml").write_text("[kernels")
    assert complete("imfilt", "apply", "-k", "ed", IMFILT_REGISTRY=str(file)) == []


def test_bash_is_offered_commands() -> None:
    assert complete("imfilt", "") == [f"plain,{command}" for command in sorted(COMMANDS)]


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="there is no bash")
def test_the_script_for_bash_makes_bash_complete(run: Run, tmp_path: Path) -> None:
    (command := tmp_path / "imfilt").write_text(
        f"#!{sys.executable}\nfrom imfilt.cli import main\nmain()\n", encoding="utf-8"
    )
    command.chmod(0o755)
    script = run("completion", "bash").text
    script += f"\nCOMP_WORDS=(imfilt apply -k ed) COMP_CWORD=3; _imfilt_completion '{command}'; echo ${{COMPREPLY[@]}}"
    answer = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert (answer.stdout, answer.stderr) == ("edge1 edge2 edge3\n", "")


# Help and version


@pytest.mark.parametrize("command", [(), *((command,) for command in COMMANDS)])
def test_help_is_the_same_by_both_names_with_examples_before_options(run: Run, command: tuple[str, ...]) -> None:
    long, short = run(*command, "--help"), run(*command, "-h")
    assert long == short
    assert (long.status, long.stderr) == (0, "")
    assert long.text.startswith(" ".join(["Usage: imfilt", *command]))
    lines = [line.strip() for line in long.lines]
    first_options = next(i for i, line in enumerate(lines) if re.fullmatch(r"(\w+ o|O)ptions:", line))
    assert lines.index("Examples:") < first_options
    assert lines[lines.index("Examples:") + 1].startswith("imfilt ")
    assert "-h, --help" in long.text
    assert max(map(len, long.lines)) <= 100


def test_the_help_of_apply_has_its_groups_in_order_and_names_what_can_be_chosen(run: Run) -> None:
    text = run("apply", "--help").text
    groups = re.findall(r"^(\w+) options:$", text, re.MULTILINE)
    assert groups == ["Input", "Kernel", "Arithmetic", "Colour", "Output", "Batch", "Other"]
    words = " ".join(text.split())
    for chosen in ("edge, reflect, symmetric, wrap, zero, constant:V", "[same|valid|full]", "--normalise"):
        assert chosen in words
    for default in ("edge", "same", "clip", "auto", "500000000"):
        assert re.search(rf"\[default:\s+{default}\b", text)


def test_help_is_given_however_wrong_the_rest_is(run: Run) -> None:
    for arguments in (("-k", "nope", "--help"), ("--help", "-k", "nope"), ("none.png", "-m", "x", "-h")):
        result = run("apply", *arguments)
        assert (result.status, result.stderr) == (0, "")


def test_the_command_alone_prints_its_help(run: Run) -> None:
    alone = run()
    shown = alone.text + alone.stderr
    assert run("--help").text.strip() == shown.strip()


def test_the_version_is_that_of_the_package(run: Run) -> None:
    result = run("--version")
    assert (result.status, result.text, result.stderr) == (0, f"imfilt {imfilt.__version__}\n", "")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        (("aply", "x.png"), "apply"),
        (("list-kernel",), "list-kernels"),
        (("apply", "x.png", "--boarder", "edge"), "--border"),
        (("list-kernels", "--jsn"), "--json"),
    ],
)
def test_a_misspelt_command_or_option_is_answered_with_the_right_one(run: Run, wrong: list[str], meant: str) -> None:
    result = run(*wrong)
    assert (result.status, result.stdout) == (2, b"")
    assert re.fullmatch(r"imfilt: [^\n]*--help'\n", result.stderr)
    assert meant in result.stderr


def test_the_hint_to_the_help_names_the_command_that_was_used(run: Run) -> None:
    for arguments in (("x.png", "-k"), ("x.png", "--stride", "0", "-k", "edge3"), ("x.png", "--nope")):
        result = run("apply", *arguments)
        assert result.status == 2
        assert result.stderr.endswith("see 'imfilt apply --help'\n")


@pytest.mark.parametrize("command", [["-m", "imfilt"], ["-c", "from imfilt.cli import main; main()"]])
def test_the_command_runs_as_a_module_as_well(command: list[str]) -> None:
    result = subprocess.run([sys.executable, *command, "--version"], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == (f"imfilt {imfilt.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_into_80_columns(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run(command, "--help")
    assert (result.status, result.stderr) == (0, "")
    assert [line for line in result.lines if len(line) > 80] == []
