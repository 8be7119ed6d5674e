"""Lists of links: setting, rewiring, saving, going over to another format, refusing nonsense."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.errors import NetsciError, UnknownName
from netsci_dst.training.formats import CsrLinear, choose_format, to_dense
from netsci_dst.training.formats.convert import change_format
from netsci_dst.training.matrix_view import views_of
from tests.support.sparse import sparse_linear, sparsified

FORMATS = ["masked", "csr"]


def make(format, keys=(0, 3, 5, 11), n_source=4, n_target=3):
    keys = torch.tensor(keys)
    values = torch.arange(1.0, keys.numel() + 1)
    return sparse_linear(n_source, n_target, True, keys, values, format)


@pytest.mark.parametrize("format", FORMATS)
def test_keys_and_values_are_what_was_set(format):
    layer = make(format)
    assert layer.keys.tolist() == [0, 3, 5, 11]
    assert layer.values.tolist() == [1, 2, 3, 4]
    assert (layer.n_links, layer.n_possible, layer.density) == (4, 12, 4 / 12)
    dense = torch.zeros(12)
    dense[layer.keys] = layer.values
    assert torch.equal(layer(torch.eye(4)), dense.view(4, 3))


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_rewire_is_set_arithmetic(format, data):
    n = 30
    old = data.draw(st.lists(st.integers(0, n - 1), unique=True).map(sorted))
    keep = data.draw(st.lists(st.booleans(), min_size=len(old), max_size=len(old)))
    kept = [key for key, stays in zip(old, keep) if stays]
    free = [key for key in range(n) if key not in kept]
    new = data.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
    layer = sparse_linear(5, 6, False, torch.tensor(old, dtype=torch.int64), format=format)
    layer.set_values(torch.tensor(old, dtype=torch.float32))
    layer.rewire(
        torch.tensor(keep, dtype=torch.bool),
        torch.tensor(new, dtype=torch.int64),
        torch.tensor(new, dtype=torch.float32),
    )
    assert layer.keys.tolist() == sorted(kept + new)
    assert layer.values.tolist() == sorted(kept + new)


@pytest.mark.parametrize("format", FORMATS)
def test_rewire_refuses_what_cannot_be(format):
    layer = make(format)
    all_stay = torch.ones(4, dtype=torch.bool)
    for keep, new, values, word in [
        (all_stay, [3], [1.0], "present already"),
        (all_stay, [1, 1], [1.0, 1.0], "given twice"),
        (all_stay, [12], [1.0], "0..11"),
        (all_stay, [-1], [1.0], "0..11"),
        (all_stay, [1, 2], [1.0], "2 new links but 1"),
        (all_stay[:3], [1], [1.0], "4 links"),
    ]:
        with pytest.raises(NetsciError, match=word):
            layer.rewire(keep, torch.tensor(new), torch.tensor(values))
    assert layer.keys.tolist() == [0, 3, 5, 11]
    assert layer.values.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("format", FORMATS)
def test_set_links_refuses_what_cannot_be(format):
    layer = make(format)
    for keys, word in [
        ([3, 1], "increase"),
        ([2, 2], "increase"),
        ([12], "0..11"),
        ([0.5], "whole"),
    ]:
        with pytest.raises(NetsciError, match=word):
            layer.set_links(torch.tensor(keys), torch.ones(len(keys)))
    with pytest.raises(NetsciError, match="cannot have"):
        layer.set_links(torch.tensor([1, 2]), torch.ones(3))


def test_unknown_format_offers_the_known():
    with pytest.raises(UnknownName, match="csr"):
        sparsified(torch.nn.Sequential(torch.nn.Linear(2, 2)), ["0"], "crs")


@pytest.mark.parametrize("one", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_state_dict_goes_between_formats_and_sizes(one, other):
    a = make(one)
    a.bias.data.uniform_()
    b = sparse_linear(4, 3, keys=a.keys, format=other)
    if one == "csr" and other == "masked":  # the plain layer is the way out
        state = to_dense(a.module).state_dict()
        assert set(state) == {"weight", "bias"}
    else:
        state = a.state_dict()
    missing = b.load_state_dict(state)
    assert not missing.missing_keys
    assert not missing.unexpected_keys
    x = torch.randn(5, 4)
    torch.testing.assert_close(a(x), b(x))


def test_state_dict_errors_are_reported_together():
    layer = make("csr")
    with pytest.raises(RuntimeError, match="Missing key"):
        layer.load_state_dict({"keys": layer.keys})
    state = {**layer.state_dict(), "keys": torch.tensor([0, 1, 2, 99]), "extra": torch.ones(1)}
    with pytest.raises(RuntimeError, match=r"(?s)Unexpected key.*0\.\.11"):
        layer.load_state_dict(state)


def test_copies_of_links_are_layers_of_their_own():
    layer = make("csr")
    twin = copy.deepcopy(layer.module).double()
    twin.set_links(torch.tensor([0, 1, 5, 11]), torch.ones(4))
    assert layer.keys.tolist() == [0, 3, 5, 11]
    assert twin.keys.tolist() == [0, 1, 5, 11]
    assert twin(torch.ones(1, 4, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("format", FORMATS)
def test_absent_links_stay_absent(format):
    layer = make(format)
    optimizer = torch.optim.Adam(layer.parameters(), 0.1, weight_decay=0.1)
    for _ in range(3):
        layer(torch.randn(6, 4)).square().sum().backward()
        optimizer.step()
    assert layer.keys.tolist() == [0, 3, 5, 11]
    assert int((layer.weight != 0).sum()) == 4


def test_going_over_to_another_format_keeps_the_trajectory():
    losses = []
    for switch in (False, True):
        torch.manual_seed(0)
        layer = make("masked")
        model = layer.holder.double()
        parameter = layer.parameter
        optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
        for step in range(6):
            if switch and step in (2, 4):
                wanted = "csr" if step == 2 else "masked"
                parameter = change_format(model, parameter, wanted, optimizer)
            optimizer.zero_grad()
            loss = (model(torch.randn(8, 4, dtype=torch.float64)) - 1).square().mean()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-12)


@pytest.mark.parametrize("format", FORMATS)
def test_to_layer_lists_the_links(format):
    layer = make(format).to_layer("fc", "a", "b")
    assert layer.shape == (4, 3)
    assert layer.keys.tolist() == [0, 3, 5, 11]
    assert layer.weights.tolist() == [1, 2, 3, 4]
    assert layer.multiplicity is None


@pytest.mark.parametrize("format", FORMATS)
def test_to_layer_of_flattened_channels_counts_pixels(format):
    # Four inputs are two channels of two pixels each.
    parameter = make(format, keys=(0, 3, 4, 8)).parameter
    parameter.view = replace(parameter.view, source_patch=2)
    layer = parameter.to_layer("fc", "a", "b")
    assert layer.shape == (2, 3)
    assert layer.keys.tolist() == [0, 1, 5]
    assert layer.multiplicity.tolist() == [2, 1, 1]
    assert layer.weights.tolist() == [3, 3, 4]


def test_no_links_at_all():
    for format in FORMATS:
        layer = sparse_linear(3, 2, format=format)
        x = torch.randn(4, 3, requires_grad=True)
        layer(x).sum().backward()
        assert layer.gradients.shape == (0,)
        assert not x.grad.any()
        assert layer.to_layer("fc", "a", "b").n_links == 0


def test_gradients_need_a_backward_pass():
    with pytest.raises(NetsciError, match="backward"):
        _ = make("csr").gradients


def test_wrong_input_is_named():
    with pytest.raises(NetsciError, match="takes 4 features, not 5"):
        make("csr")(torch.ones(2, 5))
    with pytest.raises(NetsciError, match="float64"):
        make("csr")(torch.ones(2, 4, dtype=torch.float64))


def test_links_keep_weights_and_names():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
    before = model[0].weight.detach().clone()
    x = torch.randn(3, 6)
    expected = model(x)
    made = sparsified(model, ["0"], "csr")
    assert list(made) == ["0"]
    assert type(model[0]) is CsrLinear
    torch.testing.assert_close(model(x), expected)
    keys = torch.tensor([2, 7, 29])
    made["0"].set_links(keys, before[keys % 5, keys // 5])
    again = sparsified(model, ["0", "2"], "masked", {"0": keys, "2": torch.tensor([1, 4])})
    assert again["0"].format == "csr"  # it has no dense weight to mask
    assert again["0"].values.tolist() == before[keys % 5, keys // 5].tolist()
    assert again["2"].keys.tolist() == [1, 4]


def test_what_cannot_be_csr_is_refused():
    with pytest.raises(NetsciError, match="wrap it"):
        sparsified(torch.nn.Linear(2, 2), ["weight"], "csr")
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 4))
    model[2].weight = model[0].weight
    assert list(views_of(model)) == ["0"]
    with pytest.raises(NetsciError, match="shares its weight"):
        sparsified(model, ["0"], "csr")
    with pytest.raises(NetsciError, match="linear"):
        sparsified(torch.nn.Sequential(torch.nn.Conv2d(2, 2, 3)), ["0"], "csr")


def test_choose_format_by_place_size_and_density():
    assert choose_format(1568, 1568, 0.01, threads=1) == "csr"
    assert choose_format(1568, 1568, 0.9, threads=1) == "masked"
    assert choose_format(1568, 1568, 0.01, device="cuda") == "masked"
    assert choose_format(3_000_000, 300_000, 0.9) == "csr"
    assert choose_format(2**20, 2**20, 0.9, device="cpu", threads=8) == "csr"


def test_csr_never_allocates_the_dense_matrix():
    n = 200_000
    rng = np.random.default_rng(0)
    keys = torch.from_numpy(np.unique(rng.integers(0, n * n, 50_000)))
    layer = sparse_linear(n, n, True, keys, torch.randn(keys.shape), "csr")
    optimizer = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9)
    layer.capture = True
    layer(torch.randn(2, n)).square().sum().backward()
    optimizer.step()
    assert layer.gradient_at(keys[:5]).shape == (5,)
    keep = torch.rand(keys.shape) < 0.7
    layer.rewire(keep, torch.tensor([n * n - 1]), torch.tensor([1.0]), optimizer)
    assert layer.n_links == int(keep.sum()) + 1
    assert layer.to_layer("fc", "a", "b").n_links == layer.n_links
