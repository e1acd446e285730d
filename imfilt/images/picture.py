"""A picture: pixels, and all that has to be kept of the file they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from mmap import mmap
from typing import NamedTuple

from PIL import Image

from imfilt.engine.samples import SAMPLE_TYPES, SampleType

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


COLOURS = {"L": 1, "RGB": 3, "CMYK": 4, "YCbCr": 3, "LAB": 3}
"""Channels of each kind of colour, without alpha."""


class Mode(NamedTuple):
    """What the samples of a picture are."""

    colour: str
    """A key of `COLOURS`."""
    samples: SampleType
    has_alpha: bool = False

    @property
    def channels(self) -> int:
        """How many there are, alpha among them."""
        return COLOURS[self.colour] + self.has_alpha

    @property
    def name(self) -> str:
        """Pillow's name where it has one; such as ``RGBA;uint16`` where not."""
        return _NAMES.get(self) or f"{self.colour}{'A' * self.has_alpha};{self.samples.name}"

    def becoming(self, samples: SampleType, channels: int) -> Mode:
        """Return the mode of samples of another type, without alpha and with grey in colour if `channels` say so."""
        if channels == self.channels:
            return self._replace(samples=samples)
        colour = "RGB" if channels == COLOURS["RGB"] else self.colour
        return Mode(colour, samples)


_UINT8 = SAMPLE_TYPES["uint8"]

# Those that Pillow holds as they are, by its names.
MODES = {
    "L": Mode("L", _UINT8),
    "LA": Mode("L", _UINT8, has_alpha=True),
    "RGB": Mode("RGB", _UINT8),
    "RGBA": Mode("RGB", _UINT8, has_alpha=True),
    "CMYK": Mode("CMYK", _UINT8),
    "YCbCr": Mode("YCbCr", _UINT8),
    "LAB": Mode("LAB", _UINT8),
    "I;16": Mode("L", SAMPLE_TYPES["uint16"]),
    "I": Mode("L", SAMPLE_TYPES["int32"]),
    "F": Mode("L", SAMPLE_TYPES["float32"]),
}

_NAMES = {mode: name for name, mode in MODES.items()}


def deep_modes(colours: str, *samples: str) -> frozenset[str]:
    """Return the names of the modes of `colours` (such as ``"RGB RGBA"``) in types of samples, Pillow's left out.

    >>> sorted(deep_modes("L LA", "uint8", "uint16"))
    ['LA;uint16']
    """
    modes = (
        Mode(MODES[colour].colour, SAMPLE_TYPES[name], MODES[colour].has_alpha)
        for colour in colours.split()
        for name in samples
    )
    return frozenset(mode.name for mode in modes if mode not in _NAMES)


@dataclass(frozen=True)
class Picture:
    """Pixels as Pillow holds them, in one of `MODES`; `imfilt.images.rows` gives them to the engine."""

    image: Image.Image
    carried: Carried = field(default_factory=Carried)
    format: str = "PNG"
    """The format it came in: a key of `imfilt.images.formats.FORMATS`."""
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read, in lines."""
    memory: mmap | None = None
    """Where the pixels lie, if `imfilt.images.memory` made room for them; None where Pillow did."""

    @property
    def mode(self) -> Mode:
        """What its samples are."""
        return MODES[self.image.mode]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, channels."""
        return self.image.height, self.image.width, self.mode.channels

    @property
    def is_writable(self) -> bool:
        """Whether results may be written over its samples."""
        return not self.image.readonly
