"""From exact numerators to samples, and what becomes of these on their way out.

::

    finisher    normalises, rounds once, clips, casts
    division    divides whole numbers by the denominator, rounded
    exact       the exact results of a strip, of several kernels side by side too (combined); measuring, their extremes
    clipped     how many results lay beyond the range of the samples
    flatten, pooled, threshold      rows on their way out: laid over a background, in windows, kept where little changed
    viewed, linear                  rows as they are looked at, and written back: some channels, or as light
"""
