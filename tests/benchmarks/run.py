"""How fast imfilt is, beside the tools that do the same; each gives the same picture, which is checked first.

Run ``python tests/benchmarks/run.py`` on a quiet machine, with the extra ``bench`` installed; what is missing is left
out. Everything takes an hour or two; ``--quick`` takes a few minutes and proves that all is in order. ``--output`` puts
the results of the parts that were run, as Markdown, in the place of those that the file has; RESULTS.md is such a file,
and the README shows a part of it. Pictures are written to the folder for temporary files; with ``TMPDIR=/dev/shm`` no
disk has a part in it. The exit status is 1 where none of the settings of a tool gave the right picture, or
a gigapixel came out wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from report import Report, put_into


def main(words: Sequence[str] | None = None) -> None:
    """Run what is asked for."""
    arguments = parse(words)
    wrong = []
    for part in arguments.part or [name for name, part in PARTS.items() if part.is_usual]:
        report = run(part, arguments)
        print(report, flush=True)
        if arguments.output:
            put_into(arguments.output, report)
        wrong += report.wrong
    for line in wrong:
        print(f"another picture: {line}", file=sys.stderr)
    sys.exit(bool(wrong))


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = "; ".join(f"{name}: {part.meaning}" for name, part in PARTS.items())
    parser.add_argument("--part", action="append", choices=PARTS, help=f"only this part; may be repeated. {parts}")
    parser.add_argument("--quick", action="store_true", help="small pictures, few runs")
    parser.add_argument("--runs", type=int, help="how often each is run")
    sizes = "the sizes of the pictures (arrays, depths: the first)"
    parser.add_argument("--megapixels", type=float, nargs="+", help=sizes)
    begun = "arrays, depths: kernels that begin like this"
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help=begun)
    parser.add_argument("--side", type=int, default=32768, help="gigapixel: rows and columns (default: 32768)")
    parser.add_argument("--imfilt", metavar="COMMAND", help="commands: how imfilt is called, if not as installed here")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a Markdown file for the results")
    return parser.parse_args(words)


def run(part: str, arguments: argparse.Namespace) -> Report:
    """Run one part."""
    return PARTS[part].measure(arguments)


# Each is imported when it is its turn, for each needs other packages.


def _arrays(asked: argparse.Namespace) -> Report:
    import arrays

    size = asked.megapixels[0] if asked.megapixels else 1 if asked.quick else 24
    return arrays.measure(size, asked.runs or (1 if asked.quick else 5), asked.only)


def _depths(asked: argparse.Namespace) -> Report:
    import depths

    size = asked.megapixels[0] if asked.megapixels else 1 if asked.quick else 24
    return depths.measure(size, asked.runs or (1 if asked.quick else 9), asked.only)


def _commands(asked: argparse.Namespace) -> Report:
    import commands

    options = commands.Options(
        megapixels=asked.megapixels or ((2,) if asked.quick else (24, 100)),
        runs=asked.runs or (1 if asked.quick else 5),
        small_runs=asked.runs or (3 if asked.quick else 15),
        imfilt=asked.imfilt,
    )
    return commands.measure(options)


def _batches(asked: argparse.Namespace) -> Report:
    import batches

    return batches.measure(
        asked.runs or (1 if asked.quick else 5),
        pictures=6 if asked.quick else 60,
        megapixels=asked.megapixels[0] if asked.megapixels else 0.24 if asked.quick else 2.4,
        icons=100 if asked.quick else 10_000,
        imfilt=asked.imfilt,
    )


def _scaling(asked: argparse.Namespace) -> Report:
    import scaling

    sizes = asked.megapixels or ((0.25, 1) if asked.quick else (1, 4, 24, 100))
    return scaling.measure(sizes, asked.runs or (1 if asked.quick else 5))


def _scanning(asked: argparse.Namespace) -> Report:
    import scanning

    return scanning.measure(1000 if asked.quick else 100_000, asked.runs or (1 if asked.quick else 5), asked.imfilt)


def _gigapixel(asked: argparse.Namespace) -> Report:
    import gigapixel

    return gigapixel.measure(asked.side, asked.imfilt)


class Part(NamedTuple):
    """Something that is measured."""

    meaning: str
    measure: Callable[[argparse.Namespace], Report]
    is_usual: bool = True
    """Whether it is measured where no part is asked for."""


PARTS = {
    "arrays": Part("pictures in memory, one thread each", _arrays),
    "depths": Part("16 bits beside 8 in memory, one thread", _depths),
    "commands": Part("whole commands, from file to file", _commands),
    "batches": Part("folders of pictures, with two workers", _batches),
    "scaling": Part("how the time grows with the picture and with the kernel", _scaling),
    "scanning": Part("100 000 names, whose targets are all there already", _scanning),
    "gigapixel": Part(
        "one picture of 32768 × 32768, looked at closely (only where it is asked for)", _gigapixel, is_usual=False
    ),
}


if __name__ == "__main__":
    main()
