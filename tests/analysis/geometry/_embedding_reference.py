"""The direct dense route of coalescent embedding and of its measures, for comparison."""

import networkx as nx
import numpy as np
from scipy.linalg import eigh, svd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra


def adjacency(graph):
    return nx.to_numpy_array(graph, weight=None)


def lengths(a, rule, graph=None):
    """Dense link lengths, straight from the formulas of the paper."""
    d = a.sum(axis=1)
    common = a @ a
    if rule == "none":
        return a.copy()
    if rule == "RA1":
        return a * (d[:, None] + d[None] + d[:, None] * d[None]) / (1 + common)
    if rule == "RA2":
        e = d[:, None] - common - 1
        return a * (1 + e + e.T + e * e.T) / (1 + common)
    out = np.zeros_like(a)
    for (u, v), value in nx.edge_betweenness_centrality(graph, normalized=False).items():
        out[u, v] = out[v, u] = value
    return out


def shortest(w):
    found = dijkstra(csr_array(w), directed=False)
    return np.maximum(found, found.T)


def tree(w):
    """Kruskal over links listed by lower, then higher end, ties in that order."""
    n = len(w)
    links = sorted((w[i, j], i, j) for i in range(n) for j in range(i + 1, n) if w[i, j] > 0)
    group = list(range(n))
    out = np.zeros_like(w)
    for value, i, j in links:
        if group[i] != group[j]:
            old, new = group[j], group[i]
            group = [new if g == old else g for g in group]
            out[i, j] = out[j, i] = value
    return out


def centre(kernel):
    n = len(kernel)
    j = np.eye(n) - np.ones((n, n)) / n
    return -0.5 * (j @ kernel**2 @ j)


def coordinates(w, reduction, dimensions):
    if reduction == "LE":
        st = w[np.triu_indices(len(w), 1)]
        st = st[st > 0].mean()
        heat = np.where(w > 0, np.exp(-((w / st) ** 2)), 0.0)
        degree = np.diag(heat.sum(axis=1))
        _, f = eigh(degree - heat, degree)
        return f[:, 1 : 1 + dimensions]
    kernel = shortest(tree(w) if reduction.endswith("MCE") else w)
    centred = not reduction.startswith("nc")
    if centred:
        kernel = centre(kernel)
    if reduction.endswith("MCE"):
        dimensions = 1
    skip = 0 if centred else 1
    _, s, vt = svd(kernel)
    return (np.sqrt(s)[:, None] * vt).T[:, skip : skip + dimensions]


def radii(degrees, gamma):
    n = len(degrees)
    beta = 1 / (gamma - 1)
    order = sorted(range(n), key=lambda i: (-degrees[i], i))
    out = np.zeros(n)
    for rank, node in enumerate(order, start=1):
        out[node] = max(0.0, 2 * beta * np.log(rank) + 2 * (1 - beta) * np.log(n))
    return out


def same_circle(a, b, tolerance):
    """Whether two sets of angles agree up to rotation and reflection."""
    best = np.inf
    for sign in (1, -1):
        shift = np.angle(np.exp(1j * (a - sign * b)).sum())
        best = min(best, np.abs(np.angle(np.exp(1j * (a - sign * b - shift)))).max())
    return best < tolerance, best


def ranks(theta):
    out = np.empty(len(theta), int)
    out[np.argsort(theta, kind="stable")] = np.arange(len(theta))
    return out


def same_order(a, b):
    """Whether two sets of angles have the same cyclic order up to reflection."""
    n = len(a)
    x, y = ranks(a), ranks(b)
    return len(set((x - y) % n)) == 1 or len(set((x + y) % n)) == 1
