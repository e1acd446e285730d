"""What jobs are got through with: the protocol of `concurrent.futures`, and what more is asked of a runner."""

from __future__ import annotations

from concurrent.futures import Executor


class JobExecutor(Executor):
    """Makes calls over jobs."""

    capacity: int | None = None
    """How many calls it makes at the same time, where that is not what it was asked for."""

    @property
    def takes_bundles(self) -> bool:
        """Whether a call is to be for several small jobs, because each call costs much."""
        return False
