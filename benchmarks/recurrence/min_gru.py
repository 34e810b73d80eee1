"""A minGRU of 64 sequences, 256 inputs and units, 1000 steps in JAX: median milliseconds of a loss with its
gradients, by associative_scan and by scan."""

import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

STEPS, BATCH, SIZE = 1000, 64, 256


def gates(weights, x):
    z = jax.nn.sigmoid(x @ weights["update"] + weights["update_bias"])
    return 1 - z, z * (x @ weights["candidate"] + weights["candidate_bias"])


def by_associative_scan(weights, x):
    _, h = jax.lax.associative_scan(lambda l, r: (l[0] * r[0], r[0] * l[1] + r[1]), gates(weights, x))
    return jnp.sum(h * h)


def by_scan(weights, x):
    def step(h, factors):
        h = factors[0] * h + factors[1]
        return h, h

    _, h = jax.lax.scan(step, jnp.zeros((BATCH, SIZE)), gates(weights, x))
    return jnp.sum(h * h)


def milliseconds(run):
    start = time.perf_counter()
    jax.block_until_ready(run())
    return 1e3 * (time.perf_counter() - start)


def main():
    random = np.random.default_rng(1)
    x = jnp.asarray(random.random((STEPS, BATCH, SIZE)) - 0.5, jnp.float32)
    matrix = lambda: jnp.asarray(0.06 * random.standard_normal((SIZE, SIZE)), jnp.float32)
    weights = {"update": matrix(), "candidate": matrix()}
    weights.update(update_bias=jnp.zeros(SIZE), candidate_bias=jnp.zeros(SIZE))
    for loss in by_associative_scan, by_scan:
        gradients = jax.jit(jax.grad(loss, argnums=(0, 1)))
        run = lambda: gradients(weights, x)
        milliseconds(run)
        print(statistics.median(milliseconds(run) for _ in range(7)), flush=True)


main()
