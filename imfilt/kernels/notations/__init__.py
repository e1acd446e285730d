"""Kernels as files and as other tools write them, both ways: one small module each, one table."""
