"""The request: what a person asks for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from functools import cached_property
from itertools import count
from pathlib import Path

from imfilt.batch.care import USUAL_CARE, Care
from imfilt.batch.jobs.job import AS_USUAL, STREAM
from imfilt.engine.recipes.recipe import Recipe
from imfilt.errors import UsageError
from imfilt.images.limits import MAX_PIXELS
from imfilt.images.saving import Saving
from imfilt.kernels.naming import shortened
from imfilt.quick import dataclass

_LONGEST_NAME = 100
"""What is added to the name of a file, which has to stay below 255 characters."""


class Existing(Enum):
    """What to do about a target that is there already."""

    REFUSE = "refuse"
    OVERWRITE = "overwrite"
    SKIP = "skip"
    RESUME = "resume"
    """It stays where the manifest of the output folder says that it is up to date."""
    IN_PLACE = "in place"
    """Targets are the sources themselves."""


@dataclass(frozen=True)
class Request:
    """What a person asks for: inputs, one recipe or one for each of its kernels, and where the results go."""

    inputs: Sequence[str]
    """Files, folders, globs, or "-"."""
    recipe: Recipe
    listed: Sequence[str] = ()
    """Files and folders by their names alone: no globs, and "-" is a file."""
    listed_in: str | None = None
    """The folder that all listed files were found in, and whose tree results are laid out like, if there is one."""
    include: Sequence[str] = ()
    """Patterns of which a picture must match one; see `imfilt.batch.jobs.patterns`."""
    exclude: Sequence[str] = ()
    """Patterns of which a picture, or a folder on the way to it, must match none."""
    recursive: bool = False

    output: str | None = None
    """A file, a folder (it is there, or the name ends with a slash), "-", or None for beside each source."""
    name: str | None = None
    """What results are called, with fields of `imfilt.batch.jobs.targets.NAME_FIELDS`."""
    each: bool = False
    """Whether each kernel of the recipe makes a picture of its own."""
    existing: Existing = Existing.REFUSE
    backup: str | None = None
    """What is added to the names of sources that are kept, where results take their places."""

    format: str | None = None
    """The format of the results, a key of `FORMATS`; as their names say, or as the source, where it is not given."""
    max_pixels: int = MAX_PIXELS
    threads: int | None = None
    strategy: str | None = None
    saving: Saving = AS_USUAL
    frame: int | None = None
    """The only frame or page to be filtered, counted from 0; None for all."""
    care: Care = USUAL_CARE

    def __post_init__(self) -> None:
        if self.output == "":
            raise UsageError("-o is empty; give it a file, a folder or -")
        if self.name is not None and self.output is not None and self.output_folder is None:
            raise UsageError("--name and --suffix name results in folders; leave them out, or end -o with a slash")
        if self.existing is Existing.RESUME and self.output_folder is None:
            raise UsageError("--resume goes by a list in the output folder; give the folder with -o DIR/")
        self._check_in_place()

    def _check_in_place(self) -> None:
        if self.existing is not Existing.IN_PLACE:
            if self.backup is not None:
                raise UsageError("--backup is for inputs that are replaced; add --in-place")
            return
        if self.output is not None or self.name is not None or self.each or self.format is not None:
            raise UsageError("--in-place replaces the inputs; leave out -o, --name, --suffix, --each and --format")
        if STREAM in self.inputs:
            raise UsageError("--in-place replaces files; standard input (-) is none")
        if self.backup is not None and (not self.backup or Path(f"x{self.backup}").name != f"x{self.backup}"):
            raise UsageError(f"--backup {self.backup!r}: give what is added to a file name, such as .orig")

    @cached_property
    def recipes(self) -> Sequence[tuple[str, Recipe]]:
        """What is to be done, after what it is called in the names of results.

        A kernel that is given twice makes one picture; different ones of the same name are numbered.
        """
        if not self.each:
            names = [kernel.name for kernel in self.recipe.kernels] + [self.recipe.combine or ""]
            return [(shortened("_".join(filter(None, names)), _LONGEST_NAME), self.recipe)]
        kernels = list(dict.fromkeys(self.recipe.kernels))
        shared = Counter(kernel.name for kernel in kernels)
        numbers = {name: count(1) for name, kernels in shared.items() if kernels > 1}
        return [
            (
                f"{kernel.name}{next(numbers[kernel.name]) if kernel.name in numbers else ''}",
                replace(self.recipe, kernels=(kernel,)),
            )
            for kernel in kernels
        ]

    @cached_property
    def output_folder(self) -> str | None:
        """The folder that results go to under the names of their sources; None where they do not."""
        if self.output is None or self.output == STREAM:
            return None
        slashes = tuple(filter(None, (os.sep, os.altsep)))
        path = Path(self.output)
        return str(path) if self.output.endswith(slashes) or path.is_dir() else None
