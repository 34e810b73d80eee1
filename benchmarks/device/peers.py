"""Measures training steps of PyTorch's on a device, as `device_benchmarks` does Reel's, and prints a list of rows:

    python peers.py cuda "LSTM 64,512,512,100" tf32 pytorch,pytorch-layernorm,pytorch-layernorm-compiled

pytorch is nn.LSTM, by cuDNN; the others are cells in Python, a step at a time, eager or with each step compiled
and the whole captured as a CUDA graph. Gradients of input, weights and biases; no optimiser."""

import json
import statistics
import sys
import time

import torch

layer_norm = torch.nn.functional.layer_norm


def layernorm(x, h, c, w):
    gates = layer_norm(x @ w["W"], w["b"].shape, w["scale_x"]) + layer_norm(h @ w["U"], w["b"].shape, w["scale_h"], w["b"])
    i, f, g, o = gates.chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * layer_norm(c, c.shape[-1:], w["scale_c"]).tanh(), c


def peephole(x, h, c, w):
    i, f, g, o = (x @ w["W"] + h @ w["U"] + w["b"]).chunk(4, -1)
    p_i, p_f, p_o = w["p"]
    c = (f + p_f * c).sigmoid() * c + (i + p_i * c).sigmoid() * g.tanh()
    return (o + p_o * c).sigmoid() * c.tanh(), c


def mgu(x, h, c, w):
    hidden = h.shape[-1]
    z = x @ w["W"][:, : 2 * hidden] + w["b"][: 2 * hidden]
    f = (z[:, :hidden] + h @ w["U"][:, :hidden]).sigmoid()
    g = (z[:, hidden:] + (f * h) @ w["U"][:, hidden : 2 * hidden]).tanh()
    return (1 - f) * h + f * g, c


CELLS = {"layernorm": layernorm, "peephole": peephole, "mgu": mgu}


def stock(device, dtype, batch, input, hidden, steps):
    lstm = torch.nn.LSTM(input, hidden).to(device, dtype)
    x = torch.randn(steps, batch, input, device=device, dtype=dtype, requires_grad=True)
    dy = torch.randn(steps, batch, hidden, device=device, dtype=dtype)
    sources = [x, *lstm.parameters()]
    return lambda: torch.autograd.grad(lstm(x)[0], sources, dy)


def loop(cell, device, dtype, batch, input, hidden, steps):
    def draw(*shape, scale=1.0):
        return (scale * torch.randn(*shape, device=device, dtype=dtype)).requires_grad_()

    x = draw(steps, batch, input)
    w = {"W": draw(input, 4 * hidden, scale=input**-0.5), "U": draw(hidden, 4 * hidden, scale=hidden**-0.5)}
    w |= {"b": draw(4 * hidden, scale=0.1), "p": draw(3, hidden, scale=0.1)}
    w |= {"scale_x": draw(4 * hidden, scale=0.1), "scale_h": draw(4 * hidden, scale=0.1), "scale_c": draw(hidden)}
    dy = torch.randn(steps, batch, hidden, device=device, dtype=dtype)
    sources = [x, *w.values()]

    def step():
        h = c = torch.zeros(batch, hidden, device=device, dtype=dtype)
        outputs = []
        for x_t in x.unbind():
            h, c = cell(x_t, h, c, w)
            outputs.append(h)
        return torch.autograd.grad(torch.stack(outputs), sources, dy, allow_unused=True)

    return step


def as_graph(step):
    """The launches of a step, replayed as one."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def milliseconds(run, on_gpu):
    if not on_gpu:
        start = time.perf_counter()
        run()
        return 1e3 * (time.perf_counter() - start)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def median_ms(run, on_gpu, quick):
    for _ in range(1 if quick else 5):
        run()
    durations, start = [], time.perf_counter()
    while len(durations) < (3 if quick else 7) or (not quick and len(durations) < 50 and time.perf_counter() - start < 1):
        durations.append(milliseconds(run, on_gpu))
    return statistics.median(durations)


def measure(device, workload, precision, implementation, quick):
    on_gpu = device.startswith("cuda")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    sizes = [int(size) for size in workload.split()[1].split(",")]
    if implementation == "pytorch":
        step = stock(device, dtype, *sizes)
    else:
        _, name, *how = implementation.split("-")
        cell = torch.compile(CELLS[name]) if how else CELLS[name]
        step = loop(cell, device, dtype, *sizes)
        if how and on_gpu:
            step = as_graph(step)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    row = {"train_ms": median_ms(step, on_gpu, quick)}
    if on_gpu:
        row["memory_mb"] = torch.cuda.max_memory_allocated() / 2**20
    return row | {"version": torch.__version__}


def row_of(device, workload, precision, implementation, quick):
    row = {"implementation": implementation}
    try:
        return row | measure(device, workload, precision, implementation, quick)
    except Exception as error:  # the others may be measured yet
        return row | {"failed": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    torch.manual_seed(1)
    device, workload, precision, implementations = sys.argv[1:5]
    rows = [row_of(device, workload, precision, one, "--quick" in sys.argv) for one in implementations.split(",")]
    print(json.dumps(rows))
