"""Whole commands: from a file to a file, what a person waits for, beside the programs that do the same.

Each peer's picture is compared with that of imfilt before it is timed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from command_peers import TOOLS, Setting, Task, missing, settings_for, versions
from machine import setting as machine_setting
from pictures import QUALITY, car, picture, write
from PIL import Image
from report import Report, counted, mebibytes, milliseconds, shown_ratio
from timing import PATIENCE, SLOW, CommandError, OtherPictureError, Usage, interleave, middle, ratio, timed_command

from imfilt.kernels.registry import load_registry

KERNELS = ("edge3", "gaussian5")
TOLERANCE = {".png": 0.6, ".jpg": 1.0}
"""Levels that a peer may be off in the mean: half a level for those that cut fractions off, more with JPEG."""

_LARGE = 50  # megapixels, more than which take long
_MARGIN = 32  # pixels; what lies beyond the border is not the same for all tools
_ROWS = 512

Key = tuple[str, str]
"""A tool and a setting."""

OURS = ("imfilt", "")


@dataclass(frozen=True)
class Options:
    """What is measured, and how often."""

    megapixels: Sequence[float] = (24, 100)
    """The pictures beside the small one."""
    runs: int = 5
    small_runs: int = 15
    """Runs of what takes a fraction of a second."""
    large_runs: int = 3
    """Runs of what takes a minute."""
    imfilt: str | None = None
    """The command; the one that is installed beside this interpreter where it is not given."""


@dataclass(frozen=True)
class Row:
    """One setting of one tool for one picture and kernel."""

    picture: str
    kernel: str
    tool: str
    setting: str
    usage: Usage
    ratio: float
    size: int
    """Bytes of the file written."""


def measure(options: Options) -> Report:
    """Run everything; return the results."""
    report = Report("Whole commands")
    imfilt = imfilt_command(options.imfilt)
    notes = [f"{tool} is not installed here" for tool in missing()]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="imfilt-benchmark-") as name:
        folder = Path(name)
        start_up = _start_up(imfilt, write(car(), folder / "start")[".jpg"], options.small_runs)
        for title, runs, files in _pictures(folder, options):
            for extension, source in files.items():
                for kernel in KERNELS:
                    task = Task(source, folder / f"result{extension}", load_registry()[kernel])
                    rows += _contest(f"{title} {extension[1:].upper()}", task, imfilt, runs, notes, report.wrong)
    packages = ("pillow", "numpy", "opencv-python-headless", "pyvips", "pyvips-binary")
    report.text(machine_setting(packages, versions()))
    report.heading("In short")
    large = f", {min(options.runs, options.large_runs)} beyond {_LARGE} megapixels"
    large = large if max(options.megapixels) > _LARGE else ""
    report.text(
        "Time by the clock, imfilt over each tool at the fastest of its settings that give the right picture; all "
        f"tools use the threads that they use by themselves. Medians of "
        f"{counted(options.small_runs)} for the small picture, {options.runs} for the others{large}."
    )
    tools = [tool for tool in TOOLS if any(row.tool == tool for row in rows)]
    report.table(("picture", "kernel", "imfilt, ms", *tools), _in_short(rows, tools))
    report.heading("All settings")
    report.table(
        ("picture", "kernel", "tool", "setting", "ms", "ratio", "processor ms", "peak MiB", "file KiB"), _all(rows)
    )
    report.heading("Start-up")
    report.table(("command", "ms", "processor ms", "peak MiB"), start_up)
    report.heading("Notes")
    report.notes(
        [
            f"Every JPEG has quality {QUALITY} and colours at half the resolution (4:2:0).",
            "PNG is written as each tool does by itself.",
            f"What took more than {SLOW:g} times as long as imfilt, or {PATIENCE:g} s, was run once.",
            _sizes(rows),
            *notes,
        ]
    )
    return report


def imfilt_command(given: str | None) -> list[str]:
    """Return how imfilt is called: as it was `given`, or as it is installed beside this interpreter."""
    if given:
        return shlex.split(given)
    script = shutil.which("imfilt", path=str(Path(sys.executable).parent))
    return [script] if script else [sys.executable, "-m", "imfilt"]


def _pictures(folder: Path, options: Options) -> Iterator[tuple[str, int, dict[str, Path]]]:
    """Yield pictures and how often they are filtered, each gone when the next one comes, for they are large."""
    yield "400 × 225", options.small_runs, write(car(), folder / "car")
    for megapixels in options.megapixels:
        files = write(picture(megapixels), folder / "large")
        runs = options.runs if megapixels <= _LARGE else min(options.runs, options.large_runs)
        yield counted(megapixels, "megapixel"), runs, files
        for file in files.values():
            file.unlink()


def _start_up(imfilt: list[str], small: Path, runs: int) -> list[list[str]]:
    apply = [*imfilt, "apply", str(small), "-k", "edge3", "-o", str(small.with_name("started.jpg")), "--overwrite"]
    commands = {
        "`imfilt apply`, the small JPEG": apply,
        "`imfilt --help`": [*imfilt, "--help"],
        '`python -c "import numpy, PIL.Image"`': [sys.executable, "-c", "import numpy, PIL.Image"],
        "`python -c pass`": [sys.executable, "-c", "pass"],
    }
    works = {name: partial(timed_command, command) for name, command in commands.items()}
    usages = {name: middle(each) for name, each in interleave(works, runs).items()}
    return [
        [name, milliseconds(usage.seconds), milliseconds(usage.processor), mebibytes(usage.peak)]
        for name, usage in usages.items()
    ]


def _contest(title: str, task: Task, imfilt: list[str], runs: int, notes: list[str], wrong: list[str]) -> list[Row]:
    """Measure all tools over one picture with one kernel."""
    print(f"{title}, {task.kernel.name}", file=sys.stderr, flush=True)
    reference = task.target.with_stem("reference")
    ours = [*imfilt, "apply", str(task.source), "-k", task.kernel.name, "-o"]
    warm = {OURS: timed_command([*ours, str(reference), "--overwrite"])}
    sizes = {OURS: reference.stat().st_size}
    tolerance = min(TOLERANCE[task.target.suffix], difference(task.source, reference) / 2)  # not filtered is not right
    contenders: dict[Key, Setting] = {}
    differing: set[str] = set()
    case = f"{title}, {task.kernel.name}"
    for setting in settings_for(task.kernel):
        key = (setting.tool, setting.name)
        try:
            warm[key] = _tried(setting, task, reference, tolerance)
            contenders[key], sizes[key] = setting, task.target.stat().st_size
        except OtherPictureError as error:
            differing.add(setting.tool)
            notes.append(f"{setting.tool} ({setting.name}) gives another picture for {case}, {error}: not counted")
        except (CommandError, OSError) as error:
            reason = str(error).replace(f"{task.source.parent}{os.sep}", "")
            notes.append(f"{setting.tool} ({setting.name}) fails for {case}: {reason}")
    wrong += [f"{tool}: {case}" for tool in sorted(differing - {tool for tool, _ in contenders})]

    def run(command: list[str], environment: Mapping[str, str]) -> Usage:
        task.target.unlink(missing_ok=True)
        return timed_command(command, environment)

    works = {OURS: partial(run, [*ours, str(task.target)], {})}
    for key, setting in contenders.items():
        works[key] = partial(run, setting.command(task), setting.environment)
    usages = interleave(works, runs, warm)
    return [
        Row(title, task.kernel.name, *key, middle(each), ratio(usages[OURS], each), sizes[key])
        for key, each in usages.items()
    ]


def _tried(setting: Setting, task: Task, reference: Path, tolerance: float) -> Usage:
    """Return what a tool took; raise `OtherPictureError` unless it gives the picture that imfilt gave."""
    task.target.unlink(missing_ok=True)
    usage = timed_command(setting.command(task), setting.environment)
    off = difference(task.target, reference)
    if off > tolerance:
        raise OtherPictureError(f"off by {off:.1f} levels in the mean")
    return usage


def difference(one: Path, other: Path) -> float:
    """Return by how many levels two pictures differ in the mean, away from the border."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(one) as a, Image.open(other) as b:
        if a.size != b.size:
            raise OSError(f"a picture of {a.width} × {a.height} instead of {b.width} × {b.height}")
        means, weights = [], []
        for top in range(_MARGIN, a.height - _MARGIN, _ROWS):
            box = (_MARGIN, top, a.width - _MARGIN, min(top + _ROWS, a.height - _MARGIN))
            strips = [np.asarray(image.crop(box).convert("RGB")).astype(np.int16) for image in (a, b)]
            means.append(float(np.abs(strips[0] - strips[1]).mean()))
            weights.append(box[3] - box[1])
    return float(np.average(means, weights=weights))


def _in_short(rows: Sequence[Row], tools: Sequence[str]) -> list[list[str]]:
    table = []
    for case in dict.fromkeys((row.picture, row.kernel) for row in rows):
        of_case = [row for row in rows if (row.picture, row.kernel) == case]
        best = {tool: _best(row for row in of_case if row.tool == tool) for tool in tools}
        table.append([*case, milliseconds(of_case[0].usage.seconds), *(shown_ratio(best[tool]) for tool in tools)])
    return table


def _best(rows: Iterator[Row]) -> float | None:
    return max((row.ratio for row in rows), default=None)


def _all(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [
            *(row.picture, row.kernel, row.tool, row.setting),
            milliseconds(row.usage.seconds),
            shown_ratio(row.ratio),
            milliseconds(row.usage.processor),
            mebibytes(row.usage.peak),
            f"{row.size / 1024:.0f}",
        ]
        for row in rows
    ]


def _sizes(rows: Sequence[Row]) -> str:
    """Say how large the PNG files of imfilt are beside the smallest of vips."""
    said = []
    for case in dict.fromkeys((row.picture, row.kernel) for row in rows if row.picture.endswith("PNG")):
        of_case = [row for row in rows if (row.picture, row.kernel) == case]
        if theirs := [row.size for row in of_case if row.tool == "vips"]:
            said.append(f"{', '.join(case)}: {of_case[0].size / min(theirs):.3f}")
    return f"Bytes of imfilt over those of vips: {'; '.join(said)}." if said else "No PNG file of vips to compare with."
