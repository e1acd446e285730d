"""The options of commands that draw figures into files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imfilt.cli.command import Function, option
from imfilt.errors import TargetError

if TYPE_CHECKING:
    from PIL.Image import Image

STREAM = Path("-")


def figure_option(name: str, what: str, *, short: str = "") -> Callable[[Function], Function]:
    """Return the decorator that adds an option for a file that a figure is drawn into."""
    names = (short, name) if short else (name,)
    return option("Output", *names, metavar="FILE", type=click.Path(readable=False, path_type=Path), help=what)


overwrite_option = option("Output", "--overwrite", is_flag=True, help="Replace files that are there already.")


def check_figures(*targets: Path | None, overwrite: bool, kinds: Sequence[str] = (".png",)) -> None:
    """Raise `TargetError` where a figure cannot be written, or two of them into one file, or as another `kind`."""
    taken: set[Path] = set()
    for target, kind in zip(targets, kinds, strict=True):
        if target is not None:
            from imfilt.images.atomic import check_target
            from imfilt.images.formats import EXTENSIONS

            if target == STREAM:
                raise TargetError("- is standard output, which figures are not written to; name a file")
            extension = target.suffix.casefold()
            if extension != kind and extension in EXTENSIONS:
                raise TargetError(f"{target}: it is going to be {kind[1:].upper()}; call it {target.stem}{kind}")
            check_target(target, overwrite=overwrite)
            if target.resolve() in taken:
                raise TargetError(f"{target}: two figures cannot be one file; name another for one of them")
            taken.add(target.resolve())


def write_figure(figure: Image, target: Path, *, overwrite: bool) -> None:
    """Write a figure as a PNG file."""
    from imfilt.images.atomic import Manner, write_bytes
    from imfilt.views.drawing import png_of

    write_bytes(png_of(figure), target, Manner(overwrite))
