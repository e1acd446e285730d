"""A picture: pixels, and all that has to be kept of the file they came from."""

from __future__ import annotations

from dataclasses import field

from PIL import Image

from imfilt.images.carried import Carried
from imfilt.images.modes import MODES, Mode
from imfilt.quick import dataclass


@dataclass(frozen=True)
class Picture:
    """Pixels as Pillow holds them, in one of `MODES`; `imfilt.images.rows` gives them to the engine."""

    image: Image.Image
    carried: Carried = field(default_factory=Carried)
    format: str = "PNG"
    """The format it came in: a key of `imfilt.images.formats.FORMATS`."""
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read, in lines."""
    memory: memoryview | None = None
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
