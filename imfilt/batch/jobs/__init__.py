"""From inputs to jobs: which files, to which targets; all that can be known is checked before anything is written.

::

    request     what a person asks for
    lists       the names in a list (--files-from)
    patterns    which names are wanted (--include, --exclude)
    sources     inputs to sources: files, folders, globs
    targets     sources to targets: what results are called; in_place, where they replace their sources
    conflicts   what is in the way of the targets
    making      all of these, one after the other
    job         what comes of it
"""

from imfilt.batch.jobs.job import STREAM, Job, Result, size_of
from imfilt.batch.jobs.making import Batch, make_jobs
from imfilt.batch.jobs.request import Existing, Request

__all__ = ["STREAM", "Batch", "Existing", "Job", "Request", "Result", "make_jobs", "size_of"]
