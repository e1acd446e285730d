"""Jobs, runners, outcomes: how many files become one run. No terminal.

::

    jobs        from inputs to jobs: what is to be done
    work        one job done: read (concurrently), filter (filtering, plans, frames), write; what came of it (outcomes)
    confirming  a result that may be there already; backups, of what is replaced (identity); delivery, of all results
    running     all jobs, one after the other or as a runner does it; an observer is told
    runners     ways to get through many jobs: here, in threads, in processes, on a cluster
    scheduling  jobs through an executor, so many at a time as there is memory for (admission, machine, heap)
    resume      what an earlier run has done, by its manifest (manifest, fingerprints)
    watching    jobs that come into a folder (settling); care, what a person wants taken care of
    events      outcomes as JSON; totals adds them up
"""
