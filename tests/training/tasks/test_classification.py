from dataclasses import dataclass

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from netsci_dst.errors import DataError, UnknownName  # noqa: E402
from netsci_dst.training.tasks import get_task  # noqa: E402
from netsci_dst.training.tasks.task import BatchOptions  # noqa: E402

pytestmark = pytest.mark.torch


@dataclass(frozen=True)
class Images:
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    mean: object = (0.2, 0.4, 0.1)
    std: object = (0.5, 0.25, 1.0)
    kind: str = "image"
    n_classes: int = 4
    shape: tuple = (3, 5, 5)


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    draw = lambda n: rng.integers(0, 256, (n, 3, 5, 5), dtype=np.uint8)  # noqa: E731
    label = lambda n: rng.integers(0, 4, n)  # noqa: E731
    return Images(draw(70), label(70), draw(21), label(21))


def prepare(images, **options):
    return get_task("classification").prepare(images, BatchOptions(**options))


def test_pixels_are_normalised_per_channel(images):
    batches = prepare(images, evaluation_batch_size=8)
    x = torch.cat([batch.tensors[0] for batch in batches.evaluation()])
    mean, std = np.array(images.mean), np.array(images.std)
    expected = (images.x_test / 255 - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(x.numpy(), expected, atol=1e-6)


def test_an_epoch_visits_each_sample_once_with_its_label(images):
    batches = prepare(images, batch_size=16)
    seen = list(batches.epoch(3))
    assert [batch.samples for batch in seen] == [16, 16, 16, 16, 6]
    assert batches.steps_per_epoch == 5
    whole = prepare(images, batch_size=70)
    reference = {x.numpy().tobytes(): int(y) for x, y in zip(*next(iter(whole.epoch(0))).tensors)}
    got = [(x.numpy().tobytes(), int(y)) for batch in seen for x, y in zip(*batch.tensors)]
    assert dict(got) == reference
    assert len(got) == 70


def test_an_epoch_continues_in_the_middle_bit_for_bit(images, monkeypatch):
    from netsci_dst.training.tasks import arrays as _arrays

    monkeypatch.setattr(_arrays, "_CHUNK_VALUES", 2 * 75 * 8)  # two batches of eight per chunk

    def noise(x, generator):
        return x.float() + torch.rand(x.shape, generator=generator)

    batches = prepare(images, batch_size=8, seed=5, augment=noise)
    full = list(batches.epoch(2))
    for start in range(len(full) + 1):
        rest = list(batches.epoch(2, start))
        assert len(rest) == len(full) - start
        for a, b in zip(rest, full[start:]):
            assert torch.equal(a.tensors[0], b.tensors[0])
            assert torch.equal(a.tensors[1], b.tensors[1])
    other = next(iter(batches.epoch(3)))
    assert not torch.equal(other.tensors[0], full[0].tensors[0])


def test_processes_share_a_batch_and_their_shares_give_the_global_mean(images):
    task = get_task("classification")
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(75, 4))
    whole = list(prepare(images, batch_size=22).epoch(1))
    ranks = [list(prepare(images, batch_size=22, rank=r, world_size=3).epoch(1)) for r in range(3)]
    for step, batch in enumerate(whole):
        parts = [rank[step] for rank in ranks]
        assert torch.equal(torch.cat([p.tensors[0] for p in parts]), batch.tensors[0])
        mean = sum(p.share * task.loss(model, p).value for p in parts) / 3
        torch.testing.assert_close(mean, task.loss(model, batch).value)


def test_loss_and_accuracy_agree_with_their_definitions(images):
    task = get_task("classification")
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(75, 4))
    batches = prepare(images, evaluation_batch_size=4)
    result = task.evaluate(model, batches)
    assert model[1].training
    x, y = batches.probe(21).tensors
    logits = model.eval()(x).detach().numpy()
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert result["loss"] == pytest.approx(-log_p[np.arange(21), y].mean(), rel=1e-5)
    assert result["accuracy"] == pytest.approx((logits.argmax(1) == y.numpy()).mean())
    loss = task.loss(model, batches.probe(21), label_smoothing=0.1)
    assert float(loss.shown) == pytest.approx(result["loss"], rel=1e-5)
    smooth = -(0.9 * log_p[np.arange(21), y].mean() + 0.1 * log_p.mean())
    assert float(loss.value.detach()) == pytest.approx(smooth, rel=1e-5)
    assert int(loss.correct) == (logits.argmax(1) == y.numpy()).sum()


def test_refusals(images):
    with pytest.raises(UnknownName, match="classification"):
        get_task("clasification")
    with pytest.raises(UnknownName, match="split"):
        list(prepare(images).evaluation("tset"))
    broken = Images(images.x_train, images.y_train[:-1], images.x_test, images.y_test)
    with pytest.raises(DataError, match="70 samples and 69 labels"):
        prepare(broken)
