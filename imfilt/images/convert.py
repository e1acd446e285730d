"""From the modes that files come in to the modes that can be filtered without loss."""

from __future__ import annotations

from PIL import Image

from imfilt.errors import PictureError
from imfilt.images.picture import MODES

# Modes whose samples are held as they are by another that can be filtered.
_HELD_BY = {
    "1": "L",
    "I;16B": "I;16",
    "I;16L": "I;16",
    "I;16N": "I;16",
    "PA": "RGBA",
    "La": "LA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
}


def to_filterable(image: Image.Image) -> Image.Image:
    """Return `image` in one of `MODES`: palettes become RGB or RGBA, one bit becomes grey, a transparent level alpha.

    Raises `PictureError` for a mode that none of them holds without loss.
    """
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    if "transparency" in image.info and image.mode == "I;16":
        raise PictureError("16-bit grey with a transparent level would lose it; save it without transparency")
    if image.mode in MODES:
        return image
    if image.mode in _HELD_BY:
        return image.convert(_HELD_BY[image.mode])
    raise PictureError(f"pictures of mode {image.mode} cannot be filtered yet; convert it to 8 or 16 bits first")


def check_depth(image: Image.Image) -> None:
    """Raise `PictureError` where Pillow, opening the file, has cut 16-bit colour to 8 bits without a word."""
    if image.mode.startswith("I") or image.mode == "F":
        return
    for tile in getattr(image, "tile", ()):
        arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        raw = str(arguments[0]) if arguments else ""
        deep_pnm = tile[0] in ("ppm", "ppm_plain") and len(arguments) > 1 and int(arguments[-1]) > 255
        if ";16" in raw or ";12" in raw or deep_pnm:
            raise PictureError("16 bits a channel would be cut to 8; save it with 8 bits a channel, or as 16-bit grey")
