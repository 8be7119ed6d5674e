"""Transformers of Hugging Face are wired as they compute: judged by the models themselves."""

import numpy as np
import pytest

from netsci_dst.errors import FormatError
from netsci_dst.exchange import from_checkpoint

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

SMALL = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
MLP = {"intermediate_size": 12, "vocab_size": 20}
SEQ2SEQ = {
    "d_model": 8,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 12,
    "decoder_ffn_dim": 12,
    "vocab_size": 20,
    "max_position_embeddings": 8,
}
MODELS = {
    "bert": ("BertForSequenceClassification", "BertConfig", SMALL | MLP),
    "bert for words": ("BertForMaskedLM", "BertConfig", SMALL | MLP),
    "distilbert": (
        "DistilBertForSequenceClassification",
        "DistilBertConfig",
        {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 12, "vocab_size": 20},
    ),
    "vit": (
        "ViTForImageClassification",
        "ViTConfig",
        SMALL | {"intermediate_size": 12, "image_size": 8, "patch_size": 4},
    ),
    "t5": (
        "T5ForConditionalGeneration",
        "T5Config",
        {"d_model": 8, "d_kv": 4, "num_heads": 2, "d_ff": 12, "num_layers": 2, "vocab_size": 20},
    ),
    "t5 with gates": (
        "T5ForConditionalGeneration",
        "T5Config",
        {
            "d_model": 8,
            "d_kv": 4,
            "num_heads": 2,
            "d_ff": 12,
            "num_layers": 2,
            "vocab_size": 20,
            "feed_forward_proj": "gated-gelu",
            "tie_word_embeddings": False,
        },
    ),
    "bart": ("BartForConditionalGeneration", "BartConfig", SEQ2SEQ),
    "neox": ("GPTNeoXForCausalLM", "GPTNeoXConfig", SMALL | MLP),
    "neox in sequence": (
        "GPTNeoXForCausalLM",
        "GPTNeoXConfig",
        SMALL | MLP | {"use_parallel_residual": False},
    ),
    "opt": (
        "OPTForCausalLM",
        "OPTConfig",
        SMALL
        | {"ffn_dim": 12, "vocab_size": 20, "word_embed_proj_dim": 4}
        | {"max_position_embeddings": 16},
    ),
    "phi": ("PhiForCausalLM", "PhiConfig", SMALL | MLP),
    "phi3": (
        "Phi3ForCausalLM",
        "Phi3Config",
        SMALL | MLP | {"num_key_value_heads": 1, "pad_token_id": 0},
    ),
    "mixtral": (
        "MixtralForCausalLM",
        "MixtralConfig",
        SMALL | MLP | {"num_key_value_heads": 1, "num_local_experts": 2},
    ),
    "llama": ("LlamaForCausalLM", "LlamaConfig", SMALL | MLP | {"num_key_value_heads": 1}),
    "gpt2": (
        "GPT2LMHeadModel",
        "GPT2Config",
        {"n_embd": 8, "n_layer": 2, "n_head": 2, "vocab_size": 20, "n_positions": 8},
    ),
    "bloom": (
        "BloomForCausalLM",
        "BloomConfig",
        {"hidden_size": 8, "n_layer": 2, "n_head": 2, "vocab_size": 20},
    ),
}


def build(name):
    model_class, config_class, options = MODELS[name]
    torch.manual_seed(0)
    config = getattr(transformers, config_class)(**options)
    model = getattr(transformers, model_class)(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight *= torch.rand_like(weight) < 0.5
    return model.eval()


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    made = {}

    def of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("model")
            model = build(name)
            model.save_pretrained(folder / "hf")
            run = from_checkpoint(folder / "hf", folder / "run")
            made[name] = model, run.snapshots[0]
        return made[name]

    return of


@pytest.mark.parametrize("name", MODELS)
def test_every_weight_of_the_blocks_is_there_and_the_wiring_is_known(imported, name):
    model, snapshot = imported(name)
    topology = snapshot.topology
    assert snapshot.extra["wiring"] == f"by its config ({model.config.model_type})"
    embedded = ("embed", "wte", "wpe", "shared", "position", "relative_attention_bias")
    # What is tied to the embeddings is not saved a second time.
    tied = getattr(model.config, "tie_word_embeddings", False)
    expected = sum(
        int((value != 0).sum())
        for key, value in model.state_dict().items()
        if value.dim() == 2
        and not (tied and key in ("lm_head.weight", "cls.predictions.decoder.weight"))
        and (not any(part in key for part in embedded) or "embed_out" in key)
    )
    expected += sum(
        int((value != 0).sum())
        for key, value in model.state_dict().items()
        if value.dim() == 3 and "experts" in key
    )
    found = sum(
        int(layer.multiplicity.sum()) if layer.multiplicity is not None else layer.n_links
        for layer in topology.layers
        if "patch" not in layer.name
    )
    sizes = {p.name: p.size for p in topology.populations}
    dense = sum(sizes[d.source] * sizes[d.target] for d in topology.dense if "patch" not in d.name)
    assert found + dense == expected
    residual = [p for p in topology.populations if p.role == "residual"]
    assert len(topology.skips) == len(residual) - len({p.name.split("stream")[0] for p in residual})


def ends(topology, part):
    layer = next(k for k in (*topology.layers, *topology.dense) if k.name.endswith(part))
    return layer.source, layer.target


@pytest.mark.parametrize(
    ("name", "parallel"),
    [
        ("bert", False),
        ("neox", True),
        ("neox in sequence", False),
        ("phi", True),
        ("phi3", False),
        ("opt", False),
        ("gpt2", False),
        ("bloom", False),
    ],
)
def test_attention_and_feed_forward_read_the_stream_that_they_read(imported, name, parallel):
    topology = imported(name)[1].topology
    reads = [p.name for p in topology.populations if p.role == "residual"]
    assert len(reads) == (3 if parallel else 5)
    streams = {
        layer.source
        for layer in topology.layers
        if layer.source.endswith("stream.0") and layer.target not in reads
    }
    assert streams == {"stream.0"}
    from_first = {k.target for k in topology.layers if k.source == "stream.0"}
    assert any(name.endswith("mlp") for name in from_first) is parallel


def influences(model, layer, out, batch):
    """Which outputs of `layer` change where one input of its weight is changed: by running it."""
    seen = {}
    hook = layer.register_forward_hook(lambda m, i, o: seen.__setitem__("x", i[0].detach()))
    model(**batch)
    hook.remove()
    return seen["x"]


def test_grouped_queries_read_the_value_heads_that_the_model_gives_them(imported):
    """Cut one value neuron in the model: what reaches the output projection must change there."""
    model, snapshot = imported("llama")
    topology = snapshot.topology
    block = model.model.layers[0].self_attn
    batch = {"input_ids": torch.tensor([[1, 2, 3]])}
    layer = topology.layer("model.layers.0.self_attn.o_proj")
    matrix = layer.to_scipy().toarray() > 0
    before = influences(model, block.o_proj, None, batch)
    for value in range(layer.shape[0]):
        kept = block.v_proj.weight.detach().clone()
        with torch.no_grad():
            block.v_proj.weight[value] += 1.0
        changed = (influences(model, block.o_proj, None, batch) != before).any(1)[0].numpy()
        with torch.no_grad():
            block.v_proj.weight.copy_(kept)
        reached = (block.o_proj.weight.detach().numpy()[:, changed] != 0).any(1)
        assert np.array_equal(matrix[value], reached)


@pytest.mark.parametrize("name", ["neox", "gpt2", "bloom", "phi3"])
def test_packed_projections_are_split_as_the_model_splits_them(imported, name):
    """Values alone reach the output projection linearly: changed queries leave one token alone."""
    model, snapshot = imported(name)
    topology = snapshot.topology
    packed = next(
        module
        for path, module in model.named_modules()
        if path.endswith(("query_key_value", "c_attn", "qkv_proj"))
    )
    projection = next(
        module
        for path, module in model.named_modules()
        if path.endswith(("attention.dense", "attn.c_proj", "self_attn.o_proj"))
        or path.endswith("self_attention.dense")
    )
    # With one token attention is the identity: only values matter.
    batch = {"input_ids": torch.tensor([[1]])}
    before = influences(model, projection, None, batch)
    weight = packed.weight if name != "gpt2" else packed.weight.T
    values = []
    for row in range(weight.shape[0]):
        kept = weight[row].detach().clone()
        with torch.no_grad():
            weight[row] += 1.0
        if (influences(model, projection, None, batch) != before).any():
            values.append(row)
        with torch.no_grad():
            weight[row] = kept
    layer = next(k for k in topology.layers if k.name.endswith((".v",)))
    found = layer.to_scipy(weighted=True).toarray()
    assert np.allclose(found, weight.detach().numpy()[values].T)


def test_t5_reads_the_encoder_where_it_crosses(imported):
    topology = imported("t5")[1].topology
    last = [p.name for p in topology.populations if p.name.startswith("encoder.stream")][-1]
    assert ends(topology, "decoder.block.0.layer.1.EncDecAttention.k")[0] == last
    assert ends(topology, "decoder.block.1.layer.1.EncDecAttention.v")[0] == last
    assert ends(topology, "decoder.block.0.layer.1.EncDecAttention.q")[0] == "decoder.stream.1"


def test_experts_have_populations_of_their_own(imported):
    topology = imported("mixtral")[1].topology
    names = [p.name for p in topology.populations]
    assert sum(".expert" in name for name in names) == 4
    assert sum(name.endswith(".router") for name in names) == 2


def test_without_a_config_the_wiring_is_a_guess_and_heads_must_be_told(tmp_path):
    for name, guessed in (("bert", True), ("neox", False)):
        folder = tmp_path / name
        build(name).save_pretrained(folder)
        (folder / "config.json").unlink()
        if guessed:
            run = from_checkpoint(folder / "model.safetensors", tmp_path / "run")
            assert "guess" in run.snapshots[0].extra["wiring"]
        else:
            with pytest.raises(FormatError, match=r"config\.json"):
                from_checkpoint(folder / "model.safetensors", tmp_path / "no")


def test_a_quantised_config_and_an_adapter_are_named(tmp_path):
    build("bert").save_pretrained(tmp_path / "m")
    config = tmp_path / "m" / "config.json"
    config.write_text('{"model_type": "bert", "quantization_config": {"quant_method": "gptq"}}')
    with pytest.raises(FormatError, match="quantised by gptq"):
        from_checkpoint(tmp_path / "m", tmp_path / "run")
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "adapter_config.json").write_text("{}")
    with pytest.raises(FormatError, match="LoRA"):
        from_checkpoint(tmp_path / "lora", tmp_path / "run")
