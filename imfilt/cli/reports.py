"""What is said of each outcome, and of all in the end: lines for a person, or JSON for a program."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from imfilt.batch.outcomes import Outcome, Status
from imfilt.batch.totals import Totals
from imfilt.cli.printing import print_path, say, standard_output


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
        for line in (*(() if self._quiet else outcome.notes), *(outcome.plan if self._verbose else ())):
            say(f"{source}: {line}")

    def written(self, target: Path) -> None:
        """Report what was written."""
        print_path(target)

    def end(self, totals: Totals, seconds: float) -> None:
        """Report all together."""


class JsonReport(Report):
    """Prints one object a result, and a last one with the totals; what a person has to know goes to standard error."""

    def add(self, outcome: Outcome) -> None:
        """Report one outcome."""
        super().add(outcome)
        from imfilt.batch.events import event_object  # for few ask for it

        _print_object(event_object(outcome))

    def written(self, target: Path) -> None:
        """Print no path, which is in the object."""

    def end(self, totals: Totals, seconds: float) -> None:
        """Report all together."""
        from imfilt.batch.events import totals_object

        _print_object(totals_object(totals, seconds))


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


def _print_object(values: dict[str, Any]) -> None:
    import json

    print(json.dumps(values), file=standard_output(), flush=True)
