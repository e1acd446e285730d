"""From the modes that files come in to the modes that can be filtered without loss."""

from __future__ import annotations

from PIL import Image

from imfilt.errors import PictureError
from imfilt.images.formats import describe_mode
from imfilt.images.modes import MODES

# Modes whose samples are held as they are by another that can be filtered.
_HELD_BY = {
    "1": "L",
    "PA": "RGBA",
    "La": "LA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
}

_OTHER_BYTE_ORDERS = ("I;16B", "I;16L", "I;16N")


def to_filterable(image: Image.Image) -> Image.Image:
    """Return `image` in one of `MODES`: palettes become RGB or RGBA, one bit becomes grey, a transparent level alpha.

    Raises `PictureError` for a mode that none of them holds without loss.
    """
    if image.mode == "P":
        if image.format == "GIF" and _is_grey_palette(image):  # the only way in which GIF holds grey
            return image.convert("L")
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    if image.mode == "I" and image.format == "PPM":  # which has no more than 16 bits
        return image.convert("I;16")
    if image.mode in MODES:
        return image
    if image.mode in _OTHER_BYTE_ORDERS:
        return Image.frombytes("I;16", image.size, image.tobytes(), "raw", image.mode)
    if image.mode in _HELD_BY:
        return image.convert(_HELD_BY[image.mode])
    raise PictureError(f"pictures of mode {image.mode} cannot be filtered yet; convert it to 8 or 16 bits first")


def what_it_became(image: Image.Image, filterable: Image.Image) -> tuple[str, ...]:
    """Return a line where results need another kind of samples than those of the file: palettes, and one bit.

    Not for GIF, whose results get palettes again.
    """
    if image.mode == "1":
        return ("it has one bit a sample, and its result is grey",)
    if image.mode in ("P", "PA") and image.format != "GIF":
        return (f"it has a palette, and its result is {describe_mode(MODES[filterable.mode])}",)
    return ()


def _is_grey_palette(image: Image.Image) -> bool:
    colours = image.getpalette("RGB") or []
    return not image.has_transparency_data and colours[0::3] == colours[1::3] == colours[2::3]
