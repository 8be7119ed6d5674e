"""Networks of many kinds, sparse and with anything for biases and statistics."""

import torch
from torch import nn
from torch.nn import functional

from netsci_dst.training.formats import CsrLinear
from netsci_dst.training.models.convnet import convnet
from netsci_dst.training.models.mlp import mlp
from netsci_dst.training.models.resnet import resnet56


def thin(model, density, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        with torch.no_grad():
            if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
                draw = torch.rand(module.weight.shape, generator=generator)
                module.weight.mul_((draw < density).to(module.weight))
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                for tensor in (module.weight, module.bias, module.running_mean):
                    tensor.normal_(generator=generator)
                module.running_var.uniform_(0.5, 2, generator=generator)
    return model.eval()


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.out = nn.Linear(12, 12), nn.Linear(12, 12), nn.Linear(12, 3)
        self.scale = nn.Parameter(torch.rand(12))

    def forward(self, x):
        y = x.flatten(1)
        h = y + 0.5 * functional.silu(self.first(y)) * self.scale
        h = torch.sub(h, torch.tanh(self.second(h)), alpha=2) / 1.5
        return torch.log_softmax(self.out(h.view(-1, 3, 4).flatten(1)), -1)


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, padding=1, padding_mode="reflect")
        self.norm, self.prelu = nn.BatchNorm2d(8), nn.PReLU(8)
        self.conv2 = nn.Conv2d(8, 8, (3, 2), padding="same", groups=2, dilation=(1, 2))
        self.after = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16 * 4, 5)

    def forward(self, x):
        x = self.prelu(self.norm(self.conv1(x)))
        y = functional.avg_pool2d(functional.elu(self.conv2(x)), 2, 2, 1, count_include_pad=False)
        z = functional.max_pool2d(
            functional.pad(x, (1, 0, 0, 1), value=-1.0), 3, 2, 1, ceil_mode=True
        )
        z = z[:, :, : y.shape[2], : y.shape[3]]
        x = torch.cat([y, z], 1).transpose(2, 3)
        x = functional.adaptive_avg_pool2d(self.after(x)[..., :4, :4], 2)
        return self.fc(functional.hardtanh(x, -0.5, 2.0).flatten(1))


def csr_mlp():
    model = mlp((1, 6, 5), 4, hidden=[40, 30], layers="csr")
    for i, (a, b) in enumerate(((30, 40), (40, 30))):
        keys = torch.randperm(a * b, generator=torch.Generator().manual_seed(i))[:120].sort().values
        values = torch.randn(120, generator=torch.Generator().manual_seed(i))
        model.hidden[i].linear.set_links(keys, values)
        assert isinstance(model.hidden[i].linear, CsrLinear)
    return model


class Spread(nn.Module):
    """Arrays of several shapes meet, and parts are joined."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.out = nn.Linear(12, 6), nn.Linear(12, 4), nn.Linear(10, 3)
        self.scale, self.tokens = nn.Parameter(torch.rand(6)), nn.Parameter(torch.rand(5, 1))

    def forward(self, x):
        h = 1 - (self.first(x) * self.scale - self.tokens)
        y = torch.cat([h, functional.relu6(3 * self.second(x))], 2)
        return torch.softmax(self.out(y), -1)


def of_sequences():
    """Return name -> model of samples of 5 x 12, in which layers act on the last axis."""
    return {
        "mlp-tokens": nn.Sequential(nn.Linear(12, 20), nn.GELU("tanh"), nn.Linear(20, 4)),
        "mlp-channels": nn.Sequential(
            nn.BatchNorm1d(5), nn.PReLU(5), nn.Linear(12, 9), nn.LayerNorm([5, 9]), nn.Flatten(),
            nn.Linear(45, 4), nn.SELU(), nn.LogSoftmax(1),
        ),
        "mlp-plain": nn.Sequential(
            nn.LayerNorm(12, elementwise_affine=False), nn.Linear(12, 8), nn.CELU(0.3), nn.PReLU(),
            nn.Linear(8, 3), nn.ELU(0.7),
        ),
        "spread": Spread(),
    }  # fmt: skip


def networks():
    """Return name -> (model, example)."""
    flat, picture = torch.randn(2, 12), torch.randn(2, 3, 32, 32)
    names = ("relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "elu")
    found = {
        f"mlp-{name}": (thin(mlp((12,), 4, hidden=[30, 20], activation=name), 0.1), flat)
        for name in names
    }
    normed = nn.Sequential(
        nn.Linear(12, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.LayerNorm(20),
        nn.Linear(20, 9, bias=False), nn.BatchNorm1d(9), nn.Softmax(1),
    )  # fmt: skip
    return {
        **found,
        "csr": (csr_mlp(), torch.randn(2, 1, 6, 5)),
        "residual": (thin(Residual(), 0.3), torch.randn(2, 3, 4)),
        **{n: (thin(m, 0.4), torch.randn(2, 5, 12)) for n, m in of_sequences().items()},
        "wrapped": (
            nn.Conv2d(2, 3, (3, 5), padding=(1, 2), padding_mode="circular"),
            torch.randn(2, 2, 6, 7),
        ),
        "normed": (thin(normed, 0.2), flat),
        "images": (thin(Images(), 0.4), torch.randn(2, 3, 16, 16)),
        "convnet": (thin(convnet((3, 32, 32), 10), 0.05), picture),
        "resnet56": (thin(resnet56((3, 32, 32), 10), 0.05), picture),
    }
