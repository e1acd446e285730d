"""Names of types that all layers use. To be imported for type checkers alone: for a small picture it takes too long."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""Numbers of any type, in any shape."""
