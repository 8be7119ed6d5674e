"""What a model may be, what it is left as, and how a wiring is shown."""

import random

import networkx
import numpy as np
import pytest
import torch
from torch import nn

import netsci_dst as nd
from netsci_dst.errors import TopologyError
from netsci_dst.training import wiring
from netsci_dst.training.matrix_view import block, every_view, views_of

pytestmark = pytest.mark.torch


def chain():
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


CHAIN = {"0": ("input", "0"), "3": ("0", "output")}


def compiled(model):
    return torch.compile(model, backend="eager")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "wrap", [nn.DataParallel, compiled, lambda m: compiled(nn.DataParallel(m))]
)
def test_wrapped_models_are_followed_inside(wrap):
    assert wiring.of(wrap(chain()), torch.randn(2, 6)).layers == CHAIN


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_models_of_other_precision(dtype):
    found = wiring.of(chain().to(dtype), torch.randn(2, 6, dtype=dtype))
    assert found.layers == CHAIN


def test_the_model_is_left_as_it_was():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.drop = chain(), nn.Dropout()
            self.register_buffer("seen", torch.zeros(1))

        def forward(self, x):
            self.seen += 1
            torch.rand(1), random.random(), np.random.rand()
            return self.inner(self.drop(x))

    model = Counting()
    model.inner[3].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    wiring.of(model, torch.randn(2, 6, generator=torch.Generator().manual_seed(0)))
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert model.training
    assert not model.inner[3].training
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    assert states[2] == np.random.get_state()[1].tolist()
    assert hooks == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    assert torch.backends.mha.get_fastpath_enabled()


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 7), nn.Linear(5, 7)

    def forward(self, left, right=None):
        return {"out": self.a(left) + self.b(right)}


@pytest.mark.parametrize("form", ["tuple", "dict", "list"])
def test_an_example_may_have_several_parts(form):
    left, right = torch.randn(2, 4), torch.randn(2, 5)
    example = {
        "tuple": (left, right), "list": [left, right], "dict": {"left": left, "right": right},
    }[form]  # fmt: skip
    found = wiring.of(Named(), example)
    assert found.layers == {"a": ("input", "output"), "b": ("right", "output")}
    assert {p.name: p.role for p in found.populations}["output"] == "residual"


def test_the_next_forward_pass_gives_the_example():
    model, found = Named(), []
    wiring.follow_next_forward(model, found.append)
    x = torch.randn(2, 4), torch.randn(2, 5)
    model(x[0], right=x[1])
    model(x[0], right=x[1])
    assert len(found) == 1
    assert found[0].layers == {"a": ("input", "output"), "b": ("right", "output")}
    handle = wiring.follow_next_forward(model, found.append)
    handle.remove()
    model(*x)
    assert len(found) == 1


def test_a_model_is_refused_only_when_nothing_can_be_sparse():
    with pytest.raises(TopologyError, match="nothing in this Sequential can be sparse"):
        wiring.of(nn.Sequential(nn.ReLU(), nn.LayerNorm(4)), torch.randn(2, 4))
    with pytest.raises(TopologyError, match=r"fails on the example input .*give a batch"):
        wiring.of(chain(), torch.randn(2, 7))


def test_weights_that_are_normalised_are_known_by_the_parameter_that_has_their_zeros():
    parametrizations = nn.utils.parametrizations
    model = nn.Sequential(
        parametrizations.weight_norm(nn.Linear(6, 5)),
        nn.Tanh(),
        parametrizations.spectral_norm(nn.Linear(5, 4)),
    )
    found = wiring.of(model, torch.randn(2, 6))
    assert found.layers == {"0": ("input", "0"), "2": ("0", "output")}
    assert found.is_whole
    assert found.views(model)["0"].parameter == "0.parametrizations.weight.original1"


class Standardised(nn.Linear):
    def forward(self, x):
        weight = self.weight - self.weight.mean(1, keepdim=True)
        return nn.functional.linear(x, weight / weight.std(1, keepdim=True), self.bias)


def test_a_weight_whose_zeros_do_not_last_is_said_so():
    found = wiring.of(nn.Sequential(Standardised(6, 5), nn.Linear(5, 2)), torch.randn(2, 6))
    assert found.layers == {"0": ("input", "0"), "1": ("0", "output")}
    assert ["may not be zero" in each.lost for each in found.breaks] == [True]
    assert found.is_whole


def test_a_tied_embedding_is_a_layer_each_way():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = nn.Embedding(11, 6), nn.Linear(6, 11, bias=False)
            self.middle = nn.Linear(6, 6)
            self.head.weight = self.embed.weight

        def forward(self, x):
            return self.head(torch.tanh(self.middle(self.embed(x))))

    found = wiring.of(Tied(), torch.zeros(2, 3, dtype=torch.long))
    assert found.layers == {
        "embed": ("embed.tokens", "embed"),
        "middle": ("embed", "middle"),
        "head": ("middle", "output"),
    }
    assert found.sparse_names() == ["middle"]
    topology = found.topology(Tied())
    assert "embed.tokens" not in {p.name for p in topology.populations}


def test_a_wiring_is_shown_as_text_and_as_a_graph():
    found = nd.wiring(chain(), torch.randn(2, 6))
    assert str(found).splitlines() == [
        "input (6, input)",
        "  0 -> 0",
        "0 (5)",
        "  3 -> output",
        "output (3, output)",
    ]
    graph = found.to_networkx()
    assert networkx.is_directed_acyclic_graph(graph)
    assert graph.nodes["0"] == {"size": 5, "role": "hidden", "combine": "all"}
    assert list(graph.edges(keys=True)) == [("input", "0", "0"), ("0", "output", "3")]
    assert '"input" -> "0" [label="0"];' in found.to_graphviz()


MODULES = [
    nn.Linear(6, 8), nn.Conv2d(6, 8, 3), nn.ConvTranspose2d(6, 8, 3), nn.Conv1d(6, 8, 3),
    nn.Embedding(6, 8),
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda m: type(m).__name__)
def test_blocks_of_a_weight_tile_it(module):
    view = views_of(module)["weight"]
    weight = torch.arange(module.weight.numel(), dtype=torch.float).reshape(module.weight.shape)
    whole = view.matrix(weight)
    sources, targets = view.neurons
    n_in, n_out = view.n_source // sources, view.n_target // targets
    for s in ((0, 2), (2, sources)):
        for t in ((0, 3), (3, targets)):
            s0, s1, t0, t1 = s[0] * n_in, s[1] * n_in, t[0] * n_out, t[1] * n_out
            part = block(view, (s0, s1), (t0, t1))
            assert torch.equal(part.matrix(weight), whole[s0:s1, t0:t1])
            assert part.matrix(weight).untyped_storage().data_ptr() == weight.data_ptr()
            assert part.neurons == (s[1] - s[0], t[1] - t[0])


def test_blocks_of_a_grouped_convolution_are_whole_groups():
    module = nn.Conv2d(6, 9, 3, groups=3)
    view = every_view(module)["weight"]
    part = block(view, None, (3, 9))
    assert part.groups == 2
    assert part.neurons == (4, 6)
    assert part.matrix(module.weight).shape == (18, 6)
