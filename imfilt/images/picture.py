"""A picture: pixels, and all that has to be kept of the file they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imfilt.engine.samples import SAMPLE_TYPES, SampleType
from imfilt.errors import PictureError

Array = NDArray[Any]

_EXIF_DIRECTORIES = (0x8769, 0x8825)  # Exif and GPSInfo, without importing the names of all the other tags


@dataclass(frozen=True)
class JpegSettings:
    """How a JPEG file was made, so that another can be made alike."""

    quantization: dict[int, list[int]]
    subsampling: int
    """Pillow's number: 0 for 4:4:4, 1 for 4:2:2, 2 for 4:2:0; -1 where there is nothing to sample."""
    progressive: bool


@dataclass(frozen=True)
class Carried:
    """What a file carries beside its samples."""

    exif: bytes | None = None
    icc_profile: bytes | None = None
    resolution: tuple[float, float] | None = None
    """Samples per inch, across and down."""
    jpeg: JpegSettings | None = None
    compression: str | None = None
    """Pillow's name for the compression of a TIFF file."""

    @property
    def has_exif_directories(self) -> bool:
        """Whether the EXIF data has parts of its own for the exposure, or for the place."""
        if self.exif is None:
            return False
        exif = Image.Exif()
        exif.load(self.exif)
        return any(directory in exif for directory in _EXIF_DIRECTORIES)


@dataclass(frozen=True)
class Mode:
    """A mode of picture that can be filtered as it is."""

    samples: SampleType
    channels: int
    has_alpha: bool = False


MODES = {
    "L": Mode(SAMPLE_TYPES["uint8"], 1),
    "LA": Mode(SAMPLE_TYPES["uint8"], 2, has_alpha=True),
    "RGB": Mode(SAMPLE_TYPES["uint8"], 3),
    "RGBA": Mode(SAMPLE_TYPES["uint8"], 4, has_alpha=True),
    "CMYK": Mode(SAMPLE_TYPES["uint8"], 4),
    "YCbCr": Mode(SAMPLE_TYPES["uint8"], 3),
    "LAB": Mode(SAMPLE_TYPES["uint8"], 3),
    "I;16": Mode(SAMPLE_TYPES["uint16"], 1),
    "F": Mode(SAMPLE_TYPES["float32"], 1),
}


@dataclass(frozen=True)
class Picture:
    """Pixels as Pillow holds them, in one of `MODES`; a source and a sink of rows for the engine."""

    image: Image.Image
    carried: Carried = field(default_factory=Carried)
    format: str = "PNG"
    """The format it came in: a key of `imfilt.images.formats.FORMATS`."""

    @property
    def mode(self) -> Mode:
        """What its samples are."""
        return MODES[self.image.mode]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, channels."""
        return self.image.height, self.image.width, self.mode.channels

    def like(self, shape: tuple[int, ...]) -> Picture:
        """Return a black picture of another shape that carries the same."""
        return replace(self, image=Image.new(self.image.mode, (shape[1], shape[0])))

    def read_rows(self, first: int, last: int) -> Array:
        """Return the samples of rows ``first … last-1``.

        The raw encoder takes them out of the middle of an image with no copy of it, ten times as fast as `crop`.
        """
        encoder = Image._getencoder(self.image.mode, "raw", (self.image.mode, 0, 1))
        encoder.setimage(self.image.im, (0, first, self.image.width, last))
        shape = last - first, *self.shape[1:]
        samples = np.dtype(self.mode.samples.name)
        expected = math.prod(shape) * samples.itemsize
        size, problem, data = encoder.encode(expected)
        if problem < 0 or size != expected:
            raise PictureError(f"rows {first} to {last - 1} cannot be taken out of it (error {problem})")
        return np.frombuffer(data, samples).reshape(shape)

    def room_for(self, first: int, last: int) -> Array:
        """Return an array to write the samples of rows ``first … last-1`` into."""
        return np.empty((last - first, *self.shape[1:]), self.mode.samples.name)

    def write_rows(self, first: int, rows: Array) -> None:
        """Take `rows` as the rows from `first` on; the raw decoder puts them where they belong."""
        decoder = Image._getdecoder(self.image.mode, "raw", (self.image.mode, 0, 1))
        decoder.setimage(self.image.im, (0, first, self.image.width, first + len(rows)))
        consumed, problem = decoder.decode(rows)
        if problem < 0 or consumed >= 0:
            raise PictureError(f"rows from {first} on cannot be put into it (error {problem})")
