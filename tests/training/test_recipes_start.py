"""Every shipped recipe trains: its own data in their published form, its model made small."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("tokenizers")
pytest.importorskip("sacrebleu")

import netsci_dst as nd
from netsci_dst.cli import main
from netsci_dst.recipe import load_recipe

RECIPES = Path(__file__).resolve().parents[2] / "netsci_dst" / "recipes"
STEPS = 8

_spec = importlib.util.spec_from_file_location(
    "forms", Path(__file__).with_name("data") / "_forms.py"
)
forms = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(forms)

LANGUAGE = {"width": 32, "feed_forward": 48, "layers": 1, "heads": 2}
SMALL = {
    "mlp": {"hidden": [48, 48, 48]},
    "mlp-survival": {"hidden": [64, 32]},
    "convnet": {"channels": [8, 8, 12]},
    "vgg16": {"width": 0.125},
    "vgg16-cht": {"width": 0.125, "hidden": [64, 64, 64]},
    "resnet50": {"width": 0.125},
    "resnet50-cht": {"width": 0.125, "hidden": [96, 96, 96]},
    "resnet56": {"width": 0.5, "depth": 8},
    "rbm-small": {"hidden": 40},
    "rbm-big": {"hidden": 60},
    "transformer": LANGUAGE,
    **{f"llama-{size}": LANGUAGE for size in ("20m", "60m", "130m", "1b")},
}
TEXT = {"data_options.vocabulary": 300}
TASKS = {
    "transformer": {**TEXT, "batch_size": 200, "task_options.evaluation_pairs": 4},
    "llama": {**TEXT, "batch_size": 16, "task_options.sequence_length": 12,
              "data_options.validation": 0.2},
    "image": {"batch_size": 16},
}  # fmt: skip


def write_cifar(folder, rng, names, n_labels, n_classes):
    folder.mkdir()
    for name, n in names.items():
        labels = np.stack([np.arange(n) % n_classes] * n_labels, axis=1)
        pixels = rng.integers(0, 256, (n, 3072))
        np.hstack([labels, pixels]).astype(np.uint8).tofile(folder / f"{name}.bin")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Every named data set, tiny, in a form in which it is published."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for name in ("mnist", "fashion_mnist"):
        forms.write_mnist(root / name, rng, n=(160, 20))
    prefix = "emnist-balanced-"
    forms.write_mnist(root / "emnist", rng, prefix, n=(188, 47), n_classes=47)
    ten = {f"data_batch_{i}": 32 for i in range(1, 6)} | {"test_batch": 20}
    write_cifar(root / "cifar10", rng, ten, 1, 10)
    write_cifar(root / "cifar100", rng, {"train": 200, "test": 100}, 2, 100)
    for part, n in (("train", 80), ("val", 10)):
        for i in range(n):
            file = root / "imagenet" / part / f"n{i % 5:08d}" / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(forms.encode(forms.picture(rng, (3, 40, 36))))
    words = ["a", "small", "tall", "dog", "man", "sees", "walks", "house", "tree", "the"]
    sentence = lambda: " ".join(rng.choice(words, rng.integers(3, 9)))  # noqa: E731
    for name in ("multi30k", "iwslt14", "wmt17"):
        (root / name).mkdir()
        for part, n in (("train", 200), ("validation", 6), ("test", 6)):
            lines = [sentence() for _ in range(n)]
            (root / name / f"{part}.en").write_text("\n".join(lines) + "\n")
            (root / name / f"{part}.de").write_text("\n".join(lines).upper() + "\n")
    (root / "openwebtext").mkdir()
    documents = [". ".join(sentence() for _ in range(12)) for _ in range(60)]
    pq.write_table(pa.table({"text": documents}), root / "openwebtext" / "train-0.parquet")
    return root


def settings(recipe):
    """What is made small, as ``--set`` takes it."""
    kind = recipe.model.split("-")[0]
    changes = {
        "steps": STEPS,
        "update_steps": 2,
        "evaluate_steps": 4,
        "evaluation_batch_size": 10,
        "probe_size": 8,
        "accumulate": min(recipe.accumulate, 4),
        "device": "cpu",
        **TASKS.get(kind, TASKS["image"]),
        **{f"model_options.{name}": value for name, value in SMALL[recipe.model].items()},
    }
    if recipe.data == "imagenet":
        changes["data_options.size"] = 32
    return [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]


def train(path, out, *more):
    with pytest.raises(SystemExit) as stopped:
        main(["train", str(path), "--out", str(out), *settings(load_recipe(path)), *more])
    assert not stopped.value.code
    return nd.load_run(out)


@pytest.mark.stress
@pytest.mark.parametrize(
    "path", sorted(RECIPES.rglob("*.toml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_recipe_trains(path, data, tmp_path, monkeypatch):
    monkeypatch.setenv("NETSCI_DST_DATA", str(data))
    recipe, more = load_recipe(path), []
    if recipe.init_from is not None:
        first = train(path.with_name("mnist-mlp.toml"), tmp_path / "first")
        more = ["--set", f"init_from={first.path}"]
    run = train(path, tmp_path / "run", *more)

    method = recipe.resolved_method()
    assert run.status == "finished"
    assert run.metrics["step"].tolist() == [4, STEPS]
    assert np.isfinite(run.metrics[["loss", "train_loss"]]).all(axis=None)
    assert math.isfinite(run.metrics[run.provenance["metric"]].iloc[-1])
    last = run.snapshots[-1].topology
    if not method.sparse:
        assert not last.layers
        return
    kept = sum(layer["links"] for layer in run.provenance["model"]["sparse_layers"].values())
    assert kept > 0
    if method.evolves:
        whole = run.evolution[run.evolution["layer"] == "all"]
        assert len(whole) >= 2
        assert (whole["regrown"] + whole["pruned"]).sum() > 0
        assert whole["density"].iloc[-1] == pytest.approx(1 - recipe.sparsity, abs=0.01)
