"""Computes with PyTorch, in float64, the values that pytorch_test.cpp expects, and writes them beside this
file as one directory of .npy files per case. Needs torch and numpy: python make_references.py"""

import pathlib

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent


def save(case, **values):
    (HERE / case).mkdir(exist_ok=True)
    for name, value in values.items():
        value = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        np.save(HERE / case / f"{name}.npy", np.asarray(value, order="C"))


def random(*shape):
    return torch.randn(*shape, requires_grad=True)


def recurrent(case, module, states):
    """Outputs, final states, and the gradients of a weighted sum of all of them. PyTorch adds two biases
    where one is enough; their sum stands for both, and either one's gradient is the gradient of the sum."""
    steps, batch = 6, 3
    x = random(steps, batch, module.input_size)
    initial = [random(1, batch, module.hidden_size) for _ in states]
    y, final = module(x, tuple(initial) if len(states) > 1 else initial[0])
    final = final if len(states) > 1 else (final,)
    weights = [torch.randn_like(value) for value in (y, *final)]
    loss = sum((weight * value).sum() for weight, value in zip(weights, (y, *final)))
    parameters = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0]
    gradients = torch.autograd.grad(loss, [x, *initial, *parameters])
    names = ["x", *(f"{state}0" for state in states), "weight_ih", "weight_hh", "bias"]
    values = [x, *initial, *parameters[:2], module.bias_ih_l0 + module.bias_hh_l0]
    drop_layer = lambda name, value: value[0] if name[:-1] in states else value
    save(case, y=y, weight_of_y=weights[0])
    save(case, **{name: drop_layer(name, value) for name, value in zip(names, values)})
    save(case, **{f"grad_{name}": drop_layer(name, value) for name, value in zip(names, gradients)})
    for state, value, weight in zip(states, final, weights[1:]):
        save(case, **{f"{state}_last": value[0], f"weight_of_{state}": weight[0]})


class GRU(torch.nn.GRU):
    """torch.nn.GRU without the second bias of the candidate, which Reel does not have; the reset gate acts after
    the product as there, or on the state before it, which PyTorch does not offer."""

    def __init__(self, input_size, hidden_size, reset_after):
        super().__init__(input_size, hidden_size)
        self.reset_after = reset_after
        with torch.no_grad():
            self.bias_hh_l0[2 * hidden_size :] = 0

    def forward(self, x, h):
        if self.reset_after:
            return super().forward(x, h)
        h, outputs = h[0], []
        W, U, b = (w.chunk(3) for w in (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0 + self.bias_hh_l0))
        for x_t in x:
            r, z = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in (0, 1))
            h = z * h + (1 - z) * torch.tanh(x_t @ W[2].T + (r * h) @ U[2].T + b[2])
            outputs.append(h)
        return torch.stack(outputs), h[None]


class DeepGRU(torch.nn.GRU):
    """Two layers in both directions, without the second bias of the candidates."""

    def __init__(self):
        super().__init__(4, 5, num_layers=2, bidirectional=True)
        with torch.no_grad():
            for name, value in self.named_parameters():
                if name.startswith("bias_hh"):
                    value[10:] = 0


def losses():
    logits, weights = random(4, 3, 5), torch.randn(4, 3, 5)
    targets = torch.randint(5, (4, 3))
    mask = torch.rand(4, 3) < 0.6
    for case, chosen in ("cross_entropy", targets), ("cross_entropy_masked", targets.where(mask, -100)):
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 5), chosen.reshape(-1))
        (gradient,) = torch.autograd.grad(loss, [logits])
        save(case, logits=logits, targets=chosen, loss=loss, grad_logits=gradient)
    # An axis that is not the last one, and numbers whose exponentials overflow.
    for case, x, axis in ("softmax", logits, -1), ("softmax_large", (1000 * logits).detach(), 1):
        x.requires_grad_()
        y, log_y = torch.softmax(x, axis), torch.log_softmax(x, axis)
        gradients = [torch.autograd.grad((weights * value).sum(), [x])[0] for value in (y, log_y)]
        save(case, x=x, weights=weights, softmax=y, log_softmax=log_y)
        save(case, grad_softmax=gradients[0], grad_log_softmax=gradients[1])


def trajectory(case, make_optimiser, largest_norm=None):
    """Twenty steps of a linear model on its mean squared error; of every value, the course."""
    x, target, weight, bias = torch.randn(8, 3), torch.randn(8, 2), random(3, 2), random(2)
    optimiser = make_optimiser([weight, bias])
    history = {"weight": [weight.detach().clone()], "bias": [bias.detach().clone()], "loss": []}
    norms = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = (x @ weight + bias - target).square().mean()
        loss.backward()
        if largest_norm:
            norm = torch.cat([weight.grad.flatten(), bias.grad]).norm()
            norms.append(norm)
            # clip_grad_norm_ divides by the norm + 1e-6; asked like this, it divides by the norm.
            torch.nn.utils.clip_grad_norm_([weight, bias], largest_norm * (norm + 1e-6) / norm)
        optimiser.step()
        for name, value in ("weight", weight), ("bias", bias), ("loss", loss):
            history[name].append(value.detach().clone())
    # Of clipped steps, some must have been clipped and some not.
    assert not norms or norms[0] > largest_norm > norms[-1]
    save(case, x=x, target=target, **{name: torch.stack(values) for name, values in history.items()})


def deep(case, module):
    """A module of several layers, of both directions, on sequences of different lengths, packed. Of each
    direction of each layer the parameters, with the sum of both biases, and their gradients; final states [layers
    and directions, batch, ...]."""
    steps, lengths = 6, [6, 2, 4]
    x = random(steps, len(lengths), module.input_size)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    y, final = module(packed)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=steps)
    final = dict(zip(("h_last", "c_last"), final if isinstance(final, tuple) else (final,)))
    weights = {name: torch.randn_like(value) for name, value in {"y": y, **final}.items()}
    loss = sum((weights[name] * value).sum() for name, value in {"y": y, **final}.items())
    parameters = dict(module.named_parameters())
    gradients = dict(zip(["x", *parameters], torch.autograd.grad(loss, [x, *parameters.values()])))
    save(case, x=x, lengths=lengths, y=y, grad_x=gradients["x"], **final)
    save(case, **{f"weight_of_{name}": value for name, value in weights.items()})
    for name, value in parameters.items():
        if name.startswith("bias_hh"):
            continue
        if name.startswith("bias_ih"):
            value = value + parameters[name.replace("ih", "hh")]
        save(case, **{name.replace("bias_ih", "bias"): value})
        save(case, **{"grad_" + name.replace("bias_ih", "bias"): gradients[name]})


def more_losses():
    functional = torch.nn.functional

    def one(case, loss, y, **given):
        save(case, y=y, loss=loss, grad_y=torch.autograd.grad(loss, [y])[0], **given)

    logits, targets, weights = random(4, 3, 5), torch.randint(5, (4, 3)), torch.rand(5) + 0.1
    targets[1, 2] = targets[3, 0] = -7
    flat = logits.reshape(-1, 5), targets.reshape(-1)
    for case, options in {
        "cross_entropy_smoothed": {"label_smoothing": 0.2},
        "cross_entropy_weighted": {"weight": weights},
        "cross_entropy_both": {"weight": weights, "label_smoothing": 0.3},
    }.items():
        loss = functional.cross_entropy(*flat, ignore_index=-7, **options)
        one(case, loss, logits, targets=targets, weights=weights)

    y, target = random(4, 3), torch.randn(4, 3)
    probability, events = torch.rand(4, 3), torch.rand(4, 3)
    one("binary", functional.binary_cross_entropy_with_logits(y, probability), y, target=probability)
    weighted = functional.binary_cross_entropy_with_logits(y, probability, weight=events, reduction="sum")
    one("binary_weighted", weighted / events.sum(), y, target=probability, weights=events)
    one("absolute", functional.l1_loss(y, target), y, target=target)
    one("huber", functional.huber_loss(y, target, delta=0.7), y, target=target)

    logits = random(9, 4, 6)
    labels = torch.tensor([[1, 2, 2, 3], [5, 1, 0, 0], [4, 4, 4, 4], [3, 0, 0, 0]])
    steps, counts = torch.tensor([9, 5, 8, 3]), torch.tensor([4, 2, 4, 0])
    losses = functional.ctc_loss(logits.log_softmax(-1), labels, steps, counts, reduction="none")
    loss = functional.ctc_loss(logits.log_softmax(-1), labels, steps, counts)
    one("ctc", loss, logits, labels=labels, steps=steps, counts=counts, losses=losses)


def ctc_with_last_blank():
    """The blank is the last class, and what stands past the ends is NaN there."""
    logits, labels = torch.randn(9, 3, 6), torch.tensor([[1, 0, 0, 3], [4, 1, 0, 0], [2, 2, 2, 0]])
    steps, counts = torch.tensor([9, 5, 7]), torch.tensor([4, 2, 3])
    for b, end in enumerate(steps):
        logits[end:, b] = torch.nan
    logits.requires_grad_()
    log_p = logits.nan_to_num().log_softmax(-1)
    loss = torch.nn.functional.ctc_loss(log_p, labels, steps, counts, blank=5)
    (gradient,) = torch.autograd.grad(loss, [logits])
    save("ctc_last_blank", y=logits, loss=loss, grad_y=gradient.nan_to_num(), labels=labels, steps=steps,
         counts=counts)


def cell(case, shapes, step, states):
    """Five steps of a cell of Reel's, written again: its parameters by their names, with . for /, outputs, last
    states, and the gradients of a weighted sum of both."""
    steps, batch = 5, 3
    parameters = {name: (0.6 * torch.randn(shape)).requires_grad_() for name, shape in shapes.items()}
    x = random(steps, batch, 4)
    first = {name: random(batch, size) for name, size in states.items()}
    state, outputs = list(first.values()), []
    for x_t in x:
        y, *state = step(parameters, x_t, *state)
        outputs.append(y)
    results = {"y": torch.stack(outputs), **{f"{name}_last": value for name, value in zip(states, state)}}
    weights = {name: torch.randn_like(value) for name, value in results.items()}
    loss = sum((weights[name] * value).sum() for name, value in results.items())
    sources = {"x": x, **{f"{name}0": value for name, value in first.items()}, **parameters}
    gradients = torch.autograd.grad(loss, list(sources.values()))
    named = lambda name: name.replace("/", ".")
    save(case, **results, **{f"weight_of_{name}": value for name, value in weights.items()})
    save(case, **{named(name): value for name, value in sources.items()})
    save(case, **{f"grad_{named(name)}": value for name, value in zip(sources, gradients)})


def gates(*names, hidden=5, state=5):
    sizes = {"W": (4, hidden), "U": (state, hidden), "b": (hidden,)}
    return {f"{name}/{part}": shape for name in names for part, shape in sizes.items()}


def gate(p, name, x, h):
    return x @ p[f"{name}/W"] + h @ p[f"{name}/U"] + p[f"{name}/b"]


def lstm_variant(case, peepholes=False, coupled=False, normalised=False, projected=0):
    names = ["input", "forget", "candidate", "output"][coupled:]
    h_size = projected or 5
    shapes = gates(*names, state=h_size)
    if peepholes:
        shapes.update({f"{name}/peephole": (5,) for name in names if name != "candidate"})
    if normalised:
        shapes.update({f"{name}_norm/scale": (5 * len(names),) for name in ("input", "state")})
        shapes.update({"memory_norm/scale": (5,), "memory_norm/shift": (5,)})
    if projected:
        shapes["projection"] = (5, projected)
    norm = lambda value: torch.nn.functional.layer_norm(value, value.shape[-1:])

    def step(p, x, h, c):
        if normalised:
            of_x, of_h = (torch.cat([v @ p[f"{n}/{part}"] for n in names], 1) for v, part in ((x, "W"), (h, "U")))
            bias = torch.cat([p[f"{n}/b"] for n in names])
            all_sums = norm(of_x) * p["input_norm/scale"] + norm(of_h) * p["state_norm/scale"] + bias
            sums = dict(zip(names, all_sums.chunk(len(names), 1)))
        else:
            sums = {n: gate(p, n, x, h) for n in names}
        seen = lambda name, memory: sums[name] + (p[f"{name}/peephole"] * memory if peepholes else 0)
        f = torch.sigmoid(seen("forget", c))
        i = 1 - f if coupled else torch.sigmoid(seen("input", c))
        c = f * c + i * torch.tanh(sums["candidate"])
        o = torch.sigmoid(seen("output", c))
        shown = norm(c) * p["memory_norm/scale"] + p["memory_norm/shift"] if normalised else c
        h = o * torch.tanh(shown)
        if projected:
            h = h @ p["projection"]
        return h, h, c

    cell(case, shapes, step, {"h": h_size, "c": 5})


def cells():
    lstm_variant("lstm_peepholes", peepholes=True)
    lstm_variant("lstm_coupled", coupled=True)
    lstm_variant("lstm_normalised", normalised=True)
    lstm_variant("lstm_all", peepholes=True, coupled=True, normalised=True, projected=3)

    def mgu(p, x, h):
        f = torch.sigmoid(gate(p, "forget", x, h))
        h = (1 - f) * h + f * torch.tanh(gate(p, "candidate", x, f * h))
        return h, h

    cell("mgu", gates("forget", "candidate"), mgu, {"h": 5})
    independent = {"input/weight": (4, 5), "input/bias": (5,), "u": (5,)}
    for case, activation in ("indrnn", torch.relu), ("indrnn_linear", lambda value: value):

        def indrnn(p, x, h):
            h = activation(x @ p["input/weight"] + p["input/bias"] + p["u"] * h)
            return h, h

        cell(case, independent, indrnn, {"h": 5})

    def mingru(p, x, h):
        z = torch.sigmoid(x @ p["update/weight"] + p["update/bias"])
        h = (1 - z) * h + z * (x @ p["candidate/weight"] + p["candidate/bias"])
        return h, h

    linear = {f"{name}/{part}": shape for name in ("update", "candidate") for part, shape in
              (("weight", (4, 5)), ("bias", (5,)))}
    cell("mingru", linear, mingru, {"h": 5})

    def layer_norm(p, x, h):
        return torch.nn.functional.layer_norm(x, (4,), p["scale"], p["shift"]), h

    cell("layer_norm", {"scale": (4,), "shift": (4,)}, layer_norm, {"h": 1})


def main():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    recurrent("lstm", torch.nn.LSTM(4, 5), ["h", "c"])
    recurrent("rnn_tanh", torch.nn.RNN(4, 5, nonlinearity="tanh"), ["h"])
    recurrent("rnn_relu", torch.nn.RNN(4, 5, nonlinearity="relu"), ["h"])
    losses()
    trajectory("sgd", lambda parameters: torch.optim.SGD(parameters, lr=0.1))
    trajectory("momentum", lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9))
    trajectory("adam", lambda parameters: torch.optim.Adam(parameters, lr=0.05, betas=(0.8, 0.95), eps=1e-6))
    trajectory("clipped", lambda parameters: torch.optim.SGD(parameters, lr=0.3), largest_norm=2.5)
    recurrent("gru_after", GRU(4, 5, reset_after=True), ["h"])
    recurrent("gru_before", GRU(4, 5, reset_after=False), ["h"])
    deep("lstm_deep", torch.nn.LSTM(4, 5, num_layers=2))
    deep("lstm_both", torch.nn.LSTM(4, 5, num_layers=2, bidirectional=True))
    deep("lstm_projected", torch.nn.LSTM(4, 5, num_layers=2, bidirectional=True, proj_size=3))
    deep("rnn_both", torch.nn.RNN(4, 5, num_layers=2, bidirectional=True))
    more_losses()
    optimisers = torch.optim
    trajectory("nesterov", lambda p: optimisers.SGD(p, lr=0.1, momentum=0.9, nesterov=True))
    trajectory("decayed", lambda p: optimisers.SGD(p, lr=0.1, weight_decay=0.05))
    trajectory("adamw", lambda p: optimisers.AdamW(p, lr=0.05, weight_decay=0.1))
    trajectory("rmsprop", lambda p: optimisers.RMSprop(p, lr=0.02, alpha=0.9, momentum=0.5))
    trajectory("adagrad", lambda p: optimisers.Adagrad(p, lr=0.1))
    trajectory("adadelta", lambda p: optimisers.Adadelta(p, lr=0.5))
    rates = torch.optim.lr_scheduler

    def scheduled(optimiser):
        """Steps its schedule after each of its own."""
        warm = rates.LinearLR(optimiser, start_factor=1 / 4, end_factor=1, total_iters=3)
        cosine = rates.CosineAnnealingLR(optimiser, T_max=10, eta_min=0.01)
        both = rates.SequentialLR(optimiser, [warm, cosine], milestones=[4])
        step, lasting = optimiser.step, []
        def stepped():
            step()
            lasting.append(optimiser.param_groups[0]["lr"])
            # Stays at the end, where PyTorch's would go up again.
            if len(lasting) <= 14:
                both.step()
        optimiser.step = stepped
        return optimiser

    trajectory("scheduled", lambda p: scheduled(optimisers.SGD(p, lr=0.3)))
    deep("gru_both", DeepGRU())
    deep("lstm_one_layer", torch.nn.LSTM(4, 5, bidirectional=True))
    trajectory("rmsprop_plain", lambda p: optimisers.RMSprop(p, lr=0.02, alpha=0.9))

    def decayed(optimiser):
        rate = rates.StepLR(optimiser, step_size=4, gamma=0.5)
        step = optimiser.step
        optimiser.step = lambda: (step(), rate.step())
        return optimiser

    trajectory("step_decay", lambda p: decayed(optimisers.SGD(p, lr=0.3)))
    cells()
    ctc_with_last_blank()


main()
