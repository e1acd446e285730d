"""16-bit grey of which one level is transparent: grey with alpha, which Pillow has no mode for."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.images.carried import Carried
from imfilt.images.deep.picture import DeepPicture
from imfilt.images.modes import Mode


def with_clear_level(image: Image.Image, carried: Carried) -> DeepPicture:
    """Return a decoded image of mode I;16 with alpha: 0 where its samples are ``info["transparency"]``, else white."""
    grey = np.frombuffer(image.tobytes(), "<u2").astype(np.uint16).reshape(image.height, image.width)
    alpha = np.where(grey == image.info["transparency"], 0, 65535).astype(np.uint16)
    return DeepPicture(np.dstack((grey, alpha)), Mode("L", SAMPLE_TYPES["uint16"], has_alpha=True), carried)
