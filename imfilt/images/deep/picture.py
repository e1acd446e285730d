"""A picture whose samples Pillow has no mode for: an array of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imfilt.images.carried import Carried
from imfilt.images.modes import MODES, Mode
from imfilt.images.picture import Picture

if TYPE_CHECKING:
    from imfilt.array_types import Array


@dataclass(frozen=True)
class DeepPicture:
    """An array of rows × columns × channels, in the byte order of this machine, and what its file carries."""

    samples: Array
    mode: Mode
    carried: Carried = field(default_factory=Carried)
    format: str = "PNG"
    """The format it came in: a key of `imfilt.images.formats.FORMATS`."""
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read, in lines."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, channels."""
        rows, columns, channels = self.samples.shape
        return rows, columns, channels

    @property
    def is_writable(self) -> bool:
        """Whether results may be written over its samples; what Pillow has a mode for goes into an image of Pillow."""
        return bool(self.samples.flags.writeable) and self.mode.name not in MODES


AnyPicture = Picture | DeepPicture
