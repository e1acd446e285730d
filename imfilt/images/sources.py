"""What a picture is read from."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

Source = Path | BinaryIO
"""A file, or a stream that can seek."""
