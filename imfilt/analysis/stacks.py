"""The sizes of a stack of layers, as neural networks have them: convolutions, pools, full connections."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from imfilt.engine.recipes.choices import choose
from imfilt.engine.recipes.geometry import Axis
from imfilt.engine.recipes.pairs import Pair
from imfilt.errors import RecipeError
from imfilt.kernels.naming import clipped
from imfilt.quick import NamedTuple

Shape = tuple[int, int, int]
"""Rows, columns, channels."""

_LARGEST = 1 << 40
_PART = re.compile(r"([a-z]?)([0-9]{1,13})(?:x([0-9]{1,13}))?", re.ASCII)
_LENGTHS = ("k", "s", "p", "d")
"""The letters of what may differ between rows and columns."""
_INPUT = re.compile(r"([0-9]{1,13})x([0-9]{1,13})(?:x([0-9]{1,13}))?", re.ASCII)


class Window(NamedTuple):
    """Rows and columns, each: the taps, and how they are laid."""

    taps: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def axes(self, shape: Shape) -> tuple[Axis, Axis]:
        """Return how it lies over rows and columns."""
        down, across = (
            Axis(shape[i], self.taps[i], self.stride[i], self.dilation[i], self.padding[i], self.padding[i])
            for i in range(2)
        )
        return down, across


class Part(NamedTuple):
    """What one layer does: a window that is laid over all of its input, and what it has to learn."""

    window: Window
    channels: int
    """Of its output."""
    group: int = 0
    """How many channels of the input an output channel sees; 0 where each sees its own, and there are no weights."""
    has_biases: bool = False
    is_beside: bool = False
    """Whether it is a shortcut, which leads from where the part before the last began to where that ended."""

    @property
    def weights(self) -> int:
        """How many there are, biases not among them."""
        return self.window.taps[0] * self.window.taps[1] * self.group * self.channels

    @property
    def biases(self) -> int:
        """How many there are."""
        return self.channels if self.has_biases else 0


class Step(NamedTuple):
    """A part of a stack, and what comes out of it."""

    layer: str
    """As it was written."""
    part: Part
    input: Shape
    output: Shape
    field: Pair
    """The receptive field: rows and columns of the picture that one output looks at."""
    jump: Pair
    """How many rows and columns of the picture lie between one output and the next."""
    is_first: bool
    """Whether it is the first part of its layer."""

    @property
    def products(self) -> int:
        """How many products of weights and samples are added up for one picture."""
        return self.output[0] * self.output[1] * self.part.weights


class _Given(NamedTuple):
    """The numbers of a layer as they were written."""

    first: Pair
    k: Pair = (0, 0)
    s: Pair | None = None
    p: Pair = (0, 0)
    d: Pair = (1, 1)
    g: Pair = (1, 1)
    b: Pair = (1, 1)


class LayerKind(NamedTuple):
    """A kind of layer, how it is written, and the parts that it is made of."""

    name: str
    form: str
    meaning: str
    keys: str
    """The letters that it takes numbers with."""
    parts: Callable[[_Given, Shape], list[Part]]


def _conv(given: _Given, shape: Shape) -> list[Part]:
    if 0 in given.k:
        raise RecipeError("a convolution needs the size of its kernels, as in conv:96,k11")
    groups = given.g[0]
    if groups < 1 or shape[2] % groups or given.first[0] % groups:
        raise RecipeError(f"{shape[2]} channels in and {given.first[0]} out cannot be parted into {groups} groups")
    window = Window(given.k, given.s or (1, 1), given.p, given.d)
    return [Part(window, given.first[0], shape[2] // groups, bool(given.b[0]))]


def _pool(given: _Given, shape: Shape) -> list[Part]:
    return [Part(Window(given.first, given.s or given.first, given.p), shape[2])]


def _full(given: _Given, shape: Shape) -> list[Part]:
    return [Part(Window(shape[:2]), given.first[0], shape[2], bool(given.b[0]))]


def _block(given: _Given, shape: Shape) -> list[Part]:
    channels, stride = given.first[0], given.s or (1, 1)
    parts = [
        Part(Window((3, 3), stride, (1, 1)), channels, shape[2]),
        Part(Window((3, 3), (1, 1), (1, 1)), channels, channels),
    ]
    if stride != (1, 1) or channels != shape[2]:
        parts.append(Part(Window((1, 1), stride), channels, shape[2], is_beside=True))
    return parts


LAYERS = {
    kind.name: kind
    for kind in (
        LayerKind(
            "conv",
            "conv:OUT,kN",
            "OUT kernels of N x N; sN stride, pN padding, dN dilation, gN groups, b0 no biases",
            "kspdgb",
            _conv,
        ),
        LayerKind(
            "pool", "pool:N", "one sample of every N x N; sN stride (N where it is not given), pN padding", "sp", _pool
        ),
        LayerKind("full", "full:OUT", "each output sees all there is; b0 no biases", "b", _full),
        LayerKind(
            "block", "block:OUT", "a residual block: two convolutions of 3 x 3 and a shortcut; sN stride", "s", _block
        ),
    )
}

STACKS = {
    # LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998, figure 2.
    # There each map of the third layer sees some of the maps before it only, and pools have weights.
    "lenet-5": "32x32x1 conv:6,k5 pool:2 conv:16,k5 pool:2 conv:120,k5 full:84 full:10",
    # Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, 2012, section 3.5.
    # The paper says 224, from which no 55 can come.
    "alexnet": (
        "227x227x3 conv:96,k11,s4 pool:3,s2 conv:256,k5,p2,g2 pool:3,s2 conv:384,k3,p1 conv:384,k3,p1,g2 "
        "conv:256,k3,p1,g2 pool:3,s2 full:4096 full:4096 full:1000"
    ),
    # Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015, table 1, column D.
    "vgg-16": (
        "224x224x3 conv:64,k3,p1 conv:64,k3,p1 pool:2 conv:128,k3,p1 conv:128,k3,p1 pool:2 "
        "conv:256,k3,p1 conv:256,k3,p1 conv:256,k3,p1 pool:2 conv:512,k3,p1 conv:512,k3,p1 conv:512,k3,p1 pool:2 "
        "conv:512,k3,p1 conv:512,k3,p1 conv:512,k3,p1 pool:2 full:4096 full:4096 full:1000"
    ),
    # He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2016, table 1.
    "resnet-18": (
        "224x224x3 conv:64,k7,s2,p3,b0 pool:3,s2,p1 block:64 block:64 block:128,s2 block:128 block:256,s2 block:256 "
        "block:512,s2 block:512 pool:7 full:1000"
    ),
}
"""Stacks that papers describe."""


def parse_input(text: str) -> Shape:
    """Return the shape that ``227x227x3`` stands for: rows, columns, channels; 1 channel where it is not given."""
    match = _INPUT.fullmatch(text.casefold())
    shape = tuple(map(int, match.groups(default="1"))) if match else (0,)
    if not match or 0 in shape or max(shape) > _LARGEST:
        known = ", ".join(STACKS)
        raise RecipeError(
            f"{clipped(text, 40)!r} is no size such as 227x227x3 (rows, columns, channels), and none of {known}"
        )
    return shape  # type: ignore[return-value]


def follow(shape: Shape, layers: Iterable[str]) -> list[Step]:
    """Return what becomes of a picture of `shape` in each part of the `layers`.

    The length of each side is ``floor((n + 2p - d·(k - 1) - 1) / s) + 1``; a receptive field grows by
    ``d·(k - 1) · jump``, and the jump is multiplied by the stride.

    Raises `RecipeError` with the number of a layer that is none, or that does not fit.

    >>> [step.output for step in follow((227, 227, 3), ["conv:96,k11,s4", "pool:3,s2"])]
    [(55, 55, 96), (27, 27, 96)]
    """
    steps: list[Step] = []
    field, jump = (1, 1), (1, 1)
    for number, layer in enumerate(layers, 1):
        try:
            kind, given = _parse(layer)
            for place, part in enumerate(kind.parts(given, shape)):
                if part.is_beside:  # it ends where the parts beside it end, and looks at less than these
                    steps.append(Step(layer, part, steps[-2].input, shape, field, jump, is_first=False))
                    continue
                down, across = part.window.axes(shape)
                if not (down.output and across.output):
                    raise RecipeError(
                        f"its window of {down.reach + 1} x {across.reach + 1} does not fit into {_text(shape)}"
                    )
                output = down.output, across.output, part.channels
                field = field[0] + down.reach * jump[0], field[1] + across.reach * jump[1]
                jump = jump[0] * down.stride, jump[1] * across.stride
                steps.append(Step(layer, part, shape, output, field, jump, place == 0))
                shape = output
        except RecipeError as error:
            raise RecipeError(f"layer {number}, {clipped(layer, 60)!r}: {error}") from None
    return steps


def _text(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _parse(layer: str) -> tuple[LayerKind, _Given]:
    name, _, rest = layer.casefold().partition(":")
    kind = LAYERS[choose("layer", name, LAYERS)]
    numbers: dict[str, Pair] = {}
    for part in rest.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None or (match[1] or "first") in numbers or (match[1] and match[1] not in kind.keys):
            raise RecipeError(f"{clipped(part, 40)!r} is not understood; write {kind.form} ({kind.meaning})")
        if match[3] and match[1] not in _LENGTHS and (match[1] or kind.name != "pool"):
            raise RecipeError(f"{part!r} is one number, not rows and columns; write {kind.form} ({kind.meaning})")
        first = int(match[2])
        numbers[match[1] or "first"] = first, int(match[3] or first)
    if "first" not in numbers:
        raise RecipeError(f"a number is missing; write {kind.form}")
    for key, pair in numbers.items():
        least = 0 if key in "pb" else 1
        if not all(least <= number <= _LARGEST for number in pair):
            raise RecipeError(f"{'' if key == 'first' else key}{_text(pair)} must be from {least} to {_LARGEST}")
    return kind, partial(_Given, **numbers)()
