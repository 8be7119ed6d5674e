"""Neurons of positions, for every way in which a weight can lie, against the view's own keys."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci_dst.training.evolution import group
from netsci_dst.training.evolution.form import form_of
from netsci_dst.training.evolution.layer import EvolvingLayer
from netsci_dst.training.matrix_view import MatrixView
from tests.support.sparse import sparsified

from ._layers import chain, random_matrices

MODULES = {
    "linear": (nn.Linear(6, 4), "0"),
    "convolution": (nn.Conv2d(4, 6, (2, 3)), "0"),
    "grouped convolution": (nn.Conv2d(4, 6, 3, groups=2), "0"),
    "transposed convolution": (nn.ConvTranspose2d(6, 4, 2), "0"),
    "grouped transposed convolution": (nn.ConvTranspose1d(6, 4, 3, groups=2), "0"),
    "gates": (nn.LSTM(5, 3), "0.weight_ih_l0"),
    "recurrent gates": (nn.GRU(5, 3), "0.weight_hh_l0"),
    "embedding": (nn.Embedding(7, 5), "0"),
    "packed values": (nn.MultiheadAttention(8, 2), "0.v"),
}


def parameter(kind):
    module, name = MODULES[kind]
    return sparsified(nn.Sequential(module), [name])[name]


@pytest.mark.parametrize("kind", MODULES)
def test_neurons_are_those_of_the_keys(kind):
    layer = parameter(kind)
    form = form_of(EvolvingLayer("x", layer, layer.n_links, layer.n_links))
    view: MatrixView = layer.view
    rng = np.random.default_rng(0)
    for density in (0.0, 0.03, 0.2, 1.0):
        links = torch.from_numpy(rng.random((3, view.n_source, view.n_target)) < density)
        sources, targets = form.sources_of(links), form.targets_of(links)
        assert (sources.shape[1], targets.shape[1]) == view.neurons
        for one, has_out, has_in in zip(links, sources, targets):
            u, v = view.endpoints(one.reshape(-1).nonzero().flatten())
            assert set(has_out.nonzero().flatten().tolist()) == set(u.tolist())
            assert set(has_in.nonzero().flatten().tolist()) == set(v.tolist())


@pytest.mark.parametrize("kind", MODULES)
def test_what_is_said_of_neurons_reaches_their_positions(kind):
    layer = parameter(kind)
    form = form_of(EvolvingLayer("x", layer, layer.n_links, layer.n_links))
    u, v = layer.view.endpoints(torch.arange(layer.n_possible))
    shape = (2, layer.n_source, layer.n_target)
    for at, ends, size in zip((form.at_sources, form.at_targets), (u, v), layer.view.neurons):
        said = torch.rand(2, size) < 0.5
        found = at(said).expand(shape)
        assert torch.equal(found.reshape(2, -1), said[:, ends])


@pytest.mark.parametrize("kind", ["linear", "embedding"])
@pytest.mark.parametrize("heads", [1, 2])
def test_heads_and_back(kind, heads):
    module = nn.Linear(5, 6) if kind == "linear" else nn.Embedding(5, 6)
    layer = sparsified(nn.Sequential(module), ["0"])["0"]
    form = form_of(EvolvingLayer("x", layer, 30, 30, heads=heads))
    stored = torch.arange(3 * 30).view(3, *form.stored)
    units = form.units(stored)
    assert torch.equal(form.layers(units), stored)
    by_layer = form.logical(stored)
    for i, unit in enumerate(form.logical(units)):
        low = (i % heads) * form.width
        assert torch.equal(unit, by_layer[i // heads][:, low : low + form.width])
    positions = form.positions(torch.device("cpu"))
    keys = torch.arange(5 * form.width).view(5, form.width)
    assert torch.equal(form.logical(positions), keys)


@pytest.mark.parametrize("method", ["set", "chts", "chtss"])
@pytest.mark.parametrize("heads", [1, 2])
def test_chunks_and_heads_choose_what_lists_choose(method, heads, monkeypatch):
    sizes = [10, 8, 8, 8, 3]
    matrices = random_matrices(sizes[:-1], 0.4)
    options = {"initialiser": "uniform", "total_steps": 60}
    if method == "chtss":
        options |= {"initial_sparsity": 0.4, "final": 0.2}
    found = []
    for form, chunk in (("csr", 2**26), ("masked", 2**26), ("masked", 64)):
        monkeypatch.setattr(group, "CHUNK", chunk)
        _, engine = chain(sizes, matrices, form, method, heads=heads, **options)
        rows = engine.update(10) + engine.update(20)
        found.append(
            [
                (row["links"], row["removed"], row["percolated"], row["overlap"], row["itop"])
                for row in rows
            ]
            + [layer.parameter.keys.tolist() for layer in engine.layers]
        )
        assert len(engine._groups) == {"csr": 0, "masked": 2 if chunk > 64 else 3}[form]
    assert found[0] == found[1] == found[2]
