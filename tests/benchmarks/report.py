"""What was measured, in Markdown: tables, and a file of results in which each part has its place."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TITLE = """# Benchmarks

Made by `python tests/benchmarks/run.py --output tests/benchmarks/RESULTS.md`; not written by hand. Ratios are times of
imfilt over those of the peer: less than 1 means that imfilt is faster.
"""


@dataclass
class Report:
    """One part of the results."""

    title: str
    blocks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """The tools none of whose settings gave the right picture."""

    def heading(self, text: str) -> None:
        """Begin a section."""
        self.blocks.append(f"### {text}")

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self.blocks.append(_filled(text))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table."""
        self.blocks.append(table(header, rows))

    def notes(self, lines: Sequence[str]) -> None:
        """Add a list of what else there is to know, each once."""
        if lines:
            self.blocks.append("\n".join(_filled(line, "- ") for line in dict.fromkeys(lines)))

    def __str__(self) -> str:
        return "\n\n".join((f"## {self.title}", *self.blocks)) + "\n"


def _filled(text: str, mark: str = "") -> str:
    return textwrap.fill(
        text,
        width=120,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))


def counted(number: float, noun: str = "run") -> str:
    """Return a number of things in words."""
    return f"{number:g} {noun}{'' if number == 1 else 's'}"


def shown_ratio(ratio: float | None) -> str:
    """Return a ratio with two digits that count; nothing where there is none."""
    if ratio is None:
        return ""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds."""
    return f"{1e3 * seconds:.{0 if seconds >= 0.1 else 1}f}"


def mebibytes(number: float) -> str:
    """Return bytes as mebibytes."""
    return f"{number / (1 << 20):.{1 if number < 10 << 20 else 0}f}"


def put_into(file: Path, report: Report) -> None:
    """Write `report` into a file of results in the place of what the same part has there, and leave the other parts."""
    old = file.read_text() if file.exists() else TITLE
    _, *parts = re.split(r"^(?=## )", old, flags=re.MULTILINE)
    kept = {part.partition("\n")[0]: part.rstrip("\n") + "\n" for part in parts}
    kept[f"## {report.title}"] = str(report)
    file.write_text("\n".join((TITLE, *kept.values())))
