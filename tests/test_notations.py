"""Kernels as other tools write them: what is printed is read back as the same kernel; what is no kernel is said."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.signal import convolve2d

import imfilt
from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.notations.forms import centred, decimal, same_value
from imfilt.kernels.notations.table import NOTATIONS, read_kernel, write_kernel

SKEW = [[1, 2, 3], [4, 5, -6], [7, 8, 10]]

weights = st.one_of(st.integers(-99, 99), st.fractions(-9, 9, max_denominator=12), st.sampled_from([0.5, 0.25, -1.75]))
sizes = st.tuples(st.integers(1, 5), st.integers(1, 5))


@st.composite
def kernels(draw: st.DrawFn) -> Kernel:
    rows, columns = draw(sizes)
    matrix = draw(st.lists(st.lists(weights, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    anchor = draw(st.none() | st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)))
    divisor = draw(st.sampled_from([1, 2, 3, 16, -4, Fraction(2, 7)]))
    return Kernel(matrix, divisor=divisor, bias=draw(st.sampled_from([0, 128, -3, Fraction(51, 2)])), anchor=anchor)


def content(kernel: Kernel, notation: str) -> bytes:
    written, _ = write_kernel(kernel, notation)
    return written.encode() if isinstance(written, str) else written


def taps(kernel: Kernel) -> np.ndarray:
    """Return the weights of a kernel in the middle of 11 x 11, as a convolution lays them, and the bias after them."""
    form = kernel.integer_form
    y, x = kernel.anchor or (kernel.size[0] // 2, kernel.size[1] // 2)
    laid = np.zeros((11, 11))
    block = np.array(form.weights, float)[::-1, ::-1] / form.divisor
    laid[5 - y : 5 - y + kernel.size[0], 5 - x : 5 - x + kernel.size[1]] = block
    return np.append(laid, float(kernel.bias))


def check_message(error: KernelError, *words: str) -> None:
    assert "\n" not in str(error)
    assert all(word in str(error) for word in words)


@pytest.mark.parametrize("notation", NOTATIONS)
@given(kernel=kernels())
@settings(max_examples=60, deadline=None)
def test_what_is_printed_is_read_back_as_the_same_kernel_or_said_to_be_rounded(notation: str, kernel: Kernel) -> None:
    try:
        written, notes = write_kernel(kernel, notation)
    except KernelError as error:
        check_message(error, notation)
        return
    data = written.encode() if isinstance(written, str) else written
    again = read_kernel(data, f"file.{'mat' if notation == 'vips' else ''}").kernel
    if not notes:
        assert same_value(again, kernel)
    np.testing.assert_allclose(taps(again), taps(kernel), rtol=1e-14, atol=1e-14)


@given(kernel=kernels())
@settings(max_examples=60, deadline=None)
def test_json_and_toml_hold_every_kernel_exactly(kernel: Kernel) -> None:
    for notation in ("json", "toml"):
        written, notes = write_kernel(kernel, notation)
        assert not notes
        assert same_value(NOTATIONS[notation].read(written).kernel, kernel)


def test_whole_weights_over_a_whole_divisor_are_exact_in_every_notation_that_is_text() -> None:
    kernel = Kernel(SKEW, divisor=34)  # their sum
    for notation in set(NOTATIONS) - {"npy"}:
        assert write_kernel(kernel, notation)[1] == (), notation


def test_two_kernels_are_the_same_whatever_zeros_lie_around_them() -> None:
    assert same_value(Kernel([[0, 0, 0], [0, 2, 0], [0, 0, 0]], divisor=2), Kernel([[1]]))
    assert same_value(Kernel([[1, 2]], anchor=(0, 0)), Kernel([[1, 2, 0]]))
    assert not same_value(Kernel([[1, 2]]), Kernel([[2, 1]]))
    assert not same_value(Kernel([[1]]), Kernel([[1]], bias=1))


def test_numbers_are_written_in_decimals_where_these_are_exact() -> None:
    assert [decimal(n) for n in (3, 0.1, Fraction(1, 1024), Fraction(-5, 2))] == ["3", "0.1", "0.0009765625", "-2.5"]
    assert float(decimal(Fraction(1, 3))) == 1 / 3
    assert centred([[1], [2], [3]], (0, 0)) == [[0], [0], [1], [2], [3]]


# Reading what others write


@pytest.mark.parametrize(
    ("text", "kernel"),
    [
        ("3x3: 1,2,3 4,5,-6 7,8,10", Kernel(SKEW)),
        ("3: 1,2,3 4,5,-6 7,8,10", Kernel(SKEW)),
        ("convert a.png -morphology Convolve '3x3: 1,2,3  4,5,-6  7,8,10' b.png", Kernel(SKEW)),
        ("-morphology Correlate '3x3: 10,8,7 -6,5,4 3,2,1'", Kernel(SKEW)),
        ("3x2+0+1: 1,2,nan 3,-,5", Kernel([[1, 2, 0], [3, 0, 5]], anchor=(0, 2))),
        ("-define convolve:scale=50% -morphology Convolve '1x1: 3'", Kernel([[Fraction(3, 2)]])),
        ("-define convolve:scale='!' -morphology Convolve '3x1: 1,2,1'", Kernel([[1, 2, 1]], divisor=4)),
        ("-define convolve:scale='50%!' -morphology Convolve '3x1: 1,2,1'", Kernel([[1, 2, 1]], divisor=8)),
        ("-define convolve:scale='!' -morphology Convolve '3x1: -1,2,-1'", Kernel([[-1, 2, -1]], divisor=2)),
        ("-define convolve:scale='^' -morphology Convolve '3x1: -1,4,-1'", Kernel([["-1/2", 1, "-1/2"]])),
        ("-set option:convolve:scale '1,2' -morphology Convolve '3x1: -1,2,-1'", Kernel([[-1, 4, -1]])),
        ("-define convolve:bias=20% -morphology Convolve '1x1: 3'", Kernel([[3]], bias=51)),
        ('<feConvolveMatrix order="3" kernelMatrix="1 2 3 4 5 -6 7 8 10"/>', Kernel(SKEW, divisor=34)),
        ("<feConvolveMatrix order='3 1' kernelMatrix='1,-2,1' bias='0.2'/>", Kernel([[1, -2, 1]], bias=51)),
        (
            '<svg>\n<feConvolveMatrix\n order="1,2" kernelMatrix="1 2" divisor="1" targetY="0" />\n</svg>',
            Kernel([[1], [2]], anchor=(0, 0)),
        ),
        ("(1,2,3;4,5,-6;7,8,10) convolve[^-1] [-1] remove[-1] div 2 add 3", Kernel(SKEW, divisor=2, bias=3)),
        ("gmic a.png (3,2,1) correlate[-2] [-1] / 2", Kernel([[1, 2, 3]], divisor=2)),
        ("convolution='10 8 7 -6 5 4 3 2 1'", Kernel(SKEW, divisor=34)),
        (
            "ffmpeg -i a.png -vf \"convolution=0m='-2 -1 0 -1 1 1 0 1 2':0bias=3\" b",
            Kernel([[2, 1, 0], [1, 1, -1], [0, -1, -2]], bias=3),
        ),
        ("convolution=0m=3 2 1:0mode=row:0rdiv=1/2", Kernel([[1, 2, 3]], divisor=2)),
        ("kernel = np.array([[1, 2],\n  [3, 4]], dtype=float) / 10.0", Kernel([[1, 2], [3, 4]], divisor=10)),
        ("np.ones((3, 2), np.float32) / 6", Kernel([[1, 1]] * 3, divisor=6)),
        ("k = numpy.array([[1, 2, 1]])\nk = k / k.sum()", Kernel([[1, 2, 1]], divisor=4)),
        (
            "k = np.array([[3, 2, 1]])\nout = cv2.filter2D(img, -1, k / 6, delta=5)",
            Kernel([[1, 2, 3]], divisor=6, bias=5),
        ),
        ("cv.filter2D(a, -1, np.array([[3, 2, 1]]), anchor=(0, -1))", Kernel([[1, 2, 3]], anchor=(0, 0))),
        ("gegl:convolution-matrix c3=4 c2=2 c4=1 divisor=2 normalize=no", Kernel([[1], [4], [2]], divisor=2)),
        ("gegl:convolution-matrix b3=1 c3=2 d3=1", Kernel([[1, 2, 1]], divisor=4)),
        ("3 3 34 7\n10 8 7\n-6 5 4\n3 2 1\n", Kernel(SKEW, divisor=34, bias=7)),
        ('{"matrix": [[1, 0.1, "1/3"]], "divisor": "sum"}', Kernel([[1, 0.1, "1/3"]], divisor="sum")),
        ("[[1, 2], [3, 4]]", Kernel([[1, 2], [3, 4]])),
        ("[kernels.mine]\nmatrix = [[1, 2]]\nanchor = [0, 0]", Kernel([[1, 2]], anchor=(0, 0))),
        ("matrix = [[1, 2]]\ndivisor = 3", Kernel([[1, 2]], divisor=3)),
        ("\ufeff1,2\r\n3,4\r\n", Kernel([[1, 2], [3, 4]])),
    ],
)
def test_a_notation_is_recognised_and_read(text: str, kernel: Kernel) -> None:
    assert same_value(read_kernel(text.encode()).kernel, kernel)


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2", ">i8", "|u1", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_that_numpy_saved_is_read(dtype: str, order: str) -> None:
    matrix = np.asarray([[1, 0, 3], [0, 5, 6]]).astype(dtype, order="C" if order == "C" else "F")
    np.save(stream := io.BytesIO(), matrix)
    assert np.array_equal(np.array(read_kernel(stream.getvalue()).kernel.weights), matrix)


def test_numpy_loads_what_is_written_and_a_tenth_in_32_bits_is_a_tenth() -> None:
    loaded = np.load(io.BytesIO(content(Kernel([[1, 2], [3, 4], [5, 7]], divisor=4), "npy")))
    assert np.array_equal(loaded, np.array([[1, 2], [3, 4], [5, 7]]) / 4)
    assert np.load(io.BytesIO(content(Kernel([[1, -2]]), "npy"))).dtype == np.int64
    np.save(stream := io.BytesIO(), np.array([0.1, -0.7], np.float32))
    assert read_kernel(stream.getvalue()).kernel.weights == ((0.1, -0.7),)


def test_the_source_that_is_printed_gives_the_same_matrix_in_python() -> None:
    matrix = eval(content(Kernel(SKEW, divisor=7), "numpy"), {"np": np})
    np.testing.assert_allclose(matrix, np.array(SKEW) / 7, rtol=1e-15)


# What is no kernel


WRONG = [
    (b"3x3: 1,2,3", "read as imagemagick: 3 numbers where 3x3 asks for 9"),
    (b"3x1+3+0: 1,2,3", "the origin +3+0 is outside the 3x1 matrix"),
    (b"3x1@: 1,2,3", "several kernels"),
    (b"-morphology Convolve Laplacian:0", "named ones are not known"),
    (b"-define convolve:scale=x -morphology Convolve '1x1: 1'", "is no factor"),
    (b'<feConvolveMatrix order="3" kernelMatrix="1 2"/>', "kernelMatrix has 2 numbers where order asks for 9"),
    (b'<feConvolveMatrix order="x" kernelMatrix="1 2"/>', "order 'x' is not"),
    (b"<feConvolveMatrix order='" + b"9" * 5000 + b"'/>", "order '999"),
    ("<feConvolveMatrix order='²'/>".encode(), "order '²' is not"),
    (b"<feConvolveMatrix targetX='" + b"9" * 5000 + b"' kernelMatrix='0 0 0 0 1 0 0 0 0'/>", "targetX '999"),
    ("<feConvolveMatrix targetY='²' kernelMatrix='0 0 0 0 1 0 0 0 0'/>".encode(), "targetY '²' is no"),
    (b"convolution='1 2 3 4'", "4 weights make no square"),
    (b"np.array([[1, 2], [3]])", "row 2 has 1 numbers where row 1 has 2"),
    (b"np.array([[1, 2], [3, x]])", "something else than rows of numbers"),
    (b"np.array(open('x').read())", "no matrix"),
    (b"np.array([[1, 2", "not valid Python in line 1"),
    (b"np.array(" + b"[" * 5000, "not valid Python"),
    (b"np.array(" + b"-" * 90_000 + b"1)", ""),
    (b"np.ones((9999, 9999))", "is no kernel"),
    (b"x = 3\n" + b"x = x*x\n" * 40 + b"np.array([[x]])", "a number outside 1e-308 to 1e308"),
    (b"x = 1\n" + b"x = x+x\n" * 2000 + b"np.array([[x]])", "a number outside 1e-308 to 1e308"),
    (
        b"np.array([[" + b", ".join(b"1/%d" % n for n in range(3, 9999)) + b"]]).sum()",
        "a number outside 1e-308 to 1e308",
    ),
    (b"x = [[], []]\n" + b"x = [x, x]\n" * 40 + b"np.array(2*x)", "makes too many numbers"),
    (b"x = np.ones((900, 900))\n" * 9, "makes too many numbers"),
    (b"x = [1]\n" + b"x = [x]\n" * 9999 + b"np.array(2*x)", "nested too deep"),
    (b"cv2.filter2D(a, -1, k)", "no matrix"),
    (b'{"matrix": [[1,', "not valid JSON"),
    (b"{}", "has no matrix"),
    (b"[[" * 100_000, "nested too deep"),
    (b'{"matrix": [[' + b"9" * 5000 + b"]]}", ""),
    (b'{"matrix": [[NaN]]}', "row 1, column 1"),
    (b"[kernels.a]\nmatrix=[[1]]\n[kernels.b]\nmatrix=[[1]]", "2 kernels; give the file with --registry"),
    (b"[kernels.a]\nmatrix=[[1]", "not valid TOML"),
    (b"matrix = [[1]]\n" + b"a." * 100_000 + b"a = 1", "a key of more than 64 parts"),
    (b"\x93NUMPY\x01\x00", "damaged"),
    (b"\x93NUMPY\x01\x00\x05\x00{'a'}", "damaged"),
    (b"\x93NUMPY\x01\x00\x08\x00{'a': 1}", "the array has the shape None"),
    (b"3 3 1 0\n1 2 3\n4 5 6\n", "row"),
    (b"\xff\xfe", "not UTF-8 text (byte 0)"),
    (b"", "the matrix is empty"),
]


@pytest.mark.parametrize(("data", "message"), WRONG, ids=range(len(WRONG)))
def test_what_is_no_kernel_is_said_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(KernelError) as caught:
        read_kernel(data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 2, 2), (0, 3), (1, 2000)])
def test_an_array_that_is_no_matrix_is_refused(shape: tuple[int, ...]) -> None:
    np.save(stream := io.BytesIO(), np.ones(shape))
    with pytest.raises(KernelError, match=r"dimensions|is no kernel"):
        read_kernel(stream.getvalue())


WORDS = """3x3: 1,2,3 np.array( [[ ]] ) convolution= 0m=' ' <feConvolveMatrix order= "3" /> gegl:convolution-matrix a1=
nan 1e999 - / { "matrix": } matrix= ( ; convolve filter2D( convolve:scale= %! ÷ ٣ ² kernel +1+1 : * .sum() 1,2 """
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\x00", "9" * 400, "3 3 1 0\n"])


@given(text=st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_a_kernel_or_one_line(text: str) -> None:
    for name in ("", "a.mat", "a.svg", "a.json", "a.toml", "a.npy"):
        try:
            read_kernel(text.encode(), name)
        except KernelError as error:
            check_message(error)


@pytest.mark.parametrize(
    "part", ["(", "1 ", "convolve:scale=", "3x3:", "a1 ", "<feConvolveMatrix ", "a", "\n", "0m='", "np.array(", "[1,"]
)
@pytest.mark.parametrize("start", ["", "<feConvolveMatrix ", "convolution=", "np.array("])
def test_long_text_is_refused_soon(start: str, part: str) -> None:
    with pytest.raises(KernelError):  # where time grew with the square of the length, this would take minutes
        read_kernel((start + part * (400_000 // len(part)) + ">").encode())


# The command


def test_every_notation_can_be_printed_and_given_to_apply(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(3).integers(0, 256, (20, 24), np.uint8)
    Image.fromarray(samples).save("a.png")
    (tmp_path / "k.toml").write_text("[kernels.skew]\nmatrix = [[1, 2, 3], [4, 5, -6], [7, 8, 8]]\ndivisor = 32\n")
    exact = convolve2d(np.pad(samples.astype(int), 1, "edge"), [[1, 2, 3], [4, 5, -6], [7, 8, 8]], "valid")
    expected = np.clip(np.floor(exact / 32 + 0.5), 0, 255)
    for notation in NOTATIONS:
        shown = run("show-kernel", "skew", "--registry", "k.toml", "--as", notation)
        assert (shown.status, shown.stderr) == (0, "")
        (tmp_path / "kernel.txt").write_bytes(shown.stdout)
        for extra in ([], ["--correlate"]):
            result = run("apply", "a.png", "-m", "@kernel.txt", "-o", "b.png", "--overwrite", *extra)
            assert (result.status, result.stderr) == (0, "")
            oriented = notation not in ("csv", "json", "toml", "npy", "numpy")
            if oriented or not extra:  # a notation that says how it lies does so whatever --correlate says
                assert np.array_equal(np.asarray(Image.open("b.png")), expected), (notation, extra)


def test_a_kernel_of_another_tool_can_be_given_on_the_command_line(run: Run, tmp_path: Path) -> None:
    Image.new("L", (9, 9), 40).save(tmp_path / "a.png")
    result = run("apply", tmp_path / "a.png", "-m", "3x1: 1,2,1", "--bias", "5", "-o", tmp_path / "b.png")
    assert (result.status, result.stderr) == (0, "")
    assert Image.open(tmp_path / "b.png").getextrema() == (165, 165)


def test_a_file_of_one_tool_is_shown_for_another(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "k.mat").write_text("3 1 4 0\n1 2 1\n")
    assert json.loads(run("show-kernel", f"@{file}", "--as", "json").stdout) == {"matrix": [[1, 2, 1]], "divisor": 4}
    assert "sum" in run("show-kernel", f"@{file}").text


def test_what_a_notation_cannot_hold_is_an_error_of_one_line(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "k.json").write_text('{"matrix": [[1, 2, "1/3"]], "bias": -5}')
    for notation in ("csv", "npy", "numpy", "ffmpeg"):
        result = run("show-kernel", f"@{file}", "--as", notation)
        assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
        assert notation in result.stderr
    result = run("show-kernel", f"@{file}", "--as", "imagemagick")
    assert result.status == 0
    assert "rounded" in result.stderr
    wide = run("show-kernel", "edge3", "--as", "npy", terminal=True)
    assert (wide.status, wide.stdout) == (2, b"")


def test_numbers_beyond_all_floats_are_no_array(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "k.json").write_text('{"matrix": [["1e308", "1e-300"]], "divisor": "1e-300"}')
    assert run("show-kernel", f"@{file}", "--as", "toml").status == 0
    result = run("show-kernel", f"@{file}", "--as", "npy")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "npy holds no number beyond 1e308" in result.stderr


def test_an_edge_mode_of_svg_is_said_as_a_border(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "k.svg").write_text('<feConvolveMatrix kernelMatrix="0 0 0 0 1 0 0 0 0" edgeMode="wrap"/>')
    assert "--border wrap" in run("show-kernel", f"@{file}").stderr


def test_the_api_takes_what_was_read() -> None:
    kernel = read_kernel(b"3x1: 1,2,1").kernel
    assert imfilt.apply(np.full((3, 3), 9, np.uint8), kernel).tolist() == [[36] * 3] * 3
