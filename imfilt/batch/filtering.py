"""A picture filtered: a plan is made for what its recipe asks of it, and carried out over its rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from imfilt.batch.plans import WORKSPACES, plan_once
from imfilt.engine.recipes.background import flattened_channels
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.rows import RowSink
from imfilt.engine.running.run import filter_rows
from imfilt.errors import PictureError, UsageError
from imfilt.images.formats import describe_mode
from imfilt.images.modes import Mode
from imfilt.images.picture import Picture
from imfilt.images.reading import to_picture
from imfilt.images.results import result_like
from imfilt.images.rows import PictureRows, rows_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from imfilt.engine.finishing.clipped import ClippedCounter
    from imfilt.engine.finishing.linear import LinearRows
    from imfilt.engine.finishing.viewed import ViewedRows
    from imfilt.engine.planning.plan import Plan
    from imfilt.engine.recipes.normalisations import Extremes
    from imfilt.images.deep.picture import AnyPicture


def filter_picture(
    picture: AnyPicture,
    recipe: Recipe,
    *,
    threads: int | None = None,
    strategy: str | None = None,
    in_place: bool = False,
    extremes: Extremes | None = None,
    clipped: ClippedCounter | None = None,
) -> tuple[AnyPicture, Plan]:
    """Return `picture` filtered, and the plan that was carried out.

    `in_place` allows the picture to be written over, which is done where the result is laid out alike. `extremes` are
    those that the normalisation goes by, where they are not those of this picture alone. What is `clipped` is counted
    where that is given.
    """
    plan, source = plan_for(picture, recipe, strategy=strategy)
    filtering = partial(
        filter_rows, plan, source, threads=threads, extremes=extremes, clipped=clipped, workspaces=WORKSPACES
    )
    is_apart = source.is_own_picture
    if in_place and plan.keeps_layout and picture.is_writable and not is_apart:
        filtering(source, in_place=True)
        return picture, plan
    rows, columns, _ = plan.result_shape
    result = result_like(picture, rows, columns, mode_of_result(picture.mode, recipe))
    unused = 0 if is_apart or recipe.linear else rows_of(picture).unused
    sink: RowSink = rows_of(result, unused=unused)
    if not isinstance(source, PictureRows) and not is_apart:
        sink = source.into(sink)
    filtering(sink)
    return result, plan


def plan_for(
    picture: AnyPicture, recipe: Recipe, *, strategy: str | None = None
) -> tuple[Plan, PictureRows | ViewedRows | LinearRows]:
    """Return the plan of `recipe` for a picture, and the rows that it is for."""
    mode, rows = picture.mode, rows_of(picture)
    if recipe.linear:
        return _plan_in_light(picture, rows, recipe, strategy)
    viewed, has_alpha = None, mode.has_alpha
    if recipe.channels is not None or recipe.gray is not None:
        from imfilt.engine.finishing.viewed import seen_by

        recipe, viewed, has_alpha = seen_by(recipe, mode.colour, mode.samples, rows, has_alpha=has_alpha)
    source = viewed or rows
    unused = 0 if viewed else rows.unused
    plan = plan_once(recipe, mode.samples, source.shape, has_alpha=has_alpha, unused=unused, strategy=strategy)
    return plan, source


def _plan_in_light(
    picture: AnyPicture, rows: PictureRows, recipe: Recipe, strategy: str | None
) -> tuple[Plan, LinearRows]:
    from imfilt.engine.finishing.linear import LIGHT, LinearRows, check_linear, srgb
    from imfilt.engine.planning.planner import make_plan

    mode = picture.mode
    check_linear(recipe, mode.colour, mode.samples)
    profile = picture.carried.things.get("icc_profile")
    if profile:
        from imfilt.images.carried.icc import curves_in

        curves = curves_in(profile, mode.colour)
    else:
        curves = [srgb] * (mode.channels - mode.has_alpha)
    light = LinearRows(rows, mode.channels, mode.samples, curves)
    return make_plan(recipe, LIGHT, light.shape, has_alpha=mode.has_alpha, strategy=strategy), light


def mode_of_result(mode: Mode, recipe: Recipe) -> Mode:
    """Return the mode of a picture of `mode` when it is filtered, and converted and flattened as the recipe says."""
    if recipe.gray is not None and mode.colour == "RGB":
        mode = mode._replace(colour="L")
    channels = mode.channels
    if mode.has_alpha and recipe.background is not None:
        channels = flattened_channels(channels, recipe.background)
    return mode.becoming(mode.samples.at_depth(recipe.depth), channels)


def filter_image(image: Image, recipe: Recipe, *, threads: int | None = None) -> Image:
    """Return an image of Pillow filtered, as a new image that carries the same."""
    if not hasattr(image, "getbands"):
        raise UsageError(f"{image!r:.60} is no picture; give an image of Pillow or a NumPy array")
    picture, _ = filter_picture(to_picture(image), recipe, threads=threads)
    if not isinstance(picture, Picture):
        raise PictureError(
            f"Pillow has no mode for {describe_mode(picture.mode)}; give the picture as a NumPy array, or choose "
            "another depth"
        )
    result = picture.image
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return result
