"""Ways to get through many jobs, behind the protocol of `concurrent.futures`.

::

    table       one entry for each; executor, what is asked of them
    here        in this process; and in this one until others are worth it; threads, in threads of it
    processes   in processes that may die: started or forked (children), told what to do (channel), at work (worker)
    cluster     on the workers of a cluster of Dask
"""

from imfilt.batch.runners.table import RUNNERS, Runner, Setting

__all__ = ["RUNNERS", "Runner", "Setting"]
