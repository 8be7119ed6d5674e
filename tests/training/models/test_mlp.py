"""The multilayer perceptron."""

import pytest
import torch

from netsci_dst import registry
from netsci_dst.errors import RecipeError, UnknownName
from netsci_dst.training.formats import CsrLinear
from tests.support.sparse import sparsified


def build(*args, **kwargs):
    return registry.get("model", "mlp").target(*args, **kwargs)


def test_shapes_and_defaults():
    model = build((1, 4, 4), 3)
    assert [layer.linear.out_features for layer in model.hidden] == [32, 32, 32]
    assert model(torch.randn(5, 1, 4, 4)).shape == (5, 3)
    assert build((6,), 2, hidden=())(torch.randn(5, 6)).shape == (5, 2)


def test_it_is_the_textbook_network():
    torch.manual_seed(0)
    model = build((6,), 2, hidden=(5, 4), activation="tanh")
    plain = torch.nn.Sequential(
        torch.nn.Linear(6, 5),
        torch.nn.Tanh(),
        torch.nn.Linear(5, 4),
        torch.nn.Tanh(),
        torch.nn.Linear(4, 2),
    )
    plain.load_state_dict(dict(zip(plain.state_dict(), model.state_dict().values())))
    x = torch.randn(7, 6)
    torch.testing.assert_close(model(x), plain(x))
    # The bound of torch.nn.Linear's own initialisation.
    assert model.hidden[0].linear.weight.abs().max() <= 6**-0.5


def test_a_generator_decides_the_weights_and_the_global_one_is_left_alone():
    before = torch.get_rng_state()
    a, b = (build((6,), 2, hidden=(5,), generator=torch.Generator().manual_seed(3)) for _ in "ab")
    assert torch.equal(torch.get_rng_state(), before)
    for one, other in zip(a.parameters(), b.parameters()):
        assert torch.equal(one, other)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "silu", "sigmoid", "elu"])
@pytest.mark.parametrize("format", ["masked", "csr"])
def test_sparse_layers_with_all_links_are_the_dense_network(activation, format):
    generator = torch.Generator().manual_seed(0)
    model = build((6,), 2, hidden=(40, 30), activation=activation, generator=generator).double()
    x = torch.randn(9, 6, dtype=torch.float64)
    expected = model(x)
    sparsified(model, model.wiring().sparse_names(), format)
    torch.testing.assert_close(model(x), expected)
    seen = []
    handle = model.hidden[0].activation.register_forward_hook(lambda *a: seen.append(a[2]))
    torch.testing.assert_close(model(x), expected)
    assert seen[0].shape == (9, 40)
    handle.remove()


def test_hidden_output_is_the_activity():
    model = build((6,), 2, hidden=(40,))
    sparsified(model, ["hidden.0.linear"], "csr")
    seen = []
    model.get_submodule(model.wiring().outputs["hidden1"]).register_forward_hook(
        lambda *a: seen.append(a[2])
    )
    model(torch.randn(3, 6))
    assert seen[0].shape == (3, 40)
    assert (seen[0] >= 0).all()


def test_dropout_drops_only_in_training():
    model = build((6,), 2, hidden=(400,), dropout=0.5)
    x = torch.randn(3, 6)
    assert torch.equal(model.eval()(x), model(x))
    model.train()
    assert not torch.equal(model(x), model(x))


def test_layers_too_large_to_be_dense_are_csr_from_the_start():
    model = build((20,), 2, hidden=(30_000, 30_000))
    assert type(model.hidden[0].linear) is not CsrLinear
    assert type(model.hidden[1].linear) is CsrLinear
    assert sum(p.numel() for p in model.parameters()) < 10**6
    empty = build((20,), 2, hidden=(30,), layers="csr")
    assert empty.hidden[0].linear.n_links == 0


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"hidden": (0,)}, RecipeError, "size 0"),
        ({"hidden": (2.5,)}, RecipeError, r"size 2\.5"),
        ({"activation": "rleu"}, UnknownName, "did you mean 'relu'"),
        ({"dropout": 1.0}, RecipeError, "dropout"),
        ({"layers": "sparse"}, UnknownName, "kind of layers"),
    ],
)
def test_impossible_options_are_named(options, error, word):
    with pytest.raises(error, match=word):
        build((6,), 2, **options)
