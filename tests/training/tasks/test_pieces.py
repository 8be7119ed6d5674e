"""A batch that passes through the model in pieces gives the gradient of the whole."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from netsci_dst.training import train  # noqa: E402
from netsci_dst.training.data._translation_data import Pairs, Ragged  # noqa: E402
from netsci_dst.training.tasks import get_task  # noqa: E402
from netsci_dst.training.tasks.pieces import pieces  # noqa: E402
from netsci_dst.training.tasks.task import BatchOptions  # noqa: E402

pytestmark = pytest.mark.torch
WORDS = 14


class Table(torch.nn.Module):
    """Logits of each token from the token before it, as the tasks want them."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table = torch.nn.Embedding(WORDS, WORDS)

    def forward(self, input_ids, decoder_input_ids=None, **_):
        tokens = input_ids if decoder_input_ids is None else decoder_input_ids
        return SimpleNamespace(logits=self.table(tokens))


class Image(torch.nn.Sequential):
    def __init__(self):
        torch.manual_seed(0)
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(9, 3))


def text():
    x = np.random.default_rng(0).integers(0, WORDS, 700).astype(np.uint8)
    return SimpleNamespace(kind="text", vocabulary=WORDS, x_train=x, x_validation=x[:90])


def pairs():
    rng = np.random.default_rng(1)
    # Sources of one length, targets of all: equal numbers of pairs are unequal in tokens.
    sources, targets = (
        Ragged([rng.integers(4, WORDS, n).astype(np.int32) for n in lengths])
        for lengths in (np.full(90, 19), rng.integers(1, 20, 90))
    )
    both = Pairs(sources, targets)
    decode = lambda row: " ".join(map(str, row))  # noqa: E731
    return SimpleNamespace(
        kind="pairs", vocabulary=WORDS, x_train=both, x_test=both, decode=decode,
        references={"test": [decode(row) for row in targets]},
    )  # fmt: skip


def images():
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 256, (70, 3, 3), np.uint8), rng.integers(0, 3, 70)
    return SimpleNamespace(
        x_train=x, y_train=y, x_test=x, y_test=y, mean=(0.5,), std=(0.3,), shape=(3, 3), n_classes=3
    )


KINDS = {
    "language-model": ({"sequence_length": 9}, text, Table, 11),
    "translation": ({}, pairs, Table, 130),
    "classification": ({}, images, Image, 11),
}


def gradient(task, model, parts, batch):
    model.zero_grad()
    for piece in pieces(task, batch, parts):
        (task.loss(model, piece, label_smoothing=0.1).value * piece.share).backward()
    (parameter,) = [p for p in model.parameters() if p.ndim == 2]
    return parameter.grad.clone()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("parts", [2, 3, 100])
def test_pieces_give_the_gradient_of_the_batch(name, parts):
    options, data, model, size = KINDS[name]
    task, model = get_task(name, **options), model().double()
    for batch in task.prepare(data(), BatchOptions(size, dtype=torch.float64)).epoch(0):
        whole = gradient(task, model, 1, batch)
        cut = pieces(task, batch, parts)
        assert len(cut) == min(parts, batch.samples)
        assert sum(piece.samples for piece in cut) == batch.samples
        found = gradient(task, model, parts, batch)
        torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("size", [2, 3])
def test_pieces_on_processes_give_the_gradient_of_the_global_batch(name, size):
    options, data, model, batch_size = KINDS[name]
    task, model = get_task(name, **options), model().double()

    def batches(**place):
        how = BatchOptions(batch_size, dtype=torch.float64, **place)
        return list(task.prepare(data(), how).epoch(0))

    ranks = [batches(rank=rank, world_size=size) for rank in range(size)]
    for step, whole in enumerate(batches()):
        mean = sum(gradient(task, model, 3, rank[step]) for rank in ranks) / size
        expected = gradient(task, model, 1, whole)
        torch.testing.assert_close(mean, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", KINDS)
def test_a_process_without_a_sample_stands_in_with_share_zero(name):
    options, data, _, _ = KINDS[name]
    task = get_task(name, **options)
    # One global batch that is smaller than the number of processes ends every epoch.
    size = {"language-model": 19, "translation": 20, "classification": 23}[name]
    ranks = [
        list(task.prepare(data(), BatchOptions(size, rank=rank, world_size=4)).epoch(0))
        for rank in range(4)
    ]
    shares = np.array([[batch.share for batch in rank] for rank in ranks])
    assert all(batch.samples for rank in ranks for batch in rank)
    assert (shares == 0).any()
    np.testing.assert_allclose(shares.mean(axis=0), 1.0)


def test_training_in_pieces_ends_at_the_same_weights(tmp_path):
    pytest.importorskip("transformers")
    pytest.importorskip("sacrebleu")

    def weights(accumulate):
        run = train(
            dataset=pairs(), task="translation", model="transformer", method="static", sparsity=0.5,
            model_options={"width": 16, "feed_forward": 32, "layers": 1, "heads": 2, "dropout": 0},
            batch_size=130, steps=12, dtype="float64", lr=0.05, lr_schedule="constant",
            label_smoothing=0.1, accumulate=accumulate, out=tmp_path / str(accumulate),
        )  # fmt: skip
        return run.snapshots[0].topology.layers, run.snapshots[-1].topology.layers, run.metrics

    (_, one, first), (start, three, second) = weights(1), weights(3)
    for before, a, b in zip(start, one, three, strict=True):
        np.testing.assert_allclose(a.weights, b.weights, rtol=1e-6, atol=1e-8)
        assert np.abs(a.weights - before.weights).max() > 1e-4
    np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-10)
    np.testing.assert_allclose(first["train_loss"], second["train_loss"], rtol=1e-10)
