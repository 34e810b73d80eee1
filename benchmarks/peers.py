"""Measures PyTorch or JAX on one of the workloads of workload.cpp, as `benchmarks` does Reel, and prints a row:

    python peers.py "LSTM 32,64,128,50" pytorch 2

Gradients are compared with PyTorch's in float64. Needs torch, and jax for jax-scan."""

import json
import os
import resource
import statistics
import sys
import time

import numpy as np

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def milliseconds(run):
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def median_ms(run):
    """The protocol of timing.cpp."""
    run()
    is_long = milliseconds(run) > 100
    for _ in range(1 if is_long or QUICK else 8):
        run()
    least, total = 3 if QUICK else 7 if is_long else 50, 0 if QUICK else 1000
    durations = []
    while len(durations) < least or sum(durations) < total:
        durations.append(milliseconds(run))
    return statistics.median(durations)


def peak_resident_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Arrays:
    """Input, weights and the adjoint of the output, gates side by side in PyTorch's order: i f g o, r z n."""

    def __init__(self, family, batch, input, hidden, time):
        random, gates = np.random.default_rng(1), GATES[family]
        draw = lambda scale, *shape: scale * random.standard_normal(shape, dtype=np.float32)
        self.x, self.dy = draw(1, time, batch, input), draw(1, time, batch, hidden)
        self.W, self.U = draw(input**-0.5, input, gates * hidden), draw(hidden**-0.5, hidden, gates * hidden)
        self.b = draw(0.1, gates * hidden)


# ---- PyTorch. ----------------------------------------------------------------------------------------------


def torch_layer(family, arrays, dtype):
    """nn.LSTM, nn.GRU or nn.RNN of x, and what to differentiate by: input, both weights, bias."""
    import torch

    layer = getattr(torch.nn, family)(arrays.W.shape[0], arrays.U.shape[0], dtype=dtype)
    values = {"weight_ih_l0": arrays.W.T, "weight_hh_l0": arrays.U.T, "bias_ih_l0": arrays.b}
    layer.load_state_dict({"bias_hh_l0": torch.zeros(len(arrays.b))} | {k: torch.tensor(v) for k, v in values.items()})
    x = torch.tensor(arrays.x, dtype=dtype, requires_grad=True)
    return lambda: layer(x)[0], [x, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]


def torch_loop(family, arrays):
    """The same in Python, a step at a time. Weights are stored as nn.Linear has them."""
    import torch

    linear, chunk, sigmoid, tanh = torch.nn.functional.linear, torch.chunk, torch.sigmoid, torch.tanh
    x, W, U, b = (torch.tensor(v, requires_grad=True) for v in (arrays.x, arrays.W.T.copy(), arrays.U.T.copy(), arrays.b))

    def lstm(x, h, c):
        i, f, g, o = chunk(linear(x, W, b) + linear(h, U), 4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    def gru(x, h):
        (xr, xz, xn), (hr, hz, hn) = chunk(linear(x, W, b), 3, 1), chunk(linear(h, U), 3, 1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        return (z * h + (1 - z) * tanh(xn + r * hn),)

    def rnn(x, h):
        return (tanh(linear(x, W, b) + linear(h, U)),)

    def forward():
        step = {"LSTM": lstm, "GRU": gru, "RNN": rnn}[family]
        state = (torch.zeros(x.shape[1], U.shape[1]),) * (2 if family == "LSTM" else 1)
        outputs = []
        for x_t in x.unbind():
            state = step(x_t, *state)
            outputs.append(state[0])
        return torch.stack(outputs)

    return forward, [x, W, U, b]


def torch_gradients(forward, sources, dy):
    """As in Arrays, so weights transposed."""
    import torch

    gradients = torch.autograd.grad(forward(), sources, torch.tensor(dy, dtype=sources[0].dtype))
    return [g.T.numpy() if g.ndim == 2 else g.numpy() for g in gradients]


def measure_torch(row, family, sizes, make):
    import torch

    torch.set_num_threads(row["threads"])
    tiny = Arrays(family, 2, 4, 4, 3)
    torch_gradients(*make(tiny), tiny.dy)
    arrays = Arrays(family, *sizes)
    before = peak_resident_mb()
    forward, sources = make(arrays)
    dy = torch.tensor(arrays.dy)
    row["train_ms"] = median_ms(lambda: torch.autograd.grad(forward(), sources, dy))
    row["peak_mb"] = peak_resident_mb() - before
    with torch.inference_mode():
        row["forward_ms"] = median_ms(forward)
    row["version"] = torch.__version__
    return arrays, torch_gradients(forward, sources, arrays.dy)


def measure_torch_char_lm(row, batch, embedding, hidden, time):
    import torch
    from torch import nn

    torch.set_num_threads(row["threads"])
    vocabulary = 98
    tables = nn.ModuleList([nn.Embedding(vocabulary, embedding), nn.LSTM(embedding, hidden), nn.Linear(hidden, vocabulary)])
    embed, lstm, head = tables
    adam = torch.optim.Adam(tables.parameters(), lr=0.01)
    symbols, targets = (torch.randint(vocabulary, (time, batch)) for _ in range(2))
    state = [torch.zeros(1, batch, hidden)] * 2
    before = peak_resident_mb()

    def step():
        adam.zero_grad()
        y, last = lstm(embed(symbols), tuple(state))
        nn.functional.cross_entropy(head(y).flatten(0, 1), targets.flatten()).backward()
        nn.utils.clip_grad_norm_(tables.parameters(), 1)
        adam.step()
        state[:] = [value.detach() for value in last]

    row["train_ms"] = median_ms(step)
    row["peak_mb"] = peak_resident_mb() - before
    row["version"] = torch.__version__


def measure_torch_streaming(row, batch, input, hidden, _):
    import torch

    torch.set_num_threads(row["threads"])
    cell, x, steps = torch.nn.LSTMCell(input, hidden), torch.zeros(batch, input), 100
    state = [(torch.zeros(batch, hidden), torch.zeros(batch, hidden))]

    def run():
        for _ in range(steps):
            state[0] = cell(x, state[0])

    with torch.inference_mode():
        row["forward_ms"] = median_ms(run) / steps
    row["step_us"] = row["forward_ms"] * 1e3
    row["version"] = torch.__version__


# ---- JAX. --------------------------------------------------------------------------------------------------


def jax_layer(family, hoisted):
    """A scan; the input's product for all steps at once, or within the step."""
    import jax
    from jax import numpy as jnp

    sigmoid, tanh = jax.nn.sigmoid, jnp.tanh

    def step(z, h, c, U):
        H = U.shape[0]
        part = lambda v, k: v[:, k * H : (k + 1) * H]
        s = h @ U
        if family == "RNN":
            return tanh(z + s), c
        if family == "GRU":
            r, u = sigmoid(part(z, 0) + part(s, 0)), sigmoid(part(z, 1) + part(s, 1))
            return u * h + (1 - u) * tanh(part(z, 2) + r * part(s, 2)), c
        s = z + s
        c = sigmoid(part(s, 1)) * c + sigmoid(part(s, 0)) * tanh(part(s, 2))
        return sigmoid(part(s, 3)) * tanh(c), c

    def layer(x, W, U, b):
        def body(state, x):
            h, c = step(x if hoisted else x @ W + b, *state, U)
            return (h, c), h

        zero = jnp.zeros((x.shape[1], U.shape[0]), x.dtype)
        return jax.lax.scan(body, (zero, zero), x @ W + b if hoisted else x)[1]

    return layer


def measure_jax(row, family, sizes):
    if row["threads"] == 1:  # its pool has a thread for each processor it may use
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    jax.block_until_ready(jax.jit(lambda x: x @ x)(np.ones((4, 4), np.float32)))
    arrays = Arrays(family, *sizes)
    values = [jax.numpy.asarray(v) for v in (arrays.x, arrays.W, arrays.U, arrays.b)]
    dy = jax.numpy.asarray(arrays.dy)
    before = peak_resident_mb()
    best = {"train_ms": float("inf"), "forward_ms": float("inf")}
    for hoisted in (True, False):
        layer = jax_layer(family, hoisted)
        start = time.perf_counter()
        train = jax.jit(lambda values, dy: jax.vjp(layer, *values)[1](dy)).lower(values, dy).compile()
        compile_ms = (time.perf_counter() - start) * 1e3
        forward = jax.jit(layer).lower(*values).compile()
        ms = median_ms(lambda: jax.block_until_ready(train(values, dy)))
        if ms < best["train_ms"]:
            best |= {"train_ms": ms, "compile_ms": compile_ms, "peak_mb": peak_resident_mb() - before}
        best["forward_ms"] = min(best["forward_ms"], median_ms(lambda: jax.block_until_ready(forward(*values))))
    row |= best | {"version": jax.__version__}
    return arrays, [np.asarray(g) for g in train(values, dy)]


# ---- The row. ----------------------------------------------------------------------------------------------


def largest_difference(gradients, family, arrays):
    import torch

    exact = torch_gradients(*torch_layer(family, arrays, torch.float64), arrays.dy)
    errors = [float(abs(g - e).max() / abs(e).max()) for g, e in zip(gradients, exact, strict=True)]
    return max(errors) if np.isfinite(errors).all() else 1e300  # JSON has no infinity


def measure(workload, implementation, threads):
    import functools

    row = {"workload": workload, "implementation": implementation, "threads": threads}
    row |= dict.fromkeys("train_ms forward_ms step_us gflops peak_mb compile_ms allocations gradient_error".split())
    family, sizes = workload.split()
    sizes = [int(size) for size in sizes.split(",")]
    if family == "char_lm":
        measure_torch_char_lm(row, *sizes)
    elif family == "streaming":
        measure_torch_streaming(row, *sizes)
    else:
        if implementation == "jax-scan":
            arrays, gradients = measure_jax(row, family, sizes)
        elif implementation == "pytorch-loop":
            arrays, gradients = measure_torch(row, family, sizes, functools.partial(torch_loop, family))
        else:
            import torch

            make = functools.partial(torch_layer, family, dtype=torch.float32)
            arrays, gradients = measure_torch(row, family, sizes, make)
        batch, input, hidden, steps = sizes
        flops = 6 * steps * batch * (input + hidden) * GATES[family] * hidden
        row["gflops"] = flops / row["train_ms"] / 1e6
        row["gradient_error"] = largest_difference(gradients, family, arrays)
    return row


if __name__ == "__main__":
    QUICK = "--quick" in sys.argv
    print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
