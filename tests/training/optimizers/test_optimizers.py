"""Every optimizer descends; SAM is that of its paper; groups get what they are given."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from netsci_dst import registry  # noqa: E402
from netsci_dst.errors import RecipeError  # noqa: E402
from netsci_dst.recipe import load_recipe  # noqa: E402
from netsci_dst.training.optimizers import make_optimizers  # noqa: E402


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def recipe(name, **changes):
    return load_recipe(method="set", optimizer=name, lr=0.01, weight_decay=0.0, **changes)


@pytest.mark.parametrize("name", registry.names("optimizer"))
def test_every_optimizer_descends(name):
    net, x = model(), torch.randn(64, 6, generator=torch.Generator().manual_seed(1))
    y = x[:, :3] * 2
    optimizers = make_optimizers(recipe(name), net)

    def closure():
        net.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        return loss

    first = closure().item()
    for _ in range(200):
        closure()
        for optimizer in optimizers:
            optimizer.step(closure)
    assert closure().item() < 0.7 * first


def test_sam_is_two_passes_written_out():
    net, twin = model().double(), model().double()
    x = torch.randn(16, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (sam,) = make_optimizers(recipe("sam", optimizer_options={"rho": 0.1}, momentum=0.0), net)

    def closure():
        net.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        return loss

    sam.step(closure)
    parameters = list(twin.parameters())
    here = torch.autograd.grad(twin(x).square().mean(), parameters)
    norm = sum(g.square().sum() for g in here).sqrt()
    with torch.no_grad():
        for p, g in zip(parameters, here):
            p += 0.1 * g / norm
    there = torch.autograd.grad(twin(x).square().mean(), parameters)
    with torch.no_grad():
        for p, g, h in zip(parameters, here, there):
            p -= 0.1 * g / norm + 0.01 * h
    for p, q in zip(net.parameters(), parameters):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-12)
    with pytest.raises(RecipeError, match="two passes"):
        sam.step()


def test_s2_sam_takes_the_gradient_where_the_last_one_points():
    net, twin = model().double(), model().double()
    x = torch.randn(16, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (s2,) = make_optimizers(recipe("s2-sam", optimizer_options={"rho": 0.1}, momentum=0.5), net)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        net.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        return loss

    parameters = list(twin.parameters())
    last, velocity = None, [torch.zeros_like(p) for p in parameters]
    for _ in range(4):
        s2.step(closure)
        here = [p.detach().clone() for p in parameters]
        if last is not None:
            norm = sum(g.square().sum() for g in last).sqrt()
            with torch.no_grad():
                for p, g in zip(parameters, last):
                    p += 0.1 * g / norm
        last = torch.autograd.grad(twin(x).square().mean(), parameters)
        with torch.no_grad():
            for p, w, g, v in zip(parameters, here, last, velocity):
                v.mul_(0.5).add_(g)
                p.copy_(w - 0.01 * v)
    assert calls == 4
    for p, q in zip(net.parameters(), parameters):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-12)


@pytest.mark.parametrize("base", ["adam", "adamw"])
@pytest.mark.parametrize("name", ["sam", "s2-sam"])
def test_sharpness_with_adam_is_adam_by_the_gradient_found_there(name, base):
    net, twin = model().double(), model().double()
    x = torch.randn(16, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    asked = recipe(f"{name}-{base}", optimizer_options={"rho": 0.1}, betas=[0.8, 0.9])
    (ours,) = make_optimizers(asked.but(weight_decay=0.2), net)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[base]
    theirs = kind(twin.parameters(), lr=0.01, betas=(0.8, 0.9), weight_decay=0.2)

    def closure():
        net.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        return loss

    parameters, last = list(twin.parameters()), None
    for _ in range(5):
        ours.step(closure)
        here = [p.detach().clone() for p in parameters]
        if name == "sam":
            last = torch.autograd.grad(twin(x).square().mean(), parameters)
        if last is not None:
            norm = sum(g.square().sum() for g in last).sqrt()
            with torch.no_grad():
                for p, g in zip(parameters, last):
                    p += 0.1 * g / norm
        last = torch.autograd.grad(twin(x).square().mean(), parameters)
        with torch.no_grad():
            for p, w, g in zip(parameters, here, last):
                p.copy_(w)
                p.grad = g.clone()
        theirs.step()
    for p, q in zip(net.parameters(), parameters):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-12)


def test_parameter_groups():
    asked = recipe(
        "adamw",
        parameter_groups=[
            {"patterns": "*.bias", "weight_decay": 0.0, "lr_scale": 0.5},
            {"patterns": ["2.*"], "optimizer": "sgd", "options": {"momentum": 0.5}},
        ],
    ).but(weight_decay=0.1)
    net = model()
    adam, sgd = make_optimizers(asked, net)
    assert isinstance(adam, torch.optim.AdamW)
    assert isinstance(sgd, torch.optim.SGD)
    biases, rest = adam.param_groups
    assert [p is q for p, q in zip(biases["params"], (net[0].bias, net[2].bias))] == [True, True]
    assert (biases["lr"], biases["lr_scale"], biases["weight_decay"]) == (0.005, 0.5, 0.0)
    assert rest["params"] == [net[0].weight]
    assert rest["weight_decay"] == 0.1
    (last,) = sgd.param_groups
    assert (last["momentum"], last["lr"]) == (0.5, 0.01)
    with pytest.raises(RecipeError, match="matches no parameter"):
        make_optimizers(recipe("sgd", parameter_groups=[{"patterns": "nothing"}]), net)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"optimizer": "sgdd"}, "did you mean 'sgd'"),
        ({"optimizer_options": {"rho": 1}}, "unknown option of optimizer 'sgd'"),
        ({"optimizer": "sam", "optimizer_options": {"rho": "a"}}, "rho"),
        ({"optimizer": "muon", "optimizer_options": {"ns_steps": 0.5}}, "ns_steps"),
        ({"lr_schedule": "linar"}, "did you mean 'linear'"),
        ({"lr_options": {"x": 1}}, "unknown option of lr schedule 'linear'"),
        ({"optimizer": "adafactor", "betas": (0.5, 0.5)}, "has no effect"),
        ({"parameter_groups": [{"patterns": "a", "optimizer": "sdg"}]}, "did you mean 'sgd'"),
    ],
)
def test_wrong_requests(changes, said):
    with pytest.raises(ValueError, match=said):
        load_recipe(method="set", **changes)


def test_muon_takes_matrices_and_adamw_the_rest():
    muon, adam = make_optimizers(recipe("muon"), model())
    assert all(p.dim() == 2 for g in muon.param_groups for p in g["params"])
    assert all(p.dim() == 1 for g in adam.param_groups for p in g["params"])
    (group,) = adam.param_groups
    assert group["lr"] == pytest.approx(0.01 * group["lr_scale"])
