"""Models of transformers and of plain torch train sparse, as they are."""

import pytest
import torch
from torch import nn

import netsci_dst as nd

from .wiring import test_against_perturbation as plain

pytestmark = pytest.mark.torch

PLAIN = {
    "multi-head attention": (
        lambda: nn.TransformerEncoderLayer(16, 4, 24, batch_first=True), (2, 5, 16),
    ),
    "lstm": (lambda: plain.recurrent(nn.LSTM), (2, 4, 5)),
    "conv1d": (plain.sequences, (2, 3, 16)),
    "transposed conv3d": (plain.volumes, (2, 2, 4, 4, 4)),
    "u-net": (plain.unet, (2, 3, 8, 8)),
    "shared module": (plain.siamese, (4, 5)),
}  # fmt: skip
HUGGING_FACE = (
    "bert", "gpt2", "llama", "t5", "vit", "swin", "clip", "mamba", "wav2vec2", "convnext", "detr",
)  # fmt: skip


def train(model, call, example, method, out):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    with nd.sparsify(
        model,
        optimizer,
        method=method,
        sparsity=0.8,
        update_every=2,
        total_steps=4,
        example_input=example,
        out=out,
    ) as dst:
        for _ in range(3):
            outputs = [t for t in tensors(call(model)) if t.requires_grad]
            torch.stack([t.float().square().mean() for t in outputs]).sum().backward()
            optimizer.step()
            dst.step()
            optimizer.zero_grad()
        parameters = dst.controller.parameters
        used = {name: int((p.view.matrix(p.weight.detach()) != 0).sum())
                for name, p in parameters.items()}  # fmt: skip
        listed = {name: p.n_links for name, p in parameters.items()}
    assert parameters
    assert all(used[name] <= listed[name] for name in used)
    run = nd.load_run(out)
    assert [snapshot.step for snapshot in run.snapshots] == [0, 2, 3]
    whole = run.evolution[run.evolution.layer == "all"]
    assert whole.regrown.tolist() == whole.removed.tolist()
    assert whole.regrown.iloc[0] > 0
    assert run.snapshots[-1].topology.n_links > 0


def tensors(value):
    if isinstance(value, torch.Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        value = list(value.values())
    return [t for part in value for t in tensors(part)] if isinstance(value, tuple | list) else []


@pytest.mark.parametrize("name", PLAIN)
def test_plain_torch(name, tmp_path):
    make, shape = PLAIN[name]
    torch.manual_seed(0)
    model, x = make(), torch.randn(*shape)
    train(model, lambda m: m(x), x, "rigl", tmp_path / "run")


@pytest.mark.parametrize("name", HUGGING_FACE)
def test_transformers(name, tmp_path):
    pytest.importorskip("transformers")
    from .wiring.hugging_face import small

    torch.manual_seed(0)
    model, example = small(name)
    train(model.train(), lambda m: m(**example), example, "set", tmp_path / "run")
