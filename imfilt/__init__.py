"""imfilt filters pictures with convolution kernels, exactly.

>>> import numpy as np
>>> import imfilt
>>> spot = np.zeros((3, 3), np.uint8)
>>> spot[1, 1] = 160
>>> imfilt.apply(spot, "gaussian3")
array([[10, 20, 10],
       [20, 40, 20],
       [10, 20, 10]], dtype=uint8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imfilt.api import apply, convolve, pool
    from imfilt.errors import (
        ImfiltError,
        KernelError,
        PictureError,
        RecipeError,
        RegistryError,
        TargetError,
        UnknownKernelError,
        UsageError,
    )
    from imfilt.kernels.kernel import Kernel
    from imfilt.kernels.registry import Registry, load_registry
else:

    def __getattr__(name: str) -> object:
        """Import what is asked for (PEP 562): the command comes through here as well, and begins sooner without it."""
        if name in __all__:
            from importlib import import_module

            for home in ("imfilt.api", "imfilt.errors", "imfilt.kernels.kernel", "imfilt.kernels.registry"):
                if hasattr(import_module(home), name):
                    return getattr(import_module(home), name)
        raise AttributeError(f"module 'imfilt' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "ImfiltError",
    "Kernel",
    "KernelError",
    "PictureError",
    "RecipeError",
    "Registry",
    "RegistryError",
    "TargetError",
    "UnknownKernelError",
    "UsageError",
    "apply",
    "convolve",
    "load_registry",
    "pool",
]

__version__ = "0.1.0"
