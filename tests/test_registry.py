"""The registry: the built-in kernels, the layers above them, and what a broken file says."""

from __future__ import annotations

import os
import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st

import imfilt
from imfilt import Kernel, RegistryError, UnknownKernelError, UsageError, load_registry
from imfilt.kernels import registry as registry_module
from imfilt.kernels.files import LARGEST_FILE
from imfilt.kernels.lookup import FAMILY, find_entry, find_kernels
from imfilt.kernels.registry import BUILT_IN

ROOT = Path(__file__).parent.parent

BINOMIAL = [[1, 4, 6, 4, 1], [4, 16, 24, 16, 4], [6, 24, 36, 24, 6], [4, 16, 24, 16, 4], [1, 4, 6, 4, 1]]
UNSHARP = [[1, 4, 6, 4, 1], [4, 16, 24, 16, 4], [6, 24, -476, 24, 6], [4, 16, 24, 16, 4], [1, 4, 6, 4, 1]]

BUILT_IN_KERNELS: dict[str, tuple[tuple[str, ...], list[list[int]], int]] = {
    "identity": ((), [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
    "edge1": ((), [[1, 0, -1], [0, 0, 0], [-1, 0, 1]], 1),
    "edge2": (("laplacian4",), [[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
    "edge3": (("outline", "laplacian8"), [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], 1),
    "sharpen": ((), [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    "box3": (("box-blur", "blur"), [[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
    "gaussian3": (("gaussian-blur",), [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    "gaussian5": ((), BINOMIAL, 256),
    "unsharp5": (("unsharp", "unsharp-mask"), UNSHARP, -256),
    "sobel-x": (("sobel-left", "left-sobel"), [[1, 0, -1], [2, 0, -2], [1, 0, -1]], 1),
    "sobel-y": (("sobel-top", "top-sobel"), [[1, 2, 1], [0, 0, 0], [-1, -2, -1]], 1),
    "sobel-right": (("right-sobel",), [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
    "sobel-bottom": (("bottom-sobel",), [[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
    "emboss": ((), [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
}


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def one(matrix: str = "[[1]]", more: str = "", name: str = "mine") -> str:
    return f"[kernels.{name}]\nmatrix = {matrix}\n{more}\n"


# The built-in kernels


def test_the_built_in_kernels_are_these_in_this_order() -> None:
    assert list(load_registry()) == list(BUILT_IN_KERNELS)


@pytest.mark.parametrize("name", BUILT_IN_KERNELS)
def test_a_built_in_kernel_has_this_matrix_divisor_and_these_aliases(name: str) -> None:
    aliases, matrix, divisor = BUILT_IN_KERNELS[name]
    entry = load_registry().entry(name)
    assert entry.kernel == Kernel(matrix, divisor=divisor, name=name)
    assert entry.aliases == aliases
    assert entry.origin == BUILT_IN
    assert entry.description
    assert entry.kernel.is_exact


@pytest.mark.parametrize("name", BUILT_IN_KERNELS)
def test_a_built_in_kernel_keeps_a_flat_picture_or_makes_it_black(name: str) -> None:
    assert load_registry()[name].sum == (0 if name.startswith(("edge", "sobel")) else 1)


def test_every_alias_leads_to_the_kernel_it_belongs_to() -> None:
    registry = load_registry()
    for name, (aliases, _, _) in BUILT_IN_KERNELS.items():
        for alias in aliases:
            assert registry[alias] is registry[name]


# Names


@pytest.mark.parametrize("spelling", ["edge3", "EDGE3", "Edge-3", "e-d_g-e_3", " edge3 ", "_edge3", "Out-Line"])
def test_case_and_hyphens_and_underscores_make_no_difference(spelling: str) -> None:
    registry = load_registry()
    assert registry[spelling].name == "edge3"
    assert spelling in registry


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(list(BUILT_IN_KERNELS)), st.data())
def test_any_spelling_with_other_case_and_more_hyphens_is_the_same_name(name: str, data: st.DataObject) -> None:
    letters = data.draw(
        st.tuples(*(st.tuples(st.booleans(), st.sampled_from(["", "-", "_", "-_"])) for _ in name)), label="spelling"
    )
    spelling = "".join(
        (letter.upper() if upper else letter) + between for letter, (upper, between) in zip(name, letters, strict=True)
    )
    assert load_registry()[spelling].name == name


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("egde3", "edge3"), ("gausian5", "gaussian5"), ("gaussianblur5", "gaussian-blur"), ("Sharpn", "sharpen")],
)
def test_an_unknown_name_is_answered_with_close_ones(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownKernelError, match=f"unknown kernel '{wrong}'; did you mean .*{meant}") as error:
        load_registry()[wrong]
    assert "imfilt list-kernels" in str(error.value)


def test_an_unknown_name_that_is_like_none_has_no_suggestion() -> None:
    with pytest.raises(UnknownKernelError) as error:
        load_registry()["qqqqqq"]
    assert "did you mean" not in str(error.value)
    assert "qqqqqq" not in load_registry()


# Layers


def test_a_later_file_replaces_a_kernel_of_the_same_name_however_it_is_spelt(tmp_path: Path) -> None:
    first = write(tmp_path / "first.toml", one("[[1, 2]]", name="Edge_3"))
    second = write(tmp_path / "second.toml", one("[[3, 4]]", name="EDGE3"))
    registry = load_registry(first, second)
    assert registry["edge3"].weights == ((3, 4),)
    assert registry.entry("edge3").origin == str(second)
    assert len(registry) == len(BUILT_IN_KERNELS)
    assert load_registry(second, first)["edge3"].weights == ((1, 2),)


def test_a_later_name_takes_an_alias_away_and_leaves_the_rest(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.toml", one("[[1, 2, 1]]", name="Blur"))
    registry = load_registry(file)
    assert registry["blur"].weights == ((1, 2, 1),)
    assert registry["box-blur"] is registry["box3"]
    assert registry.entry("box3").aliases == ("box-blur",)


def test_a_later_alias_replaces_a_kernel_of_that_name(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.toml", one("[[1, 2, 1]]", 'aliases = ["Edge-1"]'))
    registry = load_registry(file)
    assert registry["edge1"].name == "mine"
    assert "edge1" not in list(registry)


def test_kernels_of_all_files_are_there_side_by_side(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.toml", one(name=name)) for name in ("one", "two")]
    assert list(load_registry(*files)) == [*BUILT_IN_KERNELS, "one", "two"]


def test_a_registry_is_not_changed_by_what_is_laid_over_it(tmp_path: Path) -> None:
    below = load_registry()
    merged = below.merged(load_registry(write(tmp_path / "mine.toml", one(name="edge3"))))
    assert below["edge3"].size == (3, 3)
    assert merged["edge3"].size == (1, 1)


def user_file() -> Path:
    return Path(click.get_app_dir("imfilt")) / "kernels.toml"


def shown_matrix_and_origin(run: Run, *arguments: str | Path) -> tuple[str, str]:
    result = run("show-kernel", "edge3", *arguments)
    assert result.status == 0, result.stderr
    origin = next(line.split(maxsplit=1)[1] for line in result.lines if line.startswith("from "))
    return result.lines[2].strip(), origin


def test_the_command_lays_user_then_environment_then_option_over_the_built_in_kernels(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user_file().is_relative_to(home)
    assert shown_matrix_and_origin(run) == ("-1  -1  -1", BUILT_IN)
    write(user_file(), one("[[10]]", name="edge3"))
    assert shown_matrix_and_origin(run) == ("10", str(user_file()))
    files = [write(tmp_path / f"{n}.toml", one(f"[[{n}]]", name="edge3")) for n in (20, 30, 40, 50)]
    monkeypatch.setenv("IMFILT_REGISTRY", os.pathsep.join(map(str, files[:2])))
    assert shown_matrix_and_origin(run) == ("30", str(files[1]))
    monkeypatch.setenv("IMFILT_REGISTRY", os.pathsep.join([str(files[1]), "", str(files[0]), ""]))
    assert shown_matrix_and_origin(run) == ("20", str(files[0]))
    assert shown_matrix_and_origin(run, "--registry", files[2]) == ("40", str(files[2]))
    assert shown_matrix_and_origin(run, "--registry", files[2], "--registry", files[3]) == ("50", str(files[3]))


def test_the_list_says_where_each_kernel_came_from(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(user_file(), one(name="ours"))
    environment, option = (write(tmp_path / f"{n}.toml", one(name=n)) for n in ("environment", "option"))
    monkeypatch.setenv("IMFILT_REGISTRY", str(environment))
    origins = {fields[0]: fields[-1] for fields in (line.split("\t") for line in list_lines(run, option))}
    assert user_file().is_relative_to(home)
    origins = {name: origin for name, origin in origins.items() if origin != FAMILY and not load_registry().group(name)}
    assert origins == dict.fromkeys(BUILT_IN_KERNELS, BUILT_IN) | {
        "ours": str(user_file()),
        "environment": str(environment),
        "option": str(option),
    }


def list_lines(run: Run, registry: Path) -> list[str]:
    return run("list-kernels", "--registry", registry).lines


@pytest.mark.parametrize("command", [("list-kernels",), ("show-kernel", "edge3"), ("apply", "x.png", "-k", "edge3")])
def test_a_broken_file_of_the_user_stops_every_command_with_its_name(
    run: Run, home: Path, command: tuple[str, ...]
) -> None:
    write(user_file(), one("[[1, 2], [3]]"))
    result = run(*command)
    assert (result.status, result.stdout) == (2, b"")
    assert user_file().is_relative_to(home)
    assert result.stderr.startswith(f"imfilt: {user_file()}: kernel 'mine': row 2")


def test_the_library_reads_no_file_it_was_not_given(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user_file().is_relative_to(home)
    write(user_file(), one())
    monkeypatch.setenv("IMFILT_REGISTRY", str(write(tmp_path / "other.toml", one(name="other"))))
    assert list(load_registry()) == list(BUILT_IN_KERNELS)


# What a file may hold


def test_all_that_a_kernel_can_have_is_read(tmp_path: Path) -> None:
    file = write(
        tmp_path / "mine.toml",
        """
        schema = 1
        [kernels.emboss]
        matrix = [[-2, "-1/3", 0.5], [1e3, "2e-1", "8/2"]]
        divisor = "1/3"
        bias = 128
        anchor = [1, 2]
        aliases = ["relief", "Stamp_2"]
        description = "light from the left"
        reference = "a book"
        """,
    )
    entry = load_registry(file).entry("STAMP2")
    assert entry.kernel == Kernel(
        [[-2, Fraction(-1, 3), 0.5], [1000, 0.2, 4]],
        divisor=Fraction(1, 3),
        bias=128,
        anchor=(1, 2),
        name="emboss",
    )
    assert entry.names == ("emboss", "relief", "Stamp_2")
    assert (entry.description, entry.reference) == ("light from the left", "a book")
    assert entry.origin == str(file)


@pytest.mark.parametrize("text", ["", "schema = 1", "schema = 1\n[kernels]", "# nothing\n"])
def test_a_file_without_kernels_adds_none(tmp_path: Path, text: str) -> None:
    assert list(load_registry(write(tmp_path / "mine.toml", text))) == list(BUILT_IN_KERNELS)


def test_a_family_and_its_parameters_are_read(tmp_path: Path) -> None:
    text = '[kernels.soft]\nfamily = "Gaussian"\nsigma = 2.5\nbias = 3\naliases = ["blurry"]\n'
    text += '[kernels.third]\nfamily = "gaussian"\nsigma = "1/3"\n'
    registry = load_registry(write(tmp_path / "mine.toml", text))
    made = find_entry("gaussian:sigma=2.5", registry).kernel
    assert (registry["blurry"].weights, registry["soft"].bias, registry["soft"].name) == (made.weights, 3, "soft")
    assert registry.entry("soft").formula == "gaussian:sigma=2.5"
    assert registry["third"].weights == find_entry("gaussian:sigma=(1/3)", registry).kernel.weights


def test_an_expression_names_built_in_kernels_and_those_above_it(tmp_path: Path) -> None:
    text = one("[[1, 2, 3]]", 'aliases = ["other"]')
    text += '[kernels.made]\nexpression = "2*OTHER @ [1 1 1]"\nbias = 5\naliases = ["again"]\nintended = ["sum"]\n'
    text += '[kernels.sharpen]\nexpression = "sharpen - identity"\n'
    text += '[kernels.last]\nexpression = "again + sharpen"\n'
    registry = load_registry(write(tmp_path / "mine.toml", text))
    assert registry["made"] == Kernel([[2, 6, 12, 10, 6]], bias=5, name="made")
    assert (registry.entry("made").formula, registry.entry("made").intended) == ("2 * OTHER @ [1 1 1]", ("sum",))
    assert registry["sharpen"].weights == ((0, -1, 0), (-1, 4, -1), (0, -1, 0))
    assert registry["last"] == Kernel([[0, 0, -1, 0, 0], [2, 5, 16, 9, 6], [0, 0, -1, 0, 0]], bias=5, name="last")
    # Another file is not known to it, so that it means the same wherever it is read.
    other = write(tmp_path / "other.toml", "[kernels.box3]\nmatrix = [[7]]\n[kernels.new]\nmatrix = [[1]]\n")
    uses = write(tmp_path / "uses.toml", '[kernels.uses]\nexpression = "9 * box3"\n')
    assert load_registry(other, uses)["uses"].sum == 9
    uses.write_text('[kernels.uses]\nexpression = "new"\n')
    with pytest.raises(RegistryError, match=r"uses.toml: kernel 'uses': expression: column 1: unknown kernel 'new'; "):
        load_registry(other, uses)


def test_a_file_that_never_ends_is_not_read_to_its_end(run: Run, tmp_path: Path) -> None:
    with (huge := tmp_path / "huge").open("wb") as stream:
        stream.truncate(LARGEST_FILE + 1)
    for arguments in (("list-kernels", "--registry", huge), ("show-kernel", f"@{huge}"), ("lint", "-m", f"@{huge}")):
        result = run(*arguments)
        assert (result.status, result.stdout) == (2, b"")
        assert result.stderr == f"imfilt: {huge}: the file is larger than 64 MB; no kernel needs so much\n"


def test_a_group_cannot_be_larger_than_four_of_the_largest_kernels(tmp_path: Path) -> None:
    members = ", ".join(['"box:radius=400"'] * 1000)
    registry = load_registry(write(tmp_path / "mine.toml", f"[groups.many]\nkernels = [{members}]\n"))
    with pytest.raises(UsageError, match=r"group 'many' \(.*\): its kernels are too many, or too large; give some"):
        find_kernels("many", registry)


def test_a_file_cannot_take_long_by_many_families_or_expressions(tmp_path: Path) -> None:
    families = "".join(f'[kernels.k{n}]\nfamily = "box"\nradius = 500\n' for n in range(6))
    sums = "".join(f'[kernels.k{n}]\nexpression = "{"+".join(["box:radius=100"] * 8)}"\n' for n in range(20))
    for text in (families, sums):
        with pytest.raises(RegistryError, match=r"kernel 'k\d+': .*the families and expressions of this file take too"):
            load_registry(write(tmp_path / "mine.toml", text))


def test_groups_are_read_and_a_later_one_replaces_an_earlier_one_or_a_kernel(tmp_path: Path) -> None:
    first = write(tmp_path / "first.toml", one("[[1, 2]]") + '[groups.pair]\nkernels = ["mine", "flip(mine)"]\n')
    registry = load_registry(first)
    assert [kernel.weights for kernel in find_kernels("Pair", registry)] == [((1, 2),), ((2, 1),)]
    second = write(tmp_path / "second.toml", '[groups.pair]\nkernels = ["edge1"]\n[groups.mine]\nkernels = ["box3"]\n')
    later = load_registry(first, second)
    assert find_kernels("pair", later) == (later["edge1"],)
    assert find_kernels("mine", later) == (later["box3"],)
    assert load_registry(second, first).group("mine") is None
    assert find_kernels("mine", load_registry(second, first))[0].weights == ((1, 2),)
    with pytest.raises(UnknownKernelError, match=r"group 'pair' \(.*first.toml\): unknown kernel 'mine'"):
        find_kernels("pair", imfilt.Registry((), registry.groups))


def test_the_divisor_sum_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xef\xbb\xbf" + one("[[1, 2, 1]]", 'divisor = "sum"').encode())
    assert load_registry(str(file))["mine"].divisor == 4


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 9), (9, 1), (2, 2), (4, 6), (1, 1001), (1001, 1)])
def test_matrices_of_any_size_and_shape_are_accepted(tmp_path: Path, rows: int, columns: int) -> None:
    file = write(tmp_path / "mine.toml", one(str([[1] * columns] * rows)))
    assert load_registry(file)["mine"].size == (rows, columns)


_cells = st.one_of(
    st.integers(-(10**9), 10**9),
    st.fractions(max_denominator=99, min_value=-9, max_value=9),
    st.floats(-1e6, 1e6),
)


def _toml(number: Any) -> str:
    return f'"{number}"' if isinstance(number, Fraction) else repr(number)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(_cells, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_a_kernel_written_as_toml_is_read_as_the_same_kernel(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]]
) -> None:
    matrix = ", ".join(f"[{', '.join(map(_toml, row))}]" for row in rows)
    file = write(tmp_path_factory.getbasetemp() / "written.toml", one(f"[{matrix}]"))
    assert load_registry(file)["mine"] == Kernel(rows, name="mine")


# What is wrong with a file: the text, and what the one line has to say after the name of the file

HUGE = "0x" + "f" * 5000

WRONG: dict[str, tuple[str, str]] = {
    "a row too short": (one("[[1, 2], [3]]"), "kernel 'mine': row 2 has 1 numbers where row 1 has 2"),
    "a row too long": (one("[[1], [2, 3]]"), "kernel 'mine': row 2 has 2 numbers where row 1 has 1"),
    "no rows": (one("[]"), "kernel 'mine': the matrix has no rows"),
    "an empty row": (one("[[]]"), "kernel 'mine': row 1 is empty"),
    "an empty last row": (one("[[1], []]"), "kernel 'mine': row 2 is empty"),
    "no rows but numbers": (one("[1, 2, 1]"), "kernel 'mine': row 1: "),
    "a row that is text": (one('[[1], "2"]'), "kernel 'mine': row 2: text"),
    "a matrix that is text": (one('"1 2 1"'), "kernel 'mine': the matrix must be a list of rows"),
    "a matrix that is a number": (one("3"), "kernel 'mine': the matrix must be a list of rows"),
    "a matrix that is a table": (one("{a = 1}"), "kernel 'mine': the matrix must be a list of rows"),
    "text in a cell": (one('[[1, 2], [3, "four"]]'), "kernel 'mine': row 2, column 2: 'four' is not a number"),
    "empty text in a cell": (one('[[1, ""]]'), "kernel 'mine': row 1, column 2: '' is not a number"),
    "a fraction over zero": (one('[["1/0"]]'), "kernel 'mine': row 1, column 1: '1/0' divides by zero"),
    "nan": (one("[[1], [nan]]"), "kernel 'mine': row 2, column 1: nan is not a finite number"),
    "infinity": (one("[[1, -inf]]"), "kernel 'mine': row 1, column 2: -inf is not a finite number"),
    "nan as text": (one('[["nan"]]'), "kernel 'mine': row 1, column 1: 'nan' is not a number"),
    "a boolean": (one("[[1, true]]"), "kernel 'mine': row 1, column 2: true or false is not a number"),
    "a list in a cell": (one("[[[1]]]"), "kernel 'mine': row 1, column 1: a list is not a number"),
    "a table in a cell": (one("[[1, {a = 1}]]"), "kernel 'mine': row 1, column 2: a table is not a number"),
    "a date in a cell": (one("[[1979-05-27]]"), "kernel 'mine': row 1, column 1: date is not a number"),
    "a number beyond floats": (one(f"[[{HUGE}]]"), "kernel 'mine': row 1, column 1: a number outside"),
    "1002 columns": (one(str([[1] * 1002])), "kernel 'mine': the matrix is larger than 1001 x 1001"),
    "1002 rows": (one(str([[1]] * 1002)), "kernel 'mine': the matrix is larger than 1001 x 1001"),
    "no matrix": ("[kernels.mine]\ndivisor = 2", "kernel 'mine': has no matrix"),
    "divisor 0": (one(more="divisor = 0"), "kernel 'mine': divisor: nothing can be divided by 0"),
    "divisor 0.0": (one(more="divisor = -0.0"), "kernel 'mine': divisor: nothing can be divided by 0"),
    "divisor text": (one(more='divisor = "total"'), "kernel 'mine': divisor: 'total' is not a number"),
    "divisor boolean": (one(more="divisor = true"), "kernel 'mine': divisor: true or false is not a number"),
    "divisor list": (one(more="divisor = [1]"), "kernel 'mine': divisor: a list is not a number"),
    "divisor infinity": (one(more="divisor = inf"), "kernel 'mine': divisor: inf is not a finite number"),
    "a sum of zero": (one("[[1, -1]]", 'divisor = "sum"'), "kernel 'mine': divisor \"sum\": the weights sum to 0"),
    "bias nan": (one(more="bias = nan"), "kernel 'mine': bias: nan is not a finite number"),
    "bias text": (one(more='bias = "dark"'), "kernel 'mine': bias: 'dark' is not a number"),
    "anchor outside": (one(more="anchor = [0, 1]"), "kernel 'mine': anchor: 0,1 is outside the 1 x 1 matrix"),
    "anchor below 0": (one(more="anchor = [-1, 0]"), "kernel 'mine': anchor: -1,0 is outside the 1 x 1 matrix"),
    "anchor of one": (one(more="anchor = [0]"), "kernel 'mine': anchor: two whole numbers"),
    "anchor of floats": (one(more="anchor = [0.0, 0.0]"), "kernel 'mine': anchor: two whole numbers"),
    "anchor of booleans": (one(more="anchor = [false, false]"), "kernel 'mine': anchor: two whole numbers"),
    "anchor text": (one(more='anchor = "0,0"'), "kernel 'mine': anchor: two whole numbers"),
    "anchor of 20000 bits": (one(more=f"anchor = [0, {HUGE}]"), "kernel 'mine': anchor"),
    "unknown key": (one(more="divisior = 2"), "kernel 'mine': unknown key 'divisior' (did you mean 'divisor'?)"),
    "unknown key in other case": (one(more="Bias = 2"), "kernel 'mine': unknown key 'Bias' (did you mean 'bias'?)"),
    "unknown key like none": (one(more="qqq = 2"), "kernel 'mine': unknown key 'qqq'; known are matrix, divisor"),
    "unknown top key": ("[kernel.mine]\nmatrix = [[1]]", "unknown key 'kernel' (did you mean 'kernels'?)"),
    "unknown top key like none": ("colour = 2", "unknown key 'colour'; known are schema, intended, kernels"),
    "an alias of two kernels": (
        one(more='aliases = ["soft"]') + one(more='aliases = ["SOFT"]', name="other"),
        "kernel 'other': the name 'SOFT' is used twice: kernel 'mine' has it already",
    ),
    "an alias twice": (one(more='aliases = ["soft", "s-oft"]'), "kernel 'mine': the name 's-oft' is used twice"),
    "an alias that is its name": (one(more='aliases = ["MINE"]'), "kernel 'mine': the name 'MINE' is used twice"),
    "an alias that is a name": (one(more='aliases = ["other"]') + one(name="other"), "the name 'other' is used twice"),
    "two names that are one": (one() + one(name="Mi-Ne"), "kernel 'Mi-Ne': the name 'Mi-Ne' is used twice"),
    "aliases that are text": (one(more='aliases = "soft"'), "kernel 'mine': aliases must be a list of names"),
    "an alias that is a number": (one(more="aliases = [3]"), "kernel 'mine': aliases: a number where text"),
    "an alias that is no name": (one(more='aliases = ["a b"]'), "kernel 'mine': 'a b' cannot be a name"),
    "a name of 5000 digits": (one(name="3" * 5000), f"kernel '{'3' * 57}...': '{'3' * 57}...' cannot be a name"),
    "a key of 5000 letters": (one(more="k" * 5000 + " = 1"), f"kernel 'mine': unknown key '{'k' * 57}...'; known are"),
    "an empty name": (one(name='""'), "kernel '': '' cannot be a name"),
    "a name with a space": (one(name='"a b"'), "kernel 'a b': 'a b' cannot be a name"),
    "a name with a slash": (one(name='"../a"'), "kernel '../a': '../a' cannot be a name"),
    "a name that begins with a hyphen": (one(name="-a"), "kernel '-a': '-a' cannot be a name"),
    "a name that begins with a digit": (one(name="3x"), "kernel '3x': '3x' cannot be a name"),
    "a name of two lines": (one(name='"a\\nb"'), "kernel 'a\\nb': 'a\\nb' cannot be a name"),
    "a description that is a number": (one(more="description = 3"), "kernel 'mine': description: a number where text"),
    "a description that is a boolean": (one(more="description = true"), "kernel 'mine': description: true or false"),
    "a reference that is a list": (one(more='reference = ["a"]'), "kernel 'mine': reference: a list where text"),
    "schema 2": ("schema = 2", "this imfilt reads schema = 1"),
    "schema true": ("schema = true", "this imfilt reads schema = 1"),
    "schema text": ('schema = "1"', "this imfilt reads schema = 1"),
    "schema of 20000 bits": (f"schema = {HUGE}", "this imfilt reads schema = 1"),
    "kernels that are a number": ("kernels = 3", "'kernels' must be tables"),
    "kernels that are a list": ("[[kernels]]\nmatrix = [[1]]", "'kernels' must be tables"),
    "a kernel that is a number": ("[kernels]\nmine = 3", "kernel 'mine': must be a table, headed [kernels.mine]"),
    "a kernel that is a matrix": ("[kernels]\nmine = [[1]]", "kernel 'mine': must be a table"),
    "an unknown family": ('[kernels.a]\nfamily = "gausian"', "kernel 'a': there is no family 'gausian' (did you mean"),
    "a family that is a number": ("[kernels.a]\nfamily = 3", "kernel 'a': family: a number where text must stand"),
    "a parameter that the family has not": (
        '[kernels.a]\nfamily = "box"\nsigma = 2',
        "kernel 'a': unknown key 'sigma'; known are family, radius, bias",
    ),
    "a parameter out of its range": (
        '[kernels.a]\nfamily = "box"\nradius = 501',
        "kernel 'a': box: radius: 501 must be a whole number from 0 to 500",
    ),
    "a family and a matrix": ('[kernels.a]\nfamily = "box"\nmatrix = [[1]]', "kernel 'a': unknown key 'matrix'"),
    "an expression that names itself": (
        '[kernels.a]\nexpression = "2*a"',
        "kernel 'a': expression: column 3: unknown kernel 'a'; ",
    ),
    "an expression that names what stands below it": (
        '[kernels.a]\nexpression = "b"\n[kernels.b]\nexpression = "a"',
        "kernel 'a': expression: column 1: unknown kernel 'b'; ",
    ),
    "an expression of a group": (
        '[kernels.a]\nexpression = "sobel-xy"',
        "column 1: 'sobel-xy' is a group of 2 kernels",
    ),
    "an expression that is a number": ("[kernels.a]\nexpression = 3", "kernel 'a': expression: a number where text"),
    "an expression that is broken": (
        '[kernels.a]\nexpression = "box3 +"',
        "kernel 'a': expression: column 7: a kernel",
    ),
    "an expression without a kernel": ('[kernels.a]\nexpression = "2"', "expression: column 1: this is a number"),
    "an expression and a family": (
        '[kernels.a]\nexpression = "box3"\nfamily = "box"',
        "unknown key 'family'; known are",
    ),
    "an expression of no size": (
        '[kernels.a]\nexpression = "dilate(box3, 1000000000)"',
        "column 1: this makes a kernel",
    ),
    "groups that are a number": ("groups = 3", "'groups' must be tables"),
    "a group that is a list": ("[groups]\nmine = [1]", "group 'mine': must be a table, headed [groups.mine]"),
    "a group without kernels": ("[groups.mine]\nkernels = []", "group 'mine': has no kernels"),
    "a group of numbers": ("[groups.mine]\nkernels = [1]", "group 'mine': kernels: a number where text must stand"),
    "a group named as a kernel": (
        one(name="a") + '[groups.A]\nkernels = ["a"]',
        "group 'A': the name 'A' is used twice: kernel 'a' has it already",
    ),
    "TOML that ends early": ("[kernels.mine]\nmatrix = [[1, 2],", "not valid TOML: "),
    "TOML with a missing value": ("[kernels.mine]\nmatrix = [[1, , 2]]", "not valid TOML: Invalid value (at line 2"),
    "TOML with a key twice": ("schema = 1\n\nschema = 1\n", "not valid TOML: Cannot overwrite a value (at line 3"),
    "TOML with a NUL": ("\0", "not valid TOML: "),
    "a key of 100000 parts": (".".join(["a"] * 100_000) + " = 1", "a key of more than 64 parts"),
    "a key of 100000 quoted parts": (" . ".join(['"a b"', "'a'"] * 50_000) + " = 1", "a key of more than 64 parts"),
    "a number of 5000 digits": (one(f"[[{'9' * 5000}]]"), "not valid TOML: "),
    "lists nested too deep": (one("[" * 100_000), "brackets are nested too deep"),
    "tables nested too deep": (one("{a=" * 20_000), "brackets are nested too deep"),
    "lists nested two hundred deep": (one("[" * 200 + "1" + "]" * 200), "row 1, column 1: a list is not a number"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_broken_file_is_one_line_that_names_file_kernel_and_place(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path / "mine.toml", text)
    with pytest.raises(RegistryError) as error:
        load_registry(file)
    said = str(error.value)
    assert said.startswith(f"{file}: ")
    assert message in said
    assert len(said.splitlines()) == 1
    assert len(said) - len(str(file)) < 300
    assert error.value.exit_code == 2


@pytest.mark.parametrize("text", [WRONG[case][0] for case in ("a row too short", "nan", "TOML that ends early")])
def test_a_broken_file_is_one_line_on_the_command_line_too(run: Run, tmp_path: Path, text: str) -> None:
    file = write(tmp_path / "mine.toml", text)
    result = run("list-kernels", "--registry", file)
    assert (result.status, result.stdout) == (2, b"")
    assert re.fullmatch(f"imfilt: {re.escape(str(file))}: [^\n]+\n", result.stderr)


@pytest.mark.parametrize(
    "content", [b'[kernels.a]\ndescription = "\xe9"\n', "[kernels.a]\n".encode("utf-16"), b"\x89PNG\r\n\x1a\n"]
)
def test_a_file_that_is_not_utf8_says_so_and_where(tmp_path: Path, content: bytes) -> None:
    (file := tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(RegistryError, match=r"not UTF-8 text \(byte \d+\); save it as UTF-8") as error:
        load_registry(file)
    assert str(error.value).startswith(f"{file}: ")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="cannot read the registry: No such file") as error:
        load_registry(tmp_path / "none.toml")
    assert str(error.value).startswith(f"{tmp_path / 'none.toml'}: ")


def test_a_folder_in_the_place_of_a_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="cannot read the registry"):
        load_registry(tmp_path)


def test_an_error_in_the_second_file_names_the_second_file(tmp_path: Path) -> None:
    files = [write(tmp_path / "good.toml", one()), write(tmp_path / "bad.toml", one("[[]]"))]
    with pytest.raises(RegistryError, match=re.escape(str(files[1]))):
        load_registry(*files)


# Where the built-in kernels lie


def test_the_kernels_inside_an_installed_package_come_before_those_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "imfilt"
    monkeypatch.setattr(registry_module, "__file__", str(package / "kernels" / "registry.py"))
    write(package.parent / "kernels.toml", one(name="stray"))
    write(package / "kernels.toml", one(name="installed"))
    assert list(load_registry()) == ["installed"]


def test_a_checkout_finds_the_kernels_above_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "checkout" / "imfilt"
    monkeypatch.setattr(registry_module, "__file__", str(package / "kernels" / "registry.py"))
    write(package.parent / "kernels.toml", one(name="checkout"))
    assert list(load_registry()) == ["checkout"]


def test_the_wheel_carries_the_one_copy_of_the_built_in_kernels() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"] == {
        "kernels.toml": "imfilt/kernels.toml"
    }
    assert not (ROOT / "imfilt" / "kernels.toml").exists()
    assert len(imfilt.load_registry(ROOT / "kernels.toml")) == len(BUILT_IN_KERNELS)
