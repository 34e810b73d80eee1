"""Writes the files of reference values that tests/references.h reads. A case is

    case <tolerance> <operation> <parameters>
    in|out|gradient|second <element type> [<shape>] <elements>, once for each array

The tolerance is "bits" (also the sign of a zero), or "own:n" or "largest:n": n times the machine epsilon,
relative to the element itself or to the largest one of the array."""

import numpy as np


def text(value):
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(str, value)) + "]"
    return str(value)


def array_text(array):
    array = np.asarray(array)
    # Shortest decimals that read back as the same number.
    elements = [str(int(e)) if array.dtype == bool else str(e).removesuffix(".0") for e in array.flatten()]
    return " ".join([array.dtype.name, text(array.shape), *elements])


class Writer:
    def __init__(self, path):
        self.file = open(path, "w")

    def case(self, within, name, parameters, inputs, outputs, gradients=(), seconds=()):
        print("case", within, name, *map(text, parameters), file=self.file)
        for kind, arrays in ("in", inputs), ("out", outputs), ("gradient", gradients), ("second", seconds):
            for array in arrays:
                print(kind, array_text(array), file=self.file)
