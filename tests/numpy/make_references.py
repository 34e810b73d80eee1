"""Computes with NumPy the values that numpy_test.cpp expects, and writes them beside this file. Needs numpy
2 or later: python make_references.py

Numbers are drawn as eighths: sums and products of a few are exact in any order, so most cases are compared
bit by bit."""

import itertools
import math
import pathlib
import sys
import warnings

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent))
from reference_files import Writer

FLOATING = ["float64", "float32"]
NUMBERS = FLOATING + ["int32", "int64"]
SHAPES = [(), (1,), (0,), (5,), (2, 3), (1, 4), (2, 0, 3), (3, 1, 2), (2, 1, 2, 2), (2, 1, 3, 1, 2)]
PAIRS = [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 0), (1,)), ((1, 0), (3, 1)),
         ((4, 1, 2), (3, 1)), ((2, 2), (2, 2, 2)), ((2, 1, 3, 2), (2, 1, 1)),
         ((2, 1, 3, 1, 2), (1, 2, 1, 2, 1))]

rng = np.random.default_rng(1)
np.seterr(all="ignore")
warnings.simplefilter("ignore")  # Of means of nothing.


def summed_type(dtype):
    """Of sums and products of many elements: as NumPy has it, but the same on every platform."""
    return dtype if np.issubdtype(dtype, np.floating) else np.dtype("int64")


def draw(shape, dtype="float64"):
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.startswith("int"):
        return np.asarray(rng.integers(-4, 5, shape), dtype)
    return np.asarray(rng.integers(-24, 25, shape) / 8, dtype)


def corners(dtype):
    """Zeros of both signs, infinities, NaN, the ends of the range, halves, and where exponentials give up."""
    limits = np.finfo(dtype)
    positive = [0, 1, 0.5, 1.5, 2.5, 1e-8, 20, 90, 100, 720, limits.max, limits.tiny, limits.eps,
                limits.smallest_subnormal, np.inf]
    return np.array([*positive, *(-x for x in positive), np.nan], dtype)


def few_corners(dtype):
    limits = np.finfo(dtype)
    return np.array([0, -0.0, 1, -1, 3, -2.5, limits.max, limits.tiny, np.inf, -np.inf, np.nan], dtype)


def sigmoid(x):
    e = np.exp(-np.abs(x))  # Not exp(-x), which for large negative x is infinite.
    return np.where(x < 0, e, x.dtype.type(1)) / (1 + e)


def erf(x):
    return np.vectorize(math.erf, otypes=[x.dtype])(x) if x.size else x


def elementwise(write):
    arithmetic = {"add": np.add, "sub": np.subtract, "mul": np.multiply}
    # np.sign and np.remainder give zeros other signs, np.maximum either one of two zeros: values alone count.
    exact = {"div": np.divide, "minimum": np.minimum, "maximum": np.maximum, "remainder": np.remainder}
    orders = {"equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
              "greater": np.greater, "greater_equal": np.greater_equal}
    logic = {"logical_and": np.logical_and, "logical_or": np.logical_or}

    for name, f in (arithmetic | exact | orders | logic | {"pow": np.power}).items():
        within = "own:4" if name == "pow" else "own:0" if name in exact else "bits"
        types = ["bool"] if name in logic else FLOATING if name in ("div", "pow") else NUMBERS
        types = types + ["bool"] if name in ("equal", "not_equal") else types
        for dtype in types:
            for shapes in PAIRS:
                a, b = (draw(shape, dtype) for shape in shapes)
                write.case(within, name, [], [a, b], [f(a, b)])
            if dtype in FLOATING:
                a, b = few_corners(dtype)[:, None], few_corners(dtype)
                write.case(within, name, [], [a, b], [f(a, b)])

    same = lambda x: x
    any_number = {"neg": np.negative, "abs": np.abs, "square": np.square, "sign": np.sign}
    rounded = {"floor": np.floor, "ceil": np.ceil, "round": np.round, "sqrt": np.sqrt,
               "isfinite": np.isfinite, "stop_gradient": same}
    inexact = {"exp": np.exp, "log": np.log, "tanh": np.tanh, "expm1": np.expm1, "log1p": np.log1p,
               "sin": np.sin, "cos": np.cos, "sigmoid": sigmoid, "erf": erf}
    activations = {
        "relu": lambda x: np.maximum(x, 0),
        "symmetric_relu": np.abs,
        "hard_tanh": lambda x: np.clip(x, -1, 1),
        "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1).astype(x.dtype),
        "reciprocal": lambda x: 1 / x,
        "rsqrt": lambda x: 1 / np.sqrt(x),
        "softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
        "softsign": lambda x: x / (1 + np.abs(x)),
        "gelu": lambda x: 0.5 * x * (1 + erf(x * x.dtype.type(math.sqrt(0.5)))),
        "gelu_tanh": lambda x: 0.5 * x
        * (1 + np.tanh(x.dtype.type(math.sqrt(2 / math.pi)) * (x + 0.044715 * x * np.square(x)))),
        "silu": lambda x: x * sigmoid(x),
        "gauss": lambda x: np.exp(-np.square(x)),
    }
    for name, f in (any_number | rounded | inexact | activations).items():
        within = ("own:0" if name in ("sign", "relu") else
                  "own:4" if name in inexact or name in activations else "bits")
        for dtype in NUMBERS if name in any_number else FLOATING:
            for shape in SHAPES:
                x = draw(shape, dtype)
                # 1 + erf and 1 + tanh cancel for negative x: what is left is right to an epsilon of 1.
                write.case("largest:4" if "gelu" in name else within, name, [], [x], [np.asarray(f(x))])
            if dtype in FLOATING:
                x = corners(dtype)
                write.case("own:64" if "gelu" in name else within, name, [], [x], [f(x)])

    for shape in SHAPES:
        x = draw(shape, "bool")
        write.case("bits", "logical_not", [], [x], [np.logical_not(x)])
    for dtype in FLOATING:
        for x in *(draw(shape, dtype) for shape in SHAPES), corners(dtype):
            low, high, slope = np.array(-1.25, dtype), np.array(0.5, dtype), np.array(0.25, dtype)
            write.case("own:0", "clamp", [], [x, low, high], [np.clip(x, low, high)])
            write.case("own:0", "leaky_relu", [], [x, slope], [np.where(x > 0, x, slope * x)])
            write.case("own:4", "elu", [], [x, slope], [np.where(x > 0, x, slope * np.expm1(x))])
    for dtype in NUMBERS + ["bool"]:
        for a, b in PAIRS:
            mask, x, y = draw((1, *b), "bool"), draw(a, dtype), draw(b, dtype)
            write.case("bits", "select", [], [mask, x, y], [np.where(mask, x, y)])
            write.case("bits", "masked_fill", [], [x, mask, y], [np.where(mask, y, x)])
        for to in NUMBERS + ["bool"]:
            for shape in SHAPES:
                x = draw(shape, dtype)
                write.case("bits", "cast", [to], [x], [x.astype(to)])


def reductions(write):
    shapes = [s for s in SHAPES if 0 not in s]
    empty = [((0,), [0], (0,)), ((2, 0, 3), [1], (1,)), ((2, 0, 3), [0, 1], (0, 1)), ((2, 0, 3), [2], (2,))]
    choices = [(s, list(axes), tuple(axes)) for s in shapes
               for n in range(len(s) + 1) for axes in itertools.combinations(range(len(s)), n)]
    # Axes from the end, and in another order.
    choices += [((2, 3), [-1], (1,)), ((3, 1, 2), [2, 0], (0, 2)), ((2, 1, 2, 2), [-2, 0], (0, 2))]

    def over(name, within, f, dtypes, cases=choices, **parameters):
        """Over axes chosen, a third of them but for the first type, and once over all."""
        for k, dtype in enumerate(dtypes):
            for i, (shape, axes, normal) in enumerate(cases if k == 0 else cases[k % 3 :: 3]):
                x = draw(shape, dtype)
                keep = i % 2 == 1
                y = f(x, axis=normal, keepdims=keep, **parameters)
                write.case(within, name, [axes, keep, *parameters.values()], [x], [np.asarray(y, f(x).dtype)])
            for shape in {shape: 0 for shape, *_ in cases}:
                x = draw(shape, dtype)
                write.case(within, name, [], [x], [np.asarray(f(x))])

    def typed(f):
        return lambda x, **how: f(x, dtype=summed_type(x.dtype), **how)

    over("sum", "own:0", typed(np.sum), NUMBERS, choices + empty)
    over("prod", "own:0", typed(np.prod), NUMBERS, choices + empty)
    over("max", "bits", np.max, NUMBERS)
    over("min", "bits", np.min, NUMBERS)
    over("any", "bits", np.any, ["bool"], choices + empty)
    over("all", "bits", np.all, ["bool"], choices + empty)
    over("mean", "own:0", np.mean, FLOATING, choices + empty)
    over("norm", "own:0", lambda x, **how: np.sqrt(np.sum(np.square(x), **how)), FLOATING, choices + empty)
    over("variance", "largest:4", np.var, FLOATING, choices + empty)
    several = [(s, axes, normal) for s, axes, normal in choices if math.prod(s[a] for a in normal) > 1]
    over("variance", "largest:4", np.var, FLOATING, several, ddof=1)

    def logsumexp(x, **how):
        largest = np.max(x, **(how | {"keepdims": True}))
        shift = np.where(np.isfinite(largest), largest, 0).astype(x.dtype)
        y = np.log(np.sum(np.exp(x - shift), **(how | {"keepdims": True}))) + shift
        return y if how.get("keepdims") else np.squeeze(y, how.get("axis"))

    over("logsumexp", "largest:4", logsumexp, FLOATING)
    for dtype in FLOATING:
        # One extreme, one NaN, all infinite: what reductions make of them.
        x = draw((6, 4), dtype)
        x[0, 1], x[1, 0], x[1, 3], x[2] = np.nan, np.inf, -np.inf, -np.inf
        x[3, 2], x[4, 0], x[5, 3] = np.inf, -0.0, np.nan
        for name, f in ("max", np.max), ("min", np.min), ("sum", np.sum), ("logsumexp", logsumexp):
            for axis in 0, 1:
                within = "largest:4" if name == "logsumexp" else "own:0"
                write.case(within, name, [[axis], False], [x], [f(x, axis=(axis,))])
        large = np.array([[1000, 999], [-1000, -1001]], dtype)
        write.case("largest:4", "logsumexp", [[1], False], [large], [logsumexp(large, axis=(1,))])
        for name, f in ("argmax", np.argmax), ("argmin", np.argmin):
            for axis in 0, 1:
                write.case("bits", name, [axis, False], [x], [f(x, axis=axis)])

    for dtype in NUMBERS:
        for shape in shapes + [(2, 0, 3)]:
            for axis in range(len(shape)):
                x, y = draw(shape, dtype), draw(shape, dtype)
                if shape[axis]:
                    for name, f in ("argmax", np.argmax), ("argmin", np.argmin):
                        keep = axis % 2 == 0
                        write.case("bits", name, [axis, keep], [x], [f(x, axis=axis, keepdims=keep)])
                flip = lambda z: np.flip(z, axis)
                write.case("own:0", "cumsum", [axis, False], [x], [np.cumsum(x, axis, summed_type(x.dtype))])
                sums = flip(np.cumsum(flip(x), axis, summed_type(x.dtype)))
                write.case("own:0", "cumsum", [axis - x.ndim, True], [x], [sums])
                for reverse in False, True:
                    z = linear_scan(x, y, axis, reverse)
                    write.case("own:0", "linear_scan", [axis, reverse], [x, y], [z])
                write.case("own:0", "cumprod", [axis], [x], [np.cumprod(x, axis, summed_type(x.dtype))])


def linear_scan(a, b, axis, reverse):
    a, b = (np.moveaxis(z, axis, 0)[:: -1 if reverse else 1] for z in (a, b))
    y = np.array(b, summed_type(b.dtype))
    for i in range(1, len(y)):
        y[i] = a[i] * y[i - 1] + b[i]
    return np.moveaxis(y[:: -1 if reverse else 1], 0, axis)


def index_maps(write):
    for i, shape in enumerate(SHAPES):
        # Every element type moves the same way; each shape takes one or two.
        for dtype in (NUMBERS + ["bool"])[i % 5], FLOATING[i % 2]:
            x = draw(shape, dtype)
            put = lambda name, parameters, y: write.case("bits", name, parameters, [x], [y])
            put("reshape", [[x.size, 1]], x.reshape(-1, 1))
            if x.size:
                put("reshape", [[1, -1]], x.reshape(1, -1))
            for axes in list(itertools.permutations(range(x.ndim)))[::7] + [tuple(range(x.ndim))[::-1]]:
                put("permute", [axes], x.transpose(axes))
            put("broadcast_to", [(2, 1, *shape)], np.broadcast_to(x, (2, 1, *shape)))
            wide = tuple(3 if n == 1 else n for n in shape)
            put("broadcast_to", [wide], np.broadcast_to(x, wide))
            put("flip", [list(range(x.ndim))], np.flip(x))
            put("tile", [[2] * x.ndim], np.tile(x, [2] * x.ndim))
            put("tile", [[2, 1, *([1] * x.ndim)][-4:]], np.tile(x, [2, 1, *([1] * x.ndim)][-4:]))
            put("tile", [[3]], np.tile(x, [3]))
            for axis in range(-x.ndim - 1, x.ndim + 1):
                put("unsqueeze", [axis], np.expand_dims(x, axis))
                write.case("bits", "stack", [axis], [x, x, x], [np.stack([x, x, x], axis)])
            for axis in range(-x.ndim, x.ndim):
                n = shape[axis]
                put("flip", [[axis]], np.flip(x, axis))
                for shift in 1, -1, 7:
                    put("roll", [shift, axis], np.roll(x, shift, axis))
                if n == 1:
                    put("squeeze", [axis], np.squeeze(x, axis))
                if axis >= 0:
                    put("transpose", [axis, -1], np.swapaxes(x, axis, -1))
                along = lambda s: tuple(s if a == axis % x.ndim else slice(None) for a in range(x.ndim))
                ranges = (0, n, 1), (0, n, 2), (1, n, 3), (n // 2, n, 1), (n, n, 1), (0, n // 2, 5)
                for start, stop, step in ranges:
                    if start <= stop:
                        put("slice", [axis, start, stop, step], x[along(slice(start, stop, step))])
                if n:
                    put("index", [axis, n - 1], x[along(n - 1)])
                    put("index", [axis, -1], x[along(n - 1)])
                for before, after, between in (0, 0, 0), (1, 2, 0), (0, 1, 2):
                    extents = list(shape)
                    extents[axis] = before + after + max(n + (n - 1) * between, 0)
                    y = np.zeros(extents, x.dtype)
                    y[along(slice(before, extents[axis] - after, between + 1))] = x
                    put("pad", [axis, before, after, between], y)
                parts = [x, x[along(slice(0, n // 2))], x]
                write.case("bits", "concat", [axis], parts, [np.concatenate(parts, axis)])
                for count in {1, max(n, 1), 2 if n % 2 == 0 else 1}:
                    write.case("bits", "split", [count, axis], [x], np.split(x, count, axis))


def gathers(write):
    index_shapes = [(), (3,), (0,), (2, 2)]
    for i, shape in enumerate(s for s in SHAPES if s):
        for dtype in NUMBERS:
            x = draw(shape, dtype)
            axis = i % x.ndim
            n = shape[axis]
            for chosen in index_shapes:
                index_type = ["int32", "int64"][(i + len(chosen)) % 2]
                if n == 0 and math.prod(chosen) > 0:
                    continue
                indices = np.asarray(rng.integers(0, max(n, 1), chosen), index_type)
                write.case("bits", "gather", [axis - x.ndim], [x, indices], [np.take(x, indices, axis)])
                values = draw(shape[:axis] + chosen + shape[axis + 1:], dtype)
                y, before = np.zeros(shape, summed_type(values.dtype)), (slice(None),) * axis
                for at in np.ndindex(*chosen):
                    y[(*before, indices[at])] += values[before + at]
                write.case("own:0", "scatter_add", [n, axis], [indices, values], [y])
            for count in (0, 1, 4) if n else (0,):
                extents = shape[:axis] + (count,) + shape[axis + 1:]
                indices = np.asarray(rng.integers(0, max(n, 1), extents), ["int32", "int64"][count % 2])
                write.case("bits", "take_along_axis", [axis], [x, indices],
                           [np.take_along_axis(x, indices.astype("int64"), axis)])
                values, y = draw(extents, dtype), np.zeros(shape, summed_type(np.dtype(dtype)))
                where = list(np.indices(extents))
                where[axis] = indices
                np.add.at(y, tuple(where), values)
                write.case("own:0", "scatter_add_along_axis", [n, axis - x.ndim], [indices, values], [y])
    for shape in SHAPES:
        for dtype in NUMBERS + ["bool"]:
            indices = np.asarray(rng.integers(-1, 4, shape), "int32" if len(shape) % 2 else "int64")
            y = (indices[..., None] == np.arange(3)).astype(dtype)
            write.case("bits", "one_hot", [3, dtype], [indices], [y])
    for rows, columns, offset in (3, 3, 0), (2, 4, 1), (4, 2, -1), (1, 1, -3), (0, 2, 0), (3, 3, 5):
        triangle = np.tri(rows, columns, offset, bool)
        write.case("bits", "lower_triangle", [rows, columns, offset], [], [triangle])
    for dtype in NUMBERS:
        for count in 0, 1, 5:
            write.case("bits", "iota", [count, dtype], [], [np.arange(count, dtype=dtype)])
        for shape in SHAPES:
            write.case("bits", "full", [shape, 3, dtype], [], [np.full(shape, 3, dtype)])


def products(write):
    matrices = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((1, 1), (1, 1)),
                ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((0,), (0,)), ((2, 3), (3, 0)), ((5, 2, 3), (3,)),
                ((3,), (5, 3, 2)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
                ((1, 2, 3), (4, 3, 2)), ((4, 2, 3), (1, 3, 2)), ((0, 2, 3), (3, 2)), ((0, 2, 3), (1, 3, 2)),
                ((2, 1, 2, 3), (4, 3, 2)), ((2, 1, 2, 1, 3), (3, 1, 3, 2)), ((3,), (2, 1, 2, 3, 2)),
                ((2, 2, 2, 2, 3), (2, 2, 2, 3, 1)), ((2, 2, 1, 2, 3), (3,))]
    formulas = [("ij,jk->ik", (2, 3), (3, 4)), ("ij,kj->ki", (2, 3), (4, 3)), ("i,i->", (4,), (4,)),
                ("i,j->ji", (2,), (3,)), ("ij->ji", (2, 3)), ("ijk->k", (2, 3, 4)), ("ij->", (2, 3)),
                ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 2, 2, 4)),
                ("ij,ij->ij", (2, 3), (2, 3)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)),
                ("bi,oij,bj->bo", (2, 3), (4, 3, 2), (2, 2)), ("ijk,kji->", (2, 3, 4), (4, 3, 2)),
                ("abc,cb->a", (2, 3, 4), (4, 3)), ("ij,k->ki", (2, 3), (2,)), (",i->i", (), (3,)),
                ("i,j,ij->", (2,), (3,), (2, 3)), ("ij,jk->ik", (2, 0), (0, 3)),
                ("abcde->edcba", (2, 1, 3, 1, 2))]
    for dtype in FLOATING:
        for shapes in matrices:
            a, b = (draw(shape, dtype) for shape in shapes)
            write.case("own:0", "matmul", [], [a, b], [np.asarray(np.matmul(a, b))])
        for formula, *shapes in formulas:
            operands = [draw(shape, dtype) for shape in shapes]
            write.case("own:0", "einsum", [formula], operands, [np.asarray(np.einsum(formula, *operands))])
        for shape in SHAPES[1:]:
            for axis in range(len(shape)):
                if shape[axis] == 0:
                    continue
                x = draw(shape, dtype)
                shifted = x - x.max(axis, keepdims=True)
                total = np.exp(shifted).sum(axis, keepdims=True)
                centred = x - x.mean(axis, keepdims=True)
                scaled = lambda z: z / np.sqrt(np.square(z).mean(axis, keepdims=True) + x.dtype.type(0.125))
                write.case("own:4", "softmax", [axis], [x], [np.exp(shifted) / total])
                write.case("largest:4", "log_softmax", [axis - x.ndim], [x], [shifted - np.log(total)])
                write.case("largest:4", "layer_norm", [axis, 0.125], [x], [scaled(centred)])
                write.case("own:4", "rms_norm", [axis, 0.125], [x], [scaled(x)])
        for batch, m, n, d, e in ((), 3, 4, 2, 3), ((2,), 3, 3, 4, 2), ((2, 1), 2, 5, 3, 1), ((), 1, 1, 1, 1):
            q, k, v = (draw(batch + s, dtype) for s in ((m, d), (n, d), (n, e)))
            scores = np.matmul(q, np.swapaxes(k, -1, -2)) * x.dtype.type(1 / math.sqrt(d))
            mask = draw((m, n), "bool")
            mask[0] = False  # A query that sees no key gets zeros.
            for seen in np.ones_like(mask), mask:
                weights = np.where(seen, np.exp(scores - scores.max(-1, keepdims=True)), 0)
                total = weights.sum(-1, keepdims=True)
                y = np.matmul(weights / np.where(total > 0, total, 1), v)
                write.case("largest:8", "attention", [], [q, k, v] + ([mask] if seen is mask else []), [y])


def integers(write):
    """Sums and products of integers and bools, and integers of two widths that meet."""
    large = np.array([[2_000_000_000, 2_000_000_000, 3], [-2_000_000_000, 7, -2_000_000_000]], "int32")
    factors = np.array([[100_000, 300_000, -2], [7, 65_536, 3]], "int32")
    small = [factors, np.array([[1 << 40, -3, 5]]), draw((3, 4), "bool"), draw((2, 0), "int32")]
    for x in [large] + small:
        functions = {"sum": np.sum} | ({} if x is large else {"prod": np.prod})  # That would overflow.
        for axes in (0,), (1,), (0, 1):
            for keep in False, True:
                how = {"axis": axes, "keepdims": keep}
                for name, f in functions.items():
                    write.case("bits", name, [axes, keep], [x], [np.asarray(f(x, dtype="int64", **how))])
                if x.size:
                    for name, f in ("mean", np.mean), ("variance", np.var):
                        write.case("largest:4", name, [axes, keep], [x], [np.asarray(f(x, **how))])
        for axis in 0, 1:
            write.case("bits", "cumsum", [axis, False], [x], [np.cumsum(x, axis, "int64")])
            if x is not large:
                write.case("bits", "cumprod", [axis], [x], [np.cumprod(x, axis, "int64")])
                write.case("bits", "linear_scan", [axis, False], [x, x], [linear_scan(x, x, axis, False)])
    indices = np.array([1, 0, 1], "int32")
    for x in large, factors, draw((2, 3), "bool"):
        y = np.zeros((2, 2), "int64")
        np.add.at(y, (slice(None), indices), x)
        write.case("bits", "scatter_add", [2, 1], [indices, x], [y])
        everywhere = np.broadcast_to(indices, x.shape)
        write.case("bits", "scatter_add_along_axis", [2, 1], [everywhere, x], [y])
    narrow, wide = draw((2, 3), "int32"), draw((2, 3), "int64")
    for a, b in (narrow, wide), (wide, narrow), (large, wide + 2_000_000_000):
        for name, f in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "minimum": np.minimum,
                        "maximum": np.maximum, "remainder": np.remainder, "equal": np.equal, "less": np.less,
                        "greater_equal": np.greater_equal}.items():
            write.case("bits", name, [], [a, b], [f(a, b)])
        condition = draw((2, 3), "bool")
        write.case("bits", "select", [], [condition, a, b], [np.where(condition, a, b)])
        write.case("bits", "concat", [1], [a, b], [np.concatenate([a, b], 1)])
        write.case("bits", "stack", [0], [a, b], [np.stack([a, b])])
        if a is not large:
            write.case("bits", "linear_scan", [1, True], [a, b], [linear_scan(a, b, 1, True)])


for section in elementwise, reductions, index_maps, gathers, products, integers:
    section(Writer(HERE / f"{section.__name__}.txt"))
