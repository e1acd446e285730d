"""What a report tells of a picture: looked at before and after a recipe, or read back from a run that is over."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from imfilt.batch.events import Event, recipe_object
from imfilt.batch.filtering import filter_picture
from imfilt.batch.outcomes import Status
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.roundings import ROUNDINGS
from imfilt.errors import PictureError
from imfilt.images.limits import MAX_PIXELS
from imfilt.images.reading import read_picture
from imfilt.images.samples import samples_of
from imfilt.quick import NamedTuple
from imfilt.views.seen import as_seen, reduced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imfilt.images.deep.picture import AnyPicture

_ROOM = 1200, 900
_THUMBNAIL = 360, 360
_JPEG: dict[str, Any] = {"quality": 88, "subsampling": 0}
_CLIPPED_BELOW, _CLIPPED_ABOVE = (0, 120, 255, 255), (255, 60, 0, 255)


class Entry(NamedTuple):
    """A picture of a report. Pictures are addresses that hold them (``data:``), so that many take little memory."""

    name: str
    status: Status = Status.WRITTEN
    error: str = ""
    target: str = ""
    done: str = ""
    """What was done to it, in words."""
    seconds: float | None = None
    """How long filtering took."""
    size: tuple[int, int] | None = None
    shares: tuple[float, float] | None = None
    """What was clipped below black, and above white; None where that is not known."""
    before: str = ""
    after: str = ""
    clipped: str = ""
    """Transparent, but where a sample was clipped."""
    histograms: tuple[Sequence[int], Sequence[int]] | None = None
    """Of `before` and `after`: how often there is each of 256 levels, in red, in green and in blue."""
    plan: tuple[str, ...] = ()


def look_at(name: str, picture: AnyPicture, recipe: Recipe, *, alone: bool) -> Entry:
    """Return a picture before and after, in a size to be looked at: large where it stands `alone`."""
    start = perf_counter()
    filtered, plan = filter_picture(picture, recipe)
    seconds = perf_counter() - start
    room = _ROOM if alone else _THUMBNAIL
    before, after = as_seen(picture, room), as_seen(filtered, room)
    clipped = _clipped(picture, recipe)
    return Entry(
        name,
        done=told(recipe_object(recipe)),
        seconds=seconds,
        size=(picture.shape[1], picture.shape[0]),
        shares=(float(clipped[0].mean()), float(clipped[1].mean())) if clipped else None,
        before=address_of(before, exact=alone),
        after=address_of(after, exact=alone),
        clipped=address_of(_marks(*clipped).resize(after.size, Image.Resampling.NEAREST)) if clipped else "",
        histograms=(before.histogram(), after.histogram()),
        plan=tuple(plan.describe()),
    )


def look_back(event: Event, *, max_pixels: int = MAX_PIXELS, with_pictures: bool = True) -> Entry:
    """Return what became of a picture; it is shown as far as its files are still there and can be read."""
    wanted = with_pictures and event.status is not Status.FAILED
    return Entry(
        event.source or "standard input",
        event.status,
        event.error,
        event.target or ("" if event.status is Status.FAILED else "standard output"),
        told(event.recipe),
        event.seconds,
        event.size,
        event.clipped,
        _small(event.source, max_pixels) if wanted else "",
        _small(event.target, max_pixels) if wanted else "",
    )


def told(recipe: Mapping[str, Any]) -> str:
    """Return in words what an object of a recipe stands for: its kernels, and what is not as it usually is."""
    if not recipe:
        return ""
    names = [str(name) for name in recipe.get("kernels", ())]
    combined = recipe.get("combine")
    kernels = f"{combined} of {', '.join(names)}" if combined else ", then ".join(names)
    usual = {field.name: field.default for field in fields(Recipe) if field.name not in ("kernels", "combine")}
    given = {name: recipe[name] for name in usual if name in recipe and _plain(recipe[name]) != _plain(usual[name])}
    return "; ".join(
        [kernels, *(name if value is True else f"{name} {_plain(value)}" for name, value in given.items())]
    )


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def address_of(image: Image.Image, *, exact: bool = True) -> str:
    """Return an image as the address that holds it: as PNG, or smaller and not quite `exact` as JPEG."""
    stream = io.BytesIO()
    kind = "png" if exact else "jpeg"
    image.save(stream, kind, **({} if exact else _JPEG))
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"


def _small(path: str | None, max_pixels: int) -> str:
    if path is None:
        return ""
    try:
        picture = read_picture(Path(path), max_pixels=max_pixels, frame=0, to_8_bits=True)
    except PictureError:
        return ""
    return address_of(as_seen(reduced(picture, _THUMBNAIL), _THUMBNAIL), exact=False)


def _clipped(picture: AnyPicture, recipe: Recipe) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Return where a result was clipped below black and above white: as floats, which are not clipped, lie outside.

    None where nothing is clipped, or where results that stay floats would be others, or cannot be had.
    """
    if picture.mode.samples.is_float or recipe.threshold is not None or recipe.channels is not None or recipe.linear:
        return None
    floats, _ = filter_picture(picture, replace(recipe, depth="float", pool=None))
    levels = samples_of(floats)
    white = picture.mode.samples.largest
    added = ROUNDINGS[recipe.rounding].added(white)
    below: NDArray[np.bool_] = np.any(levels < -float(added / white), axis=2)
    above: NDArray[np.bool_] = np.any(levels >= 1 + float((1 - added) / white), axis=2)
    return below, above


def _marks(below: NDArray[np.bool_], above: NDArray[np.bool_]) -> Image.Image:
    marks = Image.new("RGBA", (below.shape[1], below.shape[0]), (0, 0, 0, 0))
    for mask, colour in ((below, _CLIPPED_BELOW), (above, _CLIPPED_ABOVE)):
        marks.paste(colour, mask=Image.fromarray(mask.astype(np.uint8) * 255))
    return marks
