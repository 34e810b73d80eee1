"""Computes with PyTorch, in float64, values and derivatives of operations, and writes operations.txt beside
this file. Needs torch and numpy: python make_operation_references.py

Not here, because PyTorch has another convention (corners_test.cpp has ours): slopes of clamp, hard_tanh and
hard_sigmoid on a bound, where ours is half and PyTorch's 1, 0 and 0; the slope of a power with base 0 and a
negative exponent by the exponent; softplus above 20, where PyTorch's is x; second derivatives that PyTorch
gives as NaN."""

import math
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent))
from reference_files import Writer

write = Writer(HERE / "operations.txt")


def draw(*shape, low=-3, high=3):
    """Multiples of 1/64: short in the file."""
    return torch.floor((low + (high - low) * torch.rand(shape)) * 64 + 1) / 64


def whole(high, *shape):
    return torch.randint(high, shape)


def chances(*shape):
    return torch.rand(shape) < 0.6


def weighted_sum(tensors):
    weights = lambda t: torch.cos(torch.arange(1.0, t.numel() + 1)).reshape(t.shape)
    return sum((weights(t) * t.double()).sum() for t in tensors)


def derivatives(tensors, xs):
    total = weighted_sum(tensors)
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return [torch.zeros_like(x) for x in xs]
    found = torch.autograd.grad(total, xs, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, found)]


def case(name, f, *inputs, parameters=(), orders=2, within="largest:16"):
    """Of f(*inputs) the value, and as many orders of derivatives."""
    inputs = [torch.as_tensor(x).clone() for x in inputs]
    inputs = [x.requires_grad_() if x.is_floating_point() else x for x in inputs]
    xs = [x for x in inputs if x.is_floating_point()]
    outputs = f(*inputs)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    first = second = []
    if orders > 0 and outputs[0].is_floating_point():
        first = derivatives(outputs, xs)
        if orders > 1:
            second = derivatives(first, xs)
    numbers = lambda tensors: [t.numpy(force=True) for t in tensors]
    write.case(within, name, parameters, *map(numbers, (inputs, outputs, first, second)))


def maps():
    smooth = {"neg": torch.neg, "square": torch.square, "exp": torch.exp, "expm1": torch.expm1,
              "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
              "erf": torch.erf, "softplus": F.softplus, "gelu": F.gelu,
              "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
              "gauss": lambda x: torch.exp(-x**2), "reciprocal": torch.reciprocal,
              "stop_gradient": torch.detach, "isfinite": torch.isfinite}
    positive = {"log": torch.log, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "log1p": torch.log1p}
    kinked = {"abs": torch.abs, "symmetric_relu": torch.abs, "relu": torch.relu, "sign": torch.sign,
              "softsign": F.softsign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round}
    # F.hardsigmoid has a slope of 1/6 rounded to float32.
    bounded = {"hard_tanh": F.hardtanh, "hard_sigmoid": lambda x: F.relu6(x + 3) / 6}
    for name, f in (smooth | positive | kinked | bounded).items():
        low = 0.25 if name in positive else -4
        case(name, f, draw(2, 1, 3, low=low, high=4.1))
        case(name, f, draw(5, low=low, high=4.1).float())
        if name in smooth and name != "reciprocal" or name in kinked:
            case(name, f, torch.tensor([0, -0.0, -1, 2, 0.5, -1.5]))
    case("sqrt", torch.sqrt, torch.tensor([0.0, 1]), orders=1)
    case("log", torch.log, torch.tensor([0.0, 1]), orders=1)

    x, kink = draw(3, 2), torch.tensor([0, -0.0, -1, 2])
    for z, orders in (x, 2), (kink, 1):  # At 0 the second derivative of F.elu is 0, ours that from below.
        # F.leaky_relu and F.elu take slope and scale as numbers: derivatives by them are of the definition.
        slope, scale = torch.tensor(0.125), torch.tensor(2.0)
        case("leaky_relu", lambda z: F.leaky_relu(z, 0.125), z, parameters=[0.125])
        case("leaky_relu", lambda z, s: torch.where(z > 0, z, s * z), z, slope)
        case("elu", lambda z: F.elu(z, 2.0), z, parameters=[2.0], orders=orders)
        case("elu", lambda z, s: torch.where(z > 0, z, s * torch.expm1(z)), z, scale)
    case("clamp", torch.clamp, draw(4, 3), -1.1, torch.tensor([0.3, 0.7, 2.3]))

    pairs = [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((4, 1, 2), (3, 1)), ((2, 0), (1,))]
    two = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "minimum": torch.minimum,
           "maximum": torch.maximum, "pow": torch.pow, "remainder": torch.remainder}
    compare = {"equal": torch.eq, "not_equal": torch.ne, "less": torch.lt, "less_equal": torch.le,
               "greater": torch.gt, "greater_equal": torch.ge}
    for a, b in pairs:
        for name, f in two.items():
            x, y = draw(*a), draw(*b)
            if name == "pow":
                x = x.abs() + 0.25
            if name in ("div", "remainder"):
                y = y.sign() * (y.abs() + 0.25)
            case(name, f, x, y)
        for name, f in compare.items():
            case(name, f, torch.round(draw(*a)), torch.round(draw(*b)))
        for name, f in ("logical_and", torch.logical_and), ("logical_or", torch.logical_or):
            case(name, f, chances(*a), chances(*b))
        case("logical_not", torch.logical_not, chances(*a))
        case("select", torch.where, chances(*b), draw(*a), draw(*b))
        case("masked_fill", lambda x, m, v: torch.where(m, v, x), draw(*a), chances(*b), draw(*b))
    ties = torch.tensor([1.0, 2, 3, 0, -0.0]), torch.tensor([2.0, 2, 2, 0, 0])
    case("minimum", torch.minimum, *ties)
    case("maximum", torch.maximum, *ties)
    case("pow", torch.pow, torch.tensor([0, 0, 0, 0, 1.5, -2]), torch.tensor([0, 1, 2, 0.5, 0, 2]), orders=1)
    # Branches not taken that are NaN or infinite.
    case("select", torch.where, torch.tensor([True, False]), torch.tensor([1.0, math.nan]),
         torch.tensor([math.inf, 2.0]))
    for dtype in torch.float32, torch.int32, torch.int64, torch.bool:
        name = str(dtype).removeprefix("torch.")
        case("cast", lambda x: x.to(dtype), draw(5), parameters=[name])
        case("cast", torch.Tensor.double, draw(5).to(dtype), parameters=["float64"], orders=1)


def reductions():
    def chain(f):  # For functions of one axis at a time, the last first.
        return lambda x, axes, keep: x if not axes else chain(f)(f(x, axes[-1], keep), axes[:-1], keep)

    over_axes = {
        "sum": torch.sum, "mean": torch.mean, "prod": chain(torch.prod), "max": torch.amax, "min": torch.amin,
        "logsumexp": torch.logsumexp,
        "norm": lambda x, axes, keep: torch.linalg.vector_norm(x, dim=axes, keepdim=keep),
        "variance": lambda x, axes, keep: (x - x.mean(axes, keepdim=True)).square().mean(axes, keepdim=keep)}
    for shape, axes, keep in (((5,), [0], False), ((2, 3), [1], True), ((2, 3), [0], False),
                              ((2, 1, 3), [0, 2], False), ((3, 2, 2), [0, 1, 2], True),
                              ((2, 1, 3, 1, 2), [2, 4], True), ((3, 1), [1], False), ((0, 3), [1], False)):
        axis = axes[0]
        # Of one element a second derivative is 0, with what rounding leaves.
        orders = 1 if shape == (3, 1) else 2
        for name, f in over_axes.items():
            case(name, lambda x: f(x, axes, keep), draw(*shape), parameters=[axes, keep], orders=orders)
        for name, f in ("any", torch.any), ("all", torch.all):
            case(name, lambda x: chain(f)(x, axes, keep), chances(*shape), parameters=[axes, keep])
        for name, f in ("argmax", torch.argmax), ("argmin", torch.argmin):
            case(name, lambda x: f(x, axis, keep), draw(*shape), parameters=[axis, keep])
        case("cumsum", lambda x: x.cumsum(axis), draw(*shape), parameters=[axis, False], orders=1)
        case("cumsum", lambda x: x.flip(axis).cumsum(axis).flip(axis), draw(*shape), parameters=[axis, True],
             orders=1)
        case("cumprod", lambda x: x.cumprod(axis), draw(*shape), parameters=[axis])
        for reverse in False, True:
            case("linear_scan", lambda a, b: linear_scan(a, b, axis, reverse), draw(*shape), draw(*shape),
                 parameters=[axis, reverse])
    case("variance", lambda x: torch.var(x, [0], correction=1), draw(4, 2), parameters=[[0], False, 1])
    case("logsumexp", lambda x: torch.logsumexp(x, [1]), 300 * draw(3, 4), parameters=[[1], False])
    ties = torch.tensor([[1.0, 3, 3, -1, 3], [-2, -2, 0, -2, 0], [0, 0, 0, -0.0, 0]])
    case("max", lambda x: torch.amax(x, 1), ties, parameters=[[1], False])
    case("min", lambda x: torch.amin(x, (0, 1)), ties, parameters=[[0, 1], False])
    zeros = torch.tensor([[1.5, 2, -3, 4], [1.5, 0, -3, 4], [0, 2, 0, 4], [0, 0, 0, 4]])
    case("prod", lambda x: torch.prod(x, 1), zeros, parameters=[[1], False])
    case("prod", lambda x: torch.prod(x, 0), zeros, parameters=[[0], False])
    case("cumprod", lambda x: torch.cumprod(x, 1), zeros, parameters=[1])
    case("norm", lambda x: torch.linalg.vector_norm(x, dim=1), torch.tensor([[0.0, 0], [3, -4]]),
         parameters=[[1], False], orders=1)


def linear_scan(a, b, axis, reverse):
    steps = list(zip(a.unbind(axis), b.unbind(axis)))[:: -1 if reverse else 1]
    y = []
    for a_i, b_i in steps:
        y.append(a_i * y[-1] + b_i if y else b_i)
    return torch.stack(y[:: -1 if reverse else 1], axis) if y else b


def index_maps():
    def linear(name, f, *inputs, parameters=()):
        case(name, f, *inputs, parameters=parameters, orders=1)

    def padded(x, axis, before, after, between):
        n = x.shape[axis]
        extents = list(x.shape)
        extents[axis] = before + after + max(n + (n - 1) * between, 0)
        at = torch.arange(n) * (between + 1) + before
        return torch.zeros(extents).index_copy(axis, at, x)

    for shape in (5,), (2, 3), (2, 1, 4), (2, 3, 1, 2), (2, 0, 3):
        last = len(shape) - 1
        x, y = draw(*shape), draw(*shape)
        linear("reshape", lambda x: x.reshape(-1, 1), x, parameters=[[x.numel(), 1]])
        linear("permute", lambda x: x.permute(*range(last, -1, -1)), x, 
               parameters=[list(range(last, -1, -1))])
        linear("transpose", lambda x: x.transpose(0, -1), x, parameters=[0, -1])
        linear("broadcast_to", lambda x: x.expand(2, 1, *shape), x, parameters=[[2, 1, *shape]])
        linear("tile", lambda x: x.tile(2, *([1] * last), 3), x, parameters=[[2, *([1] * last), 3]])
        for axis in 0, last:
            n = shape[axis]
            linear("slice", lambda x: x.transpose(0, axis)[n // 3 : n : 2].transpose(0, axis), x,
                   parameters=[axis, n // 3, n, 2])
            linear("index", lambda x: x.select(axis, n - 1), x, parameters=[axis, -1])
            for numbers in (1, 2, 0), (0, 1, 2):
                linear("pad", lambda x: padded(x, axis, *numbers), x, parameters=[axis, *numbers])
            linear("flip", lambda x: x.flip(axis), x, parameters=[[axis]])
            linear("roll", lambda x: x.roll(2, axis), x, parameters=[2, axis])
            linear("concat", lambda x, y: torch.cat([x, y], axis), x, y, parameters=[axis])
            linear("stack", lambda x, y: torch.stack([x, y], axis), x, y, parameters=[axis])
            linear("unsqueeze", lambda x: x.unsqueeze(axis), x, parameters=[axis])
            linear("squeeze", lambda x: x.squeeze(axis), x.unsqueeze(axis), parameters=[axis])
            linear("split", lambda x: x.chunk(n, axis), x, parameters=[n, axis])

    for shape, axis in ((5,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 2), 1):
        n, x = shape[axis], draw(*shape)
        rest = lambda *middle: shape[:axis] + middle + shape[axis + 1 :]
        for chosen in (4,), (2, 3), (), (0,):
            flat = rest(math.prod(chosen))
            take = lambda x, i: x.index_select(axis, i.reshape(-1)).reshape(rest(*chosen))
            put = lambda i, v: torch.zeros(shape).index_add(axis, i.reshape(-1), v.reshape(flat))
            indices = whole(n, *chosen)
            linear("gather", take, x, indices, parameters=[axis])
            linear("scatter_add", put, indices, draw(*rest(*chosen)), parameters=[n, axis])
        for count in 1, 5:
            take = lambda x, i: torch.take_along_dim(x, i, axis)
            put = lambda i, v: torch.zeros(shape).scatter_add(axis, i, v)
            indices = whole(n, *rest(count))
            linear("take_along_axis", take, x, indices, parameters=[axis])
            linear("scatter_add_along_axis", put, indices, draw(*rest(count)), parameters=[n, axis])
    linear("one_hot", lambda i: F.one_hot(i, 4).double(), whole(4, 2, 3), parameters=[4, "float64"])
    linear("lower_triangle", lambda: torch.ones(3, 5).tril(1).bool(), parameters=[3, 5, 1])
    linear("iota", lambda: torch.arange(4), parameters=[4, "int64"])
    linear("full", lambda: torch.full((2, 3), 0.1), parameters=[[2, 3], 0.1, "float64"])


def products():
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 2, 3), (3, 4)),
                 ((2, 3), (2, 3, 2)), ((3, 2, 3), (3, 3, 1)), ((2, 1, 2, 3), (3, 3, 2)), ((2, 2, 3), (3,)),
                 ((2, 0), (0, 3)), ((3,), (2, 3, 2))):
        case("matmul", torch.matmul, draw(*a), draw(*b))
    case("matmul", torch.matmul, draw(2, 3).float(), draw(3, 4).float())
    formulas = [("ij,jk->ik", (2, 3), (3, 4)), ("i,j->ji", (2,), (3,)), ("ijk->k", (2, 3, 2)),
                ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("bqhd,bkhd->bhqk", (2, 3, 2, 2), (2, 2, 2, 2)),
                ("ij,ij->ij", (2, 3), (2, 3)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)), ("ij->ji", (2, 3)),
                ("bi,oij,bj->bo", (2, 3), (2, 3, 2), (2, 2)), ("abc,cb->a", (2, 3, 2), (2, 3)),
                ("ijk,kji->", (2, 3, 2), (2, 3, 2)), ("i,i->", (4,), (4,))]
    for formula, *shapes in formulas:
        product = lambda *operands: torch.einsum(formula, *operands)
        case("einsum", product, *(draw(*s) for s in shapes), parameters=[formula])

    def last(f, axis):  # For functions of the last axis.
        return lambda x: f(x.movedim(axis, -1)).movedim(-1, axis)

    for shape, axis in ((5,), 0), ((2, 3), -1), ((2, 3), 0), ((2, 3, 2), 1), ((3, 1), 1):
        n = shape[axis]
        case("softmax", lambda x: torch.softmax(x, axis), draw(*shape), parameters=[axis])
        case("log_softmax", lambda x: torch.log_softmax(x, axis), draw(*shape), parameters=[axis])
        for epsilon in 1e-5, 0.125:
            norm = lambda x: F.layer_norm(x, [n], eps=epsilon)
            # Of one or two elements little is left but rounding errors, which a small epsilon magnifies.
            if n < 3 and epsilon < 0.1:
                continue
            case("layer_norm", last(norm, axis), draw(*shape), parameters=[axis, epsilon])
            norm = lambda x: F.rms_norm(x, [n], eps=epsilon)
            case("rms_norm", last(norm, axis), draw(*shape), parameters=[axis, epsilon])
    # Numbers whose exponentials overflow.
    case("softmax", lambda x: torch.softmax(x, 1), 300 * draw(3, 4), parameters=[1], orders=1)
    case("log_softmax", lambda x: torch.log_softmax(x, 1), 300 * draw(3, 4), parameters=[1], orders=1)

    attention = F.scaled_dot_product_attention
    for batch, m, n, d, e in ((), 3, 4, 2, 3), ((2,), 3, 3, 2, 2), ((2, 1), 2, 3, 3, 1):
        q, k, v = (draw(*batch, *s, low=-1.5, high=1.5) for s in ((m, d), (n, d), (n, e)))
        some = chances(m, n)
        some[:, 0] = True
        compared = lambda f, *inputs: case("attention", f, *inputs, within="largest:32")
        compared(attention, q, k, v)
        compared(attention, q, k, v, some)
        if m == n:
            causal = torch.ones(m, n).tril().bool()  # Which is what lower_triangle gives.
            compared(lambda q, k, v, mask: attention(q, k, v, is_causal=True), q, k, v, causal)
    # A query that sees no key.
    none = torch.tensor([[True, False, True, True], [False] * 4, [True] * 4])
    case("attention", attention, draw(3, 2), draw(4, 2), draw(4, 3), none, orders=1)


torch.set_default_dtype(torch.float64)
torch.manual_seed(2)
with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
    for section in maps, reductions, index_maps, products:
        section()
