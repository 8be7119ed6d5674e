import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from netsci_dst import registry  # noqa: E402
from netsci_dst.errors import RecipeError  # noqa: E402
from netsci_dst.training import wiring  # noqa: E402
from netsci_dst.training.tasks.build import build_model  # noqa: E402
from tests.support.sparse import sparsified  # noqa: E402

pytestmark = pytest.mark.torch

TINY = {"width": 24, "feed_forward": 40, "layers": 2, "heads": 2}


def build(name, seed=0, vocabulary=60, **options):
    return build_model(name, options, seed, vocabulary=vocabulary).eval()


def output(model, name):
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(4, 60, (2, 9), generator=generator)
    if name == "transformer":
        return model(input_ids=tokens, decoder_input_ids=tokens[:, :5]).logits
    return model(tokens).logits


@pytest.mark.parametrize(
    ("name", "sizes", "parameters"),
    [
        # Embedding and generator 2·32000·d, attention 4 d², feed-forward 3 d f, norms 2 d a layer.
        ("llama-20m", (256, 688, 4, 4), None),
        ("llama-60m", (512, 1376, 8, 8), 58_073_600),
        ("llama-130m", (768, 2048, 12, 12), 134_105_856),
        ("llama-1b", (2048, 5461, 24, 32), 1_339_082_752),
    ],
)
def test_llamas_have_the_sizes_of_the_papers(name, sizes, parameters):
    with torch.device("meta"):
        model = registry.get("model", name).target(32_000)
    config = model.config
    assert sizes == (
        config.hidden_size, config.intermediate_size, config.num_hidden_layers,
        config.num_attention_heads,
    )  # fmt: skip
    d, f, layers, _ = sizes
    expected = 2 * 32_000 * d + layers * (4 * d * d + 3 * d * f + 2 * d) + d
    assert sum(p.numel() for p in model.parameters()) == expected
    assert parameters is None or expected == parameters


def test_the_transformer_has_table_5s_size_and_tied_embeddings():
    with torch.device("meta"):
        model = registry.get("model", "transformer").target(10_000)
    config = model.config
    assert (config.d_model, config.encoder_ffn_dim) == (512, 1024)
    assert (config.encoder_layers, config.decoder_layers) == (6, 6)
    assert config.encoder_attention_heads == config.decoder_attention_heads == 8
    assert len(model.wiring().sparse_names()) == 6 * 6 + 6 * 10
    model = build("transformer", **TINY)
    assert model.lm_head.weight is model.model.shared.weight


@pytest.mark.parametrize("name", ["llama-60m", "transformer"])
def test_wiring_fits_and_sparse_layers_with_all_links_change_nothing(name):
    model = build(name, **TINY)
    declared = wiring.of(model)
    before = output(model, name)
    names = declared.sparse_names()
    linear = {m for m, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    assert set(names) == linear - {"lm_head"}
    assert linear == set(declared.layers)
    parts = sparsified(model, names, "masked")
    torch.testing.assert_close(output(model, name), before, atol=1e-5, rtol=1e-4)
    topology = declared.topology(model, parts)
    assert [layer.name for layer in topology.dense] == ["lm_head"]


def test_populations_of_llama_follow_the_products():
    declared = build("llama-60m", **TINY).wiring()
    first = "model.layers.0"
    qk = f"{first}.self_attn.qk"
    assert declared.feeding(qk) == [f"{first}.self_attn.q_proj", f"{first}.self_attn.k_proj"]
    assert declared.leaving(qk) == []
    assert declared.leaving(f"{first}.self_attn.v") == [f"{first}.self_attn.o_proj"]
    product = f"{first}.mlp.gate_up"
    assert declared.feeding(product) == [f"{first}.mlp.gate_proj", f"{first}.mlp.up_proj"]
    assert declared.leaving(product) == [f"{first}.mlp.down_proj"]
    by_name = {p.name: p for p in declared.populations}
    assert by_name[qk].combine == by_name[product].combine == "all"
    streams = [p for p in declared.populations if p.role == "residual"]
    assert len(streams) == 1 + 2 * 2
    assert all(p.combine == "any" for p in streams)
    assert len(declared.skips) == 4


def test_cross_attention_reads_both_sides():
    declared = build("transformer", **TINY).wiring()
    path = "model.decoder.layers.1.encoder_attn"
    encoded = "model.encoder.layers.1.stream"
    assert declared.layers[f"{path}.q_proj"][0] == "model.decoder.layers.1.self_attn.stream"
    assert declared.layers[f"{path}.k_proj"][0] == encoded
    assert declared.layers[f"{path}.v_proj"][0] == encoded
    assert declared.layers[f"{path}.q_proj"][1] == declared.layers[f"{path}.k_proj"][1]


@pytest.mark.parametrize("name", ["llama-60m", "transformer"])
def test_a_q_neuron_without_links_makes_the_k_neuron_idle(name):
    """Zeroing either factor of a product changes the output alike."""
    model = build(name, **TINY)
    path = next(p for p in model.wiring().layers if p.endswith("q_proj"))
    q, k = model.get_submodule(path), model.get_submodule(path.replace("q_proj", "k_proj"))
    position = 5
    with torch.no_grad():
        for layer in (q, k):
            if layer.bias is not None:
                layer.bias.zero_()
        both = [q.weight[position].clone(), k.weight[position].clone()]
        partner = (position + 6) % 12  # rotary positions mix a neuron with its partner
        others = [q.weight[partner].clone(), k.weight[partner].clone()]
        for row in (position, partner):
            q.weight[row] = 0
        without_q = output(model, name)
        q.weight[position], q.weight[partner] = both[0], others[0]
        for row in (position, partner):
            k.weight[row] = 0
        without_k = output(model, name)
    torch.testing.assert_close(without_q, without_k)


def test_a_language_model_cannot_see_ahead():
    model = build("llama-20m", **TINY)
    tokens = torch.randint(0, 60, (1, 8), generator=torch.Generator().manual_seed(0))
    changed = tokens.clone()
    changed[0, 5:] = (changed[0, 5:] + 1) % 60
    a, b = model(tokens).logits, model(changed).logits
    torch.testing.assert_close(a[:, :5], b[:, :5])
    assert not torch.allclose(a[:, 5:], b[:, 5:])


def test_refusals():
    with pytest.raises(RecipeError, match="2 heads"):
        build("llama-60m", width=25, heads=2)
