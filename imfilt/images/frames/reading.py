"""The frames of a file, decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from PIL.ImageFile import ImageFile

from imfilt.errors import PictureError
from imfilt.images.carried import Carried, read_carried
from imfilt.images.depth import check_depth, loss_of, scale_transparent_level
from imfilt.images.formats import FORMATS
from imfilt.images.frames.frame import FOREVER, Frame, Show
from imfilt.images.limits import check_all_pixels
from imfilt.images.picture import Picture
from imfilt.images.reading import FORMAT_OF, Source, opened, to_picture, upright
from imfilt.images.whole import check_strips

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_LARGEST_DENOMINATOR = 65535
"""Of a duration in seconds, as APNG writes it; the formats of whole milliseconds need less."""


@dataclass(frozen=True)
class Frames:
    """The frames or pages of a file; it is opened anew for each walk over them, and decoded frame by frame."""

    source: Source
    format: str
    """A key of `imfilt.images.formats.FORMATS`."""
    show: Show
    max_pixels: int

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self.show.count

    def __iter__(self) -> Iterator[Frame]:
        """Yield all frames; raise `PictureError` for one that is damaged, or that is not there."""
        with opened(self.source, self.max_pixels) as image:
            if self.format == "PNG":
                yield from _decode_apng(image, self)
                return
            for index in range(self.count):
                yield _decode(image, self, index)


def frames_in(image: ImageFile, source: Source, max_pixels: int) -> Frames:
    """Return the frames of an image that is open; raise `PictureError` where together they have too many pixels."""
    entry = FORMATS[FORMAT_OF[str(image.format)]]
    if entry.name == "AVIF":  # which tells it before it is decoded only
        check_depth(image)
    count = int(getattr(image, "n_frames", 1)) if _has_frames(image) else 1
    if entry.has_pages:
        pixels = 0
        for index in range(count):
            image.seek(index)
            pixels += image.width * image.height
            check_all_pixels(pixels, max_pixels)
        image.seek(0)
    else:
        check_all_pixels(image.width * image.height * count, max_pixels)
    has_default = count > 1 and bool(image.info.get("default_image", False))
    show = Show(count, _plays(image), has_default, mixes_alpha=image.format == "GIF")
    return Frames(source, entry.name, show, max_pixels)


def _has_frames(image: ImageFile) -> bool:
    return image.format in FORMATS and bool(FORMATS[str(image.format)].frames)


def read_frame(image: ImageFile, frames: Frames, index: int) -> AnyPicture:
    """Return one frame of an image that is open, counted from 0; raise `PictureError` where there is none such."""
    if index >= frames.count:
        there = f"{frames.count} frames, 0 to {frames.count - 1}" if frames.count > 1 else "one frame, 0"
        raise PictureError(f"there is no frame {index}: it has {there}; choose one of these with --frame")
    if frames.format == "PNG" and frames.count > 1:
        return next(islice(_decode_apng(image, frames), index, None)).picture
    scale_transparent_level(image)
    return _decode(image, frames, index).picture


def _decode_apng(image: ImageFile, frames: Frames) -> Iterator[Frame]:
    from imfilt.images.frames.apng_reading import read_apng

    image.load()  # what comes after the first frame is carried too
    with frames.source.open("rb") if isinstance(frames.source, Path) else nullcontext(frames.source) as stream:
        carried = read_carried(image, stream)
        for index, frame in enumerate(read_apng(stream, image.size, frames.count, frames.max_pixels)):
            picture = upright(replace(frame.picture, carried=carried))
            yield replace(frame, picture=replace(picture, carried=Carried()) if index else picture)


def _decode(image: ImageFile, frames: Frames, index: int) -> Frame:
    entry = FORMATS[frames.format]
    try:
        image.seek(index)
    except EOFError:
        raise PictureError(f"cannot be read: frame {index} of {frames.count} is missing, the file is cut off") from None
    if entry.has_pages:
        check_strips(image)
    try:
        picture = _read_page(image, index) if frames.format == "TIFF" else _read_frame(image)
    except EOFError:
        raise PictureError(f"cannot be read: frame {index} of {frames.count} is damaged") from None
    if not isinstance(picture, Picture):
        return Frame(picture)
    if frames.format == "GIF" and frames.count > 1 and picture.image.mode == "L":  # as those that follow
        picture = replace(picture, image=picture.image.convert("RGB"))
    if picture.image is image:  # what the next frame is laid over
        picture = replace(picture, image=image.copy())
    seen = upright(picture)
    if entry.has_pages:
        return Frame(seen)
    return Frame(seen if index == 0 else replace(seen, carried=Carried()), _duration(image.info))


def _read_frame(image: ImageFile) -> AnyPicture:
    check_depth(image)
    return to_picture(image)


def _read_page(image: ImageFile, index: int) -> AnyPicture:
    """Return a page of a TIFF, in full where Pillow would cut it."""
    loss = loss_of(image)
    if loss is None or image.fp is None:
        return to_picture(image)
    from imfilt.images.deep.reading import read_deep

    stream = cast("BinaryIO", image.fp)
    return read_deep(stream, "TIFF", loss, read_carried(image, stream), page=index)


def _duration(info: dict[Any, Any]) -> Fraction:
    seconds = Fraction(info.get("duration") or 0) / 1000
    return 1000 * seconds.limit_denominator(_LARGEST_DENOMINATOR)


def _plays(image: ImageFile) -> int:
    loop = image.info.get("loop")
    if image.format != "GIF":
        return int(loop or FOREVER)
    if loop is None:
        return 1
    return FOREVER if loop == 0 else int(loop) + 1  # which says how often it is played again
