"""Real files to begin with, in every format: small, so that most of what is changed in them counts."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin, features

from imfilt.images.formats import FORMATS

SUITE = Path(__file__).parent.parent / "pngsuite"
_PARTS = {"JPEG2000": "jpg_2000", "WEBP": "webp", "AVIF": "avif"}
_SETTINGS: dict[str, list[dict[str, Any]]] = {
    "JPEG": [{"progressive": True}, {"subsampling": 0}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}],
    "TIFF": [{"compression": each} for each in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg", "lzma")],
    "WEBP": [{"lossless": True}],
    "TGA": [{"compression": "tga_rle"}],
    "JPEG2000": [{"irreversible": True}],
}
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")

Samples = NDArray[np.uint8]


def seed_files() -> dict[str, bytes]:
    """Return files by names with their extensions."""
    files = {path.name: path.read_bytes() for path in sorted(SUITE.glob("*.png"))}
    for entry in FORMATS.values():
        if entry.name in _PARTS and not features.check(_PARTS[entry.name]):
            continue
        if not entry.is_pillows:
            files |= {f"array-{dtype}.npy": _array(dtype) for dtype in ("uint8", "uint16", "float32")}
            continue
        for mode in sorted(entry.modes & {"L", "LA", "RGB", "RGBA", "CMYK", "I;16", "F"}):
            for number, settings in enumerate([{}, *_SETTINGS.get(entry.name, [])]):
                if mode in ("I;16", "F") and settings.get("compression") == "jpeg":
                    continue
                _add(files, f"{entry.name}-{mode}-{number}{entry.extensions[0]}", _save(entry.name, mode, settings))
        if entry.name in _ANIMATED:
            _add(files, f"{entry.name}-frames{entry.extensions[0]}", _save_frames(entry.name))
    files["carrying.png"] = _carrying()
    return files


def _add(files: dict[str, bytes], name: str, make: Callable[[], bytes]) -> None:
    try:
        files[name] = make()
    except (OSError, ValueError, KeyError):  # not every setting is for every mode
        return


def _samples(shift: int = 0) -> Samples:
    y, x = np.mgrid[:19, :23]
    return np.dstack([(x + shift) * 11, y * 13, (x * y + shift) % 256, 255 - x * 9]).astype(np.uint8)


def _image(mode: str, shift: int = 0) -> Image.Image:
    image = Image.fromarray(_samples(shift))
    if mode in ("I;16", "F"):
        grey = np.asarray(image.convert("L"))
        return Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey.astype(np.float32))
    return image.convert(mode)


def _save(name: str, mode: str, settings: dict[str, Any]) -> Callable[[], bytes]:
    def make() -> bytes:
        stream = io.BytesIO()
        _image(mode).save(stream, name, **settings)
        return stream.getvalue()

    return make


def _save_frames(name: str) -> Callable[[], bytes]:
    def make() -> bytes:
        stream = io.BytesIO()
        first, *others = [_image("RGBA" if name != "TIFF" else "RGB", shift) for shift in (0, 5, 9)]
        settings = {} if name == "TIFF" else {"duration": 40}
        first.save(stream, name, save_all=True, append_images=others, **settings)
        return stream.getvalue()

    return make


def _carrying() -> bytes:
    stream, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    texts.add_text("Comment", "some words " * 30, zip=True)
    texts.add_itxt("Title", "some more", "en", "Title", zip=True)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[271] = "Maker"
    _image("P").save(stream, "PNG", pnginfo=texts, icc_profile=profile, exif=exif, dpi=(72, 72), transparency=3)
    return stream.getvalue()


def _array(dtype: str) -> bytes:
    stream = io.BytesIO()
    np.save(stream, _samples()[..., :3].astype(dtype))
    return stream.getvalue()
