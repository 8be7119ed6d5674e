"""Passes of an MLP in one call against those of the model and autograd."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from netsci_dst.errors import NetsciError
from netsci_dst.training.fit import Fit
from netsci_dst.training.formats import convert
from netsci_dst.training.formats.csr import threads
from netsci_dst.training.matrix_view import views_of
from netsci_dst.training.models.mlp import mlp
from netsci_dst.training.models.mlp_passes import MlpPasses, is_possible
from tests.training._runs import small


def sparse_mlp(
    sizes=(13, 30, 21, 17), n_classes=5, dtype=torch.float64, bias=True, density=0.3
) -> Any:
    generator = torch.Generator().manual_seed(1)
    model = mlp((sizes[0],), n_classes, hidden=list(sizes[1:]), bias=bias, generator=generator)
    views = {name: view for name, view in views_of(model).items() if name != "output"}
    keys = {
        name: torch.rand(view.n_source * view.n_target, generator=generator).lt(0.3).nonzero()
        for name, view in views.items()
    }
    keys = {name: found[:, 0] for name, found in keys.items()}
    convert(model, views, dict.fromkeys(views, "csr"), keys)
    made: Any = model.to(dtype)
    return made


def sample(batch, n=13, n_classes=5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(batch)
    x = torch.randn(batch, n, generator=generator, dtype=dtype)
    return x, torch.randint(0, n_classes, (batch,), generator=generator)


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(threads, "_WORTH", 1)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def compare(model, x, labels, smoothing=0.0, scale=1.0, rtol=1e-10):
    logits = model(x)
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    (scale * loss).backward()
    wanted = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    passes = MlpPasses(model)
    for _ in range(2):  # the second time in the same memory
        found = passes(x, labels, smoothing, scale)
        for parameter, gradient in zip(model.parameters(), wanted):
            torch.testing.assert_close(
                parameter.grad, gradient, rtol=rtol, atol=rtol * float(gradient.norm())
            )
        assert np.isclose(found.loss, loss.item(), rtol=rtol)
        plain = nn.functional.cross_entropy(logits, labels).item()
        assert np.isclose(found.plain, plain, rtol=rtol)
        assert found.right == int((logits.argmax(1) == labels).sum())


@pytest.mark.parametrize("batch", [1, 3, 16, 32, 33, 100, 129])
def test_gradients_are_those_of_autograd(batch):
    compare(sparse_mlp(), *sample(batch))


@pytest.mark.parametrize("sizes", [(13, 4), (13, 1, 9), (13, 64, 64, 64, 64)])
@pytest.mark.parametrize("bias", [True, False])
def test_other_shapes(sizes, bias):
    compare(sparse_mlp(sizes, bias=bias), *sample(20), smoothing=0.1, scale=0.5)


def test_single_precision():
    model = sparse_mlp((13, 200, 300), dtype=torch.float32)
    compare(model, *sample(40, dtype=torch.float32), rtol=1e-5)


def test_two_threads(two_threads):
    compare(sparse_mlp(), *sample(150), smoothing=0.1)


def test_links_may_change_between_steps():
    model = sparse_mlp()
    passes = MlpPasses(model)
    passes(*sample(20))
    layer = model.hidden[1].linear
    layer.set_links(torch.tensor([0, 7, 31, 200]), torch.tensor([1.0, -1.0, 2.0, 0.5]))
    x, labels = sample(20)
    passes(x, labels)
    found = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    nn.functional.cross_entropy(model(x), labels).backward()
    for parameter, gradient in zip(model.parameters(), found):
        torch.testing.assert_close(parameter.grad, gradient)


def test_no_links_and_dead_neurons():
    model = sparse_mlp()
    model.hidden[2].linear.set_links(torch.tensor([], dtype=torch.int64), torch.tensor([]))
    compare(model, *sample(20))


def test_not_a_number_is_handed_on():
    model = sparse_mlp()
    x, labels = sample(20)
    x[3, 2] = float("nan")
    assert np.isnan(MlpPasses(model)(x, labels).loss)


def test_wrong_input_is_refused():
    passes = MlpPasses(sparse_mlp())
    x, labels = sample(20)
    with pytest.raises(NetsciError, match="between 0 and 4"):
        passes(x, labels + 3)
    with pytest.raises(NetsciError, match="inputs"):
        passes(x[:, :5], labels)
    with pytest.raises(NetsciError, match="inputs"):
        passes(x.float(), labels)
    with pytest.raises(NetsciError, match="labels"):
        passes(x, labels[:5])


def test_where_somebody_watches_it_does_not_fit():
    model = sparse_mlp()
    passes = MlpPasses(model)
    assert is_possible(model)
    assert passes.fits()
    for watch in (
        lambda: model.register_forward_hook(lambda *_: None),
        lambda: model.register_forward_pre_hook(lambda *_: None),
        lambda: model.hidden[1].linear.register_forward_hook(lambda *_: None),
        lambda: model.hidden[0].activation.register_full_backward_hook(lambda *_: None),
        lambda: model.output.register_forward_pre_hook(lambda *_: None),
        lambda: model.output.weight.register_hook(lambda gradient: gradient),
        lambda: model.hidden[2].linear.weight.register_post_accumulate_grad_hook(lambda p: None),
    ):
        handle = watch()
        assert not passes.fits()
        handle.remove()
        assert passes.fits()
    handle = model.register_forward_pre_hook(lambda *_: None)
    assert passes.fits(frozenset({handle.id}))
    handle.remove()
    model.output.weight.requires_grad_(False)
    assert not passes.fits()
    model.output.weight.requires_grad_(True)
    model.hidden[0].linear._capture = True
    assert not passes.fits()
    model.hidden[0].linear._capture = False
    model.hidden[0].activation = nn.GELU()
    assert not passes.fits()
    assert not is_possible(model)


def test_other_models_are_not_possible():
    assert not is_possible(mlp((4,), 2, hidden=[3]))
    assert not is_possible(mlp((4,), 2, hidden=[]))
    assert not is_possible(mlp((4,), 2, hidden=[3], layers="csr", activation="tanh"))
    assert not is_possible(mlp((4,), 2, hidden=[3], layers="csr", dropout=0.1))
    assert not is_possible(nn.Linear(3, 2))


@pytest.mark.parametrize("method", ["set", "rigl", "chts"])
def test_training_comes_to_the_same(tmp_path, monkeypatch, method):
    found = []
    monkeypatch.setattr(Fit, "passes", _counted(Fit.passes, found))
    options = {"epochs": 1, "update_epochs": 0.5, "format": "csr", "dtype": "float64"}
    at_once = small(tmp_path / "at-once", method, **options)
    assert any(found)
    monkeypatch.setattr("netsci_dst.training.fit.can_pass_at_once", lambda _: False)
    plain = small(tmp_path / "plain", method, **options)
    for name in ("train_loss", "train_accuracy", "loss", "flops_links"):
        np.testing.assert_allclose(at_once.metrics[name], plain.metrics[name], rtol=1e-8)
    last, other = (run.snapshots[-1].topology.layers for run in (at_once, plain))
    for a, b in zip(last, other):
        assert (a.targets == b.targets).all()


def _counted(passes, found):
    def counted(self, model, batch):
        found.append(self._at_once is not None and self._at_once.fits(batch))
        return passes(self, model, batch)

    return counted


def test_masked_training_passes_through_autograd(tmp_path, monkeypatch):
    found = []
    monkeypatch.setattr(Fit, "passes", _counted(Fit.passes, found))
    small(tmp_path / "run", "set", epochs=1, format="masked")
    assert found
    assert not any(found)
