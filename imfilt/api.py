"""What Python programs call: `apply`, as the command; `convolve` and `pool`, the arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from imfilt.errors import UsageError
from imfilt.kernels.given import to_kernels
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.registry import Registry, load_registry

if TYPE_CHECKING:
    from fractions import Fraction

    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from PIL import Image

    Matrix = Sequence[Sequence[object]] | NDArray[Any]
    OneKernel = str | Kernel | Matrix

# What `apply` takes and returns, named as text because neither Pillow nor NumPy is imported before it is needed.
Samples = TypeVar("Samples", "Image.Image", "NDArray[Any]")


def apply(
    image: Samples,
    kernel: OneKernel | Sequence[OneKernel],
    *,
    border: str = "edge",
    size: str = "same",
    stride: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
    anchor: tuple[int, int] | None = None,
    correlate: bool = False,
    normalize: str = "clip",
    alpha: str = "auto",
    combine: str | None = None,
    pool: str | None = None,
    depth: str | None = None,
    threshold: float | Fraction | None = None,
    background: tuple[int, int, int] | None = None,
    channels: str | None = None,
    gray: str | None = None,
    linear: bool = False,
    registry: Registry | None = None,
    threads: int | None = None,
) -> Samples:
    """Filter a picture, as the command ``imfilt apply`` does; return a new one of the same type.

    Parameters
    ----------
    image : PIL.Image.Image or numpy.ndarray
        An array is H × W or H × W × C, of integers of 8, 16 or 32 bits, float32 or float64. An image of Pillow keeps
        its mode, but a palette becomes RGB or RGBA and one bit becomes grey.
    kernel : str, matrix or Kernel, or a sequence of them
        Names are looked up in `registry`; families such as ``"gaussian:sigma=2"`` and expressions will do as well.
        Several are applied in this order as one exact computation: each sees the whole result of the one before, and
        rounding and clipping come once, last.
    border : str
        What lies beyond the border: ``edge``, ``reflect``, ``symmetric``, ``wrap``, ``zero`` or ``constant:V``.
    size : str
        ``same`` as the picture; ``valid``, where the kernel lies wholly inside; ``full``, wherever it touches.
    stride, dilation : int or (rows, columns)
        Keep every so many results; set the taps so far apart.
    anchor : (row, column), optional
        The cell of the matrix that lies on the output sample, for every kernel.
    correlate : bool
        Lay the matrix over the picture as it is written, not rotated by 180 degrees.
    normalize : str
        ``clip``, ``abs``, ``peak``, ``minmax``, ``shift`` or ``none``.
    alpha : str
        ``weighted``, ``keep``, ``straight``, or ``auto``. Given for an array, its last channel is alpha; with ``auto``
        all channels of an array are filtered alike.
    combine : str, optional
        ``magnitude``, ``sum``, ``mean``, ``max``, ``min`` or ``maxabs``: the kernels are laid side by side over the
        picture, not applied in a row, and their exact results are combined sample by sample.
    pool : str, optional
        Bring the finished samples together, window by window: ``max``, ``mean``, ``sum`` or ``min``, with the size of
        the windows and how far apart they lie, as in ``max:2``, ``mean:3x2`` or ``max:3,s2``; see `pool`.
    threshold : number, optional
        A finished sample that differs from the one that came in by less than so many levels stays as it came in.
    depth : str, optional
        ``8``, ``16`` or ``float``: what the samples are converted to, white to white, before they are rounded once. An
        image of Pillow must be able to hold it.
    background : (red, green, blue), optional
        The colour, in levels from 0 to 255, that the finished samples are laid over where there is alpha, which takes
        it out.
    channels : str, optional
        Some of the letters ``rgba``, or ``luma``: the channels of an image of Pillow that are filtered.
    gray : str, optional
        ``rec601``, ``rec709`` or ``mean``: what is made of the colours of an image of Pillow before they are filtered.
    linear : bool
        Filter the light that an image of Pillow stands for, by its colour profile, or sRGB where it has none.
    registry : Registry, optional
        The built-in kernels where it is not given; see `load_registry`.
    threads : int, optional
        How many threads to use; as many as are worth it where it is not given. It changes no sample.

    Raises
    ------
    UsageError
        For an unknown kernel, a matrix that is none, or arithmetic that does not fit the picture.
    PictureError
        For a mode of image that cannot be filtered without loss.

    Examples
    --------
    >>> import imfilt
    >>> from PIL import Image
    >>> flat = Image.new("RGB", (40, 30), "teal")
    >>> imfilt.apply(flat, ["gaussian5", "edge3"]).getextrema()
    ((0, 0), (0, 0), (0, 0))
    >>> imfilt.apply(flat, [[[1, 0, -1]], [[1], [0], [-1]]], combine="magnitude").getextrema()
    ((0, 0), (0, 0), (0, 0))
    """
    import numpy as np

    from imfilt.engine.recipes.pairs import to_pair
    from imfilt.engine.recipes.recipe import Recipe

    if threads is not None and threads < 1:
        raise UsageError(f"threads: {threads} of them can do nothing; give 1 or more, or leave it out")
    recipe = Recipe(
        to_kernels(kernel, load_registry() if registry is None else registry, side_by_side=combine is not None),
        border=border,
        size=size,
        stride=to_pair("stride", stride),
        dilation=to_pair("dilation", dilation),
        anchor=anchor,
        correlate=correlate,
        normalize=normalize,
        alpha=alpha,
        combine=combine,
        pool=pool,
        depth=depth,
        threshold=threshold,
        background=background,
        channels=channels,
        gray=gray,
        linear=linear,
    )
    if isinstance(image, np.ndarray):
        from imfilt.engine.arrays import filter_array

        return filter_array(image, recipe, threads=threads)
    from imfilt.batch.filtering import filter_image

    return filter_image(image, recipe, threads=threads)


def convolve(
    array: ArrayLike,
    weights: OneKernel,
    *,
    divisor: float | str = 1,
    bias: float | Sequence[float] | NDArray[Any] = 0,
    border: str = "edge",
    size: str = "same",
    stride: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
    anchor: tuple[int, int] | None = None,
    correlate: bool = False,
) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the convolution of an array with a matrix, or a layer of matrices, exact, not rounded and not clipped.

    ``h[y, x] = Σ w[i, j] · P[y·s + (i - a_y)·l, x·s + (j - a_x)·l] / divisor + bias``, where w is `weights` rotated by
    180 degrees, or as it is with `correlate`; P continued by `border`; s the stride, l the dilation, and a the anchor,
    ``(height // 2, width // 2)`` where it is not given. With padding p before and after, as `size` asks for it, the
    length of each side is ``floor((n + 2p - l·(k - 1) - 1) / s) + 1``.

    Weights of four dimensions, out × in × rows × columns, are those of a convolution layer of a neural network: each
    output channel is the sum, over the input channels, of the convolution of that channel with ``weights[out][in]``.
    With `correlate` that is PyTorch's ``conv2d``: ``size="valid"`` is its default, and ``border="zero"`` with matrices
    of odd sides its ``padding="same"``.

    Parameters
    ----------
    array : array_like
        H × W or H × W × C, of any real dtype; each channel is convolved, or for a layer all of them together.
    weights : matrix, Kernel, name, or layer
        Integers, floats, fractions, or text such as ``"1/9"``. A `Kernel` brings its divisor, bias and anchor along,
        and so does the name of a built-in one, a family such as ``"gaussian:sigma=2"``, or an expression.
    bias : number, or for a layer as many as there are output channels
        Added to the results.
    divisor, border, size, stride, dilation, anchor, correlate
        As for `apply`.

    Returns
    -------
    numpy.ndarray
        int64 where array, weights and bias are whole and the divisor is 1; float64 otherwise. A layer gives as many
        channels as it has outputs.

    Raises
    ------
    UsageError
        For a matrix that is none, options or channels that do not fit, or a result beyond int64.

    Examples
    --------
    >>> import imfilt
    >>> imfilt.convolve([[0, 1, 2], [3, 4, 5]], [[0, 1], [2, 3]], size="valid", correlate=True)
    array([[19, 25]])
    >>> imfilt.convolve([[9, 4], [4, 1]], "gaussian3")
    array([[6.625, 4.375],
           [4.375, 2.625]])
    >>> imfilt.convolve([[[1, 2, 3]]], [[[[1]], [[10]], [[100]]], [[[1]], [[1]], [[1]]]], bias=[0, 4])
    array([[[321,  10]]])
    """
    from imfilt.engine.arrays import convolve_array
    from imfilt.engine.layer_sums import convolve_layer
    from imfilt.engine.layers import is_layer, to_layer
    from imfilt.engine.recipes.pairs import to_pair
    from imfilt.engine.recipes.recipe import Recipe

    if isinstance(weights, str):
        (weights,) = to_kernels(weights, load_registry())
    if isinstance(weights, Kernel):
        if (divisor, bias) != (1, 0):
            raise UsageError("a Kernel has its own divisor and bias; leave these out, or give a matrix")
        kernel, layer = weights, None
    elif is_layer(weights):
        layer = to_layer(weights, divisor=divisor, bias=bias)
        kernel = layer.outline
    else:
        kernel, layer = Kernel(weights, divisor=divisor, bias=bias), None
    recipe = Recipe(
        (kernel,),
        border=border,
        size=size,
        stride=to_pair("stride", stride),
        dilation=to_pair("dilation", dilation),
        anchor=anchor,
        correlate=correlate,
    )
    return convolve_layer(array, layer, recipe) if layer else convolve_array(array, recipe)


def pool(
    array: ArrayLike, kind: str, window: int | tuple[int, int], *, stride: int | tuple[int, int] | None = None
) -> NDArray[Any]:
    """Return an array in which each sample stands for a window: the largest, the mean, the sum, the smallest.

    The windows lie inside the array, `stride` apart; the length of each side is ``floor((n - window) / stride) + 1``.
    What is left over below and to the right is not looked at.

    Parameters
    ----------
    array : array_like
        H × W or H × W × C, of any real dtype; each channel is pooled.
    kind : str
        ``max``, ``mean``, ``sum`` or ``min``. Where there is NaN in a window, so it is in the result.
    window, stride : int or (rows, columns)
        The size of a window, and how far apart they begin: side by side where no stride is given.

    Returns
    -------
    numpy.ndarray
        ``max`` and ``min`` keep the dtype. ``sum`` is int64 for whole numbers, and exact; float64 for floats. ``mean``
        is float64: for whole numbers, the one nearest to the exact mean.

    Raises
    ------
    UsageError
        For an unknown kind, an array that is smaller than the window, or a sum beyond int64.

    Examples
    --------
    >>> import imfilt
    >>> imfilt.pool([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], "max", 2)
    array([[6, 8],
           [3, 4]])
    """
    from imfilt.engine.arrays import pool_array
    from imfilt.engine.recipes.pooling import make_pooling

    return pool_array(array, make_pooling(kind, window, stride))
