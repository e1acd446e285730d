"""Arrays in, arrays out: borders, geometry, plans, strips, strategies, normalisation. No files.

::

    recipe      what is asked for: borders, geometry, normalisations, combinations, pooling, background, channels
    planning    from a recipe to a plan: chains of stages (steps, planes, stage), each with a strategy (choosing)
    run         a plan carried out, from rows to rows, in bands: each by a worker of its own (workers)
    strips      a band goes through the chains strip by strip, in windows (window) and buffers (buffers)
    strategies  how the sums of a stage are computed
    finish      from exact numerators (exact, combined, measuring) to samples: rounded once, clipped, cast
    flatten, threshold, windows     what becomes of finished rows on their way out
    arrays, layers, linear          the engine for arrays, for layers of networks, for linear light
"""
