"""The families there are: one entry each, from which help, lists, README and tests are made."""

from __future__ import annotations

from imfilt.kernels.families import edges, sharpening, smoothing
from imfilt.kernels.families.edges import AROUND
from imfilt.kernels.families.family import Family, number, whole, word
from imfilt.kernels.families.making import LARGEST_RADIUS
from imfilt.kernels.kernel import LARGEST_SIDE
from imfilt.kernels.naming import match_form

_SIGMA = number("sigma", "1", "0.01", "1000", "the standard deviation, in samples")
_SHARP_SIGMA = number("sigma", "1", "0.5", "1000", "the standard deviation, in samples")
_CUT = whole("radius", None, 0, LARGEST_RADIUS, "where it ends; 4 sigma, rounded, if not given")
_CUT_FROM_1 = whole("radius", None, 1, LARGEST_RADIUS, "where it ends; 4 sigma, rounded, if not given")
_AXIS = word("axis", ("x", "y"), "positive where samples grow to the right (x) or downwards (y)")
_ANGLE = number("angle", None, "-360", "360", "in place of the axis: degrees from x towards y")
_AMOUNT = number("amount", "1", "0", "1000", "how much of it is added")

_GRADIENT = (_AXIS, _ANGLE)

FAMILIES = {
    family.name: family
    for family in (
        Family(
            "identity",
            sharpening.identity,
            (whole("size", 3, 1, LARGEST_SIDE, "rows and columns, an odd number"),),
            "size=3",
            "changes nothing",
            "the unit of convolution",
        ),
        Family(
            "gaussian",
            smoothing.gaussian,
            (
                number("sigma", None, "0.01", "1000", "the standard deviation, in samples; 1, or by the radius"),
                _CUT,
            ),
            "sigma=1",
            "blurs softly: a Gaussian, cut at 4 sigma",
            "R. Gonzalez and R. Woods, Digital Image Processing, section 3.5; sampled as scipy.ndimage does",
        ),
        Family(
            "box",
            smoothing.box,
            (whole("radius", 1, 0, LARGEST_RADIUS, "samples on each side of the middle"),),
            "radius=1",
            "blurs: the mean of a square",
            "R. Gonzalez and R. Woods, Digital Image Processing, section 3.5",
        ),
        Family(
            "disk",
            smoothing.disk,
            (number("radius", "1", "0.1", str(LARGEST_RADIUS), "of the circle, in samples"),),
            "radius=1",
            "blurs as a lens out of focus: the mean of a circle",
            "the area of each sample's square within the circle, by integration",
        ),
        Family(
            "pyramid",
            smoothing.pyramid,
            (whole("radius", 1, 0, LARGEST_RADIUS, "samples on each side of the middle"),),
            "radius=1",
            "blurs: weights that fall off along straight lines",
            "W. Pratt, Digital Image Processing, section 10.3",
            ("tent",),
        ),
        Family(
            "binomial",
            smoothing.binomial,
            (whole("size", 3, 1, 255, "rows and columns"),),
            "size=3",
            "blurs softly: binomial coefficients, exactly",
            "P. Burt and E. Adelson, The Laplacian Pyramid as a Compact Image Code, 1983",
        ),
        Family(
            "motion",
            smoothing.motion,
            (
                number("length", "9", "1", str(LARGEST_SIDE), "of the line, in samples"),
                number("angle", "0", "-360", "360", "degrees that the line rises to the right"),
            ),
            "length=9,angle=0",
            "blurs along a line, as by motion",
            "MATLAB, fspecial('motion'): 1 less the distance from the line",
        ),
        Family(
            "savgol",
            smoothing.savgol,
            (
                whole("size", 5, 1, 101, "samples in a row, an odd number"),
                whole("degree", 2, 0, 12, "of the polynomial"),
                whole("derivative", 0, 0, 12, "which derivative; 0 smooths"),
                word("axis", ("x", "y"), "a row (x) or a column (y)"),
            ),
            "size=5,degree=2",
            "smooths a row by the polynomial that fits it best",
            "A. Savitzky and M. Golay, Smoothing and Differentiation of Data by Simplified Least Squares, 1964",
            ("savitzky-golay",),
        ),
        Family(
            "sharpen",
            sharpening.sharpen,
            (_AMOUNT,),
            "amount=1",
            "sharpens: the picture less its Laplacian",
            "R. Gonzalez and R. Woods, Digital Image Processing, section 3.6",
        ),
        Family(
            "unsharp",
            sharpening.unsharp,
            (_SIGMA, _AMOUNT, _CUT),
            "sigma=1,amount=1",
            "sharpens: adds what a Gaussian takes away",
            "R. Gonzalez and R. Woods, Digital Image Processing, section 3.6",
        ),
        Family(
            "emboss",
            sharpening.emboss,
            (number("angle", "135", "-360", "360", "where the light is: degrees from the right, against the clock"),),
            "angle=135",
            "relief: lit from one side",
            "straight-line weights around the ring; angle=135 is 2 1 0; 1 1 -1; 0 -1 -2",
        ),
        Family(
            "laplacian",
            edges.laplacian,
            (word("neighbours", ("4", "8"), "how many neighbours"),),
            "neighbours=4",
            "edges: the sum of second differences",
            "R. Gonzalez and R. Woods, Digital Image Processing, section 3.6",
        ),
        Family(
            "log",
            edges.laplacian_of_gaussian,
            (_SHARP_SIGMA, _CUT_FROM_1),
            "sigma=1",
            "edges and spots: the Laplacian of a Gaussian",
            "D. Marr and E. Hildreth, Theory of Edge Detection, 1980",
            ("laplacian-of-gaussian",),
        ),
        Family(
            "dog",
            edges.difference_of_gaussians,
            (
                _SIGMA,
                number("wide", None, "0.01", "1000", "sigma of the wider one; 1.6 times sigma if not given"),
            ),
            "sigma=1",
            "edges and spots: a Gaussian less a wider one",
            "D. Marr and E. Hildreth, Theory of Edge Detection, 1980, appendix B",
            ("difference-of-gaussians",),
        ),
        Family(
            "gaussian-derivative",
            edges.gaussian_derivative,
            (_SHARP_SIGMA, *_GRADIENT, _CUT_FROM_1),
            "sigma=1,axis=x",
            "slope of the softened picture",
            "J. Canny, A Computational Approach to Edge Detection, 1986",
        ),
        Family(
            "sobel",
            edges.sobel,
            (*_GRADIENT, whole("size", 3, 3, 31, "rows and columns, an odd number")),
            "axis=x",
            "slope, smoothed across by binomial weights",
            "I. Sobel, An Isotropic 3 x 3 Image Gradient Operator, 1968; larger ones as in OpenCV's getDerivKernels",
        ),
        Family(
            "prewitt",
            edges.prewitt,
            _GRADIENT,
            "axis=x",
            "slope, a mean across",
            "J. Prewitt, Object Enhancement and Extraction, 1970",
        ),
        Family(
            "scharr",
            edges.scharr,
            _GRADIENT,
            "axis=x",
            "slope, much the same in all directions",
            "H. Scharr, Optimal Operators in Digital Image Processing, 2000",
        ),
        Family(
            "farid",
            edges.farid,
            _GRADIENT,
            "axis=x",
            "slope by 5 taps, the most exact of these",
            "H. Farid and E. Simoncelli, Differentiation of Discrete Multidimensional Signals, 2004",
        ),
        Family(
            "roberts",
            edges.roberts,
            (word("axis", ("x", "y"), "which of the two diagonals: from the top left (x) or the top right (y)"),),
            "axis=x",
            "difference over a diagonal of 2 x 2 samples",
            "L. Roberts, Machine Perception of Three-Dimensional Solids, 1963",
        ),
        Family(
            "kirsch",
            edges.kirsch,
            (word("direction", AROUND, "where the three large weights lie", default="n"),),
            "direction=n",
            "edges of one of eight directions",
            "R. Kirsch, Computer Determination of the Constituent Structure of Biological Images, 1971",
        ),
        Family(
            "gabor",
            edges.gabor,
            (
                number("sigma", "2", "0.1", "100", "the standard deviation of the Gaussian, in samples"),
                number("wavelength", "4", "0.1", "1000", "of the wave, in samples"),
                number("angle", "0", "-360", "360", "of the wave: degrees from x towards y"),
                number("gamma", "1", "0.1", "10", "how much narrower the Gaussian is along the stripes"),
                number("phase", "0", "-360", "360", "of the wave, in degrees"),
                whole("radius", None, 0, LARGEST_RADIUS, "where it ends; 3 sigma, rounded, if not given"),
            ),
            "sigma=2,wavelength=4",
            "stripes of one width and direction",
            "J. Daugman, Uncertainty Relation for Resolution in Space, Spatial Frequency, and Orientation, 1985",
        ),
    )
}

_BY_NAME = {match_form(name): family for family in FAMILIES.values() for name in (family.name, *family.aliases)}


def find_family(name: str) -> Family | None:
    """Return the family called `name`, in whatever spelling, or None.

    >>> find_family("Tent").name
    'pyramid'
    """
    return _BY_NAME.get(match_form(name))


def family_names() -> list[str]:
    """Return the names of all families, and their other names."""
    return [name for family in FAMILIES.values() for name in (family.name, *family.aliases)]
