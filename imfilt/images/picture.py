"""A picture: pixels, and all that has to be kept of the file they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from mmap import mmap

from PIL import Image

from imfilt.images.modes import MODES, Mode

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
