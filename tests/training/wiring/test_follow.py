"""Populations declared by models, and found by tracing models that declare none."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from netsci_dst.errors import TopologyError
from netsci_dst.topology import Population
from netsci_dst.training import wiring
from netsci_dst.training.formats import convert
from netsci_dst.training.models.mlp import mlp
from netsci_dst.training.wiring import Wiring
from tests.support.sparse import sparsified


def sizes(found):
    return {p.name: p.size for p in found.populations}


def roles(found):
    return {p.name: p.role for p in found.populations}


def test_mlp_declares_a_chain():
    model = mlp((1, 28, 28), 10, hidden=(30, 20))
    found = wiring.of(model)
    assert sizes(found) == {"input": 784, "hidden1": 30, "hidden2": 20, "output": 10}
    assert found.populations[0].shape == (28, 28)
    assert found.layers == {
        "hidden.0.linear": ("input", "hidden1"),
        "hidden.1.linear": ("hidden1", "hidden2"),
        "output": ("hidden2", "output"),
    }
    assert found.sparse_names() == ["hidden.0.linear", "hidden.1.linear"]
    assert found.outputs == {"hidden1": "hidden.0", "hidden2": "hidden.1", "output": "output"}


def test_topology_lists_sparse_layers_and_names_dense_ones():
    model = mlp((8,), 3, hidden=(6, 5))
    found = wiring.of(model)
    sparse = sparsified(
        model, found.sparse_names(), keys={"hidden.0.linear": torch.tensor([0, 47])}
    )
    topology = found.topology(model, sparse)
    assert [layer.name for layer in topology.layers] == ["hidden.0.linear", "hidden.1.linear"]
    assert topology.layer("hidden.0.linear").keys.tolist() == [0, 47]
    assert topology.layer("hidden.1.linear").n_links == 30
    assert [(d.name, d.source, d.target) for d in topology.dense] == [
        ("output", "hidden2", "output")
    ]


def test_patterns_choose_and_exclude():
    found = wiring.of(mlp((8,), 3, hidden=(6, 5)))
    assert found.sparse_names("*") == ["hidden.0.linear", "hidden.1.linear", "output"]
    assert found.sparse_names(["*", "!hidden.0*"]) == ["hidden.1.linear", "output"]
    assert found.sparse_names("!hidden.0*") == ["hidden.1.linear"]
    assert found.sparse_names([]) == []
    with pytest.raises(TopologyError, match=r"no layer matches 'fc\*'; the layers are hidden"):
        found.sparse_names("fc*")


def test_feeding_and_leaving():
    found = wiring.of(mlp((8,), 3, hidden=(6,)))
    assert found.feeding("hidden1") == ["hidden.0.linear"]
    assert found.leaving("hidden1") == ["output"]
    assert found.leaving("output") == []


def test_declarations_are_checked():
    populations = (Population("a", 4, "input"), Population("b", 3, "output"))
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    Wiring(populations, {"0": ("a", "b")}).check(model)
    for layers, word in [
        ({"1": ("a", "b")}, "ReLU"),
        ({"2": ("a", "b")}, "no module"),
        ({"0": ("b", "a")}, "joins 4 to 3"),
    ]:
        with pytest.raises(TopologyError, match=word):
            Wiring(populations, layers).check(model)
    with pytest.raises(TopologyError, match="no population"):
        Wiring(populations, {"0": ("a", "c")})
    with pytest.raises(TopologyError, match="no layer"):
        Wiring(populations, {"0": ("a", "b")}, grids={"5": 2})


def test_a_declared_wiring_may_be_an_attribute():
    model = nn.Sequential(nn.Linear(4, 3))
    populations = (Population("a", 4, "input"), Population("b", 3, "output"))
    model.wiring = Wiring(populations, {"0": ("a", "b")})
    assert wiring.of(model) is model.wiring


def test_trace_sequential_with_norm_and_dropout():
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 30),
        nn.BatchNorm1d(30),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(30, 10),
        nn.LogSoftmax(-1),
    )
    model.train()
    before = model[2].running_mean.clone()
    found = wiring.follow(model, torch.randn(2, 1, 28, 28))
    assert found.layers == {"1": ("input", "1"), "5": ("1", "output")}
    assert found.populations[0].shape == (28, 28)
    assert found.sparse_names() == ["1"]
    assert found.outputs == {"1": "4", "output": "6"}
    assert model.training
    assert torch.equal(model[2].running_mean, before)


def test_trace_needs_no_example_when_the_first_layer_is_linear():
    found = wiring.follow(nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 2)))
    assert sizes(found) == {"input": 7, "0": 5, "output": 2}
    found = wiring.follow(
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 3))
    )
    assert found.layers == {"0": ("input", "0"), "2": ("0", "output")}
    assert found.grids == {"2": 676}


def test_without_an_example_every_layer_stands_alone():
    class TwoInputs(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 4), nn.Linear(5, 4)

        def forward(self, x, y):
            return self.a(x) + self.b(y)

    found = wiring.follow(TwoInputs())
    assert found.layers == {"a": ("a.in", "a"), "b": ("b.in", "b")}
    assert [each.lost[:26] for each in found.breaks] == ["no example input was given"]
    assert found.sparse_names() == ["a", "b"]


def test_trace_flattened_channels():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 6, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(24, 10),
    )
    found = wiring.of(model, torch.randn(2, 3, 16, 16))
    assert sizes(found) == {"input": 3, "0": 8, "4": 6, "output": 10}
    assert found.grids == {"8": 4}
    assert found.outputs == {"0": "2", "4": "5", "output": "8"}
    names = found.sparse_names("*")
    views = found.views(model)
    every = {name: torch.arange(views[name].n_possible) for name in names}
    sparse = convert(model, views, dict.fromkeys(names, "masked"), every)
    topology = found.topology(model, sparse)
    assert topology.layer("8").shape == (6, 10)
    assert set(topology.layer("8").multiplicity.tolist()) == {4}
    assert set(topology.layer("4").multiplicity.tolist()) == {9}


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.c1, self.c2 = (nn.Conv2d(8, 8, 3, padding=1) for _ in range(2))
        self.c3 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.c4 = nn.Conv2d(16, 16, 3, padding=1)
        self.down = nn.Conv2d(8, 16, 1, stride=2)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(x + self.c2(F.relu(self.c1(x))))
        x = F.relu(self.down(x) + self.c4(F.relu(self.c3(x))))
        return self.head(x.mean((2, 3)))


def test_trace_residual_blocks():
    found = wiring.of(Residual(), torch.randn(2, 3, 16, 16))
    assert found.layers == {
        "stem": ("input", "stem"),
        "c1": ("stem", "c1"),
        "c2": ("c1", "c2"),
        "down": ("c2", "down"),
        "c3": ("c2", "c3"),
        "c4": ("c3", "down"),
        "head": ("down", "output"),
    }
    assert found.skips == (("stem", "c2"),)
    assert roles(found)["c2"] == roles(found)["down"] == "residual"
    assert roles(found)["c1"] == roles(found)["c3"] == "hidden"


class Block(nn.Module):
    def __init__(self, width=16, heads=4, inner=24, fused=False):
        super().__init__()
        self.heads, self.fused = heads, fused
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.gate, self.up = nn.Linear(width, inner), nn.Linear(width, inner)
        self.down = nn.Linear(inner, width)

    def forward(self, x):
        y = self.n1(x)
        batch, length, width = y.shape
        q, k, v = (
            m(y).view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for m in (self.q, self.k, self.v)
        )
        if self.fused:
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            a = torch.softmax(q @ k.transpose(-1, -2) / 2.0, -1) @ v
        x = x + self.o(a.transpose(1, 2).reshape(batch, length, width))
        y = self.n2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class LanguageModel(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.block = Block(fused=fused)
        self.head = nn.Linear(16, 50)

    def forward(self, tokens):
        return self.head(self.block(self.embed(tokens)))


@pytest.mark.parametrize("fused", [False, True])
def test_trace_attention_and_gated_mlp(fused):
    found = wiring.of(LanguageModel(fused), torch.zeros(2, 7, dtype=torch.long))
    layers = found.layers
    assert layers["block.q"] == layers["block.k"] == ("embed", "block.q")
    assert layers["block.v"] == ("embed", "block.v")
    assert layers["block.o"] == ("block.v", "block.o")
    assert layers["block.gate"] == layers["block.up"] == ("block.o", "block.gate")
    assert layers["block.down"] == ("block.gate", "block.down")
    assert layers["head"] == ("block.down", "output")
    assert found.skips == (("embed", "block.o"), ("block.o", "block.down"))
    by_name = {p.name: p for p in found.populations}
    assert by_name["block.q"].combine == by_name["block.gate"].combine == "all"
    assert roles(found)["block.o"] == roles(found)["block.down"] == "residual"
    assert roles(found)["embed"] == "residual"  # the block adds to it
    assert layers["embed"] == ("embed.tokens", "embed")
    assert roles(found)["embed.tokens"] == "input"
    assert found.sparse_names() == [path for path in layers if path not in ("embed", "head")]


class Odd(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 4), nn.Linear(6, 4), nn.Linear(8, 3)
        self.square, self.how = nn.Linear(6, 6), how

    def forward(self, x):
        if self.how == "branch":
            return self.a(x) if x.sum() > -1e9 else self.b(x)
        if self.how == "mixture":
            return self.c(torch.cat([self.a(x), self.b(x)], 1))
        if self.how == "sort":
            return self.a(torch.sort(self.square(x)).values)
        if self.how == "twice":
            return self.square(torch.relu(self.square(x)))
        if self.how == "flip":
            return self.a(self.square(x).flip(1))
        return self.a(x) * self.b(x).flip(1)


def broken(found):
    return {(each.operation, each.where) for each in found.breaks}


def follow_odd(how):
    return wiring.of(Odd(how), torch.randn(2, 6))


def test_the_branch_that_the_example_takes_is_followed():
    found = follow_odd("branch")
    assert found.layers["a"] == ("input", "output")
    assert ("no use", "b") in broken(found)
    assert found.sparse_names() == ["a"]


def test_a_layer_that_reads_two_populations_becomes_two():
    found = follow_odd("mixture")
    assert found.layers["c.0"] == ("a", "output")
    assert found.layers["c.1"] == ("b", "output")
    assert found.parts["c.1"] == wiring.Part("c", (4, 8), (0, 3))
    assert {p.name: p.combine for p in found.populations}["output"] == "any"
    assert found.sparse_names("c") == ["c.0", "c.1"]


@pytest.mark.parametrize(("how", "what"), [("sort", "sort"), ("flip", "reordering")])
def test_where_neurons_cannot_be_followed_the_trace_breaks(how, what):
    found = follow_odd(how)
    assert what in {operation for operation, _ in broken(found)}
    assert found.layers["square"] == ("input", "square")
    assert found.layers["a"] == ("a.in", "output")
    assert not found.is_whole
    assert roles(found)["a.in"] == "input"


def test_a_product_in_another_order_pairs_the_neurons_that_meet():
    found = follow_odd("crossed")
    pairs = {}
    for name in ("a.0", "a.1", "a.2", "a.3", "b.0", "b.1", "b.2", "b.3"):
        pairs.setdefault(found.layers[name][1], []).append(name)
    together = sorted(sorted(names) for names in pairs.values())
    assert together == [["a.0", "b.3"], ["a.1", "b.2"], ["a.2", "b.1"], ["a.3", "b.0"]]


class Shuffled(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 40), nn.Linear(6, 40), nn.Linear(40, 2)

    def forward(self, x):
        return self.c(self.a(x) * self.b(x).flip(1))


def test_a_product_of_scattered_neurons_breaks_the_trace():
    found = wiring.follow(Shuffled(), torch.randn(2, 6))
    assert ("mul", "") in broken(found)
    assert found.layers["c"] == ("c.in", "output")


def test_a_layer_used_twice_keeps_its_neurons():
    found = follow_odd("twice")
    assert found.layers["square"] == ("input", "output")
    assert ("reuse", "square") in broken(found)


class Declared(Odd):
    def wiring(self):
        return Wiring(
            (Population("in", 6, "input"), Population("out", 4, "output", "any")),
            {"a": ("in", "out"), "b": ("in", "out")},
            sparse=("a",),
        )


def test_a_short_declaration_helps():
    assert wiring.of(Declared("branch")).sparse_names() == ["a"]
