"""Blocks of one weight that are layers of their own: every method keeps their links apart."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import netsci_dst as nd


class Packed(nn.Module):
    """Packed q, k, v, and a convolution that reads two populations."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(3, 10, 3, padding=1)
        self.mix = nn.Conv2d(16, 12, 3, padding=1)
        self.qkv, self.out = nn.Linear(12, 36), nn.Linear(12, 8)
        self.end = nn.Linear(8, 2)

    def forward(self, x):
        x = torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1)
        x = F.relu(self.mix(x)).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.end(torch.relu(self.out(F.scaled_dot_product_attention(q, k, v))).mean(1))


@pytest.mark.parametrize(
    "method", ["set", "rigl", "snfs", "mest", "gmp", "granet", "chts", "deepr"]
)
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_blocks_of_a_weight_evolve_each_on_its_own(method, memory):
    torch.manual_seed(0)
    model = Packed().to(memory_format=memory)
    x = torch.randn(4, 3, 5, 5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    dst = nd.sparsify(
        model,
        optimizer,
        method=method,
        sparsity=0.7,
        include=["a", "b", "mix", "qkv", "out"],
        update_every=2,
        total_steps=9,
        example_input=x,
        format="masked",
    )
    parts = dst.controller.parameters
    assert {"mix.0", "mix.1", "qkv.0", "qkv.1", "qkv.2"} <= set(parts)
    for _ in range(8):
        model(x).square().mean().backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
        for name in ("mix", "qkv"):
            own = [p for part, p in parts.items() if part.startswith(name)]
            listed = sum(p.n_links for p in own)
            assert int((model.get_submodule(name).weight != 0).sum()) <= listed
            for p in own:
                matrix = p.view.matrix(model.get_submodule(name).weight.detach())
                assert torch.equal(matrix.reshape(-1)[p.keys], p.values)
    if method in ("set", "rigl", "mest", "chts"):
        assert sum(row["regrown"] for row in dst.updates if str(row["layer"]).startswith("mix")) > 0
