"""Costs against torch's own counter and against brute force over links."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from netsci_dst.training import sparsify
from netsci_dst.training.compute import prediction_flops


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10)
    )


def convolutions():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 3 * 3, 5),
    )


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(12, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.last = nn.Linear(32, 4)

    def forward(self, x):
        x = self.first(x)
        return self.last(self.attention(x, x, x, need_weights=False)[0])


CASES = {
    "mlp": (mlp, (16, 40)),
    "convolutions": (convolutions, (4, 3, 8, 8)),
    "attention": (Attention, (4, 7, 12)),
}


def one_step(model, x, dst, optimizer):
    model(x).square().mean().backward()
    optimizer.step()
    dst.step()
    optimizer.zero_grad()


@pytest.mark.parametrize("case", CASES)
def test_executed_operations_are_those_of_torchs_counter(case):
    build, shape = CASES[case]
    model, x = build(), torch.randn(shape)
    with FlopCounterMode(display=False) as counter:
        model(x).square().mean().backward()
    model.zero_grad()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    dst = sparsify(model, optimizer, "set", 0.8, update_every=100, example_input=x, include="*")
    one_step(model, x, dst, optimizer)
    numbers = sum(p.numel() for p in model.parameters())
    counted = dst.controller.compute.executed - 6 * numbers
    assert counted == pytest.approx(counter.get_total_flops(), rel=0.01)


@pytest.mark.parametrize("case", CASES)
def test_smaller_batches_and_batches_in_parts_count_as_what_they_are(case):
    build, shape = CASES[case]
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    dst = sparsify(
        *(model, optimizer, "set", 0.8),
        update_every=100,
        example_input=torch.randn(shape),
        include="*",
    )
    twin, whole = build(), 0
    for parts in ([shape[0]], [1], [shape[0], 2, 1]):
        for n in parts:
            x = torch.randn(n, *shape[1:])
            with FlopCounterMode(display=False) as counter:
                twin(x).square().mean().backward()
            whole += counter.get_total_flops()
            model(x).square().mean().backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    numbers = sum(p.numel() for p in model.parameters())
    assert dst.controller.compute.executed - 3 * 6 * numbers == pytest.approx(whole, rel=0.01)


def test_groups_of_channels_are_counted_by_hand():
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Conv2d(8, 12, 3, groups=2)),
        *(nn.Flatten(), nn.Linear(48, 3)),
    )
    x = torch.randn(5, 4, 6, 6)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    dst = sparsify(model, optimizer, "set", 0.5, update_every=9, example_input=x, include="*")
    one_step(model, x, dst, optimizer)
    forward = [2 * 5 * 16 * 9 * 4 * 8, 2 * 5 * 4 * 9 * 4 * 12, 2 * 5 * 48 * 3]
    by_hand = 2 * forward[0] + 3 * forward[1] + 3 * forward[2]
    numbers = sum(p.numel() for p in model.parameters())
    assert dst.controller.compute.executed - 6 * numbers == by_hand


def test_rows_of_a_model_called_by_keywords_are_counted():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.of = mlp()

        def forward(self, *, x):
            return self.of(x)

    model, x = Named(), torch.randn(16, 40)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    dst = sparsify(model, optimizer, "static", 0.5, example_input={"x": x})
    model(x=x).square().mean().backward()
    optimizer.step()
    dst.step()
    each = 2 * sum(m.weight.numel() for m in model.of if isinstance(m, nn.Linear))
    assert dst.controller.compute.facts()["inference_flops_executed"] == pytest.approx(each)
    hooks = len(model._forward_pre_hooks)
    dst.close()
    assert len(model._forward_pre_hooks) < hooks
    assert not model._forward_pre_hooks


def test_energy_of_a_gpu_is_added(monkeypatch):
    import sys
    from types import SimpleNamespace

    from netsci_dst.training import compute

    spent = iter([0, 1000, 4500])
    nvml = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=lambda handle: next(spent),
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    properties = SimpleNamespace(uuid="a")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(compute, "_RAPL", compute.Path("/nowhere"))
    assert compute.Energy(torch.device("cuda", 0)).joules() == 3.5
    assert compute.Energy(torch.device("cpu")).joules() is None


@pytest.mark.parametrize("format", ["masked", "csr"])
def test_operations_of_the_links_are_counted_link_by_link(format):
    model, x = mlp(), torch.randn(16, 40)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    dst = sparsify(model, optimizer, "set", 0.9, update_every=100, include="*", format=format)
    one_step(model, x, dst, optimizer)
    expected = 0
    for i, parameter in enumerate(dst.controller.parameters.values()):
        for _ in range(parameter.n_links):
            expected += 16 * 2 * (2 if i == 0 else 3)  # forward, weight, and input but the first
    stored = sum(p.n_links for p in dst.controller.parameters.values()) + 64 + 48 + 10
    assert dst.controller.compute.links == pytest.approx(expected + 6 * stored, rel=1e-9)
    facts = dst.controller.compute.facts()
    links = sum(p.n_links for p in dst.controller.parameters.values())
    assert facts["inference_flops_links"] == pytest.approx(2 * links)
    assert facts["links"] == links
    assert facts["parameters"] == stored
    assert facts["optimizer_bytes"] == 0


@pytest.mark.parametrize("format", ["masked", "csr"])
def test_operations_of_link_prediction_are_those_of_the_paths(format):
    model, x = mlp(), torch.randn(16, 40)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    options = {"percolation": False, "update_every": 2, "total_steps": 100, "include": "*"}
    dst = sparsify(model, optimizer, "chts", 0.9, format=format, **options)
    for _ in range(2):
        one_step(model, x, dst, optimizer)
    controller = dst.controller
    assert controller.n_updates == 1
    paths = controller.engine.paths
    assert list(paths) == list(controller.parameters)
    assert min(paths.values()) > 0
    per_step = controller.compute.links - 2 * sum(paths.values())
    assert per_step == pytest.approx(
        2 * (controller.compute._per_step[0] + controller.compute._of_optimizer[0]), rel=1e-9
    )
    parameter = controller.parameters["2"]
    assert prediction_flops("ch2_l3n", parameter, 7)[0] == 14
    assert prediction_flops("random", parameter, 7) == (0.0, 0.0)


def test_a_run_says_what_it_cost(tmp_path):
    import netsci_dst as nd

    run = nd.train(
        data="digits",
        method="rigl",
        epochs=3,
        model_options={"hidden": [48, 40]},
        out=tmp_path / "r",
    )
    cost, rows = run.provenance["compute"], run.metrics
    assert cost["training_flops_links"] == pytest.approx(rows.flops_links.iloc[-1])
    # Twice the epochs cost about twice as much: topology updates come on top.
    growth = rows.flops_links.diff().dropna()
    assert growth.max() < 1.2 * rows.flops_links.iloc[0]
    assert growth.min() > 0.8 * rows.flops_links.iloc[0]
    topology = run.snapshots[-1].topology
    dense = 40 * 10  # the output layer
    links = sum(layer.n_links for layer in topology.layers)
    assert cost["inference_flops_links"] == pytest.approx(2 * (links + dense))
    assert cost["links"] == links
    assert run.provenance["data"]["test_samples"] == 360
