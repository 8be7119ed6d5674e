from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sacrebleu")

from netsci_dst.errors import DataError, RecipeError  # noqa: E402
from netsci_dst.training.data._translation_data import Pairs, Ragged  # noqa: E402
from netsci_dst.training.tasks import get_task  # noqa: E402
from netsci_dst.training.tasks.task import BatchOptions  # noqa: E402
from netsci_dst.training.tasks.translation import BEGIN, END, PAD, bleu  # noqa: E402

pytestmark = pytest.mark.torch
WORDS = 14


def decode(row):
    return " ".join(f"w{int(token)}" for token in row)


def copying(n_train=300, n_test=12, seed=0):
    """Sentences whose translation is themselves."""
    rng = np.random.default_rng(seed)

    def draw(n):
        rows = [rng.integers(4, WORDS, rng.integers(3, 7)).astype(np.int32) for _ in range(n)]
        return Pairs(Ragged(rows), Ragged(rows))

    test = draw(n_test)
    return SimpleNamespace(
        kind="pairs", vocabulary=WORDS, x_train=draw(n_train), x_test=test, decode=decode,
        references={"test": [decode(row) for row in test.target]},
    )  # fmt: skip


SMALL = {"width": 32, "feed_forward": 64, "layers": 1, "heads": 2, "dropout": 0.0}


def test_batches_hold_every_pair_once_within_the_tokens_asked_for():
    data = copying()
    batches = get_task("translation").prepare(data, BatchOptions(100, seed=1))
    for epoch in range(3):
        seen, count = [], 0
        for batch in batches.epoch(epoch):
            source, before, after = batch.tensors
            assert batch.samples * max(source.shape[1], after.shape[1]) <= 100
            assert (before[:, 0] == BEGIN).all()
            assert torch.equal(before[:, 1:], torch.where(after == END, PAD, after)[:, :-1])
            seen += [[t for t in row if t > END] for row in source.tolist()]
            count += 1
        assert sorted(seen) == sorted(row.tolist() for row in data.x_train.source)
        assert count == batches.steps_per_epoch
    again = [b.tensors[0] for b in batches.epoch(2, start=3)]
    full = [b.tensors[0] for b in batches.epoch(2)]
    assert all(torch.equal(a, b) for a, b in zip(again, full[3:], strict=True))


def test_padding_changes_nothing():
    data = copying()
    task = get_task("translation")
    model = task.build("transformer", SMALL, data).eval().requires_grad_(False)
    batches = task.prepare(data, BatchOptions(200))
    batch = batches.probe(1000)
    total = tokens = 0.0
    for i in range(12):
        one = batches._batch("test", np.array([i]))
        loss = task.loss(model, one)
        total, tokens = total + float(loss.value) * loss.weight, tokens + loss.weight
    assert task.loss(model, batch).weight == tokens
    assert float(task.loss(model, batch).value) == pytest.approx(total / tokens, rel=1e-5)


def test_learns_to_copy_and_beam_search_writes_it_down():
    data, task = copying(1500), get_task("translation", beam=2)
    model = task.build("transformer", {**SMALL, "width": 64}, data, seed=0)
    batches = task.prepare(data, BatchOptions(600, evaluation_batch_size=8))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    before = task.evaluate(model, batches)
    for epoch in range(20):
        for batch in batches.epoch(epoch):
            optimizer.zero_grad()
            task.loss(model, batch).value.backward()
            optimizer.step()
    after = task.evaluate(model, batches)
    assert after["loss"] < 0.2 * before["loss"]
    assert after["bleu"] > 60 > before["bleu"]


def test_beam_search_finds_the_best_of_all_translations():
    data, task = copying(), get_task("translation", beam=WORDS * WORDS)
    torch.manual_seed(3)
    model = task.build("transformer", SMALL, data).eval().requires_grad_(False)
    with torch.no_grad():
        model.final_logits_bias.normal_()
        model.final_logits_bias[0, END] = 3.0
    source = torch.tensor([[5, 7, END]])
    (found,) = task.translate(model, source)

    def score(row):
        before = torch.tensor([[BEGIN, *row]])
        logits = model(input_ids=source, decoder_input_ids=before).logits.log_softmax(-1)
        return float(logits[0].gather(1, torch.tensor([*row, END])[:, None]).sum()) / (len(row) + 1)

    others = [[], *[[a] for a in range(4, WORDS)], *[[a, b] for a in range(4, 8) for b in (4, 9)]]
    with torch.no_grad():
        assert all(score(found) >= score(other) - 1e-4 for other in others)


def test_bleu_is_sacrebleus():
    reference = ["The cat sat on the mat, quietly.", "It rains in spring."]
    assert bleu(reference, reference) == pytest.approx(100.0)
    # One of four words wrong in the second: precisions 10/13... counted by hand below.
    wrong = ["The cat sat on the mat, quietly.", "It rains in winter."]
    precisions = [13 / 14, 10 / 12, 8 / 10, 6 / 8]
    assert bleu(wrong, reference) == pytest.approx(100 * np.prod(precisions) ** 0.25)


def test_refusals():
    with pytest.raises(DataError, match="cannot hold the longest"):
        get_task("translation").prepare(copying(), BatchOptions(4))
    with pytest.raises(RecipeError, match="drop_last has no meaning for sentence pairs"):
        get_task("translation").prepare(copying(), BatchOptions(400, drop_last=True))
    with pytest.raises(DataError, match="no sentence pairs"):
        get_task("translation").prepare(SimpleNamespace(kind="text"), BatchOptions())
