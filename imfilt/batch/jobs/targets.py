"""From sources to targets: where results go, and what they are called."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from string import Formatter

from imfilt.batch.jobs.request import Request
from imfilt.batch.jobs.sources import Source
from imfilt.errors import UsageError
from imfilt.images.formats import FORMATS, format_of_target

NAME_FIELDS = {
    "stem": "the name of the source without its extension",
    "ext": "the extension, with its dot",
    "kernel": "the kernels, as in car_gaussian3_edge3.jpg",
    "parent": "the name of the folder that the source is in",
}
"""What may stand in the name of a result, in braces."""

_BESIDE = "{stem}_{kernel}{ext}"


def target_namer(request: Request) -> Callable[[Source], list[str]]:
    """Return what tells the targets of a source, one for each recipe of the request.

    Raises `UsageError` where the name that is asked for has unknown fields or leads out of its folder; `TargetError`
    where a file is named whose extension stands for no format.
    """
    recipes, folder = request.recipes, request.output_folder
    if folder == os.curdir:  # for targets are known by their paths, as `Path` writes them
        folder = ""
    if request.output is not None and folder is None:
        named = str(Path(request.output))
        if request.format is None:  # a person named it, and so the format
            format_of_target(Path(named))
        return lambda _: [named] * len(recipes)
    renamed = _with_extension(request)
    if folder is not None and request.name is None and not request.each:
        return lambda source: [os.path.join(folder, renamed(source.below))]
    template = _BESIDE if request.name is None else _checked(request.name)
    kernels = [kernel for kernel, _ in recipes]

    def name(source: Source) -> list[str]:
        place, base = os.path.split(source.path if folder is None else os.path.join(folder, source.below))
        stem, extension = os.path.splitext(renamed(base))
        fields = {"stem": stem, "ext": extension, "parent": _parent_of(source) if "{parent" in template else ""}
        return [os.path.join(place, template.format(**fields, kernel=kernel)) for kernel in kernels]

    return name


def _with_extension(request: Request) -> Callable[[str], str]:
    """Return what gives a path the usual extension of the format that is asked for, if one is."""
    if request.format is None:
        return str
    extension = FORMATS[request.format].extensions[0]
    return lambda path: os.path.splitext(path)[0] + extension


def _checked(template: str) -> str:
    known = ", ".join(f"{{{field}}}" for field in NAME_FIELDS)
    try:
        fields = {field for _, field, _, _ in Formatter().parse(template) if field is not None}
        example = template.format(**dict.fromkeys(NAME_FIELDS, "x")) if fields <= set(NAME_FIELDS) else ""
    except (ValueError, LookupError) as error:
        raise UsageError(f"--name {template!r}: {error}; fields are {known}") from None
    if unknown := fields - set(NAME_FIELDS):
        raise UsageError(f"--name {template!r}: there is no field {{{min(unknown)}}}; fields are {known}")
    path = Path(example)
    if not path.name or path.is_absolute() or ".." in path.parts or example.endswith("/"):
        raise UsageError(f"--name {template!r}: is not the name of a file in its folder; begin with {_BESIDE!r}")
    return str(Path(template))


def _parent_of(source: Source) -> str:
    return os.path.basename(os.path.dirname(os.path.realpath(source.path)))
