"""The README says what the program does."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cogapp import Cog

import imfilt

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_tables_help_and_outputs_are_what_the_program_prints(capsys: pytest.CaptureFixture[str]) -> None:
    status = Cog().main(["cog", "--check", "--diff", "-I", str(ROOT / "tests"), str(ROOT / "README.md")])
    assert status == 0, capsys.readouterr().out


def test_the_registry_shown_can_be_loaded(tmp_path: Path) -> None:
    (file := tmp_path / "mine.toml").write_text(blocks("toml")[0])
    registry = imfilt.load_registry(file)
    assert {"emboss", "ridge", "relief", "smear-right"} <= {name for e in registry.entries for name in e.names}
    assert registry["ridge"].sum == 0
    spot = np.zeros((1, 9), np.uint8)
    spot[0, 4] = 200
    assert imfilt.apply(spot, registry["smear-right"]).tolist() == [[0, 0, 0, 0, 50, 50, 100, 0, 0]]
    square = np.full((9, 9), 50, np.uint8)
    square[3:6, 3:6] = 100
    relief = imfilt.apply(square, registry["emboss"])
    assert relief[2, 2] > 50 > relief[6, 6]


def test_the_python_shown_runs_and_gives_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(blocks("toml")[0])
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(blocks("python")[0], names)
    assert imfilt.convolve([[0, 1, 2], [3, 4, 5]], [[0, 1], [2, 3]], size="valid").tolist() == [[5, 11]]
    assert isinstance(names["mine"], imfilt.Registry)


@pytest.mark.skipif(sys.platform == "win32", reason="the script is for a POSIX shell")
def test_every_command_in_the_shell_examples_is_understood(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    lines = [line for block in blocks("sh") for line in block.splitlines() if "imfilt apply" in line]
    lines = [
        line.replace("imfilt apply", f"{shlex.quote(sys.executable)} -m imfilt apply --overwrite") for line in lines
    ]
    assert len(lines) >= 7
    for line in lines:
        if "venv" not in line:
            result = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert result.returncode == 0, (line, result.stderr)
