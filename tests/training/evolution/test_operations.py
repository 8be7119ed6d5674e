"""How many operations and how many waits for the device a topology update takes: never its time."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import netsci_dst as nd
from netsci_dst.training.evolution import draws

# Operations that hand something from the device to Python.
WAITS = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select"}
WAITS |= {"_unique2", "unique_dim", "unique_consecutive"}
# What looks at all positions in an order, one after the other.
SERIAL = {"kthvalue", "randperm", "argsort", "searchsorted", "_unique2", "unique_dim"}


class Counted(TorchDispatchMode):
    """Count what is dispatched."""

    def __init__(self):
        super().__init__()
        self.names = []
        self.waits = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function._schema.name.removeprefix("aten::")
        self.names.append(name)
        by_mask = name in ("index", "index_put_") and any(
            isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in args[1]
        )
        self.waits += name in WAITS or by_mask
        return function(*args, **(kwargs or {}))


@pytest.fixture
def to_the_host(monkeypatch):
    """Count copies to the host that are no operations on a CPU."""
    calls = []
    for name in ("tolist", "numpy", "cpu"):
        before = getattr(torch.Tensor, name)

        def called(tensor, *args, _name=name, _before=before, **kwargs):
            calls.append(_name)
            return _before(tensor, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, called)
    return calls


def llama():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=172,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=16,
    )
    return transformers.LlamaForCausalLM(config)


@pytest.mark.parametrize(
    ("method", "most", "like_a_gpu"),
    [
        ("set", 25, True),
        ("rigl", 25, True),
        ("mest", 25, True),
        ("chts", 25, True),
        ("chtss", 25, True),
        ("cht", 40, True),
        ("chtss", 25, False),
        ("cht", 40, False),
    ],
)
def test_an_update_is_a_handful_of_operations(method, most, like_a_gpu, monkeypatch, to_the_host):
    if like_a_gpu:
        monkeypatch.setattr(draws, "compiled", lambda tensor: False)
    model = llama()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    tokens = torch.randint(0, 300, (2, 12))
    dst = nd.sparsify(
        model,
        optimizer,
        method=method,
        sparsity=0.9,
        total_steps=100,
        update_every=4,
        example_input=tokens,
        include="*layers.*",
        initialiser="uniform",
    )
    layers = dst.controller.layers
    assert len(layers) == 28
    assert {layer.parameter.format for layer in layers} == {"masked"}
    for step in range(1, 13):
        optimizer.zero_grad()
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        before = [layer.parameter.keys.clone() for layer in layers]
        to_the_host.clear()
        with Counted() as counted:
            updated = dst.step()
        assert updated == (step % 4 == 0)
        if not updated:
            continue
        moved = sum(not torch.equal(k, layer.parameter.keys) for k, layer in zip(before, layers))
        assert moved == 28
        assert len(counted.names) <= most * 28
        if like_a_gpu:
            assert counted.waits + len(to_the_host) <= 4
            assert "numpy" not in to_the_host
            assert not SERIAL & set(counted.names)
        for row, layer in zip(dst.controller.rows, layers):
            assert row["links"] == layer.parameter.keys.numel()
            assert not layer.parameter.weight[~layer.parameter.store.mask].any()
