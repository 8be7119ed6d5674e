"""Layers in either storage format, as an update sees them."""

import itertools

import numpy as np
import torch
from torch import nn

from netsci_dst.methods import method
from netsci_dst.topology import Population
from netsci_dst.training.evolution.clock import Clock
from netsci_dst.training.evolution.draws import Draws
from netsci_dst.training.evolution.engine import Engine
from netsci_dst.training.evolution.layer import EvolvingLayer
from netsci_dst.training.evolution.link_list import LinkList
from netsci_dst.training.evolution.stack import Stack
from netsci_dst.training.evolution.work import LayerUpdate
from netsci_dst.training.wiring import Wiring
from tests.support.sparse import sparsified


def chain(
    sizes, matrices, backend, name="set", heads=1, optimizer=None, seed=0, final=None, **options
):
    """An engine of a chain of linear layers whose weights are given matrices, 0 where no link."""
    model = nn.Sequential(*(nn.Linear(a, b, False) for a, b in itertools.pairwise(sizes))).double()
    keys = {}
    for i, matrix in enumerate(matrices):
        model[i].weight.data = torch.from_numpy(np.ascontiguousarray(matrix.T))
        keys[str(i)] = torch.from_numpy(np.flatnonzero(matrix))
    found = sparsified(model, list(keys), backend, keys)
    names = ["input", *(f"h{i}" for i in range(1, len(sizes) - 1)), "output"]
    roles = ["input", *["hidden"] * (len(sizes) - 2), "output"]
    wiring = Wiring(
        tuple(Population(*facts) for facts in zip(names, sizes, roles)),
        {str(i): (names[i], names[i + 1]) for i in range(len(sizes) - 1)},
    )
    layers = [
        EvolvingLayer(
            n,
            layer,
            layer.n_links,
            layer.n_links if final is None else round(final * layer.n_possible),
            heads=heads,
        )
        for n, layer in found.items()
    ]
    clock = Clock(options.pop("total_steps", 1000), 10)
    optimizer = optimizer(model.parameters()) if optimizer else None
    return model, Engine(layers, wiring, method(name, **options), clock, optimizer, seed)


def random_matrices(sizes, density, seed=0):
    """Matrices of random weights of which a share is not zero."""
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=(a, b)) * (rng.random((a, b)) < density)
        for a, b in itertools.pairwise(sizes)
    ]


def work(matrix, backend, gradient=None, step=0, seed=0, layer_name="layer"):
    """One layer during an update, in a format, with a gradient at every position."""
    _, engine = chain(matrix.shape, [matrix], backend, seed=seed)
    (each,) = engine.layers
    layer = each.parameter
    if gradient is not None:
        layer.capture = True
        dense = torch.from_numpy(gradient)
        own = dense.reshape(-1)[layer.keys]
        if backend == "masked":
            layer.weight.grad = layer.scatter(own)
            layer.store.captured = dense.t().contiguous()
        else:
            layer.weight.grad = own
            layer.module._captured = [(dense, torch.eye(matrix.shape[1], dtype=torch.float64))]
        each.momentum = dense
    update = LayerUpdate(each, 0, layer.n_links)
    draws = Draws(seed, step)
    if backend == "masked":
        return Stack(engine._groups[0], [update], draws, lambda x: x)
    return LinkList(update, draws, lambda x: x)


def at_links(of, entries):
    """What a rule says of each link, in order of keys."""
    if isinstance(of, Stack):
        return entries.expand(of.present.shape)[of._shown(of.mask)]
    return entries


def kept(of):
    """Keys of the links that are left."""
    if isinstance(of, Stack):
        return of.present[0].reshape(-1).nonzero().flatten()
    return of.kept_keys


def grown(of):
    """Keys of the links that have come."""
    if isinstance(of, Stack):
        return of.form.logical(of.new)[0].reshape(-1).nonzero().flatten()
    return of.new_keys
