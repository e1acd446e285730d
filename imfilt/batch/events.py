"""Events: what became of each picture of a run, as objects of JSON; and back, from what was printed or recorded."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imfilt.batch.outcomes import Outcome, Status
from imfilt.errors import UsageError
from imfilt.kernels.numbers import plain_number
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.totals import Totals
    from imfilt.engine.recipes.recipe import Recipe

SCHEMA = 1
"""Of the objects; a number that changes when a program that reads them would have to."""


class Event(NamedTuple):
    """What became of one picture, as it is read back."""

    source: str | None
    """None for standard input."""
    target: str | None
    status: Status
    recipe: Mapping[str, Any]
    """By the names of its fields, kernels by name; empty where nobody knows."""
    seconds: float | None
    size: tuple[int, int] | None
    """Columns and rows of the result."""
    clipped: tuple[float, float] | None
    """The shares of the results that were below 0, and above white."""
    error: str


class Past(NamedTuple):
    """A run that is over, or that goes on."""

    events: list[Event]
    seconds: float | None
    """How long all of it took, where that is known."""


def event_object(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as an object for JSON."""
    width, height = outcome.size or (None, None)
    return {
        "schema": SCHEMA,
        **_name("source", outcome.source),
        **_name("target", outcome.target),
        "status": outcome.status.value,
        "recipe": outcome.recipe and recipe_object(outcome.recipe),
        "seconds": round(outcome.seconds, 6),
        "width": width,
        "height": height,
        "clipped": outcome.clipped
        and {
            "below": _share(outcome.clipped.below, outcome.clipped.samples),
            "above": _share(outcome.clipped.above, outcome.clipped.samples),
        },
        "error": None if outcome.error is None else str(outcome.error),
    }


def totals_object(totals: Totals, seconds: float) -> dict[str, Any]:
    """Return what is said of a run in the end as an object for JSON."""
    counts = {status.value: count for status, count in totals.counts.items()}
    clipped = {"below": totals.below_share, "above": totals.above_share}
    last = {**counts, "seconds": round(seconds, 6), "pixels": totals.pixels, "clipped": clipped}
    return {"schema": SCHEMA, "totals": last}


def recipe_object(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe for JSON, its kernels by name."""
    values = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    threshold = None if recipe.threshold is None else plain_number(recipe.threshold)
    return {**values, "kernels": [kernel.name for kernel in recipe.kernels], "threshold": threshold}


def read_events(data: bytes) -> Past:
    """Return the run whose objects stand in `data`, one a line; lines that are torn or of other kinds are passed over.

    Raises `UsageError` where there is none.
    """
    events, seconds = [], None
    for line in data.splitlines():
        try:
            found = json.loads(line)
            if found["schema"] != SCHEMA:
                continue
            if "totals" in found:
                seconds = (seconds or 0.0) + float(found["totals"]["seconds"])
            else:
                events.append(_event(found))
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
            continue
    if not events:
        raise UsageError("no run; what 'imfilt apply --json' prints is one")
    return Past(events, seconds)


def recorded_events(folder: Path) -> Past | None:
    """Return what the manifest of an output folder records; None where there is no manifest.

    Raises `UsageError` where it records nothing, as of a run that was stopped before its first result.
    """
    from imfilt.batch.manifest import Manifest

    manifest = Manifest(folder)
    if not manifest.exists:
        return None
    if not manifest.records:
        raise UsageError("its manifest records no result yet; go on with imfilt apply --resume")
    found = (
        Event(record.source, str(folder / record.target), Status.WRITTEN, {}, None, None, None, "")
        for record in manifest.records.values()
    )
    return Past(list(found), None)


def _event(found: dict[str, Any]) -> Event:
    clipped, size = found["clipped"], (found["width"], found["height"])
    return Event(
        _path(found, "source"),
        _path(found, "target"),
        Status(found["status"]),
        dict(found["recipe"] or {}),
        float(found["seconds"]),
        None if None in size else (int(size[0]), int(size[1])),
        clipped and (float(clipped["below"]), float(clipped["above"])),
        str(found["error"] or ""),
    )


def _name(key: str, path: Path | None) -> dict[str, str | None]:
    """Return a path as text, and if that is not UTF-8 as its bytes in base 64 as well."""
    if path is None:
        return {key: None}
    data = os.fsencode(path)
    try:
        return {key: data.decode()}
    except UnicodeDecodeError:
        return {key: data.decode(errors="replace"), f"{key}_base64": b64encode(data).decode()}


def _path(found: dict[str, Any], key: str) -> str | None:
    """Return the path that `_name` wrote."""
    exact = found.get(f"{key}_base64")
    text = os.fsdecode(b64decode(exact)) if exact else found[key]
    return None if text is None else str(text)


def _share(count: int, samples: int) -> float:
    return count / samples if samples else 0.0
