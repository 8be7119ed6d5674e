"""Every model goes through the trainer: links evolve, percolate and stay as many as asked."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from netsci_dst.training.data._dataset import image_dataset  # noqa: E402
from netsci_dst.training.trainer import train  # noqa: E402

pytestmark = pytest.mark.torch

IMAGES = {
    "convnet": {"channels": (6, 8, 10)},
    "mlp-survival": {"hidden": (30, 20)},
    "vgg16": {"width": 0.08},
    "vgg16-cht": {"width": 0.08},
    "resnet50": {"width": 0.15},
    "resnet50-cht": {"width": 0.08},
    "resnet56": {"width": 0.5, "depth": 14},
    "rbm-small": {"hidden": 40},
}


def images():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 96)
    x = rng.integers(0, 80, (96, 3, 20, 20)) + 60 * labels[:, None, None, None]
    parts = (x[:64].astype(np.uint8), labels[:64]), (x[64:].astype(np.uint8), labels[64:])
    return image_dataset("generated", *parts, n_classes=3)


def check(run, sparsity, metric):
    total = run.evolution[run.evolution.layer == "all"]
    assert len(total) >= 2
    assert (total.removed > 0).any()
    assert (total.regrown == total.removed + total.percolated).all()
    for snapshot in (run.snapshots[0], run.snapshots[-1]):
        links = sum(
            layer.multiplicity.sum() if layer.multiplicity is not None else layer.n_links
            for layer in snapshot.topology.layers
        )
        assert links == total.links.iloc[0]
    assert total.density.tolist() == pytest.approx([1 - sparsity] * len(total), abs=0.005)
    assert np.isfinite(run.metrics[metric]).all()


@pytest.mark.parametrize("name", IMAGES)
def test_image_models_train_sparsely(name, tmp_path):
    sparsity, metric = 0.7, "reconstruction_error" if "rbm" in name else "accuracy"
    run = train(
        out=tmp_path / "run", dataset=images(), data="generated", model=name,
        model_options=IMAGES[name], method="chts", sparsity=sparsity, batch_size=16, steps=36,
        update_steps=4, evaluate_steps=18, lr=0.02, probe_size=8, device="cpu",
    )  # fmt: skip
    check(run, sparsity, metric)
    assert run.metrics.train_loss.iloc[-1] < run.metrics.train_loss.iloc[0]
    activity = run.snapshots[-1].activity
    assert all((each["mean_abs"] >= 0).all() for each in activity.values())
    assert len(activity) >= 2


def test_a_language_model_trains_sparsely_and_keeps_its_tokenizer(tmp_path):
    pytest.importorskip("transformers")
    text = "the quick brown fox jumps over the lazy dog. " * 60
    (tmp_path / "text.txt").write_text(text)
    run = train(
        out=tmp_path / "run", data=str(tmp_path / "text.txt"),
        data_options={"tokenizer": "bpe", "vocabulary": 300}, model="llama-20m",
        model_options={"width": 32, "feed_forward": 48, "layers": 2, "heads": 2},
        task_options={"sequence_length": 12}, method="chts", sparsity=0.6, batch_size=4, steps=24,
        update_steps=6, evaluate_steps=18, lr=5e-3, lr_schedule="constant", optimizer="adam",
        weight_decay=0.0, probe_size=8, device="cpu",
    )  # fmt: skip
    check(run, 0.6, "perplexity")
    assert run.metrics.perplexity.iloc[-1] < run.metrics.perplexity.iloc[0]
    assert b"<pad>" in run.store.read("data/tokenizer.json")


def test_a_transformer_trains_sparsely_with_heads_that_evolve_alone(tmp_path):
    pytest.importorskip("transformers")
    pytest.importorskip("sacrebleu")
    words = np.random.default_rng(0).integers(0, 9, (80, 4))
    for part, rows in (("train", words[:70]), ("test", words[70:])):
        for language, offset in (("en", 97), ("de", 105)):
            lines = [" ".join(chr(offset + w) for w in row) for row in rows]
            (tmp_path / f"{part}.{language}").write_text("\n".join(lines) + "\n")
    run = train(
        out=tmp_path / "run", data="multi30k",
        data_options={"path": str(tmp_path), "vocabulary": 280}, model="transformer",
        model_options={"width": 32, "feed_forward": 48, "layers": 1, "heads": 2},
        method="chts", method_options={"heads": 2}, sparsity=0.6, batch_size=120, steps=16,
        update_steps=4, evaluate_steps=8, lr=5e-3, lr_schedule="constant", optimizer="adam",
        weight_decay=0.0, label_smoothing=0.1, probe_size=8, device="cpu",
    )  # fmt: skip
    check(run, 0.6, "bleu")
    assert run.metrics.loss.iloc[-1] < run.metrics.loss.iloc[0]


def test_the_data_must_fit_the_task():
    from netsci_dst.errors import DataError
    from netsci_dst.training.tasks import get_task
    from netsci_dst.training.tasks.task import BatchOptions

    text = SimpleNamespace(kind="text")
    for task in ("classification", "translation"):
        with pytest.raises(DataError, match="'text'"):
            get_task(task).prepare(text, BatchOptions())
