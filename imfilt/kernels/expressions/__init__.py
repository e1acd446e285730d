"""Kernel expressions: ``identity + 0.8 * (identity - gaussian:sigma=2)``. Text to tokens, to a tree, to a kernel."""
