"""Initial topologies scored on the dense network, against their definitions written out."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

import netsci_dst as nd  # noqa: E402
from netsci_dst import registry  # noqa: E402
from netsci_dst.errors import RecipeError  # noqa: E402
from netsci_dst.training.initialisation.scores import Look, largest  # noqa: E402


@pytest.fixture
def net():
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 3)
    ).double()


def weights_of(net):
    return {f"{i}.weight": net[i].weight for i in (0, 2)}


def look_at(net):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(12, 5, dtype=torch.float64, generator=generator)
    y = torch.arange(12) % 3

    def losses(n):
        for part in range(n):
            rows = slice(4 * part, 4 * part + 4) if n > 1 else slice(None)
            yield functional.cross_entropy(net(x[rows]), y[rows])

    return Look(losses, x[:1]), (x, y)


def gradient(net, x, y):
    net.zero_grad()
    functional.cross_entropy(net(x), y).backward()
    found = [net[i].weight.grad.clone() for i in (0, 2)]
    net.zero_grad()
    return found


def test_snip_is_weight_times_gradient(net):
    look, (x, y) = look_at(net)
    scores = registry.get("initialiser", "snip").target(net, weights_of(net), look, 10)
    for score, i, g in zip(scores.values(), (0, 2), gradient(net, x, y)):
        torch.testing.assert_close(score, (net[i].weight * g).abs().detach())
    three = registry.get("initialiser", "snip").target(net, weights_of(net), look, 10, batches=3)
    for score, whole in zip(three.values(), scores.values()):  # three equal parts of the batch
        torch.testing.assert_close(score, 3 * whole)


def test_grasp_is_weight_times_curvature_along_the_gradient(net):
    look, (x, y) = look_at(net)
    scores = registry.get("initialiser", "grasp").target(net, weights_of(net), look, 10)
    before = [net[i].weight.detach().clone() for i in (0, 2)]
    g, h = gradient(net, x, y), 1e-5
    sides = []
    for sign in (1, -1):
        with torch.no_grad():
            for i, w, d in zip((0, 2), before, g):
                net[i].weight.copy_(w + sign * h * d)
        sides.append(gradient(net, x, y))
    for score, w, up, down in zip(scores.values(), before, *sides):
        torch.testing.assert_close(score, w * (up - down) / (2 * h), rtol=1e-6, atol=1e-9)


def test_synflow_is_the_flow_through_each_weight_round_by_round():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6, bias=False), nn.ReLU(), nn.Linear(6, 5, bias=False),
                        nn.ReLU(), nn.Linear(5, 2, bias=False))  # fmt: skip
    look, n = Look(None, torch.zeros(3, 4)), 12
    names = [f"{i}.weight" for i in (0, 2)]
    held = {name: net.get_parameter(name) for name in names}
    before = {name: weight.detach().clone() for name, weight in held.items()}
    scores = registry.get("initialiser", "synflow").target(net, held, look, n, rounds=20)
    for name in names:  # the model is as it was
        assert torch.equal(net.get_parameter(name), before[name])
        assert net.get_parameter(name).dtype == torch.float32
    a, b, c = (net[i].weight.detach().double().abs().numpy() for i in (0, 2, 4))
    masks = [np.ones_like(a), np.ones_like(b)]
    for k in range(1, 21):
        m, p = a * masks[0], b * masks[1]
        into = m.sum(1)  # flow into each neuron of the first hidden layer
        out = c.sum(0)  # flow out of each of the second
        flows = [m * (p.T @ out)[:, None], p * out[:, None] * into[None, :]]
        flows = [np.where(mask > 0, flow, -1.0) for mask, flow in zip(masks, flows)]
        count = max(n, round(a.size + b.size if k == 0 else (a.size + b.size)
                             * (n / (a.size + b.size)) ** (k / 20)))  # fmt: skip
        flat = np.concatenate([flow.ravel() for flow in flows])
        bound = np.sort(flat)[-count]
        masks = [(flow >= bound).astype(float) for flow in flows]
    chosen = largest(scores, n)
    for name, mask in zip(names, masks):
        np.testing.assert_array_equal(chosen[name].numpy(), mask.astype(bool))


@pytest.mark.parametrize("method", ["snip", "grasp", "synflow"])
def test_the_best_of_all_layers_are_the_links_and_stay(method, tmp_path):
    run = nd.train(data="digits", method=method, sparsity=0.9, epochs=3,
                   model_options={"hidden": [64, 64]}, out=tmp_path / "run")  # fmt: skip
    first, last = run.snapshots[0].topology, run.snapshots[-1].topology
    assert first.n_links == 2 * round(0.1 * 64 * 64)
    assert len({layer.n_links for layer in first.layers}) == 2  # shared out by the scores
    for one, other in zip(first.layers, last.layers):
        assert (one.keys == other.keys).all()
    assert run.metrics.accuracy.iloc[-1] > 0.75


def test_in_ones_own_loop_the_loss_is_given():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
    x, y = torch.randn(16, 20), torch.arange(16) % 10
    loss = lambda: functional.cross_entropy(model(x), y)  # noqa: E731
    weights = [model[0].weight, model[2].weight]
    pairs = list(zip(weights, torch.autograd.grad(loss(), weights)))
    saliency = [(weight * gradient).abs().detach() for weight, gradient in pairs]
    bound = torch.cat([s.flatten() for s in saliency]).topk(90).values[-1]
    expected = [s >= bound for s in saliency]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RecipeError, match="give sparsify loss="):
        nd.sparsify(model, optimizer, "snip", 0.9, include="*")
    nd.sparsify(model, optimizer, "snip", 0.9, loss=loss, include="*")
    for i, mask in zip((0, 2), expected):
        assert torch.equal(model[i].weight != 0, mask)


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(RecipeError, match="real numbers"):
        registry.get("initialiser", "synflow").target(
            nn.Linear(2, 2), {}, Look(None, torch.zeros(1, 2, dtype=torch.long)), 1
        )
    from netsci_dst.training.initialisation import draw_topology

    with pytest.raises(RecipeError, match="scores a whole model"):
        draw_topology("snip", 3, 3, 3, rng=np.random.default_rng(0))


def test_every_tensor_keeps_one():
    scores = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([5.0, 6.0, 7.0])}
    for n in (2, 3, 4, 5):
        chosen = largest(scores, n)
        assert sum(int(mask.sum()) for mask in chosen.values()) == n
        assert chosen["a"][1]
    assert list(itertools.chain(*(m.tolist() for m in largest(scores, 3).values()))) == [
        False, True, False, True, True,
    ]  # fmt: skip
