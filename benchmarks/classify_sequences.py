"""Trains the network of the example classify_sequences in PyTorch, on random events of the same shape, and prints
milliseconds a step beside those of the example. Both measure the whole training: batches drawn anew for each of
the epochs, the steps, and the loss of the events for validation after each epoch.

    python classify_sequences.py build/release/examples/classify_sequences lstm 1

The last argument is the number of threads of both. They run in turn, and the median ratio is printed with the least and
the largest. Needs torch."""

import re
import subprocess
import statistics
import sys
import tempfile
import time

import torch

BATCH, STEPS, BINS, UNITS, DENSE = 100, 10, 30, 10, 64
EVENTS, VALIDATED, EPOCHS, PAIRS = 12800, 3200, 20, 5


class Classifier(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.recurrent = getattr(torch.nn, cell.upper())(BINS, UNITS, batch_first=True)
        self.hidden = torch.nn.Linear(STEPS * UNITS, DENSE)
        self.output = torch.nn.Linear(DENSE, 1)

    def forward(self, x):
        outputs, _ = self.recurrent(x)
        return self.output(torch.tanh(self.hidden(outputs.flatten(1))))


def random_events(count):
    return torch.randn(count, STEPS, BINS), torch.randint(0, 2, (count, 1)).float()


def pytorch_ms(cell):
    torch.manual_seed(1)
    model = Classifier(cell)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = torch.nn.BCEWithLogitsLoss()
    x, y = random_events(EVENTS)
    validation_x, validation_y = random_events(VALIDATED)
    start, steps = time.perf_counter(), 0
    for _ in range(EPOCHS):
        for which in torch.randperm(EVENTS).split(BATCH):
            optimiser.zero_grad()
            loss_of(model(x[which]), y[which]).backward()
            optimiser.step()
            steps += 1
        with torch.no_grad():
            loss_of(model(validation_x), validation_y).item()
    return (time.perf_counter() - start) / steps * 1e3


def milliseconds(command):
    """Each in a process of its own: threads of the one before, spinning for a while, would be in the way."""
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"([0-9.]+) ms a step", printed).group(1))


def compare(program, cell, threads):
    with tempfile.TemporaryDirectory() as folder:
        reel = [program, "--cells", cell, "--epochs", str(EPOCHS), "--threads", threads, "--out", folder]
        pytorch = [sys.executable, __file__, "pytorch", cell, threads]
        pairs = [(milliseconds(pytorch), milliseconds(reel)) for _ in range(PAIRS)]
    ratios = sorted(p / r for p, r in pairs)
    pytorch, reel = (statistics.median(times) for times in zip(*pairs))
    print(f"{cell}, {threads} threads: PyTorch {pytorch:.3f} ms a step, Reel {reel:.3f}; "
          f"{statistics.median(ratios):.1f} [{ratios[0]:.1f}, {ratios[-1]:.1f}] times as long")


def main():
    program, cell, threads = sys.argv[1:]
    if program == "pytorch":
        torch.set_num_threads(int(threads))
        print(f"{pytorch_ms(cell):.4f} ms a step")
    else:
        compare(program, cell, threads)


if __name__ == "__main__":
    main()
