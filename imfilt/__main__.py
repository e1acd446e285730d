"""``python -m imfilt``: the command."""

from imfilt.cli import main

if __name__ == "__main__":
    main()
