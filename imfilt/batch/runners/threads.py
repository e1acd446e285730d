"""An executor of threads of this process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from imfilt.batch.runners.executor import JobExecutor


class ThreadsExecutor(ThreadPoolExecutor, JobExecutor):
    """Makes calls in threads."""
