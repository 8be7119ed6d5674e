# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Your own PyTorch model
#
# Two lines make a model of yours sparse and record its topology; the training loop stays yours.

# %%
import torch
from sklearn.datasets import load_digits
from torch import nn

import netsci_dst as nd

images, labels = load_digits(return_X_y=True)
x = torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
y = torch.tensor(labels)
torch.manual_seed(0)


class Mine(nn.Module):
    """A convolution, a gate, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.gate = nn.Linear(16 * 16, 128)
        self.value = nn.Linear(16 * 16, 128)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        h = nn.functional.max_pool2d(torch.relu(self.conv(x)), 2).flatten(1)
        return self.head(torch.sigmoid(self.gate(h)) * self.value(h))


# %% [markdown]
# The gate and the value meet in a product: a neuron there needs links in both. That is found by following
# the model's operations.

# %%
model = Mine()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
dst = nd.sparsify(
    model,
    optimizer,
    method="rigl",
    sparsity=0.8,
    out="mine",
    total_steps=600,
    update_every=50,
    exclude=["conv", "head"],
    example_input=x[:2],
)
batches = torch.Generator().manual_seed(0)
for step in range(600):
    pick = torch.randint(0, 1400, (64,), generator=batches)
    loss = nn.functional.cross_entropy(model(x[pick]), y[pick])
    loss.backward()
    optimizer.step()
    dst.step()
    optimizer.zero_grad()
with torch.no_grad():
    accuracy = (model(x[1400:]).argmax(1) == y[1400:]).float().mean()
print(f"held-out accuracy {100 * accuracy:.1f} %")

# %%
run = nd.load_run("mine")
print(run.snapshots[-1].topology)
run.evolution[["step", "layer", "links", "overlap", "itop"]].tail(3)

# %%
nd.show.evolution(run, "itop")

# %% [markdown]
# A model that something else prunes is recorded without being touched: `nd.record(model, …)`.
