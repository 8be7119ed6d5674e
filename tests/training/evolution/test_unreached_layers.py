"""Layers that the loss does not depend on: their gradient is zero, and updates go on."""

import pytest
import torch
from torch import nn

import netsci_dst as nd


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.used, self.other = nn.Linear(12, 20), nn.Linear(20, 9), nn.Linear(20, 9)
        self.end = nn.Linear(9, 3)

    def forward(self, x):
        h = torch.relu(self.body(x))
        return self.end(torch.relu(self.used(h))), torch.relu(self.other(h))


@pytest.mark.parametrize("method", ["set", "rigl", "snfs", "mest"])
@pytest.mark.parametrize("format", ["masked", "csr"])
def test_a_head_without_a_loss_does_not_stop_the_others(method, format):
    torch.manual_seed(0)
    model, x = Heads(), torch.randn(8, 12)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    dst = nd.sparsify(
        model,
        optimizer,
        method=method,
        sparsity=0.7,
        include=["body", "used", "other"],
        update_every=2,
        total_steps=8,
        example_input=x,
        format=format,
    )
    first = {name: set(dst.controller.parameters[name].keys.tolist()) for name in ("body", "other")}
    for _ in range(6):
        model(x)[0].square().mean().backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    assert set(dst.controller.parameters["body"].keys.tolist()) != first["body"]
    assert dst.controller.parameters["other"].n_links == len(first["other"])
