import io

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import netsci_dst as nd
from netsci_dst.errors import NetsciError, RecipeError, RunError, UnknownName
from netsci_dst.training import record, resume, sparsify


def mlp(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(12, 40), nn.ReLU(), nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 3)
    )


def batches(n, seed=1):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n):
        x = torch.randn(16, 12, generator=generator)
        yield x, x[:, :3].argmax(1)


def steps(model, optimizer, dst, n, seed=1):
    for x, y in batches(n, seed):
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    return loss.item()


@pytest.fixture(autouse=True)
def _same_random_state():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def test_a_training_that_ends_before_its_first_update_warns():
    with pytest.warns(UserWarning, match="one is due every 100 steps, and training has 60"):
        sparsify(mlp(), None, "chts", 0.8, total_steps=60, update_every=100)


@pytest.mark.parametrize("method", ["set", "rigl", "granet", "snfs", "mest", "deepr", "topkast"])
def test_any_model_trains_and_keeps_its_links(tmp_path, method):
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    dst = sparsify(
        model,
        optimizer,
        method,
        0.8,
        out=tmp_path / "run",
        total_steps=120,
        update_every=10,
        steps_per_epoch=20,
        exclude="4",
        probe=next(batches(1))[0],
    )
    with dst:
        first = steps(model, optimizer, dst, 5)
        last = steps(model, optimizer, dst, 115)
        dst.log(loss=last)
    assert last < first
    run = nd.load_run(tmp_path / "run")
    assert run.status == "finished"
    layers = run.snapshots[-1].topology.layers
    assert [layer.name for layer in layers] == ["0", "2"]
    assert sum(layer.n_links for layer in layers) == round(0.2 * (12 * 40 + 40 * 30))
    assert run.snapshots.steps[0] == 0
    assert run.snapshots.steps[-1] == 120
    assert run.metrics.loss.tolist() == pytest.approx([last])
    assert set(run.evolution.layer) == {"0", "2", "all"}
    assert set(run.snapshots[-1].activity) == {"input", "0", "2", "output"}
    run.update_provenance({"status": "interrupted"})
    with pytest.raises(RunError, match="loop of one's own"):
        resume(run.path)


def test_adam_state_is_carried_over_from_a_dense_start():
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for x, y in batches(3):
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
    weight, moment = model[0].weight, optimizer.state[model[0].weight]["exp_avg"].clone()
    dst = sparsify(model, optimizer, "static", 0.5, include="0", format="csr")
    layer = dst.controller.layers[0].parameter
    targets, sources = layer.keys % 40, layer.keys // 40
    assert torch.equal(layer.values, weight.detach()[targets, sources])
    assert torch.equal(layer.link_state(optimizer, "exp_avg"), moment[targets, sources])
    steps(model, optimizer, dst, 2)


@pytest.mark.parametrize("method", ["rigl", "deepr", "snfs"])
def test_state_dict_continues_bit_for_bit(method):
    def made():
        model = mlp()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        options = {"total_steps": 100, "update_every": 5, "include": ["0", "2"]}
        return model, optimizer, sparsify(model, optimizer, method, 0.7, **options)

    model, optimizer, dst = made()
    steps(model, optimizer, dst, 33, seed=2)
    file = io.BytesIO()
    torch.save({"m": model.state_dict(), "o": optimizer.state_dict(), "d": dst.state_dict()}, file)
    file.seek(0)
    steps(model, optimizer, dst, 20, seed=3)
    other, second, twin = made()
    saved = torch.load(file, weights_only=True)
    other.load_state_dict(saved["m"])
    second.load_state_dict(saved["o"])
    twin.load_state_dict(saved["d"])
    steps(other, second, twin, 20, seed=3)
    for a, b in zip(dst.controller.layers, twin.controller.layers):
        assert torch.equal(a.parameter.keys, b.parameter.keys)
        assert torch.equal(a.parameter.values, b.parameter.values)


def test_misuse_is_refused(tmp_path):
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RecipeError, match="total_steps"):
        sparsify(mlp(), None, "rigl", 0.5)
    with pytest.raises(UnknownName, match="'set'"):
        sparsify(mlp(), None, "sett", 0.5)
    dst = sparsify(model, None, "set", 0.5, format="csr")
    with pytest.raises(NetsciError, match="attach"):
        dst.step()
    with pytest.raises(NetsciError, match="no optimizer has"):
        dst.attach(optimizer)
    good = torch.optim.SGD(model.parameters(), lr=0.1)
    dst.attach(good)
    for x, y in batches(2):
        nn.functional.cross_entropy(model(x), y).backward()
        good.step()
    with pytest.raises(NetsciError, match="after every"):
        dst.step()


@pytest.mark.parametrize("form", ["masked", "csr"])
@pytest.mark.parametrize("method", ["set", "rigl", "chts", "granet", "static"])
def test_a_flattened_convolution_without_an_example(tmp_path, method, form):
    """The first pass of training tells that pixels of a channel are one neuron."""
    from netsci_dst import load_model, load_run

    def build():
        torch.manual_seed(0)
        return nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 12, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 20), nn.GELU()),
            nn.Linear(20, 5),
        )

    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(24, 1, 8, 8, generator=generator), torch.arange(24) % 5
    found = []
    for name, example in (("with", x), ("without", None)):
        model = build()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        with sparsify(
            model,
            optimizer,
            method,
            0.6,
            out=tmp_path / name,
            update_every=3,
            total_steps=12,
            example_input=example,
            format=form,
            include=["7", "9"] if form == "csr" else ["*"],
        ) as dst:
            for _ in range(12):
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                dst.step()
                optimizer.zero_grad()
        model.eval()
        loaded = load_model(tmp_path / name, model=build())
        assert torch.allclose(loaded(x), model(x), atol=1e-6)
        found.append(load_run(tmp_path / name).snapshots)
    for one, other in zip(found[0], found[1], strict=True):
        assert one.topology.populations == other.topology.populations
        sizes = [[(a.name, a.shape) for a in s.topology.layers] for s in (one, other)]
        assert sizes[0] == sizes[1]
        if method in ("set", "static"):
            assert [a.n_links for a in one.topology.layers] == [
                a.n_links for a in other.topology.layers
            ]


def test_a_convolution_network_evolves(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 6, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * 6 * 6, 10),
    )
    x = torch.randn(4, 1, 8, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    dst = sparsify(
        model,
        optimizer,
        "set",
        0.7,
        out=tmp_path / "run",
        update_every=2,
        example_input=x,
        include="*",
    )
    for _ in range(6):
        model(x).square().mean().backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    dst.close()
    topology = nd.load_run(tmp_path / "run").snapshots[-1].topology
    assert [layer.name for layer in topology.layers] == ["0", "2", "5"]
    assert topology.layers[1].multiplicity.sum() == round(0.3 * 8 * 9 * 6)
    assert topology.layers[2].shape == (6, 10)


def test_recording_a_model_that_something_else_prunes(tmp_path):
    model = mlp()
    with record(model, tmp_path / "run", probe=next(batches(1))[0]) as recorder:
        for amount in (0.3, 0.6):
            prune.l1_unstructured(model[0], "weight", amount=amount)
            recorder.step()
            recorder.log(loss=1.0)
    run = nd.load_run(tmp_path / "run")
    assert run.status == "finished"
    assert run.snapshots.steps == [0, 1, 2]
    assert not run.snapshots[0].topology.layers
    last = run.snapshots[-1].topology
    assert [layer.name for layer in last.layers] == ["0"]
    assert [layer.name for layer in last.dense] == ["2", "4"]
    weight = model[0].weight.detach().numpy()
    assert np.array_equal(last.layers[0].to_scipy().toarray(), (weight != 0).T)
    removed = run.evolution.query("layer == '0'").removed.tolist()
    assert removed == [0, 336 - int((weight != 0).sum())]


def test_requests_that_cannot_be_met_are_refused():
    features = np.random.default_rng(0).normal(size=(20, 12))
    for said, changes in {
        "no layer is left": {"exclude": "*"},
        "snapshot_every is 0": {"snapshot_every": 0},
        "0 steps": {"total_steps": 0},
        "reads none": {"method": "set", "features": features},
        r"features have shape \(20, 5\); expected \(n, 12\)": {"features": features[:, :5]},
        "zeta.*no effect here": {"method": "static", "zeta": 0.4},
        "no sparse layer matches head_layers": {"method": "set", "heads": 2},
    }.items():
        with pytest.raises(RecipeError, match=said):
            sparsify(mlp(), **{"method": "chts", "total_steps": 9, **changes})
    assert sparsify(mlp(), method="chts", total_steps=900, features=features).controller.layers


def test_neurons_of_a_model_of_ones_own_are_silenced(tmp_path):
    from netsci_dst.training.lesion import lesion

    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with sparsify(model, optimizer, "set", 0.5, out=tmp_path / "run", update_every=5) as dst:
        steps(model, optimizer, dst, 10)
    run = nd.load_run(tmp_path / "run")
    x, y = next(batches(1, seed=9))

    def evaluate(network):
        return {"loss": nn.functional.cross_entropy(network(x), y).item()}

    outputs = nd.wiring(model, x).outputs
    population = next(name for name, path in outputs.items() if path in ("0", "1"))
    with pytest.raises(RunError, match="evaluate"):
        lesion(run, {"all": []}, [0.0])
    orders = {"all": [(population, i) for i in range(40)]}
    rows = lesion(run, orders, [0.0, 1.0], model=mlp(seed=3), evaluate=evaluate, example=x)
    assert rows[0]["removed"] == 0
    assert rows[0]["loss"] == pytest.approx(evaluate(model)["loss"], rel=1e-5)
    with torch.no_grad():  # without the first hidden layer only biases are left
        h = torch.zeros(16, 40) if outputs[population] == "1" else None
        if h is not None:
            expected = nn.functional.cross_entropy(model[4](model[3](model[2](h))), y)
            assert rows[1]["loss"] == pytest.approx(float(expected), rel=1e-5)
