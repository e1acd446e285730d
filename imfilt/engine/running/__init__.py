"""A plan carried out: from a source of rows to a sink of rows.

::

    run         bands and panels of a picture, in threads
    workspaces  what a thread filters with, kept from picture to picture
    strips      the walker: a band goes through the chains of a plan strip by strip, or patch by patch
    chain_rows  the rows of one of these chains: its windows, its programs, and its sums
    window      the rows that a stage looks at, the samples beyond the border filled in
"""
