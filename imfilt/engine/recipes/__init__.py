"""What is asked for: a recipe, and the tables of what can be in it. No NumPy: the command line imports this to help.

::

    recipe          kernels in a row, and all that is to be done with them
    borders         what lies beyond the picture; one entry each
    geometry        which samples an output looks at: size, anchor, stride, dilation
    normalisations  from results to the range of the samples; one entry each
    combinations    kernels side by side; one entry each
    pooling         windows brought together; background, what alpha is laid over; channels, which are filtered
    roundings       from results to whole levels; one entry each
    samples         the types of samples; likes, what other tools do instead
    choices, pairs  what is given by name, or for rows and columns
"""
