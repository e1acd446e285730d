"""Names of types that all layers use, for type checkers alone: to import them takes long beside a small picture."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""Numbers of any type, in any shape."""
