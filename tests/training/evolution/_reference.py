"""A topology update spelled out link by link in plain Python: slow, and independent of the package.

It shares the random numbers alone, whose definition it repeats.
"""

import math
import statistics

import numpy as np

from tests.link_prediction._paths import brute_force

FACTORS = (0x7FEB352D, 0x846CA68B, 0x9E3779B1)
WORD = 2**32


def number(key, pair):
    """The random number of a key: the hash, with whole numbers of any size."""
    x = (key * FACTORS[0] + pair[0]) % WORD
    x ^= x >> 16
    x = (x * FACTORS[1] + pair[1]) % WORD
    x ^= x >> 15
    return x * FACTORS[2] % WORD


def uniform(key, pair):
    return (number(key, pair) + 0.5) / WORD


class Layer:
    """One layer: weights, links, and what rules read."""

    def __init__(self, weights, present, gradient, momentum, history, pairs):
        self.w, self.present = weights, set(present)
        self.gradient, self.momentum, self.history = gradient, momentum, history
        self.pairs = pairs
        self.shape = weights.shape
        self.before = set(present)
        self.new = set()

    @property
    def keys(self):
        return [(u, v) for u in range(self.shape[0]) for v in range(self.shape[1])]

    def key(self, link):
        return link[0] * self.shape[1] + link[1]

    def chance(self, link, purpose):
        return number(self.key(link), self.pairs[purpose])

    def ring(self, link, score, exponent, purpose):
        """When an exponential clock of rate score ** exponent rings, as a logarithm."""
        if score <= 0:
            return math.inf
        u = uniform(self.key(link), self.pairs[purpose])
        return math.log(-math.log1p(-u)) - exponent * math.log(score)

    def best(self, among, score, k, purpose, exponent=math.inf):
        """The k best: the largest, ties by chance; or those whose clocks ring first."""
        if exponent == math.inf:
            order = sorted(among, key=lambda e: (-score(e), -self.chance(e, purpose)))
        else:
            order = sorted(
                among,
                key=lambda e: (
                    self.ring(e, score(e), exponent, purpose),
                    -self.chance(e, purpose),
                ),
            )
        return set(order[:k])

    def removal_score(self, name):
        a = np.where(self._mask(), np.abs(self.w), 0.0)
        if name == "magnitude":
            return lambda e: abs(self.w[e])
        if name == "mest":
            return lambda e: abs(self.w[e]) + 0.01 * abs(self.gradient[e])
        assert name == "relative_importance"
        into, out = a.sum(0), a.sum(1)
        return lambda e: a[e] / into[e[1]] + a[e] / out[e[0]]

    def _mask(self):
        mask = np.zeros(self.shape, dtype=bool)
        for link in self.present:
            mask[link] = True
        return mask

    def regrowth_score(self, name):
        if name == "gradient":
            return lambda e: abs(self.gradient[e])
        if name == "momentum":
            return lambda e: abs(self.momentum[e])
        # Scores that are equal on paper tie.
        scores = brute_force(self._mask(), name)
        return lambda e: float(f"{scores[e]:.9e}")


def percolate(layers):
    """Two rounds over the hidden neurons of a chain whose last, dense layer is not listed."""
    for order in (range(len(layers) - 1, -1, -1), range(len(layers))):
        for i in order:
            into = layers[i]
            out = layers[i + 1] if i + 1 < len(layers) else None
            for neuron in range(into.shape[1]):
                reached = any(v == neuron for _, v in into.present)
                heard = out is None or any(u == neuron for u, _ in out.present)
                if not (reached and heard):
                    into.present = {e for e in into.present if e[1] != neuron}
                    if out is not None:
                        out.present = {e for e in out.present if e[0] != neuron}


def alive(layers, i):
    """Sources and targets of layer i that have links on all their sides."""
    layer = layers[i]
    sources = {u for u, _ in layer.present}
    if i > 0:
        sources &= {v for _, v in layers[i - 1].present}
    targets = {v for _, v in layer.present}
    if i + 1 < len(layers):
        targets &= {u for u, _ in layers[i + 1].present}
    return sources, targets


def regrow(layers, i, n, name, exponent, purpose):
    """The n links that come to layer i."""
    layer = layers[i]
    absent = [e for e in layer.keys if e not in layer.present]
    if name == "random":
        return layer.best(absent, lambda e: 0.0, n, purpose)
    score = layer.regrowth_score(name)
    positive = [e for e in absent if score(e) > 0]
    chosen = layer.best(positive, score, n, purpose, exponent)
    sources, targets = alive(layers, i)
    rest = [e for e in absent if e not in chosen]
    inside = [e for e in rest if e[0] in sources and e[1] in targets]
    chosen |= layer.best(inside, lambda e: 0.0, n - len(chosen), purpose)
    outside = [e for e in rest if e not in chosen]
    return chosen | layer.best(outside, lambda e: 0.0, n - len(chosen), purpose)


def new_weight(layer, link, name, purpose):
    """The weight of a link that has come."""
    if name == "zero":
        return 0.0
    if name == "historical":
        return layer.history[link]
    assert name == "swi"
    share = len(layer.present | layer.new) / (layer.shape[0] * layer.shape[1])
    normal = statistics.NormalDist().inv_cdf(uniform(layer.key(link), layer.pairs[purpose]))
    return normal * math.sqrt(2) / math.sqrt(share * layer.shape[0])
