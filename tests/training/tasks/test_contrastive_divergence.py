import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from netsci_dst.errors import DataError, RecipeError  # noqa: E402
from netsci_dst.training.models._rbm import RBM  # noqa: E402
from netsci_dst.training.tasks import get_task  # noqa: E402
from netsci_dst.training.tasks.task import BatchOptions  # noqa: E402
from tests.support.sparse import sparsified  # noqa: E402

pytestmark = pytest.mark.torch


@dataclass(frozen=True)
class Digits:
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    kind: str = "image"
    shape: tuple = (1, 4, 4)
    mean: tuple = (0.3,)
    std: tuple = (0.2,)


@pytest.fixture
def digits():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 2, (1, 4, 4))
    prototypes = np.stack([one, 1 - one])
    draw = lambda n: (255 * prototypes[rng.integers(0, 2, n)]).astype(np.uint8)  # noqa: E731
    return Digits(draw(200), np.zeros(200), draw(40), np.zeros(40))


def machine(n_visible=3, n_hidden=4):
    torch.manual_seed(0)
    rbm = RBM((n_visible,), n_hidden).double()
    with torch.no_grad():
        for parameter in rbm.parameters():
            parameter.normal_()
    return rbm


def test_free_energy_is_minus_the_log_of_the_sum_over_hidden_states():
    rbm = machine().requires_grad_(False)
    w, c, b = rbm.weights.weight.T, rbm.weights.bias, rbm.visible_bias
    for visible in itertools.product([0.0, 1.0], repeat=3):
        v = torch.tensor(visible, dtype=torch.float64)
        total = 0.0
        for hidden in itertools.product([0.0, 1.0], repeat=4):
            h = torch.tensor(hidden, dtype=torch.float64)
            total += math.exp(float(v @ b + h @ c + v @ w @ h))
        assert float(rbm.free_energy(v[None])) == pytest.approx(-math.log(total))


def test_the_gradient_is_that_of_contrastive_divergence():
    rbm, task = machine(), get_task("contrastive-divergence")
    from netsci_dst.training.tasks.task import Batch

    data = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    loss = task.loss(rbm, Batch((data, torch.tensor([7, 8])), 2))
    loss.value.backward()
    model_side = rbm.gibbs(data, 1, torch.Generator().manual_seed(7))
    positive = rbm.hidden_probability(data).T @ data
    negative = rbm.hidden_probability(model_side).T @ model_side
    torch.testing.assert_close(rbm.weights.weight.grad, (negative - positive) / 2)
    torch.testing.assert_close(rbm.visible_bias.grad, (model_side - data).mean(0))


@pytest.mark.parametrize("format", ["masked", "csr"])
def test_a_sparse_machine_equals_the_dense_one_with_zeros(format):
    rbm, other = machine(6, 5), machine(6, 5)
    keys = torch.tensor([0, 3, 7, 11, 12, 20, 29])
    mask = torch.zeros(30, dtype=torch.float64)
    mask[keys] = 1
    with torch.no_grad():
        rbm.weights.weight.mul_(mask.view(6, 5).T)
    sparsified(other, ["weights"], format, {"weights": keys})
    v = torch.rand(9, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(other.free_energy(v), rbm.free_energy(v))
    torch.testing.assert_close(other(v), rbm(v))
    draw = lambda m: m.gibbs(v, 3, torch.Generator().manual_seed(2))  # noqa: E731
    torch.testing.assert_close(draw(other), draw(rbm))


def test_gibbs_sampling_reaches_the_distribution_of_the_machine():
    rbm = machine()
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    exact = torch.softmax(-rbm.free_energy(states), 0)
    start = torch.zeros(40_000, 3, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.bernoulli(rbm.gibbs(start, 30, generator), generator=generator)
    # The last step returns probabilities; sampled once more they are a sample of the chain.
    code = (drawn @ torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64)).long()
    share = torch.bincount(code, minlength=8) / len(drawn)
    assert (share - exact).abs().max() < 0.02


def test_training_learns_the_prototypes_and_repeats(digits):
    task = get_task("contrastive-divergence", steps=1)

    def trained():
        batches = task.prepare(digits, BatchOptions(batch_size=20, seed=3))
        model = task.build("rbm-small", {"hidden": 8}, digits, seed=1)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        before = task.evaluate(model, batches)
        for epoch in range(40):
            for batch in batches.epoch(epoch):
                optimizer.zero_grad()
                task.loss(model, batch).value.backward()
                optimizer.step()
        return before, task.evaluate(model, batches), model.weights.weight.detach()

    before, after, weights = trained()
    assert after["reconstruction_error"] < 0.2 * before["reconstruction_error"]
    assert after["loss"] < before["loss"]
    assert torch.equal(trained()[2], weights)


def test_the_noise_of_a_batch_depends_on_its_place_alone(digits):
    batches = get_task("contrastive-divergence").prepare(digits, BatchOptions(batch_size=30))
    whole = [int(batch.tensors[1][0]) for batch in batches.epoch(1)]
    assert len(set(whole)) == len(whole)
    assert [int(batch.tensors[1][0]) for batch in batches.epoch(1, start=4)] == whole[4:]
    assert next(iter(batches.evaluation())).tensors[0].max() == 1.0


def test_refusals(digits):
    with pytest.raises(RecipeError, match="at least one step"):
        get_task("contrastive-divergence", steps=0)
    floats = Digits(*[np.float32(2) * x for x in (digits.x_train[:, 0] / np.float32(255),)],
                    digits.y_train, digits.x_test, digits.y_test)  # fmt: skip
    with pytest.raises(DataError, match="from 0 to 1"):
        get_task("contrastive-divergence").prepare(floats, BatchOptions())
