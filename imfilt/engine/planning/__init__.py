"""From a recipe to a plan.

::

    planner     the plan of a recipe for a type of samples and a size
    plan        what it is: chains of stages; it can be printed
    chains      kernels as they lie over the picture (steps), over planes of it (planes), as stages of one chain
    choosing    the strategy that costs least, of those that can do a stage
    sizes       how many rows and columns are worked on at a time
"""
