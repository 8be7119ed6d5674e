from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from netsci_dst.errors import DataError, RecipeError  # noqa: E402
from netsci_dst.training.tasks import get_task  # noqa: E402
from netsci_dst.training.tasks.task import BatchOptions  # noqa: E402

pytestmark = pytest.mark.torch


def tokens(n_train=101, n_validation=35):
    rng = np.random.default_rng(0)
    draw = lambda n: rng.integers(0, 50, n).astype(np.uint8)  # noqa: E731
    return SimpleNamespace(
        kind="text", vocabulary=50, x_train=draw(n_train), x_validation=draw(n_validation),
        x_test=np.empty(0, np.uint8),
    )  # fmt: skip


class Bigram(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(50, 50)

    def forward(self, x):
        return self.table(x)


def test_targets_are_the_next_tokens_and_an_epoch_covers_the_text():
    data = tokens()
    batches = get_task("language-model", sequence_length=10).prepare(data, BatchOptions(3))
    assert batches.steps_per_epoch == 4
    seen = []
    for batch in batches.epoch(0):
        x, y = batch.tensors
        assert x.shape == y.shape == (batch.samples, 10)
        assert torch.equal(x[:, 1:], y[:, :-1])
        seen += [row.tolist() + [int(last[-1])] for row, last in zip(x, y)]
    expected = [data.x_train[i : i + 11].tolist() for i in range(0, 100, 10)]
    assert sorted(seen) == sorted(expected)


def test_perplexity_agrees_with_its_definition():
    torch.manual_seed(0)
    data, model, task = tokens(), Bigram(), get_task("language-model", sequence_length=17)
    result = task.evaluate(model, task.prepare(data, BatchOptions(2)))
    x = data.x_validation[:35].astype(int)
    table = model.table.weight.detach().double().numpy()
    log_p = table - np.log(np.exp(table).sum(1, keepdims=True))
    nats = -log_p[x[:-1], x[1:]].mean()
    assert result["loss"] == pytest.approx(nats, rel=1e-5)
    assert result["perplexity"] == pytest.approx(np.exp(nats), rel=1e-5)


def test_a_short_split_is_one_sequence_and_few_sequences_can_be_asked_for():
    data = tokens(200, 9)
    task = get_task("language-model", sequence_length=30, evaluation_sequences=2)
    batches = task.prepare(data, BatchOptions(4))
    (only,) = batches.evaluation()
    assert only.tensors[0].shape == (1, 8)
    assert sum(b.samples for b in batches.evaluation("train")) == 2


def test_the_probe_holds_the_tokens_asked_for_in_eight_sequences_or_more():
    data = tokens(50, 501)
    batches = get_task("language-model", sequence_length=10).prepare(data, BatchOptions())
    assert batches.probe(5).tensors[0].shape == (8, 10)
    assert batches.probe(101).tensors[0].shape == (11, 10)
    assert batches.probe(10_000).tensors[0].shape == (50, 10)


def test_processes_share_a_batch():
    data = tokens(500)
    task, model = get_task("language-model", sequence_length=10), Bigram()
    whole = list(task.prepare(data, BatchOptions(7, seed=1)).epoch(2))
    ranks = [
        list(task.prepare(data, BatchOptions(7, seed=1, rank=r, world_size=2)).epoch(2))
        for r in range(2)
    ]
    for step, batch in enumerate(whole):
        parts = [rank[step] for rank in ranks]
        mean = sum(p.share * task.loss(model, p).value for p in parts if p.samples) / 2
        torch.testing.assert_close(mean, task.loss(model, batch).value)


def test_refusals():
    with pytest.raises(DataError, match="fewer than the 301 tokens"):
        get_task("language-model", sequence_length=300).prepare(tokens(), BatchOptions())
    with pytest.raises(RecipeError, match="sequence_length = 'long'"):
        get_task("language-model", sequence_length="long")
    with pytest.raises(DataError, match="no text"):
        get_task("language-model").prepare(SimpleNamespace(kind="image"), BatchOptions())
