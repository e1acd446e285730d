"""Folders of pictures with two workers, beside scripts and programs that do the same to a folder.

The floor is a script that only decodes and encodes the files with Pillow, on two processes.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from command_peers import imagemagick, versions
from commands import imfilt_command
from machine import setting as machine_setting
from pictures import QUALITY, picture, size_of
from PIL import Image
from report import Report, counted, mebibytes, milliseconds, shown_ratio
from timing import CommandError, Usage, interleave, middle, ratio, timed_command

from imfilt.kernels.registry import load_registry

KERNEL = "sharpen"
WORKERS = 2
OURS = f"imfilt -j {WORKERS}"
FLOOR = "Pillow, no filter"

_TOLERANCE = 1.0
"""Levels that the mean of a peer's picture may be off, for JPEG differs with who writes it."""

Command = Callable[[Path, Path], list[str]]
"""From a folder of JPEGs, and one that is there for the results."""

OPENCV = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import cv2
import numpy
source, target, quality, workers, *weights = sys.argv[1:]
cv2.setNumThreads(1)
kernel = numpy.array(weights, numpy.float32).reshape(3, 3)
def work(path):
    result = cv2.filter2D(cv2.imread(str(path)), -1, kernel, borderType=cv2.BORDER_REPLICATE)
    cv2.imwrite(f"{target}/{path.name}", result, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
with ThreadPoolExecutor(int(workers)) as pool:
    list(pool.map(work, sorted(Path(source).iterdir())))
"""

PYVIPS = """
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
source, target, quality, workers, *weights = sys.argv[1:]
os.environ["VIPS_CONCURRENCY"] = "1"
import pyvips
numbers = [int(weight) for weight in weights]
matrix = pyvips.Image.new_from_array([numbers[i : i + 3] for i in (0, 3, 6)])
def work(path):
    image = pyvips.Image.new_from_file(str(path), access="sequential")
    image.conv(matrix, precision="integer").write_to_file(f"{target}/{path.name}[Q={quality}]")
with ThreadPoolExecutor(int(workers)) as pool:
    list(pool.map(work, sorted(Path(source).iterdir())))
"""

PILLOW = """
import sys
from multiprocessing import Pool
from pathlib import Path
from PIL import Image
def work(path):
    with Image.open(path) as image:
        image.load()
        image.save(f"{sys.argv[2]}/{path.name}", qtables=image.quantization, subsampling=2)
if __name__ == "__main__":
    with Pool(int(sys.argv[4])) as pool:
        pool.map(work, sorted(Path(sys.argv[1]).iterdir()))
"""


def measure(runs: int, *, pictures: int, megapixels: float, icons: int, imfilt: str | None = None) -> Report:
    """Run everything: `pictures` of so many `megapixels`, and `icons` of 64 × 64; return the results."""
    report = Report("Batches")
    packages = ("pillow", "numpy", "opencv-python-headless", "pyvips", "pyvips-binary")
    report.text(machine_setting(packages, versions()))
    report.heading("In short")
    report.text(
        f"JPEGs filtered with {KERNEL}, {WORKERS} at a time; imfilt over each tool by the clock, medians of "
        f"{counted(runs)}. The floor is a script that decodes and encodes them with Pillow, on {WORKERS} processes."
    )
    peers = dict(_peers(imfilt))
    columns, rows = size_of(megapixels)
    few = {name: peers[name] for name in (OURS, "OpenCV script", FLOOR) if name in peers}
    found = {
        f"{pictures} of {columns} × {rows}": _contest(peers, many(pictures, megapixels), runs, report),
        f"{icons} of 64 × 64": _contest(few, icons_of(icons), runs, report),
    }
    others = [name for name in peers if name != OURS]
    report.table(
        ("pictures", f"{OURS}, ms", *others),
        [
            (
                title,
                milliseconds(middle(usages[OURS]).seconds),
                *(shown_ratio(ratio(usages[OURS], usages[name]) if name in usages else None) for name in others),
            )
            for title, usages in found.items()
        ],
    )
    report.heading("All settings")
    report.table(
        ("pictures", "tool", "ms", "processor ms", "peak MiB of one process"),
        [
            (title, name, milliseconds(each.seconds), milliseconds(each.processor), mebibytes(each.peak))
            for title, usages in found.items()
            for name, each in ((name, middle(list(many))) for name, many in usages.items())
        ],
    )
    return report


def _contest(
    peers: dict[str, Command], sources: Callable[[Path], None], runs: int, report: Report
) -> dict[str, list[Usage]]:
    """Time all peers that give the right pictures."""
    with tempfile.TemporaryDirectory(prefix="imfilt-benchmark-") as name:
        source = Path(name, "in")
        source.mkdir()
        sources(source)
        works, warm = {}, {}
        for number, (peer, command) in enumerate(peers.items()):
            print(f"{peer}: {sum(1 for _ in source.iterdir())} pictures", file=sys.stderr, flush=True)
            target = Path(name, f"out{number}")
            work = partial(rerun, command, source, target)
            try:
                warm[peer] = work()
            except CommandError as error:
                report.notes([f"{peer} failed: {error}"])
                continue
            if peer == FLOOR or _is_right(Path(name, "out0"), target):
                works[peer] = work
            else:
                report.wrong.append(peer)
        return interleave(works, runs, {peer: warm[peer] for peer in works})


def rerun(command: Command, source: Path, target: Path) -> Usage:
    """Run a command into a folder that is empty, and return what it used."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    return timed_command(command(source, target))


def _is_right(ours: Path, theirs: Path) -> bool:
    """Whether two folders hold pictures of the same names, and the first and the last are alike."""
    names = sorted(path.name for path in ours.iterdir())
    if names != sorted(path.name for path in theirs.iterdir()):
        return False
    return all(
        np.abs(_samples(ours / name) - _samples(theirs / name)).mean() <= _TOLERANCE for name in (names[0], names[-1])
    )


def _samples(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.int16)


def many(count: int, megapixels: float) -> Callable[[Path], None]:
    """Return what writes so many photographs into a folder."""

    def write(folder: Path) -> None:
        image = Image.fromarray(picture(megapixels))
        for number in range(count):
            turned = image.rotate(180) if number % 2 else image
            turned.save(folder / f"{number:05}.jpg", quality=QUALITY, subsampling="4:2:0")

    return write


def icons_of(count: int) -> Callable[[Path], None]:
    """Return what writes so many pictures of 64 × 64 into a folder."""

    def write(folder: Path) -> None:
        image = Image.fromarray(picture(2))
        for number in range(count):
            left, top = number * 37 % (image.width - 64), number * 53 % (image.height - 64)
            icon = image.crop((left, top, left + 64, top + 64))
            icon.save(folder / f"{number:05}.jpg", quality=QUALITY, subsampling="4:2:0")

    return write


def _peers(imfilt: str | None) -> Iterator[tuple[str, Command]]:
    """Yield what is installed, ourselves first."""
    weights = [str(weight) for row in load_registry()[KERNEL].integer_form.weights for weight in row]
    ours = [*imfilt_command(imfilt), "apply", "-k", KERNEL, "-j", str(WORKERS), "-q"]
    yield OURS, lambda source, target: [*ours, str(source), "-o", str(target)]
    scripts = {"OpenCV script": ("cv2", OPENCV), "pyvips script": ("pyvips", PYVIPS), FLOOR: ("PIL", PILLOW)}
    for name, (module, code) in scripts.items():
        if find_spec(module):
            yield name, partial(_script, code, weights)
    if shutil.which("vips") and shutil.which("xargs"):
        yield f"vips, xargs -P{WORKERS}", partial(_xargs_vips, weights)
    rows = [",".join(weights[i : i + 3]) for i in (0, 3, 6)]
    if shutil.which("gm"):
        yield "gm mogrify", partial(_mogrify, ["gm", "mogrify", "-output-directory"], ["-convolve", ",".join(weights)])
    if program := imagemagick():
        start = ["magick", "mogrify", "-path"] if program == "magick" else ["mogrify", "-path"]
        yield "ImageMagick mogrify", partial(_mogrify, start, ["-morphology", "Convolve", f"3x3: {' '.join(rows)}"])


def _script(code: str, weights: list[str], source: Path, target: Path) -> list[str]:
    return [sys.executable, "-c", code, str(source), str(target), str(QUALITY), str(WORKERS), *weights]


def _xargs_vips(weights: list[str], source: Path, target: Path) -> list[str]:
    matrix = target.with_suffix(".mat")
    matrix.write_text("\n".join(("3 3", *(" ".join(weights[i : i + 3]) for i in (0, 3, 6)), "")))
    names = f"{source}/{{}} {target}/{{}}[Q={QUALITY}]"
    command = f"ls {shlex.quote(str(source))} | xargs -P{WORKERS} -I{{}} vips conv {names} {matrix} --precision integer"
    return ["sh", "-c", command]


def _mogrify(start: list[str], operation: list[str], source: Path, target: Path) -> list[str]:
    command = shlex.join([*start, str(target), *operation, "-quality", str(QUALITY), "-sampling-factor", "2x2"])
    return ["sh", "-c", f"cd {shlex.quote(str(source))} && {command} *.jpg"]
