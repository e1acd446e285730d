"""What a kernel is, and where kernels come from. No pixels, no NumPy."""
