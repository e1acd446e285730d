"""Families: kernels with parameters, as in ``gaussian:sigma=2``; `imfilt.kernels.families.table` lists them."""
