"""``python -m imfilt``: the command."""

from imfilt.cli import run

if __name__ == "__main__":
    run()
