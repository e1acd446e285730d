"""Layers and pools are those of PyTorch, where that is installed: the extra ``torch``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import imfilt

torch = pytest.importorskip("torch")

Array = NDArray[Any]


def noise(*shape: int) -> Array:
    return np.random.default_rng(shape).integers(0, 256, shape).astype(np.uint8)


def signed(*shape: int) -> Array:
    return np.random.default_rng(shape).integers(-127, 128, shape)


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("dilation", [1, 2, (1, 3)])
@pytest.mark.parametrize("stride", [1, 2, (3, 1)])
@pytest.mark.parametrize("sides", [(3, 3), (1, 1), (5, 3)], ids=str)
@pytest.mark.parametrize("size", ["same", "valid"])
def test_a_layer_of_pytorch_gives_the_same(
    size: str, sides: tuple[int, int], stride: Any, dilation: Any, is_whole: bool
) -> None:
    array = noise(17, 19, 3)
    rng = np.random.default_rng(3)
    weights = signed(8, 3, *sides) if is_whole else rng.normal(size=(8, 3, *sides))
    bias = signed(8) if is_whole else rng.normal(size=8)
    apart = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    padding = tuple(side // 2 * step for side, step in zip(sides, apart, strict=True)) if size == "same" else 0
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(array.astype(float)).permute(2, 0, 1)[None],
        torch.from_numpy(weights.astype(float)),
        torch.from_numpy(bias.astype(float)),
        stride=stride,
        dilation=dilation,
        padding=padding,
    )
    result = imfilt.convolve(
        array, weights, bias=bias, border="zero", size=size, stride=stride, dilation=dilation, correlate=True
    )
    theirs = expected[0].permute(1, 2, 0).numpy()
    assert np.array_equal(result, theirs) if is_whole else np.allclose(result, theirs, rtol=1e-12, atol=1e-10)


def test_tensors_of_pytorch_are_taken() -> None:
    layer = torch.nn.Conv2d(3, 4, 3).double()
    array = noise(9, 8, 3)
    result = imfilt.convolve(array, layer.weight.detach(), bias=layer.bias.detach(), size="valid", correlate=True)
    theirs = layer(torch.from_numpy(array.astype(float)).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    assert np.allclose(result, theirs.detach().numpy(), rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("stride", [None, 1, (2, 3)])
@pytest.mark.parametrize("window", [2, 3, (3, 2)])
def test_the_pools_of_pytorch_give_the_same(window: Any, stride: Any) -> None:
    array = noise(17, 19, 3)
    tensor = torch.from_numpy(array.astype(float)).permute(2, 0, 1)[None]
    for kind, theirs in (("max", torch.nn.functional.max_pool2d), ("mean", torch.nn.functional.avg_pool2d)):
        expected = theirs(tensor, window, stride=stride)[0].permute(1, 2, 0).numpy()
        assert np.allclose(imfilt.pool(array, kind, window, stride=stride), expected, rtol=1e-14, atol=0)
