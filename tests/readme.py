"""What the README shows of the program, made by the program.

`cog -r README.md` puts it there, and a test checks with `cog --check` that it is what the program says now.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cog
from left_out import LEFT_OUT

from imfilt.batch.jobs.targets import NAME_FIELDS
from imfilt.batch.runners import RUNNERS
from imfilt.engine.recipes.borders import BORDERS
from imfilt.engine.recipes.combinations import COMBINATIONS
from imfilt.engine.recipes.likes import LIKES
from imfilt.engine.recipes.normalisations import NORMALISATIONS
from imfilt.engine.recipes.pooling import POOLS
from imfilt.images.formats import FORMATS, Format
from imfilt.kernels.expressions.evaluation import FUNCTIONS
from imfilt.kernels.families.family import Parameter, format_value
from imfilt.kernels.families.table import FAMILIES
from imfilt.kernels.lint import CHECKS, HIDING
from imfilt.kernels.notations.table import NOTATIONS
from imfilt.kernels.numbers import format_exact, format_number
from imfilt.kernels.registry import load_registry

ROOT = Path(__file__).parent.parent
GROUPS = load_registry().groups
RESULTS = ROOT / "tests" / "benchmarks" / "RESULTS.md"


def kernel_table() -> None:
    rows = []
    for entry in load_registry().entries:
        kernel = entry.kernel
        matrix = "; ".join(" ".join(map(format_number, row)) for row in kernel.weights)
        names = entry.name + (f" ({', '.join(entry.aliases)})" if entry.aliases else "")
        rows.append((names, entry.description, f"`{matrix}`", format_number(kernel.divisor)))
    _table(("name (aliases)", "what it does", "matrix", "divisor"), rows)


def family_table() -> None:
    rows = []
    for family in FAMILIES.values():
        names = family.name + (f" ({', '.join(family.aliases)})" if family.aliases else "")
        parameters = ", ".join(_parameter(each) for each in family.parameters)
        rows.append((names, family.meaning, parameters, family.source))
    _table(("family (aliases)", "what it does", "parameters", "source"), rows)


def _parameter(parameter: Parameter) -> str:
    kind = " or ".join(parameter.choices) or f"{format_exact(parameter.least)} to {format_exact(parameter.most)}"
    default = "" if parameter.default is None else f"={format_value(parameter.default)}"
    return f"`{parameter.name}{default}` ({kind})"


def group_table() -> None:
    rows = [(each.name, each.description, ", ".join(f"`{member}`" for member in each.members)) for each in GROUPS]
    _table(("group", "what it does", "kernels"), rows)


def function_table() -> None:
    rows = [(f"`{name}({function.arguments})`", function.meaning) for name, function in FUNCTIONS.items()]
    _table(("function", "the kernel"), rows)


def border_table() -> None:
    header = ("`--border`", "beyond `abcd`", "OpenCV", "SciPy (ndimage)", "ImageMagick", "PyTorch")
    rows = [
        (
            f"`{border.name}`",
            f"`{border.meaning}`",
            *(border.opencv, border.scipy, border.imagemagick, border.pytorch),
        )
        for border in BORDERS.values()
    ]
    _table(header, rows)


def combination_table() -> None:
    _table(("`--combine`", "result"), [(f"`{each.name}`", each.meaning) for each in COMBINATIONS.values()])


def format_table() -> None:
    """Print the formats in a table of three rows, and those that are left out, each with its reason."""
    written = [_with_extensions(entry) for entry in FORMATS.values() if entry.is_written]
    read_only = [_with_extensions(entry) for entry in FORMATS.values() if not entry.is_written]
    left_out = [f"{name} ({why})" for name, why in LEFT_OUT.items()]
    rows = [("written and read", ", ".join(written)), ("read", ", ".join(read_only)), ("left out", "; ".join(left_out))]
    _table(("", "formats"), rows)


def _with_extensions(entry: Format) -> str:
    return f"{entry.name} ({' '.join(f'`{each}`' for each in entry.extensions)})"


def normalisation_table() -> None:
    _table(("`--normalize`", "result"), [(f"`{each.name}`", each.meaning) for each in NORMALISATIONS.values()])


def notation_table() -> None:
    _table(("NOTATION", "what it is"), [(f"`{each.name}`", each.meaning) for each in NOTATIONS.values()])


def like_table() -> None:
    rows = [
        (
            f"`{like.name}`",
            f"`{like.function}`",
            "correlation" if like.correlate else "convolution",
            f"`{like.border}`",
            "the sum" if like.by_sum else "1",
            "; ".join(like.differences),
        )
        for like in LIKES.values()
    ]
    _table(("`--like`", "is like", "orientation", "border", "divisor of a matrix", "but"), rows)


def check_table() -> None:
    rows = [(f"`{check.name}`", check.finds) for check in CHECKS.values()]
    _table(("check", "finds"), [*rows, (f"`{HIDING}`", "a name or an alias that hides another kernel")])


def results(part: str, heading: str = "In short") -> None:
    """Show a section of what the benchmarks found."""
    pattern = rf"^## {re.escape(part)}\n.*?^### {re.escape(heading)}\n\n(.*?)\s*(?=^##|\Z)"
    section = re.search(pattern, RESULTS.read_text(), re.MULTILINE | re.DOTALL)
    if section is None:
        raise ValueError(f"{RESULTS.name} has no part {part!r} with a section {heading!r}")
    cog.outl(section[1])


def pool_table() -> None:
    _table(("`--pool`", "result"), [(f"`{each.name}:N`", each.meaning) for each in POOLS.values()])


def runner_table() -> None:
    _table(("`--runner`", "who works"), [(f"`{name}`", runner.meaning) for name, runner in RUNNERS.items()])


def name_table() -> None:
    _table(("in `--name`", "stands for"), [(f"`{{{name}}}`", meaning) for name, meaning in NAME_FIELDS.items()])


def shell(*commands: str) -> None:
    """Show commands and what they print, run in an empty folder that holds samples/."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "samples", Path(folder, "samples"), ignore=shutil.ignore_patterns("*_*"))
        cog.outl("```console")
        for command in commands:
            cog.outl(f"$ {command}")
            result = subprocess.run(
                command, shell=True, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
            )
            cog.out(result.stdout + result.stderr)
        cog.outl("```")


def _environment(folder: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": folder, "COLUMNS": "80", "LC_ALL": "C.UTF-8"}


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    for row in (header, ("---",) * len(header), *rows):
        cells = [cell.replace("|", "\\|") for cell in row]
        cog.outl(f"| {' | '.join(cells)} |")
