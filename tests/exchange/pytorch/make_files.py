#!/usr/bin/env python3
"""Models trained in PyTorch for a few steps, as files beside this script: NAME.safetensors holds a state_dict,
NAME.values.safetensors an input x [time, batch, 3] and what the model makes of it, y.

Needs torch, numpy and safetensors. With --check FOLDER it reads files of the same names that Reel wrote into
FOLDER back, strictly, and compares what their models make of x; the test pytorch_reads does so (test.cmake).
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent
INPUTS = 3


class Tagger(torch.nn.Module):
    """Symbols through an embedding, an LSTM and a normalisation to scores."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(7, INPUTS)
        self.encoder = torch.nn.LSTM(INPUTS, 4)
        self.norm = torch.nn.LayerNorm(4)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.norm(self.encoder(self.embedding(x))[0]))


class Steps(torch.nn.Module):
    """Cells of single steps, one on the other, over a sequence."""

    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.RNNCell(INPUTS, 4)
        self.lstm = torch.nn.LSTMCell(4, 4)
        self.gru = torch.nn.GRUCell(4, 4)

    def forward(self, x):
        a = b = c = g = torch.zeros(x.shape[1], 4)
        outputs = []
        for step in x:
            a = self.rnn(step, a)
            b, c = self.lstm(a, (b, c))
            g = self.gru(b, g)
            outputs.append(g)
        return torch.stack(outputs)


def models():
    recurrent = torch.nn.modules.rnn
    yield "rnn_tanh", recurrent.RNN(INPUTS, 4)
    yield "rnn_relu", recurrent.RNN(INPUTS, 4, nonlinearity="relu")
    yield "lstm", recurrent.LSTM(INPUTS, 4)
    yield "lstm_square", recurrent.LSTM(INPUTS, INPUTS)
    yield "lstm_projected", recurrent.LSTM(INPUTS, 4, num_layers=2, proj_size=2, bidirectional=True)
    yield "lstm_deep", recurrent.LSTM(INPUTS, 4, num_layers=3)
    yield "gru", recurrent.GRU(INPUTS, 4)
    yield "gru_both", recurrent.GRU(INPUTS, 4, num_layers=2, bidirectional=True)
    yield "tagger", Tagger()
    yield "rnn_both", recurrent.RNN(INPUTS, 4, num_layers=2, nonlinearity="relu", bidirectional=True)
    yield "steps", Steps()


def output(model, x):
    result = model(x)
    return result[0] if isinstance(result, tuple) else result


def train(model, x):
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    target = torch.randn_like(output(model, x))
    for _ in range(30):
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(output(model, x), target).backward()
        optimiser.step()


def make():
    for name, model in models():
        x = torch.randint(0, 7, (6, 2)) if name == "tagger" else torch.randn(6, 2, INPUTS)
        train(model, x)
        save_file(model.state_dict(), HERE / f"{name}.safetensors")
        with torch.no_grad():
            values = {"x": x, "y": output(model, x).contiguous()}
        save_file(values, HERE / f"{name}.values.safetensors")


def check(folder):
    for name, model in models():
        model.load_state_dict(load_file(folder / f"{name}.safetensors"))
        values = load_file(HERE / f"{name}.values.safetensors")
        with torch.no_grad():
            worst = (output(model, values["x"]) - values["y"]).abs().max().item()
        print(f"{name:16} differs by at most {worst:.1e}")
        if not worst < 1e-6:
            sys.exit(f"{name} gives other outputs")


if __name__ == "__main__":
    torch.manual_seed(1)
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]))
    else:
        make()
