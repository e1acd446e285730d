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

if TYPE_CHECKING:
    from imfilt.api import apply, convolve, pool
    from imfilt.kernels.kernel import Kernel
    from imfilt.kernels.registry import Registry, load_registry
else:
    _HOMES = {
        "Kernel": "kernels.kernel",
        "Registry": "kernels.registry",
        "apply": "api",
        "convolve": "api",
        "load_registry": "kernels.registry",
        "pool": "api",
    }

    def __getattr__(name: str) -> object:
        """Import what is asked for (PEP 562): the command comes through here as well, and begins sooner without it."""
        if name not in _HOMES:
            raise AttributeError(f"module 'imfilt' has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f"imfilt.{_HOMES[name]}"), name)
        return value

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
