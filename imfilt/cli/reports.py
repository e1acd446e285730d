"""What is said of each outcome, and of all in the end: lines for a person, or JSON for a program."""

from __future__ import annotations

import os
import traceback
from dataclasses import fields
from pathlib import Path
from typing import Any

from imfilt.batch.outcomes import Outcome, Status
from imfilt.batch.totals import Totals
from imfilt.cli.printing import print_path, say, standard_output
from imfilt.engine.recipe import Recipe

SCHEMA = 1
"""Of the objects that `--json` prints; a number that changes when a program that reads them would have to."""


class Report:
    """Prints the path of what was written, and why anything was not."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False, debug: bool = False) -> None:
        self._verbose, self._quiet, self._debug = verbose, quiet, debug

    def add(self, outcome: Outcome) -> None:
        """Report one outcome."""
        source = outcome.source or "standard input"
        if outcome.error is not None:
            if self._debug:
                traceback.print_exception(outcome.error)
            say(f"{source}: {outcome.error}")
        elif outcome.status is Status.SKIPPED and self._verbose and outcome.target:
            say(f"{source}: skipped, {outcome.target} is there already")
        elif outcome.status is Status.WRITTEN and outcome.target is not None and not self._quiet:
            self.written(outcome.target)
        for line in (*outcome.notes, *(outcome.plan if self._verbose else ())):
            say(f"{source}: {line}")

    def written(self, target: Path) -> None:
        """Report what was written."""
        print_path(target)

    def end(self, totals: Totals, seconds: float) -> None:
        """Report all together."""


class JsonReport(Report):
    """Prints one object a result, and a last one with the totals; what a person has to know goes to standard error."""

    def __init__(self, *, verbose: bool = False, debug: bool = False) -> None:
        super().__init__(verbose=verbose, quiet=True, debug=debug)

    def add(self, outcome: Outcome) -> None:
        """Report one outcome."""
        super().add(outcome)
        width, height = outcome.size or (None, None)
        _print_object(
            **_name("source", outcome.source),
            **_name("target", outcome.target),
            status=outcome.status.value,
            recipe=_recipe(outcome.recipe),
            seconds=round(outcome.seconds, 6),
            width=width,
            height=height,
            clipped=outcome.clipped
            and {
                "below": _share(outcome.clipped.below, outcome.clipped.samples),
                "above": _share(outcome.clipped.above, outcome.clipped.samples),
            },
            error=None if outcome.error is None else str(outcome.error),
        )

    def end(self, totals: Totals, seconds: float) -> None:
        """Report all together."""
        counts = {status.value: count for status, count in totals.counts.items()}
        clipped = {"below": totals.below_share, "above": totals.above_share}
        _print_object(totals={**counts, "seconds": round(seconds, 6), "pixels": totals.pixels, "clipped": clipped})


def say_summary(totals: Totals, seconds: float) -> None:
    """Say how many there were, how fast it went, what took longest, and how much was clipped."""
    counts = ", ".join(f"{count} {status.value}" for status, count in totals.counts.items())
    megapixels = totals.pixels / 1e6
    say(f"{counts} in {seconds:.1f} s; {megapixels:.1f} megapixels, {megapixels / max(seconds, 1e-9):.1f} a second")
    if totals.slowest:
        slowest = (f"{each.source or 'standard input'} ({each.seconds:.2f} s)" for each in totals.slowest)
        say(f"slowest: {', '.join(slowest)}")
    if totals.samples:
        say(f"clipped: {totals.below_share:.2%} of all results were below 0, {totals.above_share:.2%} above white")


def _print_object(**values: Any) -> None:
    import json  # for few ask for it

    print(json.dumps({"schema": SCHEMA, **values}), file=standard_output(), flush=True)


def _name(key: str, path: Path | None) -> dict[str, str | None]:
    """Return a path as text, and if that is not UTF-8 as its bytes in base 64 as well."""
    if path is None:
        return {key: None}
    data = os.fsencode(path)
    try:
        return {key: data.decode()}
    except UnicodeDecodeError:
        from base64 import b64encode

        return {key: data.decode(errors="replace"), f"{key}_base64": b64encode(data).decode()}


def _recipe(recipe: Recipe | None) -> dict[str, Any] | None:
    """Return a recipe with its kernels by name."""
    if recipe is None:
        return None
    values = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    return {**values, "kernels": [kernel.name for kernel in recipe.kernels]}


def _share(count: int, samples: int) -> float:
    return count / samples if samples else 0.0
