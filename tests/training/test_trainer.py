import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import trapezoid

import netsci_dst as nd
import netsci_dst.training as training
from netsci_dst.errors import DataError, NumericalError, RecipeError, RunError, UnknownName
from netsci_dst.training import checkpoint
from netsci_dst.training.data import load
from netsci_dst.training.progress import Progress
from netsci_dst.training.tasks import get_task

from ._runs import Steps, Stop, facts, same, small

FIXED = ["static", "set", "rigl", "cht", "chts", "snfs", "mest", "esml", "deepr", "topkast"]


@pytest.mark.parametrize("method", FIXED)
def test_link_counts_never_change(tmp_path, method):
    run = small(tmp_path / "run", method, epochs=3, update_epochs=0.5)
    counts = {
        tuple(layer.n_links for layer in snapshot.topology.layers) for snapshot in run.snapshots
    }
    assert len(counts) == 1
    assert sum(next(iter(counts))) in (819, 820)
    if len(run.evolution):
        links = run.evolution.query("layer != 'all'").groupby("layer").links
        assert (links.nunique() == 1).all()


def test_a_run_learns_and_records(tmp_path):
    run = small(tmp_path / "run", "set", epochs=8)
    metrics, evolution = run.metrics, run.evolution
    assert list(metrics.epoch) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert metrics.accuracy.iloc[-1] > 0.85
    assert metrics.train_loss.is_monotonic_decreasing
    assert len(run.snapshots) == 9
    assert run.status == "finished"
    whole = evolution.query("layer == 'all'")
    assert list(whole.epoch) == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
    ]  # after the last epoch nothing is left to learn
    assert (whole.removed == whole.regrown).all()
    assert whole.itop.is_monotonic_increasing
    assert (evolution.removed == (0.3 * evolution.links).round()).sum() >= 2 * 7
    last = run.snapshots[-1]
    assert last.topology.dense[0].name == "output"
    assert set(last.activity) == {"input", "hidden1", "hidden2", "output"}
    provenance = run.provenance
    assert provenance["seed"] == 0
    assert len(provenance["data"]["fingerprint"]) == 64
    assert provenance["versions"]["torch"]
    assert metrics.aae.iloc[-1] == pytest.approx(
        trapezoid(metrics.accuracy, metrics.epoch) / (metrics.epoch.iloc[-1] - 1)
    )


def test_the_recipe_of_a_run_repeats_it(tmp_path):
    first = small(tmp_path / "a", "chts", epochs=2)
    again = training.train(tmp_path / "a" / "recipe.toml", out=tmp_path / "b")
    same(facts(first), facts(again))


@pytest.mark.parametrize(
    ("method", "epochs", "said"),
    [("set", 1, True), ("set", 2, False), ("gmp", 1, False), ("dense", 1, False)],
)
def test_a_training_that_ends_before_its_first_update_says_so(tmp_path, method, epochs, said):
    heard = []

    class Hears(Progress):
        def noted(self, message):
            heard.append(message)

    run = small(tmp_path / "run", method, epochs=epochs, progress=Hears())
    assert bool(heard) == said
    if said:
        assert "one is due every 45 steps, and training has 45" in heard[0]
    if method != "dense":
        assert run.evolution.empty == said


def test_dense_has_no_links_to_store(tmp_path):
    run = small(tmp_path / "run", "dense", epochs=1)
    topology = run.snapshots[-1].topology
    assert not topology.layers
    assert [layer.name for layer in topology.dense] == [
        "hidden.0.linear",
        "hidden.1.linear",
        "output",
    ]
    assert len(run.evolution) == 0


@pytest.mark.parametrize(
    "method", ["set", "rigl", "snfs", "chtss", "deepr", "topkast", "dsr", "dense"]
)
def test_ctrl_c_then_resume_is_bit_for_bit(tmp_path, method):
    changes = {"optimizer": "adam", "lr": 0.002} if method in ("set", "dense") else {}
    whole = small(tmp_path / "whole", method, update_epochs=0.4, **changes)
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "cut", method, update_epochs=0.4, progress=Stop(67), **changes)
    cut = nd.load_run(tmp_path / "cut")
    assert cut.status == "interrupted"
    assert cut.provenance["stopped_at_step"] == 67
    with pytest.raises(KeyboardInterrupt):
        training.resume(tmp_path / "cut", progress=Stop(100))
    seen = Steps()
    resumed = training.resume(tmp_path / "cut", progress=seen)
    assert resumed.status == "finished"
    assert seen.made == list(range(101, resumed.provenance["total_steps"] + 1))
    same(facts(whole), facts(resumed))
    a, _ = checkpoint.load(whole.store, checkpoint.LAST)
    b, _ = checkpoint.load(resumed.store, checkpoint.LAST)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_crash_between_checkpoints_repeats_from_the_last(tmp_path):
    whole = small(tmp_path / "whole", "chts", model_options={"hidden": [64, 64], "dropout": 0.1})
    with pytest.raises(ZeroDivisionError):
        small(
            tmp_path / "cut",
            "chts",
            model_options={"hidden": [64, 64], "dropout": 0.1},
            progress=Stop(117, ZeroDivisionError()),
        )
    assert nd.load_run(tmp_path / "cut").status == "failed"
    seen = Steps()
    same(facts(whole), facts(training.resume(tmp_path / "cut", progress=seen)))
    assert seen.made[0] == 91  # evaluated, and kept, after two epochs of 45 steps


def test_a_killed_process_resumes(tmp_path):
    code = (
        "import sys, netsci_dst.training as t\n"
        f"t.train(out={str(tmp_path / 'cut')!r}, data='digits', method='set', sparsity=0.9,"
        "epochs=40, model_options={'hidden': [64, 64]})"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    table = tmp_path / "cut" / "metrics.parquet"
    while not table.exists() and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.2)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    _, kept = checkpoint.load(nd.load_run(tmp_path / "cut").store, checkpoint.LAST)
    seen = Steps()
    resumed = training.resume(tmp_path / "cut", progress=seen)
    assert seen.made[0] == kept["step"] + 1
    whole = small(tmp_path / "whole", "set", epochs=40)
    same(facts(whole), facts(resumed))


def test_two_processes_cannot_write_one_run(tmp_path):
    small(tmp_path / "run", "set", epochs=1, steps=3)
    run = nd.load_run(tmp_path / "run")
    run.update_provenance({"status": "interrupted"})
    code = (
        "import sys, netsci_dst.training as t\n"
        "from netsci_dst.errors import RunLocked\n"
        "try:\n"
        f"    t.resume({str(tmp_path / 'run')!r})\n"
        "except RunLocked as error:\n"
        "    sys.exit(7)\n"
    )
    with run.writing():
        assert subprocess.run([sys.executable, "-c", code]).returncode == 7
    with pytest.raises(RunError, match="already holds a run"):
        small(tmp_path / "run")


def test_nan_stops_at_its_step_and_keeps_the_last_good_checkpoint(tmp_path):
    with pytest.raises(NumericalError, match="not finite at step"):
        small(tmp_path / "run", "set", lr=1e18, evaluate_steps=1)
    run = nd.load_run(tmp_path / "run")
    assert run.status == "failed"
    assert "not finite" in run.provenance["error"]
    tensors, good = checkpoint.load(run.store, checkpoint.LAST)
    assert good["step"] < run.provenance["stopped_at_step"]
    assert all(t.isfinite().all() for n, t in tensors.items() if n.startswith("model"))


def test_resume_refuses_other_data(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "run", progress=Stop(5))
    with pytest.raises(DataError, match="changed"):
        training.resume(tmp_path / "run", dataset=load("digits").limited(train=100))


def test_static_on_another_runs_final_topology(tmp_path):
    first = small(tmp_path / "first", "set")
    second = small(tmp_path / "second", "static", init_from=str(tmp_path / "first"), epochs=1)
    final, initial = first.snapshots[-1].topology, first.snapshots[0].topology
    for layer in second.snapshots[0].topology.layers:
        assert np.array_equal(layer.keys, final.layer(layer.name).keys)
        known, mine, theirs = np.intersect1d(
            layer.keys, initial.layer(layer.name).keys, return_indices=True
        )
        assert 0 < known.size < layer.n_links
        assert np.array_equal(layer.weights[mine], initial.layer(layer.name).weights[theirs])
        assert (layer.weights != 0).all()


def test_weights_that_a_start_does_not_know_are_the_models_own(tmp_path):
    first = small(tmp_path / "first", "set")
    options = {"weights": "model", "new_weights": "zero"}
    second = small(
        tmp_path / "second", "static", init_from=first.path, steps=1, method_options=options
    )
    task, data = get_task("classification"), load("digits")
    own = task.build("mlp", {"hidden": [64, 64]}, data, seed=0)
    initial = first.snapshots[0].topology
    for layer in second.snapshots[0].topology.layers:
        new = ~np.isin(layer.keys, initial.layer(layer.name).keys)
        weight = own.get_submodule(layer.name).weight.detach().numpy().T.reshape(-1)
        assert new.any()
        assert np.array_equal(layer.weights[new], weight[layer.keys[new]])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "dense"}, "take one of fixed density"),
        ({"method": "chtss"}, "take one of fixed density"),
        ({"sparsity": 0.8}, r"set sparsity = 0\.8999"),
        ({"model_options": {"hidden": [64, 32]}}, "which does not fit"),
        ({"model_options": {"hidden": [64, 64, 64]}}, "has no sparse layer 'hidden.2.linear'"),
    ],
)
def test_a_start_that_does_not_fit_is_refused(tmp_path, changes, said):
    first = small(tmp_path / "first", "set", steps=1)
    with pytest.raises(RecipeError, match=said):
        small(tmp_path / "second", **{"method": "static", "init_from": first.path, **changes})
    assert not (tmp_path / "second").exists()


def test_a_start_for_a_convolution_is_refused(tmp_path):
    settings = {"model": "convnet", "model_options": {"channels": [4, 4, 4]}, "steps": 1}
    data = {"data": "images", "data_options": {"path": str(_pictures(tmp_path / "data"))}}
    first = small(tmp_path / "first", "set", **settings, **data)
    with pytest.raises(RecipeError, match=r"'conv1' of .* is a convolution"):
        small(tmp_path / "second", "static", init_from=first.path, **settings, **data)
    small(
        tmp_path / "third", "static", init_from=first.path, sparse_layers=("*", "!conv*"),
        **settings, **data,
    )  # fmt: skip


def _pictures(folder):
    from PIL import Image

    rng = np.random.default_rng(0)
    for part, n in (("train", 12), ("test", 4)):
        for i in range(n):
            file = folder / part / str(i % 2) / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(file)
    return folder


def test_snapshots_by_rule(tmp_path):
    settings = {
        "method": "set",
        "evaluate_steps": 5,
        "steps": 45,
        "model_options": {"hidden": [16]},
    }
    log = small(tmp_path / "log", snapshot_rule="log", **settings)
    assert log.snapshots.steps == [0, 5, 10, 20, 40, 45]
    kept = small(tmp_path / "kept", snapshot_keep=2, **settings)
    assert kept.snapshots.steps == [0, 40, 45]
    every = small(tmp_path / "every", snapshot_every=3, **settings)
    assert every.snapshots.steps == [0, 15, 30, 45]
    assert len(small(tmp_path / "none", snapshot_rule="none", **settings).snapshots) == 0


def test_accumulation_changes_nothing_but_memory(tmp_path):
    one = small(tmp_path / "one", "rigl", dtype="float64", steps=60)
    four = small(tmp_path / "four", "rigl", dtype="float64", steps=60, accumulate=4)
    a, b = one.snapshots[-1].topology, four.snapshots[-1].topology
    for first, second in zip(a.layers, b.layers):
        assert np.array_equal(first.keys, second.keys)
        assert np.allclose(first.weights, second.weights, atol=1e-6)


def test_global_random_state_and_threads_are_left_alone(tmp_path):
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    numpy_before = np.random.get_state()[1].copy()
    small(tmp_path / "run", "chts", steps=5)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert np.array_equal(numpy_before, np.random.get_state()[1])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"method": "sett"}, RecipeError),
        ({"data": "digitz"}, UnknownName),
        ({"model": "mpl"}, UnknownName),
        ({"device": "gpu9"}, RecipeError),
        ({"sparsity": 1.0}, RecipeError),
        ({"epochs": 0}, RecipeError),
        ({"sparse_layers": ("nothing*",)}, nd.errors.TopologyError),
        ({"model_options": {"hiden": [3]}}, UnknownName),
        ({"method": "granet", "sparsity": 0.3}, RecipeError),
    ],
)
def test_bad_requests_leave_no_folder(tmp_path, changes, error):
    with pytest.raises(error):
        small(tmp_path / "run", **changes)
    assert not Path(tmp_path / "run").exists()


def test_fewer_samples_by_the_recipe(tmp_path):
    run = small(tmp_path / "run", "set", train_samples=320, test_samples=50, epochs=1)
    assert run.provenance["total_steps"] == 10
    again = small(tmp_path / "again", "set", train_samples=320, test_samples=50, epochs=1, seed=1)
    assert again.provenance["data"]["fingerprint"] != run.provenance["data"]["fingerprint"]


def test_images_are_cropped_and_flipped_where_asked(tmp_path, monkeypatch):
    from netsci_dst.training.data import augment

    seen = []
    crop = augment.CropAndFlip.__call__

    def spy(self, images, generator):
        seen.append((self.padding, self.border, tuple(images.shape[1:])))
        return crop(self, images, generator)

    monkeypatch.setattr(augment.CropAndFlip, "__call__", spy)
    small(tmp_path / "plain", "set", steps=3)
    assert not seen
    small(tmp_path / "run", "set", steps=3, augment=True)
    assert set(seen) == {(1, "zeros", (1, 8, 8))}
    seen.clear()
    small(tmp_path / "mirrored", "set", steps=3, augment=True, augment_border="reflect")
    assert set(seen) == {(1, "reflect", (1, 8, 8))}


@pytest.mark.parametrize(
    "changes",
    [
        {"compile": True, "device": "cpu"},
        {"format": "csr"},
        {"sparse_layers": ("output",)},
        {"augment_border": "reflect"},
    ],
)
def test_options_without_effect_are_refused(tmp_path, changes):
    with pytest.raises(RecipeError):
        small(tmp_path / "run", "dense", **changes)


def test_the_best_model_is_tested_on_what_training_never_saw(tmp_path, shared_data, monkeypatch):
    kind, judged = type(get_task("translation")), []
    evaluate = kind.evaluate

    def spy(self, model, batches, *split):
        found = evaluate(self, model, batches, *split)
        if not split:  # on the validation part: the first network is the best
            found["bleu"] = -float(len(judged))
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        judged.append((split, weights, found))
        return found

    monkeypatch.setattr(kind, "evaluate", spy)
    run = training.train(
        data="multi30k",
        data_options={"path": str(shared_data / "multi30k"), "vocabulary": 300},
        model="transformer",
        model_options={"width": 16, "feed_forward": 16, "layers": 1, "heads": 2},
        method="set",
        sparsity=0.5,
        steps=4,
        evaluate_steps=2,
        update_steps=2,
        batch_size=256,
        optimizer="adam",
        train_samples=200,
        test_samples=20,
        task_options={"evaluation_pairs": 4},
        out=tmp_path / "run",
    )
    best = run.provenance["best"]
    assert best["step"] == 2
    assert set(best["test"]) == {"loss", "bleu"}
    split, weights, found = judged[-1]
    assert split == ("test",)
    assert found == best["test"]
    kept = checkpoint.part("model", checkpoint.load(run.store, checkpoint.BEST)[0])
    assert all(torch.equal(weights[name], value) for name, value in kept.items())
    assert any(not torch.equal(judged[-2][1][name], value) for name, value in kept.items())
    assert run.store.exists("data/tokenizer.json")


def test_layers_change_their_format_as_the_density_falls(tmp_path):
    options = {
        "method": "granet",
        "method_options": {"initial_sparsity": 0.1},
        "dtype": "float64",
        "steps": 80,
        "update_steps": 10,
    }
    auto = small(tmp_path / "auto", **options)
    masked = small(tmp_path / "masked", format="masked", **options)
    layers = auto.provenance["model"]["sparse_layers"].values()
    assert {layer["format"] for layer in layers} == {"masked"}
    _, state = checkpoint.load(auto.store, checkpoint.LAST)
    assert set(state["controller"]["formats"].values()) == {"csr"}
    for a, b in zip(auto.snapshots[-1].topology.layers, masked.snapshots[-1].topology.layers):
        assert np.array_equal(a.keys, b.keys)
        assert np.allclose(a.weights, b.weights, atol=1e-6)
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "cut", progress=Stop(71), **options)
    same(facts(auto), facts(training.resume(tmp_path / "cut")))
