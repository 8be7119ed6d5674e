import itertools
import warnings

import pytest
import torch
from torch import nn

from netsci_dst.training.compaction import compact
from netsci_dst.training.compaction.attention import HeadwiseAttention

WIDTH, HEADS, SIZE = 16, 4, 4


class Net(nn.Module):
    """Attention over keys and values of their own, between two layers."""

    def __init__(self, need_weights=False, mask=None, **options):
        super().__init__()
        self.attn = nn.MultiheadAttention(WIDTH, HEADS, **options)
        self.need_weights, self.mask = need_weights, mask
        self.first, self.last = nn.Linear(6, WIDTH), nn.Linear(WIDTH, 3)
        self.key = nn.Linear(6, options.get("kdim", WIDTH))
        self.value = nn.Linear(6, options.get("vdim", WIDTH))

    def forward(self, x, padding=None):
        h = self.first(x)
        options = {"key_padding_mask": padding, "attn_mask": self.mask}
        y, _ = self.attn(h, self.key(x), self.value(x), need_weights=self.need_weights, **options)
        return self.last(h + y)


def without_heads(attention, bias=0.7):
    """Let head 0 have constant values, and nothing read head 2."""
    with torch.no_grad():
        if attention._qkv_same_embed_dim:
            attention.in_proj_weight[2 * WIDTH : 2 * WIDTH + SIZE] = 0
        else:
            attention.v_proj_weight[:SIZE] = 0
        if attention.in_proj_bias is not None:
            attention.in_proj_bias.normal_()
            attention.in_proj_bias[2 * WIDTH : 2 * WIDTH + SIZE] = bias
        attention.out_proj.weight[:, 2 * SIZE : 3 * SIZE] = 0


def agree(model, small, *args, scale=1e-12):
    for grad in (torch.no_grad, torch.enable_grad):
        with grad():
            expected, found = model(*args), small(*args)
        assert (found - expected).abs().max() <= scale * expected.abs().max()


def left(small):
    return small.attn.heads if isinstance(small.attn, HeadwiseAttention) else [0, 1, 2, 3]


@pytest.mark.parametrize("masked", [None, "padding", "causal", "by head"])
@pytest.mark.parametrize("need_weights", [True, False])
def test_heads_go_whatever_the_options(need_weights, masked):
    torch.manual_seed(0)
    for bias, appended, zeros, kdim, first in itertools.product(
        (True, False), (True, False), (True, False), (None, 5), (True, False)
    ):
        options = {"bias": bias, "add_bias_kv": appended, "add_zero_attn": zeros}
        options |= {"kdim": kdim, "vdim": 7} if kdim else {}
        model = Net(need_weights, batch_first=first, **options).double().eval()
        without_heads(model.attn)
        batch, places = (2, 5) if first else (5, 2)
        args = [torch.randn(2, 5, 6, dtype=torch.float64)]
        if masked == "padding":
            args.append(torch.zeros(batch, places, dtype=torch.bool))
            args[1][:, -1] = True
        if masked == "causal":
            model.mask = torch.ones(places, places, dtype=torch.bool).triu(1)
        if masked == "by head":
            model.mask = torch.randn(batch * HEADS, places, places, dtype=torch.float64)
        small = compact(model, args)
        agree(model, small, 3 * torch.randn(2, 5, 6, dtype=torch.float64), *args[1:])
        if masked == "by head" and need_weights:
            # The mask meets all heads.
            assert left(small) == [0, 1, 2, 3]
            assert "heads with nothing to give stay" in small.compaction.kept
            continue
        # An appended row, or one that sees nothing, has other values than the constant.
        uneven = appended or (bias and (zeros or (masked == "padding" and not need_weights)))
        assert left(small) == ([0, 1, 3] if uneven else [1, 3]), options
        assert small.compaction.links[1] < small.compaction.links[0]


def test_a_constant_head_stays_where_rows_may_see_no_key():
    model = Net(batch_first=True).double().eval()
    without_heads(model.attn)
    x = torch.randn(2, 5, 6, dtype=torch.float64)
    some = torch.zeros(2, 5, dtype=torch.bool)
    small = compact(model, (x, some))
    all_of_one = some.clone()
    all_of_one[1] = True
    expected, found = model(x, all_of_one), small(x, all_of_one)  # with gradients: PyTorch gives 0
    assert torch.isfinite(expected).all()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert left(small) == [0, 1, 3]
    # Without a bias of its values it gives 0 in any case.
    without_heads(model.attn, bias=0.0)
    small = compact(model, (x, some))
    torch.testing.assert_close(small(x, all_of_one), model(x, all_of_one), rtol=0, atol=1e-12)
    assert left(small) == [1, 3]


def test_a_model_that_reads_the_weights_keeps_its_heads():
    class Reads(Net):
        def forward(self, x):
            h = self.first(x)
            y, weights = self.attn(h, h, h)
            return self.last(h + y) * weights.sum(-1, keepdim=True).exp()

    model = Reads(batch_first=True).double().eval()
    without_heads(model.attn)
    x = torch.randn(2, 5, 6, dtype=torch.float64)
    small = compact(model, x)
    assert type(small.attn) is nn.MultiheadAttention
    assert "heads of multi-head attention stay" in small.compaction.kept
    agree(model, small, torch.flip(x, [0]))


def test_one_module_in_two_places_and_used_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = Net(batch_first=True)
            self.two = Net(batch_first=True)
            self.two.attn = self.one.attn

        def forward(self, x):
            return self.one(x) + self.two(x.sin())

    model = Twice().double().eval()
    without_heads(model.one.attn, bias=0.0)
    small = compact(model, torch.randn(2, 5, 6, dtype=torch.float64))
    assert small.one.attn is small.two.attn
    assert left(small.one) == [1, 3]
    agree(model, small, torch.randn(3, 4, 6, dtype=torch.float64))


def test_tied_projections_agree():
    model = nn.ModuleList([nn.MultiheadAttention(WIDTH, HEADS, batch_first=True) for _ in "ab"])
    model[1].in_proj_weight = model[0].in_proj_weight

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts, self.last = model, nn.Linear(WIDTH, 3)

        def forward(self, x):
            for part in self.parts:
                x = x + part(x, x, x)[0]
            return self.last(x)

    tied = Tied().double().eval()
    without_heads(tied.parts[0])
    small = compact(tied, torch.randn(2, 5, WIDTH, dtype=torch.float64))
    assert small.parts[0].heads == [1, 3]
    assert small.parts[1].heads == [1, 2, 3] or small.parts[1].heads == [0, 1, 2, 3]
    agree(tied, small, torch.randn(3, 4, WIDTH, dtype=torch.float64))


@pytest.mark.parametrize("watch", ["hook", "subclass", "own forward"])
def test_what_somebody_watches_or_wrote_stays_and_is_told(watch):
    model = Net(batch_first=True).double().eval()
    without_heads(model.attn)
    if watch == "hook":
        model.attn.register_forward_hook(lambda *_: None)
    elif watch == "subclass":
        model.attn.__class__ = type("Own", (nn.MultiheadAttention,), {"forward": _own})
    else:
        model.attn.forward = lambda *a, **k: nn.MultiheadAttention.forward(model.attn, *a, **k)
    small = compact(model, torch.randn(2, 5, 6, dtype=torch.float64))
    assert isinstance(small.attn, nn.MultiheadAttention)
    assert "heads of attn stay" in small.compaction.kept
    agree(model, small, torch.randn(3, 4, 6, dtype=torch.float64))


def _own(self, *args, **kwargs):
    return nn.MultiheadAttention.forward(self, *args, **kwargs)


@pytest.mark.parametrize("norm_first", [True, False])
def test_layers_of_transformers(norm_first):
    options = {"batch_first": True, "norm_first": norm_first}
    x = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 20, **options)
    for nested in (False,) if norm_first else (False, True):
        encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested)
        model = nn.Sequential(encoder, nn.Linear(WIDTH, 3)).double().eval()
        for part in encoder.layers:
            without_heads(part.self_attn)
        small = compact(model, x)
        agree(model, small, 2 * x.flip(0))
        if encoder.use_nested_tensor:
            assert "enable_nested_tensor" in small.compaction.kept
        else:
            assert [part.self_attn.heads for part in small[0].layers] == [[1, 3]] * 2
            padding = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])
            with torch.no_grad():
                a, b = (m[0](x, src_key_padding_mask=padding) for m in (model, small))
            torch.testing.assert_close(b, a, rtol=0, atol=1e-11)


def test_a_decoder_layer_attends_to_itself_and_to_others():
    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerDecoderLayer(WIDTH, HEADS, 20, batch_first=True)

        def forward(self, x, memory):
            mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
            return self.layer(x, memory, tgt_mask=mask, tgt_is_causal=True)

    model = Decoder().double().eval()
    without_heads(model.layer.self_attn)
    without_heads(model.layer.multihead_attn)
    args = [torch.randn(2, n, WIDTH, dtype=torch.float64) for n in (5, 7)]
    small = compact(model, args)
    assert small.layer.self_attn.heads == small.layer.multihead_attn.heads == [1, 3]
    agree(model, small, *(a.flip(0) * 2 for a in args))


def test_small_attention_trains_saves_and_stands_alone(tmp_path):
    model = Net(batch_first=True, dropout=0.5)
    without_heads(model.attn)
    small = compact(model, torch.randn(2, 5, 6))
    assert not small.training
    small.train()
    x = torch.randn(2, 5, 6)
    small(x).sum().backward()
    assert all(p.grad is not None for p in small.attn.parameters() if p.requires_grad)
    assert not torch.equal(small(x), small(x))  # dropout
    small.eval()
    torch.save(small, tmp_path / "small.pt")
    again = torch.load(tmp_path / "small.pt", weights_only=False)
    assert torch.equal(again(x), small(x))
    model.eval()
    agree(model, small, 3 * x, scale=1e-6)
    alone = small.attn(*[torch.randn(4, WIDTH)] * 3)  # no batch
    assert alone[0].shape == (4, WIDTH)
    assert alone[1] is None


def test_heads_of_bert_go():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=30, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=HEADS,
        intermediate_size=20, max_position_embeddings=16,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BertModel(config).double().eval()
    attention = model.encoder.layer[0].attention
    with torch.no_grad():
        attention.self.value.weight[:SIZE] = 0
        attention.self.value.bias[:SIZE] = 0.3
        attention.output.dense.weight[:, 2 * SIZE : 3 * SIZE] = 0
    tokens = torch.randint(0, 30, (2, 7), generator=torch.Generator().manual_seed(0))
    small = compact(model, {"input_ids": tokens})
    assert small.encoder.layer[0].attention.self.value.out_features == 2 * SIZE
    with torch.no_grad():
        a, b = (m(input_ids=tokens.flip(1)).last_hidden_state for m in (model, small))
    torch.testing.assert_close(b, a, rtol=0, atol=1e-12)
