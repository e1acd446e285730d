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
from collections.abc import Sequence
from pathlib import Path

from report import Report, put_into

PARTS = {
    "arrays": "pictures in memory, one thread each",
    "commands": "whole commands, from file to file",
    "batches": "folders of pictures, with two workers",
    "scaling": "how the time grows with the picture and with the kernel",
    "scanning": "100 000 names, whose targets are all there already",
    "gigapixel": "one picture of 32768 × 32768, looked at closely (only where it is asked for)",
}
USUAL = ("arrays", "commands", "batches", "scaling", "scanning")


def main(words: Sequence[str] | None = None) -> None:
    """Run what is asked for."""
    arguments = parse(words)
    wrong = []
    for part in arguments.part or USUAL:
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
    parts = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    parser.add_argument("--part", action="append", choices=PARTS, help=f"only this part; may be repeated. {parts}")
    parser.add_argument("--quick", action="store_true", help="small pictures, few runs")
    parser.add_argument("--runs", type=int, help="how often each is run")
    parser.add_argument("--megapixels", type=float, nargs="+", help="the sizes of the pictures (arrays: the first)")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="arrays: kernels that begin like this")
    parser.add_argument("--side", type=int, default=32768, help="gigapixel: rows and columns (default: 32768)")
    parser.add_argument("--imfilt", metavar="COMMAND", help="commands: how imfilt is called, if not as installed here")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a Markdown file for the results")
    return parser.parse_args(words)


def run(part: str, arguments: argparse.Namespace) -> Report:
    """Run one part; each is imported when it is its turn, for each needs other packages."""
    quick, runs, sizes = arguments.quick, arguments.runs, arguments.megapixels
    if part == "arrays":
        import arrays

        return arrays.measure(sizes[0] if sizes else 1 if quick else 24, runs or (1 if quick else 5), arguments.only)
    if part == "commands":
        import commands

        options = commands.Options(
            megapixels=sizes or ((2,) if quick else (24, 100)),
            runs=runs or (1 if quick else 5),
            small_runs=runs or (3 if quick else 15),
            imfilt=arguments.imfilt,
        )
        return commands.measure(options)
    if part == "batches":
        import batches

        return batches.measure(
            runs or (1 if quick else 5),
            pictures=6 if quick else 60,
            megapixels=sizes[0] if sizes else 0.24 if quick else 2.4,
            icons=100 if quick else 10_000,
            imfilt=arguments.imfilt,
        )
    if part == "scaling":
        import scaling

        return scaling.measure(sizes or ((0.25, 1) if quick else (1, 4, 24, 100)), runs or (1 if quick else 5))
    if part == "scanning":
        import scanning

        return scanning.measure(1000 if quick else 100_000, runs or (1 if quick else 5), arguments.imfilt)
    import gigapixel

    return gigapixel.measure(arguments.side, arguments.imfilt)


if __name__ == "__main__":
    main()
