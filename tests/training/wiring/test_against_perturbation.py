"""Changing a neuron must change those inputs of layers that the wiring gives it, and no others."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from netsci_dst.training import wiring

from .oracle import check, without_norms

pytestmark = pytest.mark.torch


def call(forward, *modules, **named):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.m = nn.ModuleList(modules)
            for name, module in named.items():
                setattr(self, name, module)

    Model.forward = lambda self, *x: forward(self, *x)
    return Model()


def unet():
    def forward(self, x):
        a = torch.tanh(self.down1(x))
        b = torch.tanh(self.down2(F.avg_pool2d(a, 2)))
        c = torch.tanh(self.up(b))
        d = torch.tanh(self.mix(torch.cat([a, c], 1)))
        return self.out(d)

    return call(
        forward,
        down1=nn.Conv2d(3, 6, 3, padding=1),
        down2=nn.Conv2d(6, 10, 3, padding=1),
        up=nn.ConvTranspose2d(10, 5, 2, 2),
        mix=nn.Conv2d(11, 7, 3, padding=1),
        out=nn.Conv2d(7, 2, 1),
    )


def dense_block():
    def forward(self, x):
        x = self.m[0](x)
        for layer in self.m[1:4]:
            x = torch.cat([x, torch.tanh(layer(x))], 1)
        return self.m[4](x.mean((2, 3)))

    return call(
        forward,
        nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3, padding=1), nn.Conv2d(12, 4, 3, padding=1),
        nn.Conv2d(16, 4, 3, padding=1), nn.Linear(20, 5),
    )  # fmt: skip


def separable():
    def forward(self, x):
        x = torch.tanh(self.stem(x))
        x = torch.tanh(self.depth(x))
        x = torch.tanh(self.grouped(self.point(x)))
        return self.head(x.flatten(1))

    return call(
        forward,
        stem=nn.Conv2d(3, 8, 3),
        depth=nn.Conv2d(8, 16, 3, padding=1, groups=8),
        point=nn.Conv2d(16, 12, 1),
        grouped=nn.Conv2d(12, 6, 3, groups=3),
        head=nn.Linear(6 * 4 * 4, 3),
    )


def depthwise_after_cat():
    def forward(self, x):
        x = torch.cat([torch.tanh(self.a(x)), torch.tanh(self.b(x))], 1)
        return self.out(torch.tanh(self.depth(x)))

    return call(
        forward,
        a=nn.Conv2d(3, 8, 3, padding=1),
        b=nn.Conv2d(3, 6, 3, padding=1),
        depth=nn.Conv2d(14, 14, 3, padding=1, groups=14),
        out=nn.Conv2d(14, 2, 1),
    )


def packed_attention(fused):
    def forward(self, x):
        b, n, d = x.shape
        x = torch.tanh(self.first(x))
        q, k, v = self.qkv(x).reshape(b, n, 3, 4, d // 4).permute(2, 0, 3, 1, 4).unbind(0)
        if fused:
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = torch.softmax(q @ k.transpose(-2, -1), -1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, d))
        a, g = self.gated(x).chunk(2, -1)
        return x + self.down(a * F.gelu(g))

    return call(
        forward,
        first=nn.Linear(16, 16),
        qkv=nn.Linear(16, 48),
        proj=nn.Linear(16, 16),
        gated=nn.Linear(16, 40),
        down=nn.Linear(20, 16),
    )


def interleaved_heads():
    # GPT-NeoX and BLOOM: q, k and v of each head lie together.
    def forward(self, x):
        b, n, d = x.shape
        x = torch.tanh(self.first(x))
        q, k, v = self.qkv(x).view(b, n, 4, 3 * d // 4).transpose(1, 2).chunk(3, -1)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(b, n, d))

    return call(
        forward, first=nn.Linear(16, 16), qkv=nn.Linear(16, 48), proj=nn.Linear(16, 16)
    )  # fmt: skip


def grouped_queries():
    def forward(self, x):
        b, n, _ = x.shape
        x = torch.tanh(self.first(x))
        q = self.q(x).view(b, n, 4, 4).transpose(1, 2)
        k, v = (
            m(x).view(b, n, 2, 4).transpose(1, 2).repeat_interleave(2, 1) for m in (self.k, self.v)
        )
        return self.o(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, 16))

    return call(
        forward,
        first=nn.Linear(16, 16),
        q=nn.Linear(16, 16),
        k=nn.Linear(16, 8),
        v=nn.Linear(16, 8),
        o=nn.Linear(16, 6),
    )


def squeeze_excite():
    def forward(self, x):
        x = torch.tanh(self.conv(x))
        gate = torch.sigmoid(self.up(torch.tanh(self.down(x.mean((2, 3))))))
        return self.out(x * gate[:, :, None, None])

    return call(
        forward,
        conv=nn.Conv2d(3, 8, 3),
        down=nn.Linear(8, 4),
        up=nn.Linear(4, 8),
        out=nn.Conv2d(8, 2, 1),
    )


def padded_shortcut():
    def forward(self, x):
        x = torch.tanh(self.a(x))
        y = torch.tanh(self.b(x))
        return self.c(F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)) + y)

    return call(
        forward,
        a=nn.Conv2d(3, 8, 3, padding=1),
        b=nn.Conv2d(8, 12, 3, 2, 1),
        c=nn.Conv2d(12, 2, 1),
    )


def patch_merging():
    def forward(self, x):
        x = torch.tanh(self.a(x)).permute(0, 2, 3, 1)
        parts = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return self.b(torch.tanh(self.reduce(torch.cat(parts, -1))))

    return call(forward, a=nn.Conv2d(3, 6, 1), reduce=nn.Linear(24, 10), b=nn.Linear(10, 2))


def pixel_shuffled():
    def forward(self, x):
        x = F.pixel_shuffle(torch.tanh(self.a(x)), 2)
        x = F.pixel_unshuffle(torch.tanh(self.b(x)), 2)
        return self.c(x)

    return call(
        forward,
        a=nn.Conv2d(3, 32, 3, padding=1),
        b=nn.Conv2d(8, 5, 3, padding=1),
        c=nn.Conv2d(20, 2, 1),
    )


def unfolded():
    def forward(self, x):
        x = torch.tanh(self.a(x))
        return self.b(F.unfold(x, 3).transpose(1, 2))

    return call(forward, a=nn.Conv2d(3, 5, 3), b=nn.Linear(45, 4))


def written_in_place():
    def forward(self, x):
        x = torch.tanh(self.a(x))
        out = x.new_zeros(x.shape[0], 14)
        out[:, :6] = torch.tanh(self.b(x))
        out[:, 6:] = torch.tanh(self.c(x))
        return self.d(out)

    return call(
        forward, a=nn.Linear(5, 9), b=nn.Linear(9, 6), c=nn.Linear(9, 8), d=nn.Linear(14, 3)
    )  # fmt: skip


def siamese():
    def forward(self, x):
        a, b = torch.tanh(self.shared(x)), torch.tanh(self.shared(x.flip(0)))
        return self.out(torch.cat([a, b, a * b], 1))

    return call(forward, shared=nn.Linear(5, 8), out=nn.Linear(24, 3))


def two_kinds_of_tokens():
    def forward(self, x):
        a, b = torch.tanh(self.a(x)), torch.tanh(self.b(x))
        early = self.c(torch.cat([a, b], 1))
        late = self.d(torch.stack([a, b], 2).flatten(1, 2))
        return early + late

    return call(
        forward, a=nn.Linear(5, 8), b=nn.Linear(5, 8), c=nn.Linear(8, 7), d=nn.Linear(8, 7)
    )  # fmt: skip


def einsum():
    def forward(self, x):
        x = torch.tanh(self.a(x))
        y = torch.einsum("bnd,od->bno", x, self.b.weight)
        return self.c(torch.tanh(y))

    return call(forward, a=nn.Linear(5, 8), b=nn.Linear(8, 7), c=nn.Linear(7, 3))


def volumes():
    return nn.Sequential(
        nn.Conv3d(2, 6, 3), nn.Tanh(), nn.ConvTranspose3d(6, 4, 2, groups=2), nn.Flatten(),
        nn.Linear(4 * 3 * 3 * 3, 2),
    )  # fmt: skip


def sequences():
    return nn.Sequential(
        nn.Conv1d(3, 8, 3), nn.Tanh(), nn.MaxPool1d(2), nn.Conv1d(8, 6, 3), nn.Tanh(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 2),
    )  # fmt: skip


def recurrent(kind):
    def forward(self, x):
        out, state = self.cell(torch.tanh(self.a(x)))
        last = state[0] if isinstance(state, tuple) else state
        return self.b(out), self.c(last[-1])

    return call(
        forward,
        a=nn.Linear(5, 6),
        cell=kind(6, 7, 2, batch_first=True),
        b=nn.Linear(7, 2),
        c=nn.Linear(7, 3),
    )


def bidirectional():
    def forward(self, x):
        return self.b(self.cell(torch.tanh(self.a(x)))[0])

    return call(
        forward,
        a=nn.Linear(5, 6),
        cell=nn.LSTM(6, 7, 2, batch_first=True, bidirectional=True, proj_size=4),
        b=nn.Linear(8, 2),
    )


def cells():
    def forward(self, x):
        state = None
        for t in range(x.shape[1]):
            state = self.cell(torch.tanh(self.a(x[:, t])), state)
        return self.b(state[0])

    return call(forward, a=nn.Linear(5, 6), cell=nn.LSTMCell(6, 7), b=nn.Linear(7, 2))


IMAGE = (2, 3, 8, 8)
SMALL = {
    "unet": (unet, IMAGE, True),
    "dense block": (dense_block, IMAGE, True),
    "separable": (separable, IMAGE, True),
    "depthwise after cat": (depthwise_after_cat, IMAGE, True),
    "packed attention": (lambda: packed_attention(False), (2, 5, 16), True),
    "packed fused attention": (lambda: packed_attention(True), (2, 5, 16), True),
    "interleaved heads": (interleaved_heads, (2, 5, 16), True),
    "grouped queries": (grouped_queries, (2, 5, 16), True),
    "squeeze and excite": (squeeze_excite, IMAGE, True),
    "padded shortcut": (padded_shortcut, IMAGE, True),
    "patch merging": (patch_merging, IMAGE, True),
    "pixel shuffle": (pixel_shuffled, IMAGE, False),
    "unfold": (unfolded, IMAGE, True),
    "in place": (written_in_place, (2, 5), True),
    "siamese": (siamese, (4, 5), True),
    "two kinds of tokens": (two_kinds_of_tokens, (2, 4, 5), True),
    "einsum": (einsum, (2, 4, 5), True),
    "volumes": (volumes, (2, 2, 4, 4, 4), True),
    "sequences": (sequences, (2, 3, 16), True),
    "lstm": (lambda: recurrent(nn.LSTM), (2, 1, 5), True),
    "gru": (lambda: recurrent(nn.GRU), (2, 1, 5), True),
    "rnn": (lambda: recurrent(nn.RNN), (2, 1, 5), True),
    "bidirectional": (bidirectional, (2, 1, 5), True),
    "cells": (cells, (2, 1, 5), True),
    "encoder layer": (
        lambda: nn.TransformerEncoderLayer(16, 4, 24, batch_first=True), (2, 5, 16), True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_layers_read_the_neurons_that_the_wiring_gives_them(name):
    make, shape, whole = SMALL[name]
    torch.manual_seed(0)
    model = without_norms(make()).eval()
    x = torch.randn(*shape)
    found = wiring.follow(model, x)
    assert found.is_whole == whole, found.breaks
    assert check(model, found, lambda m: m(x)) > 0


def test_steps_of_a_recurrent_cell_are_one_population():
    torch.manual_seed(0)
    found = wiring.follow(cells(), torch.randn(2, 4, 5))
    assert found.is_whole
    assert [p.name for p in found.populations] == [
        "input",
        "a",
        "cell.before",
        "cell.weight_ih",
        "output",
    ]
    assert found.layers["cell.weight_hh"] == ("cell.before", "cell.weight_ih")


HUGGING_FACE = {
    "bert", "gpt2", "llama", "gpt_neox", "t5", "vit", "swin", "clip", "mamba", "wav2vec2",
    "convnext", "detr",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HUGGING_FACE))
def test_models_of_transformers_are_followed_whole(name):
    pytest.importorskip("transformers")
    from .hugging_face import small

    torch.manual_seed(0)
    model, example = small(name)
    found = wiring.follow(model, example)
    assert found.is_whole, found.breaks
    model = without_norms(model)
    found = wiring.follow(model, example)
    assert check(model, found, lambda m: m(**example), neurons=2) > 0
