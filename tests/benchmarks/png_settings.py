"""What the compression of PNG costs and gains: ``python tests/benchmarks/png_settings.py [PHOTOGRAPH]`` prints a table.

The settings of `imfilt.images.png.EFFORTS` beside those of Pillow, over a photograph and a drawing, and over their
edges.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

import imfilt
from imfilt.images.png import EFFORTS, png_in_bands

PHOTOGRAPH = Path(__file__).parents[2] / "samples" / "car.jpg"


def drawing(side: int) -> Image.Image:
    """Return circles, bars and flat areas in a few colours."""
    y, x = np.mgrid[:side, :side]
    rings = (np.hypot(x - side / 2, y - side / 3).astype(int) // 25) % 4
    bars = (x // 40 + y // 60) % 3
    colours = np.array([[255, 255, 255], [20, 30, 90], [220, 60, 40], [250, 210, 80], [0, 0, 0]], np.uint8)
    return Image.fromarray(colours[np.where(y > side * 2 // 3, bars, rings)])


def pictures(photograph: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield what is compressed, with its name."""
    with Image.open(photograph) as opened:
        image = opened.convert("RGB")
    for name, each in (("photograph", image), ("drawing", drawing(max(image.size)))):
        yield name, each
        yield f"edges of the {name}", imfilt.apply(each, "edge3")


def settings() -> Iterator[tuple[str, Callable[[Image.Image], bytes]]]:
    """Yield ways to write a PNG, with their names."""
    for effort in EFFORTS:
        yield f"imfilt, {effort or 'default'}", partial(_written, effort=effort)
    for level in (1, 6, 9):
        yield f"Pillow, level {level}", partial(_written, level=level)


def _written(image: Image.Image, *, effort: str | None = None, level: int | None = None) -> bytes:
    stream = io.BytesIO()
    with nullcontext() if level else png_in_bands(None, effort):
        image.save(stream, "PNG", compress_level=level or -1)
    return stream.getvalue()


def measure(photograph: Path) -> Iterator[tuple[str, str, float, float]]:
    """Yield picture, setting, seconds and bytes a sample."""
    for name, image in pictures(photograph):
        for how, write in settings():
            start = time.perf_counter()
            size = len(write(image))
            yield name, how, time.perf_counter() - start, size / (image.width * image.height * 3)


def main(photograph: Path = PHOTOGRAPH) -> None:
    """Print the table."""
    print("| picture | setting | ms | bytes a sample |\n| --- | --- | --- | --- |")
    for name, how, seconds, size in measure(photograph):
        print(f"| {name} | {how} | {seconds * 1000:.0f} | {size:.4f} |")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
