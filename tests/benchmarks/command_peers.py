"""The programs that filter a picture in a file, each with the settings that may give the right picture."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from machine import first_line, output_of
from pictures import QUALITY

from imfilt.kernels.kernel import Kernel

LINES = {"gaussian5": (1, 4, 6, 4, 1)}
"""The kernels that are a column times a row, both of these weights, over the square of their sum."""


@dataclass(frozen=True)
class Task:
    """One picture to be filtered, and the files that this needs."""

    source: Path
    target: Path
    kernel: Kernel

    @property
    def weights(self) -> tuple[tuple[int, ...], ...]:
        """The weights, all whole."""
        return self.kernel.integer_form.weights

    @property
    def divisor(self) -> int:
        """What the weights are divided by."""
        return self.kernel.integer_form.divisor

    @property
    def scaled(self) -> list[list[str]]:
        """The weights over the divisor, as decimals."""
        return [[f"{weight / self.divisor:.12g}" for weight in row] for row in self.weights]

    @property
    def line(self) -> tuple[int, ...] | None:
        """The weights of the column and of the row, where the kernel is a product of the two."""
        return LINES.get(self.kernel.name)

    @property
    def is_jpeg(self) -> bool:
        """Whether the picture is a JPEG, and so has a quality."""
        return self.target.suffix == ".jpg"


@dataclass(frozen=True)
class Setting:
    """One way to have a tool do it."""

    tool: str
    name: str
    command: Callable[[Task], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    separable: bool = False
    """Whether it is for kernels alone that are a column and a row."""


OPENCV = """
import sys
import cv2
import numpy
source, target, function, quality, height, *weights = sys.argv[1:]
image = cv2.imread(source)
if function == "filter2D":
    kernel = numpy.array(weights, numpy.float32).reshape(int(height), -1)
    result = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE)
else:
    line = numpy.array(weights, numpy.float32)
    result = cv2.sepFilter2D(image, -1, line, line, borderType=cv2.BORDER_REPLICATE)
cv2.imwrite(target, result, [cv2.IMWRITE_JPEG_QUALITY, int(quality)] if target.endswith(".jpg") else [])
"""

PYVIPS = """
import sys
import pyvips
source, target, precision, divisor, height, *weights = sys.argv[1:]
numbers = [int(weight) for weight in weights]
width = len(numbers) // int(height)
rows = [numbers[i : i + width] for i in range(0, len(numbers), width)]
matrix = pyvips.Image.new_from_array(rows, scale=int(divisor))
image = pyvips.Image.new_from_file(source, access="sequential")
work = image.convsep if height == "1" else image.conv
work(matrix, precision=precision).write_to_file(target)
"""


def _vips(precision: str) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        matrix = _matrix_file(task, task.weights, task.divisor)
        return ["vips", "conv", str(task.source), _with_quality(task), matrix, "--precision", precision]

    return command


def _vips_separable(task: Task) -> list[str]:
    line = task.line or ()
    matrix = _matrix_file(task, (line,), sum(line))
    return ["vips", "convsep", str(task.source), _with_quality(task), matrix, "--precision", "integer"]


def _matrix_file(task: Task, weights: tuple[tuple[int, ...], ...], divisor: int) -> str:
    file = task.target.with_name(f"{task.kernel.name}-{len(weights)}.mat")
    rows = [" ".join(map(str, row)) for row in weights]
    file.write_text("\n".join((f"{len(weights[0])} {len(weights)} {divisor} 0", *rows, "")))
    return str(file)


def _with_quality(task: Task) -> str:
    return f"{task.target}[Q={QUALITY}]" if task.is_jpeg else str(task.target)


def _pyvips(precision: str) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        weights = [str(weight) for row in task.weights for weight in row]
        numbers = [precision, str(task.divisor), str(len(task.weights)), *weights]
        return [sys.executable, "-c", PYVIPS, str(task.source), _with_quality(task), *numbers]

    return command


def _pyvips_separable(task: Task) -> list[str]:
    line = task.line or ()
    numbers = ["integer", str(sum(line)), "1", *map(str, line)]
    return [sys.executable, "-c", PYVIPS, str(task.source), _with_quality(task), *numbers]


def _graphicsmagick(task: Task) -> list[str]:
    weights = ",".join(cell for row in task.scaled for cell in row)
    return ["gm", "convert", str(task.source), "-convolve", weights, *_magick_quality(task), str(task.target)]


def _imagemagick(program: str) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        rows = " ".join(",".join(row) for row in task.scaled)
        kernel = f"{len(task.scaled[0])}x{len(task.scaled)}: {rows}"
        filtered = [program, str(task.source), "-morphology", "Convolve", kernel]
        return [*filtered, *_magick_quality(task), str(task.target)]

    return command


def _magick_quality(task: Task) -> list[str]:
    return ["-quality", str(QUALITY), "-sampling-factor", "2x2"] if task.is_jpeg else []


def _gmic(task: Task) -> list[str]:
    matrix = f"({';'.join(','.join(row) for row in task.scaled)})"
    target = f"{task.target},{QUALITY}" if task.is_jpeg else str(task.target)
    return ["gmic", str(task.source), matrix, "convolve[0]", "[1],1", "keep[0]", "cut", "0,255", "output", target]


def _opencv(function: str) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        if function == "filter2D":
            weights, height = [cell for row in task.scaled for cell in row], len(task.scaled)
        else:
            line = task.line or ()
            weights, height = [str(weight / sum(line)) for weight in line], 1
        numbers = [function, str(QUALITY), str(height), *weights]
        return [sys.executable, "-c", OPENCV, str(task.source), str(task.target), *numbers]

    return command


def _settings() -> Iterator[Setting]:
    if shutil.which("vips"):
        yield Setting("vips", "integer", _vips("integer"))
        yield Setting("vips", "integer, VIPS_NOVECTOR=1", _vips("integer"), {"VIPS_NOVECTOR": "1"})
        yield Setting("vips", "float", _vips("float"))
        yield Setting("vips", "convsep, integer", _vips_separable, separable=True)
    if find_spec("pyvips"):
        yield Setting("pyvips", "integer", _pyvips("integer"))
        yield Setting("pyvips", "float", _pyvips("float"))
        yield Setting("pyvips", "convsep, integer", _pyvips_separable, separable=True)
    if find_spec("cv2"):
        yield Setting("OpenCV script", "filter2D", _opencv("filter2D"))
        yield Setting("OpenCV script", "sepFilter2D", _opencv("sepFilter2D"), separable=True)
    if shutil.which("gm"):
        yield Setting("GraphicsMagick", "-convolve", _graphicsmagick)
    if program := imagemagick():
        yield Setting("ImageMagick", "-morphology Convolve", _imagemagick(program))
    if shutil.which("gmic"):
        yield Setting("G'MIC", "convolve", _gmic)


TOOLS = ("vips", "pyvips", "OpenCV script", "GraphicsMagick", "ImageMagick", "G'MIC")


def settings_for(kernel: Kernel) -> list[Setting]:
    """Return the settings of all tools that are installed, for a kernel."""
    return [setting for setting in _settings() if not setting.separable or kernel.name in LINES]


def imagemagick() -> str | None:
    """Return the program of ImageMagick, as version 7 or 6 calls it; other programs are called ``convert`` too."""
    for program in ("magick", "convert"):
        if "ImageMagick" in first_line([program, "-version"]):
            return program
    return None


def versions() -> list[str]:
    """Return what the tools that are installed say of themselves."""
    lines = [first_line(["vips", "--version"]), first_line(["gm", "version"])]
    if program := imagemagick():
        lines.append(first_line([program, "-version"]).removeprefix("Version: "))
    if version := re.search(r"Version ([\d.]+)", output_of(["gmic", "version"])):
        lines.append(f"G'MIC {version[1]}")
    return [" ".join(line.split()[:3]) for line in lines if line]


def missing() -> list[str]:
    """Return the names of the tools that are not installed."""
    there = {setting.tool for setting in _settings()}
    return [tool for tool in TOOLS if tool not in there]
