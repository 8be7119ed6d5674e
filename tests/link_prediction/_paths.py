"""The definitions, spelled out path by path: slow, and independent of the package."""

import itertools
import math

import numpy as np


def brute_force(adjacency, kind):
    """Scores by enumeration of all paths of length three between the ends of each absent link."""
    a = np.asarray(adjacency) != 0
    inputs = [set(np.flatnonzero(a[:, v])) for v in range(a.shape[1])]
    outputs = [set(np.flatnonzero(a[u])) for u in range(a.shape[0])]
    scores = np.zeros(a.shape)
    for u, v in itertools.product(*map(range, a.shape)):
        if not a[u, v]:
            scores[u, v] = _score(u, v, inputs, outputs, kind)
    return scores


def _score(u, v, inputs, outputs, kind):
    paths = [(z1, z2) for z1 in outputs[u] for z2 in inputs[v] if z2 in inputs[z1]]
    near_target = {z1 for z1, _ in paths}
    near_source = {z2 for _, z2 in paths}
    internal, external, degree = {}, {}, {}
    for z1 in near_target:
        internal["t", z1] = len(inputs[z1] & near_source)
        external["t", z1] = len(inputs[z1] - near_source - {u})
        degree["t", z1] = len(inputs[z1])
    for z2 in near_source:
        internal["s", z2] = len(outputs[z2] & near_target)
        external["s", z2] = len(outputs[z2] - near_target - {v})
        degree["s", z2] = len(outputs[z2])
    neighbours = list(internal)
    if kind == "ch2_l3n":
        return math.fsum((1 + internal[z]) / (1 + external[z]) for z in neighbours)
    if kind == "ch3_l3n":
        return math.fsum(1 / (1 + external[z]) for z in neighbours)
    terms = []
    for z1, z2 in paths:
        x, y = ("t", z1), ("s", z2)
        outside = (1 + external[x]) * (1 + external[y])
        inside = (1 + internal[x]) * (1 + internal[y])
        terms.append(
            {
                "ch3_l3p": 1 / math.sqrt(outside),
                "ch2_l3p": math.sqrt(inside / outside),
                "ra_l3": 1 / math.sqrt(degree[x] * degree[y]),
                "cn_l3": 1.0,
            }[kind]
        )
    return math.fsum(terms)


def ranks(scores):
    """Dense ranks in which sums that differ by less than rounding errors tie."""
    flat = np.sort(scores.ravel())
    step = np.diff(flat) > 1e-9 * np.maximum(flat[1:], 1e-300)
    group = np.concatenate([[0], np.cumsum(step)])
    return group[np.searchsorted(flat, scores.ravel())].reshape(scores.shape)


def random_layer(rng, shape, density):
    """A random layer of zeros and ones, int64."""
    return (rng.random(shape) < density).astype(int)
