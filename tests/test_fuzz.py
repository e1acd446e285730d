"""A short run of the fuzzer, the same each time; ``python tests/fuzz/fuzz.py`` is the long one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent / "fuzz" / "fuzz.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_damaged_files_are_one_line_or_a_picture(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), "--cases", "250", "--seed", "7", "--keep", str(tmp_path / "kept")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert result.stdout.startswith("250 cases from ")
    assert result.stdout.endswith(", 0 failed\n")
    assert not list(tmp_path.iterdir())
