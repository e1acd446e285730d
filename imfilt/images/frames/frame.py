"""A frame, and what holds for all the frames of a file together."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from imfilt.errors import PictureError
from imfilt.images.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from imfilt.images.deep.picture import AnyPicture

FOREVER = 0


@dataclass(frozen=True)
class Frame:
    """A frame of an animation, composed as it is seen, or a page of a document."""

    picture: AnyPicture
    duration: Fraction | None = None
    """How long it is seen, in milliseconds; None for a page."""

    @property
    def image(self) -> Image:
        """The image of Pillow that it is; raise `PictureError` where Pillow has no mode for it."""
        if not isinstance(self.picture, Picture):
            raise PictureError(f"frames of mode {self.picture.mode.name} cannot be held")
        return self.picture.image


@dataclass(frozen=True)
class Show:
    """How often frames are shown, and which of them."""

    count: int
    """How many frames there are."""
    plays: int = FOREVER
    """How often the animation is played; 0 is forever."""
    has_default: bool = False
    """Whether the first frame is not part of the animation, but seen where none can be (APNG has such)."""
    mixes_alpha: bool = False
    """Whether some frames may have alpha and others none, as those of GIF."""
