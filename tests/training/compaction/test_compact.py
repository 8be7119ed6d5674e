import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from netsci_dst.errors import NetsciError
from netsci_dst.training.compaction import compact
from netsci_dst.training.formats import CsrLinear
from netsci_dst.training.models.convnet import convnet
from netsci_dst.training.models.mlp import mlp
from netsci_dst.training.models.resnet import resnet56
from netsci_dst.training.models.vgg16 import vgg16

LAYERS = (nn.Linear, nn.modules.conv._ConvNd)


def thin(model, density, seed=0):
    """Keep few links, and let biases and statistics be anything."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        with torch.no_grad():
            if isinstance(module, LAYERS):
                draw = torch.rand(module.weight.shape, generator=generator)
                module.weight.mul_((draw < density).to(module.weight))
                if module.bias is not None:
                    module.bias.normal_(generator=generator)
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                for tensor in (module.weight, module.bias, module.running_mean):
                    tensor.normal_(generator=generator)
                module.running_var.uniform_(0.5, 2, generator=generator)
    return model.eval()


def check(model, *examples, scale=1e-12):
    """Compact in float64, and compare outputs on other inputs; return the small model."""
    model = model.double()
    small = compact(model, examples)
    for seed in range(3):
        generator = torch.Generator().manual_seed(100 + seed)
        other = [
            torch.randn((5, *x.shape[1:]), generator=generator, dtype=x.dtype) * 3
            if x.is_floating_point()
            else x.flip(0)
            for x in examples
        ]
        with torch.no_grad():
            expected, found = model(*other), small(*other)
        largest = expected.abs().max()
        assert largest > 0
        assert (found - expected).abs().max() <= scale * largest
    return small


def sizes(model):
    return [
        (m.in_features, m.out_features)
        for m in model.modules()
        if isinstance(m, (nn.Linear, CsrLinear))
    ]


def alive(weights):
    """Count neurons of each hidden layer with a path from an input and a path to an output."""
    forward = [np.ones(weights[0].shape[1], bool)]
    for weight in weights:
        forward.append((weight[:, forward[-1]] != 0).any(1))
    backward = [np.ones(weights[-1].shape[0], bool)]
    for weight in reversed(weights):
        backward.insert(0, (weight[backward[0]] != 0).any(0))
    return [int((f & b).sum()) for f, b in zip(forward, backward)][1:-1]


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "sigmoid", "silu", "elu"])
@pytest.mark.parametrize("density", [0.03, 0.1])
def test_an_mlp_keeps_the_neurons_on_paths_and_no_other(activation, density):
    model = thin(mlp((12,), 4, hidden=[40, 30, 50], activation=activation), density)
    small = check(model, torch.randn(2, 12, dtype=torch.float64))
    weights = [m.weight.detach().numpy() for m in model.modules() if isinstance(m, nn.Linear)]
    assert [out for _, out in sizes(small)][:-1] == [max(1, n) for n in alive(weights)]
    assert small.compaction.smaller
    assert "neurons: 124 ->" in str(small.compaction)


@pytest.mark.parametrize("bias", [True, False])
def test_csr_layers_stay_csr_and_agree_with_the_dense_ones(bias):
    model = thin(mlp((12,), 4, hidden=[40, 30], bias=bias, activation="sigmoid"), 0.05).double()
    dense = compact(model, torch.randn(2, 12, dtype=torch.float64))
    for i, size in enumerate(((12, 40), (40, 30))):
        linear = model.hidden[i].linear
        matrix = linear.weight.detach().t().reshape(-1)
        keys = matrix.nonzero()[:, 0]
        csr = CsrLinear(*size, bias, keys, matrix[keys], dtype=torch.float64)
        csr.bias = linear.bias
        model.hidden[i].linear = csr
    small = check(model, torch.randn(2, 12, dtype=torch.float64))
    assert type(small.hidden[0].linear) is CsrLinear
    assert sizes(small) == sizes(dense)
    assert small.hidden[1].linear.n_links == int((dense.hidden[1].linear.weight != 0).sum())
    assert model.hidden[0].linear.n_target == 40  # the model itself is as it was


def test_batch_normalisation_and_constants_are_folded():
    model = nn.Sequential(
        nn.Linear(6, 20), nn.BatchNorm1d(20), nn.PReLU(20), nn.Linear(20, 8, bias=False), nn.Tanh(),
        nn.BatchNorm1d(8), nn.Linear(8, 3),
    )  # fmt: skip
    nn.init.uniform_(model[2].weight)
    small = check(thin(model, 0.1, 3), torch.randn(2, 6, dtype=torch.float64))
    assert small[0].out_features == small[1].num_features == small[2].num_parameters < 20
    assert small[3].bias is not None


@pytest.mark.parametrize("build", [convnet, vgg16])
def test_channels_of_convolutions(build):
    model = thin(build((3, 32, 32), 10), 0.02 if build is convnet else 0.004)
    small = check(model, torch.randn(2, 3, 32, 32, dtype=torch.float64))
    before, after = small.compaction.neurons
    assert after < before / 1.3


def test_residual_streams_of_a_resnet():
    model = thin(resnet56((3, 32, 32), 10), 0.004)
    small = check(model, torch.randn(2, 3, 32, 32, dtype=torch.float64), scale=1e-11)
    assert small.compaction.neurons[1] < small.compaction.neurons[0]


def test_a_constant_channel_stays_before_padding_unless_it_is_zero():
    def build(bias):
        model = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, 3, padding=1)
        )
        with torch.no_grad():
            model[0].weight[1:] = 0
            model[0].bias[1:] = torch.tensor([bias, -1.0])
        return check(model, torch.randn(2, 1, 6, 6, dtype=torch.float64))

    assert build(0.5)[0].out_channels == 2
    assert build(-0.5)[0].out_channels == 1


class Flattened(nn.Module):
    def __init__(self, written_out):
        super().__init__()
        self.conv = nn.Conv2d(2, 8, 3)
        self.fc = nn.Linear(8 * 16, 3)
        self.written_out = written_out

    def forward(self, x):
        x = functional.relu(self.conv(x))
        return self.fc(x.view(-1, 8 * 16) if self.written_out else x.flatten(1))


@pytest.mark.parametrize("written_out", [False, True])
def test_flattened_channels_go_with_their_pixels_unless_sizes_are_written_out(written_out):
    model = Flattened(written_out)
    with torch.no_grad():
        model.conv.weight[2:5] = 0
    small = check(model, torch.randn(2, 2, 6, 6, dtype=torch.float64))
    assert small.fc.in_features == (128 if written_out else 80)
    assert bool(small.compaction.kept) is written_out


def test_nothing_is_cut_across_a_layer_normalisation():
    model = nn.Sequential(
        nn.Linear(5, 9), nn.LayerNorm(9), nn.Linear(9, 20), nn.GELU(), nn.Linear(20, 2)
    )
    small = check(thin(model, 0.2), torch.randn(2, 5, dtype=torch.float64))
    assert small[0].out_features == 9
    assert small[2].out_features < 20


@pytest.mark.parametrize("norm", [nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True)])
def test_other_normalisations_agree(norm):
    model = nn.Sequential(nn.Conv2d(2, 8, 3), norm, nn.ReLU(), nn.Conv2d(8, 3, 3))
    check(thin(model, 0.05), torch.randn(2, 2, 9, 9, dtype=torch.float64))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.up, self.down = nn.Linear(6, 30), nn.Linear(6, 30), nn.Linear(30, 6)
        self.scale = nn.Parameter(torch.rand(30))
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        return self.out(x + self.down(functional.relu(self.gate(x)) * self.up(x) * self.scale))


def test_gated_layers_with_a_scale_of_their_own():
    model = thin(Gated(), 0.15, 5)
    small = check(model, torch.randn(2, 6, dtype=torch.float64))
    assert small.gate.out_features == small.up.out_features == small.scale.numel() < 30


class Heads(nn.Module):
    """Attention whose number of heads is read off the width."""

    def __init__(self, fused, kv=4):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(8, 16), nn.Linear(8, 4 * kv), nn.Linear(8, 4 * kv)
        self.o, self.fused = nn.Linear(16, 8), fused

    def forward(self, x):
        q, k, v = (f(x).view(*x.shape[:2], -1, 4).transpose(1, 2) for f in (self.q, self.k, self.v))
        n = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(n, 1), v.repeat_interleave(n, 1)
        if self.fused:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            y = torch.softmax(q @ k.transpose(-1, -2) / 2, -1) @ v
        return x + self.o(y.transpose(1, 2).flatten(2))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("kv", [4, 2])
def test_whole_attention_heads_go(fused, kv):
    model = Heads(fused, kv)
    with torch.no_grad():
        model.v.weight[:4] = 0  # its values are constant
        model.v.bias[:4] = 0.7
        model.o.weight[:, 8:12] = 0  # nothing reads this one
    small = check(model, torch.randn(2, 5, 8, dtype=torch.float64))
    assert small.q.out_features == 8
    assert small.v.out_features == (8 if kv == 4 else 4)


def test_transformers_of_torch_agree():
    encoder = nn.TransformerEncoderLayer(16, 4, 40, batch_first=True)
    model = nn.Sequential(nn.Linear(6, 16), encoder, nn.Linear(16, 3))
    small = check(thin(model, 0.06), torch.randn(2, 5, 6, dtype=torch.float64))
    assert small[1].linear1.out_features < 40


def test_a_llama_of_transformers_agrees_and_loses_neurons():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=32, use_cache=False,
    )  # fmt: skip
    model = thin(LlamaForCausalLM(config), 0.05).double()
    attention = model.model.layers[0].self_attn
    with torch.no_grad():
        attention.o_proj.weight[:, :16] = 0  # both heads that share a key
    tokens = torch.randint(0, 50, (2, 9), generator=torch.Generator().manual_seed(0))
    small = compact(model, {"input_ids": tokens})
    with torch.no_grad():
        a, b = (m(input_ids=tokens.flip(1)).logits for m in (model, small))
    assert (a - b).abs().max() <= 1e-12 * a.abs().max()
    assert small.model.layers[0].self_attn.v_proj.out_features == 8
    assert small.model.layers[0].mlp.up_proj.out_features < 64


class Written(nn.Module):
    """Writes parts of a tensor in place, calls a layer twice and squeezes channels."""

    def __init__(self):
        super().__init__()
        self.first, self.again, self.last = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.squeeze = nn.Linear(8, 1)

    def forward(self, x):
        h = torch.zeros(len(x), 8, dtype=x.dtype)
        h[:, :4] += torch.relu(self.first(x))[:, :4]
        h = self.again(torch.relu(self.again(h)))
        return self.last(h * torch.sigmoid(self.squeeze(h)))


@pytest.mark.parametrize("seed", range(4))
def test_unusual_code_is_never_wrong(seed):
    check(thin(Written(), 0.3, seed), torch.randn(2, 4, dtype=torch.float64))


def test_depthwise_grouped_and_transposed_convolutions():
    model = nn.Sequential(
        nn.Conv2d(2, 12, 1), nn.ReLU(), nn.Conv2d(12, 12, 3, groups=12), nn.SiLU(),
        nn.Conv2d(12, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=2), nn.ReLU(),
        nn.ConvTranspose2d(8, 6, 3, stride=2), nn.ReLU(), nn.Conv2d(6, 2, 1),
    )  # fmt: skip
    thin(model, 0.25, 2)
    small = check(model, torch.randn(2, 2, 9, 9, dtype=torch.float64))
    assert small[2].groups == small[0].out_channels < 12


def test_embeddings_tied_weights_and_tokens():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.mix = nn.Embedding(11, 16), nn.Linear(16, 16)
            self.out = nn.Linear(16, 11, bias=False)
            self.out.weight = self.embed.weight

        def forward(self, tokens):
            return self.out(torch.relu(self.mix(self.embed(tokens))))

    model = Tied()
    with torch.no_grad():
        model.mix.weight[:, 3:7] = 0
        model.mix.weight[9:] = 0
    tokens = torch.randint(0, 11, (4, 3), generator=torch.Generator().manual_seed(1))
    small = check(model, tokens)
    assert small.out.weight is small.embed.weight


def test_masks_of_torchs_pruning_are_applied_and_stay_with_the_model():
    from torch.nn.utils import prune

    model = nn.Sequential(nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 8), nn.GELU(), nn.Linear(8, 4))
    prune.random_structured(model[2], "weight", 0.5, dim=1)
    model(torch.randn(2, 12))  # its weights are computed now, which cannot be copied
    model.double()
    small = check(model, torch.randn(2, 12, dtype=torch.float64))
    assert small[0].out_features < 9
    assert prune.is_pruned(model)
    assert not prune.is_pruned(small)


@pytest.mark.parametrize("dead", [0, 1, 2])
def test_a_network_without_any_path_is_a_constant(dead):
    model = mlp((5,), 3, hidden=[6, 7])
    with torch.no_grad():
        [m for m in model.modules() if isinstance(m, nn.Linear)][dead].weight.zero_()
    small = check(model, torch.randn(2, 5, dtype=torch.float64))
    assert sizes(small) == [(5, 1), (1, 1), (1, 3)]


def test_float32_agrees_to_its_precision():
    model = thin(mlp((1, 28, 28), 10), 0.005)
    small = compact(model)
    x = torch.randn(64, 1, 28, 28)
    with torch.no_grad():
        a, b = model(x), small(x)
    assert (a - b).abs().max() <= 1e-6 * a.abs().max()


def test_what_cannot_be_run_is_said_in_a_line():
    with pytest.raises(NetsciError, match="give an example"):
        compact(nn.Sequential(nn.Conv2d(1, 2, 3)))
    with pytest.raises(NetsciError, match="does not run on the example"):
        compact(nn.Linear(3, 2), torch.ones(1, 4))
