"""The command line; Click and Rich live here and nowhere else. A command parses, plans, runs, reports."""

from __future__ import annotations

from imfilt.cli.main import main

__all__ = ["main"]
