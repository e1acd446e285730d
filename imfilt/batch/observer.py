"""Who is told what becomes of jobs, as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imfilt.batch.jobs import Job
    from imfilt.batch.outcomes import Outcome


class Observer:
    """Is told what becomes of jobs, in the thread that runs them; this one does not care."""

    def begun(self, job: Job) -> None:
        """Note that a job was handed over."""

    def ended(self, job: Job, outcomes: Sequence[Outcome]) -> None:
        """Note what became of a job, which may come before those of earlier jobs are yielded."""
