"""The sizes of stacks of layers, checked against the papers that describe them, and against the engine."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from conftest import Run
from numpy.typing import NDArray

import imfilt
from imfilt.analysis.stacks import STACKS, Step, follow, parse_input


def stack(name: str) -> list[Step]:
    size, *layers = STACKS[name].split()
    return follow(parse_input(size), layers)


def outputs(name: str) -> list[tuple[int, int, int]]:
    return [step.output for step in stack(name) if not step.part.is_beside]


def test_lenet_5_has_the_sizes_of_its_paper() -> None:
    """Section II.B of LeCun et al., 1998; the third layer sees all maps here, and pools learn nothing."""
    assert outputs("lenet-5") == [
        (28, 28, 6),  # C1
        (14, 14, 6),  # S2
        (10, 10, 16),  # C3
        (5, 5, 16),  # S4
        (1, 1, 120),  # C5
        (1, 1, 84),  # F6
        (1, 1, 10),
    ]
    trainable = [step.part.weights + step.part.biases for step in stack("lenet-5")]
    assert (trainable[0], trainable[4], trainable[5]) == (156, 48120, 10164)


def test_alexnet_has_the_sizes_of_its_paper() -> None:
    """Section 3.5 and figure 2 of Krizhevsky et al., 2012: neurons of each layer, kernels, and 60 million weights."""
    steps = stack("alexnet")
    convolutions = [step for step in steps if step.layer.startswith("conv")]
    neurons = [np.prod(step.output) for step in convolutions]
    assert neurons[1:] == [186_624, 64_896, 64_896, 43_264]
    assert convolutions[0].output == (55, 55, 96)
    kernels = [(*step.part.window.taps, step.part.group) for step in convolutions]
    assert kernels == [(11, 11, 3), (5, 5, 48), (3, 3, 256), (3, 3, 192), (3, 3, 192)]
    assert [step.output[2] for step in steps[-3:]] == [4096, 4096, 1000]
    assert round(sum(step.part.weights + step.part.biases for step in steps), -6) == 61_000_000
    assert steps[7].field == (195, 195)  # Araujo, Norris, Sim: Computing Receptive Fields of CNNs, 2019


def test_vgg_16_has_the_sizes_of_its_paper() -> None:
    """Table 2 of Simonyan and Zisserman, 2015: 138 million parameters."""
    steps = stack("vgg-16")
    pools = [step for step in steps if step.layer.startswith("pool")]
    assert [step.output for step in pools] == [
        (112, 112, 64),
        (56, 56, 128),
        (28, 28, 256),
        (14, 14, 512),
        (7, 7, 512),
    ]
    assert sum(step.part.weights > 0 for step in steps) == 16
    assert round(sum(step.part.weights + step.part.biases for step in steps) / 1e6) == 138
    assert pools[-1].field == (212, 212)  # Araujo, Norris, Sim: Computing Receptive Fields of CNNs, 2019


def test_resnet_18_has_the_sizes_of_its_paper() -> None:
    """Table 1 of He et al., 2016: sizes, and 1.8 · 10⁹ multiplications."""
    steps = stack("resnet-18")
    assert outputs("resnet-18") == [
        (112, 112, 64),
        *[(56, 56, 64)] * 5,
        *[(28, 28, 128)] * 4,
        *[(14, 14, 256)] * 4,
        *[(7, 7, 512)] * 4,
        (1, 1, 512),
        (1, 1, 1000),
    ]
    assert sum(step.part.weights > 0 and not step.part.is_beside for step in steps) == 18
    assert round(sum(step.products for step in steps) / 1e9, 1) == 1.8
    assert [step.output for step in steps if step.part.is_beside] == [(28, 28, 128), (14, 14, 256), (7, 7, 512)]


def test_sizes_and_receptive_fields_are_those_that_the_engine_has() -> None:
    for seed in range(30):
        random_ = random.Random(seed)
        size, layers = (random_.randint(9, 20), random_.randint(9, 20)), list[str]()
        array: NDArray[Any] = np.zeros(size)
        for _ in range(3):
            k, s, d = random_.randint(1, 3), random_.randint(1, 2), random_.randint(1, 2)
            if min(array.shape) <= d * (k - 1):
                break
            layers.append(f"conv:1,k{k},s{s},d{d}")
            array = imfilt.convolve(array, np.ones((k, k)), size="valid", stride=s, dilation=d)
        steps = follow((*size, 1), layers)
        assert steps[-1].output == (*array.shape, 1)


def test_the_receptive_field_is_as_large_as_the_part_of_a_picture_that_changes_one_output() -> None:
    def one_output(picture: NDArray[Any]) -> float:
        soft = imfilt.convolve(picture, np.ones((5, 3)), size="valid", stride=(2, 1))
        small = imfilt.pool(soft, "mean", (3, 2), stride=2)
        return float(imfilt.convolve(small, np.ones((2, 2)), size="valid", dilation=(1, 3))[1, 1])

    changing = []
    for place in np.ndindex(19, 15):
        dot = np.zeros((19, 15))
        dot[place] = 1
        if one_output(dot):
            changing.append(place)
    rows, columns = ({place[i] for place in changing} for i in range(2))
    step = follow((19, 15, 1), ["conv:1,k5x3,s2x1", "pool:3x2,s2", "conv:1,k2,d1x3"])[-1]
    assert step.field == (max(rows) - min(rows) + 1, max(columns) - min(columns) + 1)


def test_the_text_has_the_formula_filled_in(run: Run) -> None:
    result = run("shape", "227x227x3", "conv:96,k11,s4", "pool:3,s2", "conv:256,k5,p2")
    assert (result.status, result.stderr) == (0, "")
    assert result.lines == [
        "                      227 x 227 x 3",
        "conv:96,k11,s4        55 x 55 x 96      sees 11 x 11, every 4",
        "    floor((227 + 2*0 - 1*(11 - 1) - 1) / 4) + 1 = 55",
        "    11*11*3*96 = 34848 weights and 96 biases",
        "pool:3,s2             27 x 27 x 96      sees 19 x 19, every 8",
        "    floor((55 + 2*0 - 1*(3 - 1) - 1) / 2) + 1 = 27",
        "conv:256,k5,p2        27 x 27 x 256     sees 51 x 51, every 8",
        "    floor((27 + 2*2 - 1*(5 - 1) - 1) / 1) + 1 = 27",
        "    5*5*96*256 = 614400 weights and 256 biases",
        "",
        "649 248 weights and 352 biases: 649 600",
        "553 312 800 multiplications for one picture",
    ]


@pytest.mark.parametrize("name", STACKS)
def test_stacks_by_name_fit_80_columns_and_their_formulas_are_true(run: Run, name: str) -> None:
    result = run("shape", name)
    assert result.status == 0
    assert max(map(len, result.lines)) <= 80
    told = json.loads(run("shape", name.upper(), "--json").stdout)
    assert [step["output"] for step in told["steps"]] == [list(step.output) for step in stack(name)]
    for step in told["steps"]:
        for formula, length in zip(step["formula"], step["output"], strict=False):
            left, _, right = formula.partition(" = ")
            assert eval(left, {"floor": lambda number: int(number // 1)}) == int(right) == length


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["227x227x3"], "no layer given"),
        (["227", "pool:2"], "'227' is no size such as 227x227x3"),
        (["0x5", "pool:2"], "'0x5' is no size"),
        (["9x9", "conv:4"], "layer 1, 'conv:4': a convolution needs the size of its kernels"),
        (["9x9", "pool:2", "pool:5"], "layer 2, 'pool:5': its window of 5 x 5 does not fit into 4 x 4"),
        (["9x9", "cnov:4,k3"], "unknown layer 'cnov'; did you mean 'conv'?"),
        (["9x9", "conv:4,k3,q2"], "'q2' is not understood; write conv:OUT,kN"),
        (["9x9", "pool:2,k3"], "'k3' is not understood"),
        (["9x9", "conv:k3"], "a number is missing; write conv:OUT,kN"),
        (["9x9", "conv:4,k3,k3"], "'k3' is not understood"),
        (["9x9x3", "conv:4,k3,g2"], "3 channels in and 4 out cannot be parted into 2 groups"),
        (["9x9", "pool:2,s0"], "s0 x 0 must be from 1"),
        (["9x9", "conv:8x9,k3"], "'8x9' is one number, not rows and columns; write conv:OUT,kN"),
        (["9x9x4", "conv:8,k3,g2x4"], "'g2x4' is one number"),
        (["9x9", "conv:8,k3,b0x1"], "'b0x1' is one number"),
        (["9x9", "full:3x4"], "'3x4' is one number"),
        (["9x9", "block:3x4"], "'3x4' is one number"),
        (["9x9", f"conv:{'9' * 5000},k3"], "is not understood; write conv:OUT,kN"),
        ([f"{'9' * 5000}x9", "pool:2"], "is no size such as"),
        (["alexnet", "pool:2"], "brings its layers along"),
    ],
)
def test_what_is_no_stack_is_an_error_of_one_line(run: Run, arguments: list[str], told: str) -> None:
    result = run("shape", *arguments)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert told in result.stderr
    assert len(result.stderr) < 400
