"""Arrays in, arrays out: borders, geometry, plans, strips, strategies, normalisation. No files.

Each of these imports none but those above it::

    rows, dtypes, buffers, processors, threads      what all of them speak of
    recipes     what is asked for: borders, geometry, normalisations, combinations, pooling, channels
    strategies  how the sums of one kernel over one strip are computed
    planning    from a recipe to a plan: chains of stages, each with the strategy that costs least
    finishing   from exact numerators to samples, rounded once; and what becomes of those on their way out
    running     a plan carried out, strip by strip, in bands that threads share
    arrays      the engine for arrays; layers, for those of networks (layer_sums)
"""
