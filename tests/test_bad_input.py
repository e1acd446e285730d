"""Whatever is wrong: one line on standard error, the right exit status, and nothing written or touched."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pytest
from conftest import Run, snapshot
from PIL import Image

from imfilt.images.formats import WRITTEN

LONG = "x" * 300
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="for a POSIX system")

TEXTS = {
    "text.png": "this is not a picture\n",
    "notes/readme.txt": "nor is this\n",
    "postscript.png": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
    "good.toml": "[kernels.ridge]\nmatrix = [[0, 1], [1, -2]]\n",
    "syntax.toml": "[kernels.ridge]\nmatrix = [[0, 1], [1, -2]\n[kernels.other]\n",
    "ragged.toml": "[kernels.ridge]\nmatrix = [[0, 1], [1]]\n",
    "cell.toml": '[kernels.ridge]\nmatrix = [[0, 1], [1, "two"]]\n',
    "nan.toml": "[kernels.ridge]\nmatrix = [[0, nan]]\n",
    "zero.toml": "[kernels.ridge]\nmatrix = [[0, 1]]\ndivisor = 0\n",
    "sum.toml": '[kernels.ridge]\nmatrix = [[1, -1]]\ndivisor = "sum"\n',
    "key.toml": "[kernels.ridge]\nmatrix = [[1]]\ndivider = 2\n",
    "twice.toml": '[kernels.a]\nmatrix = [[1]]\naliases = ["same"]\n[kernels.b]\nmatrix = [[1]]\naliases = ["SAME"]\n',
    "deep.toml": "[kernels.ridge]\nmatrix = " + "[" * 20_000,
    "ragged.txt": "1 2 3\n4 5\n",
    "word.txt": "1 2\n3 four\n",
    "empty.txt": "# nothing\n",
}


def samples(mode: str, seed: int, size: tuple[int, int] = (16, 12)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    return Image.fromarray(noise, "RGBA").convert(mode)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of good and bad files."""
    folder = tmp_path_factory.mktemp("template")
    for name in ("pictures/deeper", "notes/deeper", "copies", "taken.png"):
        (folder / name).mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    for number, name in enumerate(("photo.png", "other.png", "photo.jpg", "copies/photo.png", "photo_sharpen.png")):
        samples("RGB", number).save(folder / name)
    for number, name in enumerate(("pictures/a.png", "pictures/b.png", "pictures/deeper/c.png", "big.png")):
        samples("RGB", number, (64, 48)).save(folder / name)
    samples("RGBA", 7).save(folder / "alpha.png")
    samples("P", 8).save(folder / "palette.gif")
    frames = [samples("P", seed) for seed in (1, 2)]
    frames[0].save(folder / "animation.gif", save_all=True, append_images=frames[1:])
    np.save(folder / "int64.npy", np.arange(192, dtype=np.int64).reshape(12, 16))
    (folder / "empty.png").touch()
    (folder / "latin.toml").write_bytes(b'[kernels.ridge]\ndescription = "\xe9"\nmatrix = [[1]]\n')
    (folder / "latin.txt").write_bytes(b"1 2 # \xe9\n")
    (folder / "zeros.png").write_bytes(bytes(500))
    (folder / "magic.png").write_bytes(b"\x88PNG" + (folder / "photo.png").read_bytes()[4:])
    png, jpeg = (folder / "photo.png").read_bytes(), (folder / "photo.jpg").read_bytes()
    (folder / "cut.png").write_bytes(png[: len(png) // 2])
    (folder / "cut.jpg").write_bytes(jpeg[: len(jpeg) * 2 // 3])
    (folder / "header.jpg").write_bytes(jpeg[:20])
    flipped = bytearray(png)
    flipped[100:140] = (255 - byte for byte in png[100:140])
    (folder / "flipped.png").write_bytes(flipped)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a fresh copy of the template the working directory."""
    place = tmp_path / "work"
    shutil.copytree(template, place)
    if sys.platform != "win32":
        (place / "loop").symlink_to("loop")
        (place / "dangling.png").symlink_to("nowhere.png")
        os.mkfifo(place / "pipe.png")
    monkeypatch.chdir(place)
    return place


@dataclass(frozen=True)
class Bad:
    """A command that cannot succeed, as a line of the shell, and what it has to say."""

    line: str
    status: int
    says: tuple[str, ...]
    stdin: bytes = b""


def failed(line: str, *says: str, stdin: bytes = b"") -> Bad:
    """Expect an input to fail."""
    return Bad(line, 1, says, stdin)


def refused(line: str, *says: str, stdin: bytes = b"") -> Bad:
    """Expect a command to be refused before anything is written."""
    return Bad(line, 2, says, stdin)


BAD = [
    # registry files
    refused("list-kernels --registry syntax.toml", "syntax.toml: not valid TOML: ", "line 3"),
    refused("list-kernels --json --registry ragged.toml", "ragged.toml: kernel 'ridge': row 2 has 1 numbers"),
    refused("show-kernel edge3 --registry cell.toml", "cell.toml: kernel 'ridge': row 2, column 2: 'two'"),
    refused("apply photo.png -k ridge --registry nan.toml", "nan.toml: kernel 'ridge': row 1, column 2: nan"),
    refused("apply photo.png -k edge3 --registry zero.toml", "zero.toml: kernel 'ridge': divisor: ", "by 0"),
    refused("apply photo.png -k edge3 --registry sum.toml", "sum.toml: kernel 'ridge': divisor \"sum\": ", "sum to 0"),
    refused("apply photo.png -k edge3 --registry key.toml", "key.toml: kernel 'ridge': ", "did you mean 'divisor'?"),
    refused("apply photo.png -k edge3 --registry twice.toml", "twice.toml: kernel 'b': the name 'SAME' is used twice"),
    refused("apply photo.png -k edge3 --registry latin.toml", "latin.toml: not UTF-8 text (byte 31)"),
    refused("apply photo.png -k edge3 --registry deep.toml", "deep.toml: brackets are nested too deep"),
    refused("apply photo.png -k edge3 --registry none.toml", "none.toml: cannot read the registry: No such file"),
    refused("apply photo.png -k edge3 --registry copies", "copies: cannot read the registry"),
    # kernels and matrices
    refused("apply photo.png -k egde3", "unknown kernel 'egde3'; did you mean edge3"),
    refused("apply photo.png -k ''", "kernel '': column 1: a kernel or a number is expected here"),
    refused("apply photo.png -k edge3 -k nothing-like-it", "unknown kernel 'nothing-like-it'; 'imfilt list-kernels'"),
    refused("show-kernel rigde --registry good.toml", "unknown kernel 'rigde'; did you mean ridge or farid?"),
    refused("apply photo.png -m '1 2; 3'", "-m: row 2 has 1 numbers where row 1 has 2"),
    refused("apply photo.png -m '1 2; 3 x'", "-m: row 2, column 2: 'x' is not a number"),
    refused("apply photo.png -m '1,,2'", "-m: row 1, column 2: a number is missing"),
    refused("apply photo.png -m '1/0'", "-m: row 1, column 1: '1/0' divides by zero"),
    refused("apply photo.png -m ''", "-m: the matrix is empty; write rows"),
    refused("apply photo.png -m @none.txt", "none.txt: the matrix cannot be read: No such file"),
    refused("apply photo.png -m @copies", "copies: the matrix cannot be read"),
    refused("apply photo.png -m @ragged.txt", "ragged.txt: row 2 has 2 numbers where row 1 has 3"),
    refused("apply photo.png -m edge3", "'edge3' is not a number; for a kernel by its name use -k edge3"),
    refused("apply photo.png -m word.txt", "'word.txt' is not a number; for a matrix in a file use -m @word.txt"),
    refused("apply photo.png -m @-", "a matrix is read from a file"),
    refused("apply photo.png -k @word.txt", "a matrix in a file is given with -m @word.txt"),
    refused("apply photo.png -k '1 0 -1'", "put a matrix in brackets, as in [1 0 -1]"),
    refused("apply photo.png -m '1;2\n3;4'", "rows end with ';' as well as with lines"),
    refused("apply photo.png -m @word.txt", "word.txt: row 2, column 2: 'four' is not a number"),
    refused("apply photo.png -m @empty.txt", "empty.txt: the matrix is empty"),
    refused("apply photo.png -m @latin.txt", "latin.txt: not UTF-8 text (byte 6)"),
    refused(f"apply photo.png -m '{'1 ' * 1002}'", "-m: the matrix is larger than 1001 x 1001"),
    refused("apply photo.png -m '1 2' --divisor 0", "divisor: nothing can be divided by 0"),
    refused("apply photo.png -m '1 -1' --divisor sum", 'divisor "sum": the weights sum to 0'),
    refused("apply photo.png -m '1 2' --divisor total", "divisor: 'total' is not a number"),
    refused("apply photo.png -m '1 2' --bias dark", "bias: 'dark' is not a number"),
    # options
    refused("apply photo.png", "no kernel given", "-k", "-m"),
    refused("apply", "INPUT", "imfilt apply --help"),
    refused("apply photo.png -k edge3 --overwrite --skip-existing", "--overwrite and --skip-existing contradict"),
    refused("apply photo.png -k edge3 --divisor 2", "--divisor and --bias belong to a matrix"),
    refused("apply photo.png -k edge3 --bias 2", "--divisor and --bias belong to a matrix"),
    refused("apply photo.png -k edge3 --border edgy", "unknown border 'edgy'; did you mean 'edge'?"),
    refused("apply photo.png -k edge3 --border constant:", "needs a level, as in constant:128"),
    refused("apply photo.png -k edge3 --border constant:grey", "needs a level, as in constant:128"),
    refused("apply photo.png -k edge3 --border zero:5", "border 'zero' takes no value"),
    refused("apply photo.png -k edge3 --size some", "'some' is not one of 'same', 'valid', 'full'"),
    refused("apply photo.png -k edge3 --normalise clap", "'clap' is not one of 'clip'"),
    refused("apply photo.png -k edge3 --alpha none", "'none' is not one of 'auto'"),
    refused("apply photo.png -k edge3 --stride 0", "--stride", "whole numbers from 1 on"),
    refused("apply photo.png -k edge3 --stride 1,2,3", "--stride", "whole numbers from 1 on"),
    refused("apply photo.png -k edge3 --dilation 1.5", "--dilation", "whole numbers from 1 on"),
    refused("apply photo.png -k edge3 --anchor 3,0", "kernel 'edge3': anchor: 3,0 is outside the 3 x 3 matrix"),
    refused("apply photo.png -k edge3 --anchor=-1,0", "--anchor", "whole numbers from 0 on"),
    refused("apply photo.png -k edge3 --anchor 1", "--anchor", "Y,X"),
    refused("apply photo.png -k edge3 -m '1' --anchor 1,1", "kernel 'custom': anchor: 1,1 is outside the 1 x 1"),
    refused("apply photo.png -k edge3 --threads 0", "--threads"),
    refused("apply photo.png -k edge3 --strategy fuorier -n", "--strategy", "'fuorier' is not one of", "'fourier'"),
    refused("apply photo.png -k edge3 --max-pixels many", "--max-pixels"),
    refused("apply photo.png -k", "-k", "requires an argument"),
    refused("apply photo.png -k edge3 --boarder edge", "--boarder", "did you mean", "--border"),
    refused("aply photo.png -k edge3", "'aply'", "did you mean", "'apply'"),
    refused("show-kernel", "Missing argument 'KERNEL'"),
    refused("list-kernels edge3", "edge3", "imfilt list-kernels --help"),
    # arithmetic that does not fit the picture
    refused("apply photo.png -k gaussian5 --size valid --dilation 3,4", "photo.png: ", "'valid' leaves nothing"),
    refused("apply photo.png -k edge3 --normalize none", "photo.png: ", "'none'", "choose another"),
    refused("apply alpha.png -k edge3 --alpha weighted", "alpha.png: ", "kernel 'edge3' sums to 0", "--alpha keep"),
    # inputs
    failed("apply none.png -k edge3", "none.png: no such file or folder"),
    failed("apply '' -k edge3", "no such file or folder"),
    failed("apply notes -k edge3", "notes: no pictures in this folder", "-r"),
    failed("apply notes -r -k edge3", "notes: no pictures in this folder"),
    failed("apply empty.png -k edge3", "empty.png: the file is empty"),
    failed("apply text.png -k edge3", "text.png: not a picture that imfilt reads"),
    failed("apply zeros.png -k edge3", "zeros.png: not a picture that imfilt reads"),
    failed("apply magic.png -k edge3", "magic.png: not a picture that imfilt reads"),
    failed("apply postscript.png -k edge3", "postscript.png: not a picture that imfilt reads"),
    failed("apply cut.png -k edge3", "cut.png: cannot be read", "truncated"),
    failed("apply cut.jpg -k edge3", "cut.jpg: cannot be read", "truncated"),
    failed("apply header.jpg -k edge3", "header.jpg: "),
    failed("apply flipped.png -k edge3", "flipped.png: cannot be read"),
    failed("apply animation.gif -k edge3 -o x.jpg", "animation.gif: it has several frames", "--frame N"),
    failed("apply animation.gif -k edge3 -o x.png --frame 2", "animation.gif: there is no frame 2", "0 to 1"),
    failed("apply int64.npy -k edge3", "int64.npy: ", "int64 is no picture"),
    failed("apply big.png -k edge3 --max-pixels 1000", "big.png: it has 3072 pixels", "--max-pixels 3072"),
    failed("apply - -k edge3", "standard input: the file is empty"),
    failed("apply - -k edge3 -o x.png", "standard input: not a picture", stdin=b"text"),
    # results that no file can hold
    failed(
        "apply alpha.png -k edge3 -o x.bmp", "alpha.png: BMP cannot hold full colour (RGB) with alpha", "-o NAME.png"
    ),
    failed("apply alpha.png -k blur -o x.jpg", "alpha.png: JPEG cannot hold full colour (RGB) with alpha", "PNG"),
    # outputs
    refused("apply photo.png -k sharpen", "photo_sharpen.png: is there already", "--overwrite", "--skip-existing"),
    refused("apply photo.png -k edge3 -o other.png", "other.png: is there already", "--overwrite"),
    refused("apply photo.png other.png -k sharpen", "photo_sharpen.png: is there already"),
    refused("apply photo.png -k edge3 -o photo.png --overwrite", "photo.png: is itself an input", "-o"),
    refused("apply photo.png -k edge3 -o ./copies/../photo.png --overwrite", "is itself an input"),
    refused("apply photo.png other.png -k edge3 -o other.png --overwrite", "2 inputs cannot all be written to"),
    refused("apply photo.png -k edge3 -o ./ --overwrite", "photo.png: is itself an input"),
    refused("apply pictures -k edge3 -o pictures/ --overwrite", "is itself an input"),
    refused("apply photo.png copies/photo.png -k edge3 -o out/", "would both be written to out"),
    refused("apply photo.png other.png -k edge3 -o x.png", "2 inputs cannot all be written to 'x.png'", "slash"),
    refused("apply pictures -k edge3 -o x.png", "2 inputs cannot all be written to 'x.png'"),
    refused("apply photo.png other.png -k edge3 -o -", "2 inputs cannot all be written to "),
    refused("apply photo.png -k edge3 -o ''", "-o"),
    refused("apply photo.png -k edge3 -o none/x.png", "none: there is no such folder"),
    refused("apply photo.png -k edge3 -o other.png/x.png", "other.png: is not a folder"),
    refused("apply photo.png -k edge3 -o other.png/", "other.png: is not a folder"),
    refused("apply photo.png -k edge3 -o other.png/deeper/", "other.png: is not a folder"),
    refused("apply copies/photo.png -k edge3 -o .", "photo.png: is there already"),
    refused("apply big.png -k edge3 -o x.xyz", "x.xyz: extension '.xyz' stands for no format", ".png"),
    refused("apply big.png -k edge3 -o x", "x: no extension names a format", "write x/ for a folder", ".png"),
    refused("apply - photo.png -k edge3", "standard input (-) cannot be filtered together with other inputs"),
    refused("apply - - -k edge3", "standard input (-) cannot be filtered together with other inputs"),
    refused("apply - -k edge3 -o copies", "standard input (-) has no name to use in a folder"),
    refused("apply - -k edge3 -o other.png", "other.png: is there already"),
    refused("apply - -k edge3 -o x.xyz", "x.xyz: extension '.xyz' stands for no format"),
]

BAD_ON_POSIX = [
    failed("apply dangling.png -k edge3", "dangling.png: neither a file nor a folder"),
    failed("apply pipe.png -k edge3", "pipe.png: neither a file nor a folder"),
    failed("apply loop -k edge3", "loop: neither a file nor a folder"),
    failed(f"apply {LONG}.png -k edge3", f"{LONG}.png: "),
    refused("apply photo.png -k edge3 -o dangling.png", "dangling.png: is there already"),
    refused("apply photo.png -k edge3 -o loop/x.png", "loop"),
    refused("apply photo.png -k edge3 -o loop/", "loop"),
    refused(f"apply photo.png -k edge3 -o {LONG}.png", f"{LONG}.png: "),
    refused(f"apply photo.png -k edge3 -o {LONG}/x.png", LONG),
    refused(f"apply photo.png -k edge3 --registry {LONG}", f"{LONG}: cannot read the registry"),
]


def short(bad: Bad) -> str:
    return bad.line.replace(LONG, "LONG")[:70]


def assert_refused_in_one_line(run: Run, folder: Path, bad: Bad) -> None:
    before = snapshot(folder)
    result = run(*shlex.split(bad.line), stdin=bad.stdin)
    assert re.fullmatch(r"imfilt: [^\n]+\n", result.stderr)
    for part in bad.says:
        assert part.casefold() in result.stderr.casefold()
    assert "Traceback" not in result.stderr
    assert result.stdout == b""
    assert result.status == bad.status
    assert snapshot(folder) == before


@pytest.mark.parametrize("bad", BAD, ids=short)
def test_bad_input_is_one_line_and_the_right_status_and_nothing_is_touched(run: Run, folder: Path, bad: Bad) -> None:
    assert_refused_in_one_line(run, folder, bad)


@POSIX
@pytest.mark.parametrize("bad", BAD_ON_POSIX, ids=short)
def test_bad_names_and_links_are_one_line_and_the_right_status_and_nothing_is_touched(
    run: Run, folder: Path, bad: Bad
) -> None:
    assert_refused_in_one_line(run, folder, bad)


@pytest.mark.parametrize("part", [0.3, 0.9])
@pytest.mark.parametrize("name", [name for name, entry in WRITTEN.items() if entry.is_pillows])
def test_a_file_cut_short_is_one_line_whatever_its_format(run: Run, folder: Path, name: str, part: float) -> None:
    entry = WRITTEN[name]
    file = folder / f"short{entry.extensions[0]}"
    mode = next(mode for mode in ("RGB", "L", "F") if mode in entry.modes)
    samples(mode, 1, (64, 48)).save(file, name)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    assert_refused_in_one_line(run, folder, failed(f"apply {file.name} -k edge3", f"{file.name}: "))


@pytest.mark.parametrize(
    "line",
    [
        f"apply photo.png -k edge3 --dilation {10**30}",
        f"apply photo.png -k edge3 --dilation {10**30} --size full",
        f"apply photo.png -k edge3 --dilation {10**12} --size full",
        f"apply photo.png -k edge3 --dilation {'9' * 5000}",
        f"apply photo.png -k edge3 --anchor 0,{10**400}",
    ],
    ids=lambda line: f"{line[:50]} of {len(line)}",
)
def test_numbers_beyond_all_reason_are_one_line_and_nothing_is_touched(run: Run, folder: Path, line: str) -> None:
    before = snapshot(folder)
    result = run(*shlex.split(line))
    assert re.fullmatch(r"imfilt: [^\n]+\n", result.stderr)
    assert result.stdout == b""
    assert result.status in (1, 2)
    assert snapshot(folder) == before


# What the system forbids


@pytest.fixture
def forbid() -> Callable[[Path, int], None]:
    """Take permissions away; skip where they bind nobody."""

    def take(path: Path, mode: int) -> None:
        path.chmod(mode)
        if os.access(path, os.W_OK) or (mode & 0o444 == 0 and os.access(path, os.R_OK)):
            pytest.skip("permissions do not bind who runs the tests")

    return take


@POSIX
def test_a_folder_that_cannot_be_written_to_is_refused(
    run: Run, folder: Path, forbid: Callable[[Path, int], None]
) -> None:
    forbid(folder / "copies", 0o555)
    for line in ("apply copies/photo.png -k edge3", "apply photo.png -k edge3 -o copies/x.png"):
        assert_refused_in_one_line(run, folder, refused(line, "copies: this folder cannot be written to"))


@POSIX
def test_a_file_that_cannot_be_read_fails_and_the_others_are_written(
    run: Run, folder: Path, forbid: Callable[[Path, int], None]
) -> None:
    before = (folder / "other.png").read_bytes()
    forbid(folder / "other.png", 0o000)
    result = run("apply", "other.png", "photo.png", "-k", "edge3")
    assert (result.status, result.lines) == (1, ["photo_edge3.png"])
    assert result.stderr == "imfilt: other.png: cannot be read: Permission denied\n"
    assert not (folder / "other_edge3.png").exists()
    (folder / "other.png").chmod(0o600)
    assert (folder / "other.png").read_bytes() == before


@POSIX
@pytest.mark.parametrize(
    ("line", "status", "place"),
    [
        ("apply copies/photo.png -k edge3", 1, "copies/photo.png"),
        ("apply copies -k edge3", 1, "copies"),
        ("apply photo.png -k edge3 -o copies/x.png", 2, "copies"),
        ("apply photo.png -k edge3 -o copies/", 2, "copies"),
        ("apply photo.png -m @copies/m.txt", 2, "copies/m.txt"),
        ("list-kernels --registry copies/r.toml", 2, "copies/r.toml"),
    ],
)
def test_what_lies_in_a_folder_that_cannot_be_entered_is_named_in_the_error(
    run: Run, folder: Path, forbid: Callable[[Path, int], None], line: str, status: int, place: str
) -> None:
    forbid(folder / "copies", 0o000)
    result = run(*shlex.split(line))
    (folder / "copies").chmod(0o700)
    assert (result.status, result.stdout) == (status, b"")
    assert re.fullmatch(f"imfilt: {place}: [^\n]+\n", result.stderr)


@POSIX
def test_a_file_of_the_user_that_cannot_be_reached_is_named_in_the_error(
    run: Run, home: Path, forbid: Callable[[Path, int], None]
) -> None:
    file = Path(click.get_app_dir("imfilt")) / "kernels.toml"
    assert file.is_relative_to(home)
    file.parent.mkdir(parents=True)
    file.touch()
    forbid(file.parent, 0o000)
    result = run("list-kernels")
    file.parent.chmod(0o700)
    assert (result.status, result.stdout) == (2, b"")
    assert result.stderr == f"imfilt: {file}: cannot read the registry: Permission denied\n"


def test_a_picture_is_not_written_to_a_terminal(run: Run, folder: Path) -> None:
    before = snapshot(folder)
    picture = (folder / "photo.png").read_bytes()
    for arguments in (("photo.png", "-o", "-"), ("-",)):
        result = run("apply", *arguments, "-k", "edge3", stdin=picture, terminal=True)
        assert (result.status, result.stdout) == (2, b"")
        assert re.fullmatch("imfilt: a picture is not written to a terminal; [^\n]+\n", result.stderr)
    assert snapshot(folder) == before


def shell(line: str) -> subprocess.CompletedProcess[str]:
    command = f"{shlex.quote(sys.executable)} -m imfilt"
    return subprocess.run(["sh", "-c", line.replace("imfilt", command)], capture_output=True, text=True, check=False)


@POSIX
@pytest.mark.parametrize(
    "line", ["imfilt list-kernels", "imfilt apply photo.png -k edge3", "imfilt apply photo.png -k edge3 -o -"]
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_standard_output_that_takes_nothing_is_one_line(folder: Path, line: str) -> None:
    result = shell(f"{line} >/dev/full")
    assert re.fullmatch(r"imfilt: [^\n]*No space left on device[^\n]*\n", result.stderr)
    assert result.returncode == 1
    assert not list(folder.glob(".imfilt*"))


@POSIX
@pytest.mark.parametrize(
    "line", ["imfilt list-kernels >&-", "imfilt apply - -k edge3 <&-", "imfilt apply - -k edge3 <photo.png >&-"]
)
def test_a_closed_standard_stream_that_is_needed_is_one_line(folder: Path, line: str) -> None:
    before = snapshot(folder)
    result = shell(line)
    assert re.fullmatch(r"imfilt: [^\n]+\n", result.stderr)
    assert result.returncode in (1, 2)
    assert snapshot(folder) == before


@POSIX
def test_a_picture_is_written_where_nobody_listens_for_its_path(folder: Path) -> None:
    result = shell("imfilt apply photo.png -k edge3 >&-")
    assert (result.returncode, result.stderr) == (0, "")
    assert (folder / "photo_edge3.png").exists()


@POSIX
@pytest.mark.parametrize("line", ["list-kernels", "apply photo.png -k edge3", "apply photo.png -k edge3 -o -"])
def test_a_reader_that_went_away_is_no_reason_to_complain(folder: Path, line: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "imfilt", *shlex.split(line)]
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert result.stderr == b""
    assert not list(folder.glob(".imfilt*"))


# One bad among good


def test_good_files_among_bad_ones_are_written_and_the_status_is_1(run: Run, folder: Path) -> None:
    before = snapshot(folder)
    result = run("apply", "photo.png", "text.png", "none.png", "cut.jpg", "other.png", "notes", "-k", "edge3")
    assert result.status == 1
    assert result.lines == ["photo_edge3.png", "other_edge3.png"]
    errors = result.stderr.splitlines()
    assert sorted(re.fullmatch("imfilt: ([^:]+): .+", line)[1] for line in errors) == [  # type: ignore[index]
        "cut.jpg",
        "none.png",
        "notes",
        "text.png",
    ]
    after = snapshot(folder)
    assert set(after) - set(before) == {"photo_edge3.png", "other_edge3.png"}
    assert {name: after[name] for name in before if name != "."} == {n: s for n, s in before.items() if n != "."}
    for name in ("photo", "other"):
        with Image.open(f"{name}_edge3.png") as image:
            assert image.size == (16, 12)


def test_good_files_of_a_folder_with_a_bad_one_are_written_and_the_status_is_1(run: Run, folder: Path) -> None:
    (folder / "pictures" / "aa.png").write_text("no picture")
    result = run("apply", "pictures", "-r", "-k", "blur", "-o", "out/")
    assert result.status == 1
    assert result.lines == [str(Path("out", name)) for name in ("a.png", "b.png", "deeper/c.png")]
    assert re.fullmatch(f"imfilt: {re.escape(str(Path('pictures', 'aa.png')))}: not a picture[^\n]+\n", result.stderr)
    assert sorted(path.name for path in (folder / "out").rglob("*.*")) == ["a.png", "b.png", "c.png"]


def test_a_folder_below_the_one_that_is_written_to_is_filtered_all_the_same(run: Run, folder: Path) -> None:
    result = run("apply", "pictures", "-k", "blur", "-o", ".")
    assert (result.status, result.lines, result.stderr) == (0, ["a.png", "b.png"], "")
    assert (folder / "a.png").exists()


def test_a_picture_too_small_for_a_kernel_fails_and_the_others_are_written(run: Run, folder: Path) -> None:
    result = run("apply", "photo.png", "big.png", "-k", "gaussian5", "--size", "valid", "--dilation", "4", "-o", "out/")
    assert (result.status, result.lines) == (1, [str(Path("out", "big.png"))])
    assert re.fullmatch("imfilt: photo.png: [^\n]*'valid' leaves nothing[^\n]*\n", result.stderr)
    assert [path.name for path in (folder / "out").iterdir()] == ["big.png"]


def test_one_output_in_the_way_keeps_all_others_from_being_written(run: Run, folder: Path) -> None:
    bad = refused("apply other.png photo.png big.png -k sharpen", "photo_sharpen.png: is there already")
    assert_refused_in_one_line(run, folder, bad)


def test_outputs_in_the_way_are_passed_over_and_untouched_on_request(run: Run, folder: Path) -> None:
    before = snapshot(folder)["photo_sharpen.png"]
    result = run("apply", "other.png", "photo.png", "-k", "sharpen", "--skip-existing")
    assert (result.status, result.lines, result.stderr) == (0, ["other_sharpen.png"], "")
    assert snapshot(folder)["photo_sharpen.png"] == before


def test_a_failure_leaves_a_file_that_was_to_be_replaced_as_it_was(run: Run, folder: Path) -> None:
    bad = failed("apply cut.png -k edge3 -o other.png --overwrite", "cut.png: cannot be read")
    assert_refused_in_one_line(run, folder, bad)


@POSIX
@pytest.mark.parametrize("line", ["apply photo.png -k nothing-like-it", "apply text.png -k edge3"])
def test_debug_shows_where_an_error_came_from(folder: Path, line: str) -> None:
    before = snapshot(folder)
    result = shell(f"imfilt --debug {line}")
    assert "Traceback" in result.stderr
    assert result.returncode != 0
    assert snapshot(folder) == before
