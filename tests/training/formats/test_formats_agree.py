"""Masked and CSR layers are the same mathematics: one trajectory, to rounding."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.errors import NetsciError
from netsci_dst.training.models.mlp import mlp
from tests.support.sparse import sparse_linear, sparsified

functional = torch.nn.functional


def random_keys(n_possible, n_links, generator):
    return torch.randperm(n_possible, generator=generator)[:n_links].sort().values


def make_network(format, seed=1, sizes=(50, 40, 30), density=0.1):
    generator = torch.Generator().manual_seed(seed)
    model = mlp((1, 6, 6), 10, hidden=sizes, generator=generator).double()
    names = model.wiring().sparse_names()
    keys = {}
    for name in names:
        linear = model.get_submodule(name)
        n = linear.in_features * linear.out_features
        keys[name] = random_keys(n, round(density * n), generator)
    return model, sparsified(model, names, format, keys)


def rewire_all(layers, optimizer, generator, change):
    """Drop the smallest 30 % of each layer; grow by gradient and at random, ``change`` more."""
    for layer in layers.values():
        n_drop = round(0.3 * layer.n_links)
        keep = torch.ones(layer.n_links, dtype=torch.bool)
        keep[layer.values.abs().argsort(stable=True)[:n_drop]] = False
        score = layer.dense_gradient().abs().reshape(-1)
        score[layer.keys] = -1
        by_gradient = score.argsort(descending=True, stable=True)[: n_drop // 2]
        free = torch.ones(layer.n_possible, dtype=torch.bool)
        free[layer.keys] = False
        free[by_gradient] = False
        absent = free.nonzero().squeeze(1)
        n_random = n_drop - n_drop // 2 + change
        random = absent[torch.randperm(absent.numel(), generator=generator)[:n_random]]
        new = torch.cat([by_gradient, random])
        values = 0.1 * torch.randn(new.shape, generator=generator, dtype=torch.float64)
        layer.rewire(keep, new, values, optimizer)
        layer.release()


OPTIMIZERS = {
    "momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=5e-4),
    "nesterov": lambda p: torch.optim.SGD(
        p, 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4, foreach=True
    ),
    "fused": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=5e-4, fused=True),
    "adam": lambda p: torch.optim.Adam(p, 1e-3, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, 1e-3, weight_decay=0.1, fused=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 1e-3, momentum=0.5, centered=True),
}


def train(format, optimizer_name, steps, change=0, batch=32):
    model, layers = make_network(format)
    optimizer = OPTIMIZERS[optimizer_name](model.parameters())
    generator = torch.Generator().manual_seed(2)
    for step in range(1, steps + 1):
        x = torch.randn(batch, 1, 6, 6, generator=generator, dtype=torch.float64)
        y = torch.randint(0, 10, (batch,), generator=generator)
        updates = step % (steps // 5) == 0
        for layer in layers.values():
            layer.capture = updates
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        if updates:
            rewire_all(layers, optimizer, generator, change)
    return model, layers, optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_200_steps_with_five_updates_are_the_same_on_both(name):
    masked, layers, _ = train("masked", name, 200)
    csr, others, _ = train("csr", name, 200)
    for a, b in zip(layers.values(), others.values()):
        assert a.format == "masked"
        assert b.format == "csr"
        assert torch.equal(a.keys, b.keys)
        torch.testing.assert_close(a.values, b.values, rtol=0, atol=1e-9)
        assert int((a.weight != 0).sum()) == a.n_links
    torch.testing.assert_close(masked.output.weight, csr.output.weight, rtol=0, atol=1e-9)


@pytest.mark.parametrize("change", [-3, 5])
def test_link_counts_may_change_while_the_last_graph_lives(change):
    _, layers, _ = train("masked", "momentum", 50, change)
    _, others, optimizer = train("csr", "momentum", 50, change)
    for a, b in zip(layers.values(), others.values()):
        assert torch.equal(a.keys, b.keys)
        torch.testing.assert_close(a.values, b.values, rtol=0, atol=1e-9)
        assert b.link_state(optimizer, "momentum_buffer").shape == (b.n_links,)


@pytest.mark.parametrize("format", ["masked", "csr"])
@pytest.mark.parametrize(("name", "state"), [("momentum", "momentum_buffer"), ("adam", "exp_avg")])
def test_optimizer_state_follows_the_links(format, name, state):
    _, layers, optimizer = train(format, name, 10)
    layer = next(iter(layers.values()))
    before = dict(zip(layer.keys.tolist(), layer.link_state(optimizer, state).tolist()))
    keep = torch.arange(layer.n_links) % 3 != 0
    kept = set(layer.keys[keep].tolist())
    new = torch.tensor([k for k in range(layer.n_possible) if k not in before][:7])
    layer.rewire(keep, new, torch.ones(7, dtype=torch.float64), optimizer)
    after = dict(zip(layer.keys.tolist(), layer.link_state(optimizer, state).tolist()))
    assert set(after) == kept | set(new.tolist())
    assert all(after[key] == before[key] for key in kept)
    assert all(after[key] == 0 for key in new.tolist())
    assert layer.link_state(optimizer, "no such state") is None


@settings(max_examples=60, deadline=None)
@given(
    n_source=st.integers(1, 40),
    n_target=st.integers(1, 40),
    share=st.floats(0, 1),
    batch=st.integers(0, 75) | st.integers(125, 270),
    relu=st.booleans(),
    bias=st.booleans(),
    double=st.booleans(),
    transposed=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_csr_kernels_agree_with_a_dense_layer(
    n_source, n_target, share, batch, relu, bias, double, transposed, seed
):
    generator = torch.Generator().manual_seed(seed)
    dtype = torch.float64 if double else torch.float32
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=dtype)  # noqa: E731
    keys = random_keys(n_source * n_target, round(share * n_source * n_target), generator)
    layer = sparse_linear(n_source, n_target, bias, keys, draw(keys.numel()), "csr", dtype=dtype)
    dense = torch.nn.Linear(n_source, n_target, bias, dtype=dtype)
    with torch.no_grad():
        dense.weight.zero_()
        dense.weight[keys % n_target, keys // n_target] = layer.values
        if bias:
            layer.bias.copy_(draw(n_target))
            dense.bias.copy_(layer.bias)
    x = draw(n_source, batch).t() if transposed else draw(batch, n_source)
    gradient = draw(n_target, batch).t() if transposed else draw(batch, n_target)
    xs = [x.clone().requires_grad_() for _ in range(2)]
    layer.capture = True
    y = layer.relu(xs[0]) if relu else layer(xs[0])
    expected = torch.relu(dense(xs[1])) if relu else dense(xs[1])
    y.backward(gradient)
    expected.backward(gradient)
    close = {"rtol": 1e-10, "atol": 1e-10} if double else {"rtol": 1e-3, "atol": 1e-4}
    torch.testing.assert_close(y, expected, **close)
    torch.testing.assert_close(xs[0].grad, xs[1].grad, **close)
    dense_gradient = dense.weight.grad.t()
    torch.testing.assert_close(layer.gradients, dense_gradient.reshape(-1)[keys], **close)
    torch.testing.assert_close(layer.dense_gradient(), dense_gradient, **close)
    anywhere = torch.randint(0, n_source * n_target, (9,), generator=generator)
    torch.testing.assert_close(
        layer.gradient_at(anywhere), dense_gradient.reshape(-1)[anywhere], **close
    )
    if bias:
        torch.testing.assert_close(layer.bias.grad, dense.bias.grad, **close)


def test_gradients_add_up_over_backward_passes_on_both():
    found = []
    for format in ("masked", "csr"):
        model, layers = make_network(format)
        layer = next(iter(layers.values()))
        layer.capture = True
        for seed in range(3):
            generator = torch.Generator().manual_seed(seed)
            model(torch.randn(8, 36, generator=generator, dtype=torch.float64)).sum().backward()
        torch.testing.assert_close(layer.gradient_at(layer.keys), layer.gradients)
        found.append(layer.dense_gradient())
        layer.release()
        with pytest.raises(NetsciError, match="captured"):
            layer.dense_gradient()
    torch.testing.assert_close(*found)


def test_more_than_two_dimensions_and_finite_differences():
    generator = torch.Generator().manual_seed(0)
    keys = random_keys(35, 12, generator)
    values = torch.randn(12, generator=generator, dtype=torch.float64)
    layer = sparse_linear(5, 7, True, keys, values, "csr", dtype=torch.float64)
    x = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    layer.bias.data.uniform_(0.1, 0.2, generator=generator)  # away from the kink of ReLU
    assert layer(x).shape == (2, 3, 7)
    assert torch.autograd.gradcheck(layer, (x,))
    parameters = (layer.weight, layer.bias)
    assert torch.autograd.gradcheck(lambda *_: layer.relu(x), parameters)


@pytest.mark.parametrize("batch", [0, 1, 64, 65, 200])
def test_an_evaluation_in_pieces_is_that_of_the_whole_batch_bit_for_bit(batch):
    model, layers = make_network("csr")
    model.float()
    sparse = torch.nn.Sequential(*(layer.module for layer in layers.values()))  # not activated
    for part, width in ((model, 36), (sparse, 36)):
        x = torch.randn(batch, width, generator=torch.Generator().manual_seed(0))
        whole = part(x)
        assert whole.requires_grad
        with torch.no_grad():
            pieces = part(x)
        assert pieces.shape == whole.shape
        assert pieces.stride() == whole.stride()
        torch.testing.assert_close(pieces, whole.detach(), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_many_rows_on_two_threads_give_the_same_as_on_one(dtype, monkeypatch):
    from netsci_dst.training.formats.csr import threads as threads_of_csr

    monkeypatch.setattr(threads_of_csr, "_WORTH", 1)
    generator = torch.Generator().manual_seed(1)
    keys = random_keys(30 * 50, 200, generator)
    layer = sparse_linear(30, 50, True, keys, torch.randn(200, generator=generator), "csr")
    layer.module.to(dtype)
    x = torch.randn(301, 30, generator=generator, dtype=dtype)
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            layer.module.zero_grad()
            own = x.clone().requires_grad_()
            layer.relu(own).square().sum().backward()
            found.append((own.grad, layer.gradients.clone(), layer.bias.grad.clone()))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        torch.testing.assert_close(other, found[0])


def test_the_order_by_target_follows_the_links():
    layer = sparse_linear(40, 30, True, torch.arange(0, 1200, 7), torch.ones(172), "csr")
    x = torch.randn(140, 40, generator=torch.Generator().manual_seed(0))
    layer(x)
    keep = torch.arange(172) % 3 > 0
    layer.rewire(keep, torch.tensor([1, 2, 1199]), torch.tensor([3.0, -2.0, 1.0]))
    dense = torch.zeros(1200)
    dense[layer.keys] = layer.values
    for rows in (x, x[:5]):
        torch.testing.assert_close(layer(rows), rows @ dense.view(40, 30))


def test_a_second_derivative_is_refused_by_csr():
    layer = sparse_linear(2, 2, True, torch.arange(4), torch.ones(4), "csr")
    y = layer(torch.ones(1, 2)).sum()
    with pytest.raises(NetsciError, match="second derivatives"):
        torch.autograd.grad(y, layer.weight, create_graph=True)


def test_nan_is_not_hidden_by_relu():
    layer = sparse_linear(2, 1, True, torch.tensor([0]), torch.tensor([1.0]), "csr")
    assert layer.relu(torch.full((33, 2), torch.nan)).isnan().all()
    assert layer.relu(torch.full((33, 2), torch.inf)).isinf().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_plain_torch_path_gives_the_same(dtype):
    from netsci_dst.training.formats.csr.by_torch import TorchCsr

    generator = torch.Generator().manual_seed(3)
    keys = random_keys(20 * 30, 60, generator)
    layer = sparse_linear(20, 30, False, keys, torch.randn(60, generator=generator), "csr")
    layer.module.to(dtype)
    x = torch.randn(9, 20, generator=generator, dtype=dtype)
    results = []
    for function in (layer, lambda x: TorchCsr.apply(x, layer.weight, layer.module)):
        layer.weight.grad, ours = None, x.clone().requires_grad_()
        layer.capture = True
        y = function(ours)
        (y * y).sum().backward()
        results.append((y.detach(), ours.grad, layer.gradients, layer.dense_gradient()))
    for a, b in zip(*results):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


# The compiler's own warnings would be errors inside it.
@pytest.mark.filterwarnings("ignore")
def test_compiled_masked_layers_are_one_graph_and_may_be_rewired():
    model, layers = make_network("masked")
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    x = torch.randn(8, 36, dtype=torch.float64)
    torch.testing.assert_close(compiled(x), model(x))
    compiled(x).sum().backward()
    found = [layer.gradients.clone() for layer in layers.values()]
    model.zero_grad()
    model(x).sum().backward()
    for layer, gradient in zip(layers.values(), found):
        torch.testing.assert_close(layer.gradients, gradient)
        keep = torch.arange(layer.n_links) > 2
        layer.rewire(keep, layer.keys[:2], torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(compiled(x), model(x))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format", ["masked", "csr"])
def test_compile_leaves_capturing_and_csr_alone(format):
    model, layers = make_network(format)
    compiled = torch.compile(model, backend="aot_eager")
    x = torch.randn(8, 36, dtype=torch.float64)
    layers = layers.values()
    found = []
    for forward in (compiled, model):
        for layer in layers:
            layer.capture = True
        model.zero_grad()
        forward(x).sum().backward()
        found.append([layer.dense_gradient() for layer in layers])
    for a, b in zip(*found):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("format", ["masked", "csr"])
def test_autocast_trains_the_full_precision_weights(format):
    model, layers = make_network(format)
    model.float()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(torch.randn(8, 36)).float().square().sum()
    loss.backward()
    for layer in layers.values():
        assert layer.gradients.dtype == torch.float32
        assert layer.gradients.any()
