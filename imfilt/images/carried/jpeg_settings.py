"""How a JPEG file was made, so that another can be made alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target


class JpegSettings(NamedTuple):
    """Tables, sampling, progression."""

    quantization: dict[int, list[int]]
    subsampling: int
    """Pillow's number: 0 for 4:4:4, 1 for 4:2:2, 2 for 4:2:0; -1 where there is nothing to sample."""
    progressive: bool


def read(source: Source) -> JpegSettings | None:
    """Return how a JPEG file was made; None for others."""
    image: Any = source.image
    if not hasattr(image, "quantization"):  # an image of Pillow's that was not read from a file
        return None
    from PIL import JpegImagePlugin

    sampling = JpegImagePlugin.get_sampling(image)
    if sampling < 0 and image.layers == 3:
        sampling = 0  # a sampling that Pillow does not write: rather keep more than less
    return JpegSettings(dict(image.quantization), sampling, bool(image.info.get("progressive")))


def put(jpeg: JpegSettings, target: Target) -> None:
    """Let a JPEG file be made alike."""
    target.settings.pop("quality", None)
    target.settings.update(qtables=jpeg.quantization, subsampling=jpeg.subsampling, progressive=jpeg.progressive)
