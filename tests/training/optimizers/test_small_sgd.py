"""SGD in one call against PyTorch's."""

import copy

import pytest
import torch
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from netsci_dst.training.optimizer_state import keeps_zeros
from netsci_dst.training.optimizers import small_sgd
from netsci_dst.training.optimizers.small_sgd import SGD


def parameters(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    shapes = [(7, 5), (5,), (130,), (1,)]
    return [
        torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in shapes
    ]


def give_gradients(own, step, leave_out=()):
    generator = torch.Generator().manual_seed(step)
    for i, p in enumerate(own):
        gradient = torch.randn(p.shape, generator=generator, dtype=p.dtype)
        p.grad = None if i in leave_out else gradient


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight_decay": 0.1},
        {"momentum": 0.9},
        {"momentum": 0.9, "weight_decay": 0.1},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"momentum": 0.9, "dampening": 0.3},
        {"momentum": 0.9, "maximize": True},
    ],
)
def test_as_pytorch(options, monkeypatch):
    asked = []
    monkeypatch.setattr(SGD, "_one_call", _noted(SGD._one_call, asked))
    ours, theirs = parameters(), parameters()
    one = SGD(ours, lr=0.1, **options)
    other = torch.optim.SGD(theirs, lr=0.1, **options)
    for step in range(5):
        for own, optimizer in ((ours, one), (theirs, other)):
            give_gradients(own, step, leave_out=(1,) if step == 3 else ())
            optimizer.step()
        for a, b in zip(ours, theirs):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)
    assert len(asked) == (0 if "maximize" in options else 4 if "momentum" in options else 5)


def _noted(function, asked):
    def noted(self, *args):
        asked.append(1)
        return function(self, *args)

    return noted


def test_groups_closures_and_states():
    ours, theirs = parameters(), parameters()
    groups = [[{"params": own[:2], "lr": 0.5}, {"params": own[2:]}] for own in (ours, theirs)]
    one = SGD(groups[0], lr=0.1, momentum=0.9)
    other = torch.optim.SGD(groups[1], lr=0.1, momentum=0.9)
    for step in range(4):
        give_gradients(ours, step)
        give_gradients(theirs, step)
        assert one.step(lambda: 3.0) == 3.0 if step == 1 else one.step() is None
        other.step()
        if step == 2:
            state = copy.deepcopy(one.state_dict())
            one = SGD([{"params": ours[:2]}, {"params": ours[2:]}], lr=1.0, momentum=0.1)
            one.load_state_dict(state)
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_gradients_and_weights_may_move():
    ours, theirs = parameters(), parameters()
    one = SGD(ours, lr=0.1, momentum=0.9)
    other = torch.optim.SGD(theirs, lr=0.1, momentum=0.9)
    kept = []
    for step in range(4):
        for own, optimizer in ((ours, one), (theirs, other)):
            own[2].data = own[2].data.clone()
            give_gradients(own, step)
            kept.append([p.grad for p in own])
            optimizer.step()
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_many_numbers_and_other_types_are_pytorchs(monkeypatch):
    monkeypatch.setattr(SGD, "_one_call", lambda *_: pytest.fail("not ours"))
    half = parameters(torch.bfloat16)
    give_gradients(half, 0)
    SGD(half, lr=0.1).step()
    monkeypatch.setattr(small_sgd, "LARGEST", 10)
    many = parameters()
    give_gradients(many, 0)
    SGD(many, lr=0.1).step()


def test_it_keeps_zeros():
    assert keeps_zeros(SGD(parameters(), lr=0.1))
    assert keeps_zeros(torch.optim.SGD(parameters(), lr=0.1))

    class Other(SGD):
        pass

    assert not keeps_zeros(Other(parameters(), lr=0.1))


def test_hooks_are_called_once_and_may_change_the_closure():
    called = []
    torch.optim.SGD(parameters(), lr=0.1)  # from now on PyTorch's own step calls hooks, too
    one = SGD(parameters(), lr=0.1)
    everywhere = [
        register_optimizer_step_pre_hook(lambda *_: called.append("first")),
        register_optimizer_step_post_hook(lambda *_: called.append("last")),
    ]
    one.register_step_pre_hook(lambda optimizer, args, kwargs: called.append(len(args)))
    one.register_step_post_hook(lambda *_: called.append("after"))
    try:
        one.step()
        assert called == ["first", 2, "after", "last"]
        one.register_step_pre_hook(lambda *_: ((one, lambda: 7), {}))
        assert one.step(lambda: 6) == 7
    finally:
        for handle in everywhere:
            handle.remove()


def test_a_profile_names_the_step():
    own = parameters()
    one = SGD(own, lr=0.1)
    give_gradients(own, 0)
    with torch.profiler.profile() as profile:
        one.step()
    assert "Optimizer.step#SGD.step" in [event.key for event in profile.key_averages()]
