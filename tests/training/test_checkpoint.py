"""Checkpoints come back as they were, or are refused."""

import random

import pytest
import torch

from netsci_dst.errors import FormatError, NetsciError, RunError
from netsci_dst.recipe import load_recipe
from netsci_dst.store import Store
from netsci_dst.training import checkpoint


def example():
    tensors = {
        "a/weight": torch.randn(4, 5, generator=torch.Generator().manual_seed(0)),
        "b": torch.tensor([1, 2, 3]),
        "c": torch.zeros(0, dtype=torch.bool),
        "d": torch.ones((), dtype=torch.bfloat16),
        "view": torch.arange(6.0).reshape(2, 3).t(),
    }
    return tensors, {"step": 7, "curve": [[1.0, 0.5]]}


def test_round_trip(tmp_path):
    store = Store(tmp_path)
    tensors, facts = example()
    checkpoint.save(store, checkpoint.LAST, tensors, facts)
    again, header = checkpoint.load(store, checkpoint.LAST)
    assert again.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert torch.equal(again[name], tensor)
        assert again[name].dtype == tensor.dtype
    assert header["step"] == 7
    assert header["curve"] == [[1.0, 0.5]]


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_optimizers_come_back(kind, tmp_path):
    def made():
        torch.manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(3, 2))
        options = {"momentum": 0.9} if kind is torch.optim.SGD else {}
        return weight, kind([weight], lr=0.1, **options)

    state = torch.get_rng_state()
    weight, optimizer = made()
    for _ in range(3):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
    other, twin = made()
    torch.set_rng_state(state)
    with torch.no_grad():
        other.copy_(weight)
    checkpoint.save(Store(tmp_path), "x", *checkpoint.optimizer_state(optimizer))
    checkpoint.load_optimizer(twin, *checkpoint.load(Store(tmp_path), "x"))
    for parameter, stepper in ((weight, optimizer), (other, twin)):
        parameter.grad = torch.full_like(parameter, 0.5)
        stepper.step()
    assert torch.equal(weight, other)


def damaged(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 20])):
        where = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[where] = rng.randrange(256)
        elif kind == 1:
            data[where] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[where : where + rng.randrange(1, 40)]
        else:
            data[where:where] = rng.randbytes(rng.randrange(1, 20))
        if not data:
            break
    return bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.1 else data)


def fuzz_checkpoints(folder, n, seed):
    store, rng = Store(folder), random.Random(seed)
    tensors, facts = example()
    checkpoint.save(store, checkpoint.LAST, tensors, facts)
    good = store.read(checkpoint.LAST)
    for _ in range(n):
        store.write("x", damaged(good, rng))
        try:
            again, header = checkpoint.load(store, "x")
        except FormatError:
            continue
        # What is read in spite of the damage is what was written.
        assert {k: v.tolist() for k, v in again.items()} == {
            k: v.tolist() for k, v in tensors.items()
        }
        assert header["step"] == 7


def fuzz_recipes(folder, n, seed):
    import tomli_w

    rng = random.Random(seed)
    good = tomli_w.dumps(load_recipe(method="chtss").to_table()).encode()
    file = folder / "recipe.toml"
    refused = 0
    for _ in range(n):
        file.write_bytes(damaged(good, rng))
        try:
            load_recipe(file)
        except NetsciError:
            refused += 1
    assert refused > n / 4


def test_damaged_checkpoints_are_refused(tmp_path):
    fuzz_checkpoints(tmp_path, 400, 0)


def test_damaged_recipes_are_refused_or_valid(tmp_path):
    fuzz_recipes(tmp_path, 300, 0)


@pytest.mark.stress
def test_many_damaged_files(tmp_path):
    fuzz_checkpoints(tmp_path, 10_000, 1)
    fuzz_recipes(tmp_path, 5_000, 1)


def test_missing_foreign_and_newer_files(tmp_path, monkeypatch):
    from safetensors.torch import save

    store = Store(tmp_path)
    with pytest.raises(RunError, match="missing"):
        checkpoint.load(store, "none")
    store.write("foreign", save({"x": torch.ones(2)}))
    with pytest.raises(FormatError, match="not a readable checkpoint"):
        checkpoint.load(store, "foreign")
    monkeypatch.setattr(checkpoint, "FORMAT_VERSION", 2)
    checkpoint.save(store, "newer", *example())
    monkeypatch.undo()
    with pytest.raises(FormatError, match="install a newer one"):
        checkpoint.load(store, "newer")
