"""Kernels under names of one's own: what is put into a registry file, and what stays as it is."""

from __future__ import annotations

import stat
import sys
import tomllib
from fractions import Fraction
from pathlib import Path

import click
import pytest
from conftest import Run, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from imfilt import Kernel, RegistryError, load_registry
from imfilt.kernels.lookup import find_entry
from imfilt.kernels.registry import Entry
from imfilt.kernels.registry_text import with_entry

FILE = """\
# My kernels,   with care.
schema = 1

[ kernels . first ]   # the first
matrix = [
    [1],   # looks like
    [2]
    # no header
]

# About the second.
[kernels."second"]
matrix = [ [ 1, 2 ] ] # a row
aliases = ["two"]

# About groups.
[groups.pair]
kernels = ["first", "second"]
# The end.
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (file := tmp_path / "mine.toml").write_text(FILE)
    return file


def put(name: str, *, replace: bool = False, text: str = FILE) -> str:
    return with_entry(text, Entry(Kernel([[7, 8]], name=name)), replace=replace)


def test_a_new_kernel_comes_at_the_end_and_all_else_stays() -> None:
    assert put("third") == FILE + "\n[kernels.third]\nmatrix = [\n    [7, 8],\n]\n"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("first", "with care.\nschema = 1\n\n", "\n# About the second.\n"),
        ("second", "# About the second.\n", "\n# About groups.\n"),
        ("SECOND", "# About the second.\n", "\n# About groups.\n"),
    ],
)
def test_a_kernel_is_replaced_in_its_place_and_comments_around_it_stay(name: str, before: str, after: str) -> None:
    text = put(name, replace=True)
    assert f"{before}[kernels.{name}]\nmatrix = [\n    [7, 8],\n]\n{after}" in text
    kept = [line for line in FILE.splitlines() if line.startswith(("#", "schema", "[groups", "kernels"))]
    assert [line for line in text.splitlines() if line in kept] == kept
    assert text.startswith(FILE[: FILE.index(before)])
    assert text.endswith(FILE[FILE.index(after) :])


def test_a_kernel_that_is_there_already_is_not_touched_unasked() -> None:
    with pytest.raises(RegistryError, match="kernel 'first' is there already; use --overwrite"):
        put("First")


@pytest.mark.parametrize("text", ["kernels = {first = {matrix = [[1]]}}\n", "[kernels]\nfirst.matrix = [[1]]\n"])
def test_a_file_that_is_laid_out_otherwise_is_left_alone(text: str) -> None:
    with pytest.raises(RegistryError, match="the file is laid out so that 'first' cannot be put into it; write it in"):
        put("first", replace=True, text=text)


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff" + FILE.replace("\n", "\r\n")
    for name in ("third", "second"):
        changed = put(name, replace=True, text=text)
        assert changed.startswith("\ufeff# My kernels")
        assert changed.count("\n") == changed.count("\r\n")


cells = st.integers(-99, 99) | st.fractions(-9, 9, max_denominator=99) | st.floats(-9, 9)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(
    st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=3),
    st.sampled_from([1, -3, Fraction(2, 7), 0.5]),
    st.fractions(-9, 9),
    st.none() | st.tuples(st.just(0), st.integers(0, 1)),
    texts,
    st.sampled_from(["new", "first", "second", "Über-all"]),
)
def test_what_is_put_in_is_read_as_the_same_and_the_rest_as_before(
    rows: list[list[int | float | Fraction]],
    divisor: int | float | Fraction,
    bias: Fraction,
    anchor: tuple[int, int] | None,
    description: str,
    name: str,
) -> None:
    entry = Entry(
        Kernel(rows, divisor=divisor, bias=bias, anchor=anchor, name=name), (), description, description[::-1]
    )
    document = tomllib.loads(with_entry(FILE, entry, replace=True))
    before = tomllib.loads(FILE)
    table = document["kernels"].pop(name)
    before["kernels"].pop(name, None)
    assert document == before
    again = Kernel(
        table["matrix"], divisor=table.get("divisor", 1), bias=table.get("bias", 0), anchor=table.get("anchor")
    )
    assert again == Kernel(rows, divisor=divisor, bias=bias, anchor=anchor)
    assert (table.get("description", ""), table.get("reference", "")) == (description, description[::-1])


# The command


def test_a_kernel_goes_into_a_registry_of_ones_own_that_is_made_for_it(run: Run, home: Path) -> None:
    file = Path(click.get_app_dir("imfilt")) / "kernels.toml"
    assert file.is_relative_to(home)
    result = run("add-kernel", "ridge", "-m", "-1 -1; -1 1/3", "--bias", "128", "--alias", "edge", "--description", "d")
    assert (result.status, result.stderr, result.lines) == (0, "", [str(file)])
    assert run("show-kernel", "edge").lines[0] == "ridge"
    entry = load_registry(file).entry("ridge")
    assert entry.kernel == Kernel([[-1, -1], [-1, Fraction(1, 3)]], bias=128, name="ridge")
    assert entry.description == "d"


@pytest.mark.parametrize("kernel", ["gaussian:2.5", "sobel:y", "emboss:angle=(1/3)", "tent:radius=2", "identity"])
def test_a_family_stays_one_and_a_name_is_copied(run: Run, mine: Path, kernel: str) -> None:
    assert run("add-kernel", "new", "-k", kernel, "--to", mine).status == 0
    entry = load_registry(mine).entry("new")
    original = find_entry(kernel, load_registry())
    assert entry.kernel.weights == original.kernel.weights
    assert (":" in kernel) == bool(entry.formula)
    assert ("family = " in mine.read_text()) == (":" in kernel)


@pytest.mark.parametrize("name", ["\U00020bb7", "wei\u00df"])
def test_a_name_may_be_of_any_letters(run: Run, mine: Path, name: str) -> None:
    for overwrite in ([], ["--overwrite"]):
        assert run("add-kernel", name, "-m", "1 2 1", "--to", mine, *overwrite).status == 0
    assert load_registry(mine)[name] == Kernel([[1, 2, 1]], name=name)
    (copy := mine.with_name("copy.toml")).write_bytes(
        run("show-kernel", name, "--registry", mine, "--as", "toml").stdout
    )
    assert load_registry(copy)[name] == load_registry(mine)[name]


def test_an_expression_stays_one_and_goes_with_what_it_names(run: Run, mine: Path) -> None:
    add = ("add-kernel", "--registry", mine, "--to", mine)
    assert run(*add, "third", "-k", "first@second - box3").status == 0
    assert 'expression = "first @ second - box3"' in mine.read_text()
    entry = load_registry(mine).entry("third")
    assert entry.formula == "first @ second - box3"
    assert entry.kernel.sum == 8
    assert run(*add, "first", "-m", "5", "--overwrite").status == 0
    assert load_registry(mine)["third"].weights == find_entry("[5]@second - box3", load_registry(mine)).kernel.weights


def test_an_expression_of_what_the_file_does_not_have_becomes_its_matrix(run: Run, mine: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    assert run("add-kernel", "half", "-k", "first / 2", "--registry", mine, "--to", other).status == 0
    assert "expression" not in other.read_text()
    assert load_registry(other)["half"].sum == load_registry(mine)["first"].sum / 2
    # What comes to stand above what it names, and what would name itself.
    assert run("add-kernel", "first", "-k", "2*second", "--registry", mine, "--to", mine, "--overwrite").status == 0
    assert run("add-kernel", "second", "-k", "2*second", "--registry", mine, "--to", mine, "--overwrite").status == 0
    assert "expression" not in mine.read_text()
    assert load_registry(mine)["first"] == Kernel(load_registry(mine)["second"].weights, name="first")


def test_a_matrix_of_an_expression_stays_approximate(run: Run, mine: Path, tmp_path: Path) -> None:
    soft = tmp_path / "soft.toml"
    soft.write_text('[kernels.soft]\nfamily = "gaussian"\n')
    text = "identity + 0.5*(identity - soft)"
    assert run("add-kernel", "crisp", "-k", text, "--registry", soft, "--to", mine).status == 0
    kernel = load_registry(mine)["crisp"]
    assert kernel == Kernel(
        find_entry("identity + 0.5*(identity - gaussian:1)", load_registry()).kernel.weights,
        divisor=kernel.divisor,
        name="crisp",
    )
    assert kernel.sum == 1
    assert not kernel.is_exact


def test_hiding_another_kernel_is_noted(run: Run, mine: Path) -> None:
    result = run("add-kernel", "Edge-3", "-m", "1", "--to", mine)
    assert result.status == 0
    assert result.stderr == ("imfilt: note: from now on 'Edge-3' is this kernel, and no longer the one from built-in\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("first", "-m", "1"), "mine.toml: kernel 'first' is there already; use --overwrite to replace it"),
        (("a b", "-m", "1"), "mine.toml: kernel 'a b': 'a b' cannot be a name"),
        (("a\x7f", "-m", "1"), r"mine.toml: kernel 'a\x7f': 'a\x7f' cannot be a name"),
        (("a\udcff", "-m", "1"), r"mine.toml: kernel 'a\udcff': 'a\udcff' cannot be a name"),
        (("new", "-m", "1", "--alias", "Two"), "the name 'Two' is used twice: kernel 'second' has it already"),
        (("new", "-m", "1", "-k", "edge1"), "2 kernels are given, and one has to be put under 'new'"),
        (("new", "-k", "sobel-xy"), "2 kernels are given, and one has to be put under 'new'"),
        (("new",), "no kernel given"),
        (("new", "-k", "edge1 +"), "column 8: a kernel or a number is expected here"),
        (("pair", "-m", "1"), "the name 'pair' is used twice"),
    ],
)
def test_what_cannot_be_put_in_changes_nothing(run: Run, mine: Path, arguments: tuple[str, ...], message: str) -> None:
    before = snapshot(mine.parent)
    result = run("add-kernel", *arguments, "--to", mine)
    assert (result.status, result.stdout) == (2, b"")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert snapshot(mine.parent) == before


def test_an_empty_name_is_no_file_and_not_ones_own_registry(run: Run, home: Path) -> None:
    result = run("add-kernel", "new", "-m", "1", "--to", "")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert not any(home.rglob("kernels.toml"))


def test_a_file_that_is_broken_is_left_alone(run: Run, mine: Path) -> None:
    mine.write_text("[kernels.a]\nmatrix = [[1, 2]")
    result = run("add-kernel", "new", "-m", "1", "--to", mine)
    assert result.status == 2
    assert "mine.toml: not valid TOML" in result.stderr
    assert mine.read_text() == "[kernels.a]\nmatrix = [[1, 2]"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and links are others there")
def test_permissions_and_links_stay(run: Run, mine: Path) -> None:
    mine.chmod(0o640)
    link = mine.with_name("link.toml")
    link.symlink_to(mine.name)
    assert run("add-kernel", "first", "-m", "1 2 3", "--to", link, "--overwrite").status == 0
    assert link.is_symlink()
    assert stat.S_IMODE(mine.stat().st_mode) == 0o640
    assert load_registry(mine)["first"].size == (1, 3)
    assert {path.name for path in mine.parent.iterdir()} == {link.name, mine.name}


def test_a_folder_that_is_not_there_is_not_made_for_a_file_that_is_named(run: Run, tmp_path: Path) -> None:
    result = run("add-kernel", "new", "-m", "1", "--to", tmp_path / "none" / "mine.toml")
    assert result.status == 2
    assert "cannot be written: No such file or directory" in result.stderr
    assert list(tmp_path.iterdir()) == []
