"""Pictures to measure with: the photographs of samples/, laid side by side, enlarged, with the noise of a camera."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]

SAMPLES = Path(__file__).parents[2] / "samples"
QUALITY = 75
"""Of every JPEG, with colours at half the resolution (4:2:0): what libvips writes by itself."""

_TILE = (1440, 960)
_NOISE = 3


def strips(width: int, height: int, seed: int = 0) -> Iterator[Array]:
    """Yield a picture as strips of rows × columns × 3 of uint8, always the same for the same size and seed."""
    rng = np.random.default_rng(seed)
    photos = [Image.open(path).convert("RGB") for path in sorted((SAMPLES / "photos").glob("*.jpg"))]
    tiles = [np.asarray(photo.resize(_TILE, Image.Resampling.BICUBIC)) for photo in photos]
    for number, top in enumerate(range(0, height, _TILE[1])):
        rows = min(_TILE[1], height - top)
        columns = range(0, width, _TILE[0])
        row = [_turned(tiles[(number + i) % len(tiles)], number + i // len(tiles))[:rows] for i in range(len(columns))]
        strip = np.concatenate(row, axis=1)[:, :width].astype(np.int16)
        strip += rng.integers(-_NOISE, _NOISE + 1, strip.shape, np.int16)
        yield np.clip(strip, 0, 255, out=strip).astype(np.uint8)


def _turned(tile: Array, how: int) -> Array:
    down, across = (-1 if how & 1 else 1), (-1 if how & 2 else 1)
    return tile[::down, ::across]


def size_of(megapixels: float) -> tuple[int, int]:
    """Return the width and height of a picture of 3 : 2."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    return round(height * 1.5), height


def picture(megapixels: float) -> Array:
    """Return a picture as one array."""
    return np.concatenate(list(strips(*size_of(megapixels))))


def car() -> Array:
    """Return the small photograph of samples/."""
    return np.asarray(Image.open(SAMPLES / "car.jpg"))


def write(image: Array, stem: Path) -> dict[str, Path]:
    """Write a picture as JPEG and as PNG, and return the files by their extensions."""
    files = {extension: stem.with_suffix(extension) for extension in (".jpg", ".png")}
    Image.fromarray(image).save(files[".jpg"], quality=QUALITY, subsampling="4:2:0")
    Image.fromarray(image).save(files[".png"])
    return files
