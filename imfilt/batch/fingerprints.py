"""Fingerprints: what tells whether a picture would be filtered in the same way again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import fields
from pathlib import Path

from imfilt.engine.recipes.recipe import Recipe
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import to_fraction
from imfilt.quick import NamedTuple


class State(NamedTuple):
    """What is known of a file without reading it."""

    size: int
    mtime_ns: int


class Content(NamedTuple):
    """What a file holds."""

    size: int
    sha256: str
    """Empty where it was not recorded."""


def state_of(path: str | Path) -> State | None:
    """Return the state of a file; None where there is none to be seen."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return State(status.st_size, status.st_mtime_ns)


def hash_of_file(path: str | Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal digits; raise `OSError` where it cannot be read."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_of(path: str | Path) -> Content:
    """Return what a file holds; raise `OSError` where it cannot be read."""
    return Content(os.stat(path).st_size, hash_of_file(path))


def hash_of_recipe(recipe: Recipe, *further: object) -> str:
    """Return the SHA-256 of what a recipe is, in hexadecimal digits.

    Recipes that make the same of every picture by the same arithmetic have the same, however they were written: the
    names of kernels are left out, and their numbers are reduced. `further` are values with a `repr` that tell how
    results are written.
    """
    text = "\n".join([describe_recipe(recipe), *map(repr, further)])
    return hashlib.sha256(text.encode()).hexdigest()


def describe_recipe(recipe: Recipe) -> str:
    """Return all that a recipe is as text, exactly: a line for each kernel, and for each field that is not as usual."""
    lines = [_describe_kernel(kernel) for kernel in recipe.kernels]
    lines += [
        f"{field.name} = {value!r}"
        for field in fields(recipe)
        if field.name != "kernels" and (value := getattr(recipe, field.name)) != field.default
    ]
    return "\n".join(lines)


def _describe_kernel(kernel: Kernel) -> str:
    form = kernel.integer_form
    rows = "; ".join(" ".join(map(str, row)) for row in form.weights)
    arithmetic = "exact" if kernel.is_exact else "decimal"
    return f"kernel {rows} / {form.divisor} + {to_fraction(kernel.bias)}, anchor {kernel.anchor}, {arithmetic}"
