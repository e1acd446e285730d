"""A terminal that shows sixels, and pictures by the protocol of kitty: as far as `imfilt preview` needs one."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PLACEHOLDER = "\U0010eeee"
_TOKEN = re.compile(
    r"(?P<sixel>\x1bP[0-9;]*q(?P<data>[^\x1b]*)\x1b\\)|\x1b\[(?P<count>[0-9;]*)(?P<final>[A-Za-z])|(?P<save>\x1b[78])"
    r"|(?P<letter>[^\x1b])",
    re.DOTALL,
)
_SIXEL = re.compile(r'"[0-9;]*|#(?P<colour>[0-9;]+)|!(?P<count>[0-9]+)(?P<run>.)|(?P<one>.)', re.DOTALL)
Pixels = NDArray[np.uint8]


def screen_of(text: str, columns: int, lines: int, cell: tuple[int, int]) -> Pixels:
    """Return what sixels leave on a screen; a letter that is printed over them wipes its cell."""
    screen = np.zeros((lines * cell[1], columns * cell[0], 3), np.uint8)
    x = y = 0
    saved = 0, 0
    for token in _TOKEN.finditer(text):
        if token["sixel"]:
            drawn = sixels(token["data"])
            top, left = y * cell[1], x * cell[0]
            screen[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
        elif token["save"] == "\x1b7":
            saved = x, y
        elif token["save"] == "\x1b8":
            x, y = saved
        elif token["final"] in ("A", "C"):
            count = int(token["count"] or 1)
            x, y = (x, y - count) if token["final"] == "A" else (x + count, y)
        elif token["letter"] == "\n":
            x, y = 0, y + 1
        elif token["letter"] == "\r":
            x = 0
        elif token["letter"]:
            assert x < columns, "a letter beyond the edge"
            screen[y * cell[1] : (y + 1) * cell[1], x * cell[0] : (x + 1) * cell[0]] = 0
            x += 1
    return screen


def sixels(data: str) -> Pixels:
    """Return the picture of a sequence of sixels: bands of six rows, a bit for each."""
    size = re.match(r'"1;1;(\d+);(\d+)', data)
    assert size is not None
    drawn = np.zeros((int(size[2]) + 6, int(size[1]), 3), np.uint8)
    colours: dict[int, list[int]] = {}
    x = y = colour = 0
    for token in _SIXEL.finditer(data):
        if token["colour"]:
            colour, *definition = map(int, token["colour"].split(";"))
            if definition:
                colours[colour] = [round(share * 255 / 100) for share in definition[1:]]
        elif (sign := token["run"] or token["one"]) == "$":
            x = 0
        elif sign == "-":
            x, y = 0, y + 6
        elif sign is not None:
            count = int(token["count"] or 1)
            for bit in range(6):
                if (ord(sign) - 63) >> bit & 1:
                    drawn[y + bit, x : x + count] = colours[colour]
            x += count
    return drawn[: int(size[2])]


def kitty_pictures(messages: str) -> dict[int, tuple[Image.Image, tuple[int, int]]]:
    """Return the pictures that were sent to a terminal, by their numbers, and how many columns and rows they take."""
    data: dict[int, str] = {}
    places: dict[int, tuple[int, int]] = {}
    for message in re.findall(r"\x1b_G(.*?)\x1b\\", messages):
        control, _, payload = message.partition(";")
        values: dict[str, Any] = dict(each.split("=") for each in control.split(","))
        number = int(values["i"])
        if values.get("a") == "p":
            places[number] = int(values["c"]), int(values["r"])
        else:
            assert values["f"] == "100"  # PNG
            data[number] = data.get(number, "") + payload
    return {number: (Image.open(io.BytesIO(base64.b64decode(data[number]))), places[number]) for number in data}
