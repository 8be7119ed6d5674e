"""The module behind `transformer`, from the Marian configuration in `transformers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from ...errors import MissingDependency
from ._attention import check_heads, declare_attention
from ._plan import Plan

try:
    from transformers import MarianConfig, MarianMTModel
except ImportError as error:
    raise MissingDependency("transformers", "hf", "a translation model") from error

if TYPE_CHECKING:
    from ..wiring import Wiring

PAD, UNKNOWN, BEGIN, END = range(4)


class Transformer(MarianMTModel):
    """A Marian model whose linear layers but the generator are sparse by default."""

    def wiring(self) -> Wiring:
        """Declare q·k as products, v → out, feed-forward layers and the residual streams."""
        config, plan = self.config, Plan()
        source = plan.population("encoder.stream0", config.d_model, "residual")
        for i in range(config.encoder_layers):
            path = f"model.encoder.layers.{i}"
            source = self._attention(plan, f"{path}.self_attn", source, source)
            source = self._feed_forward(plan, path, source, config.encoder_ffn_dim)
        target = plan.population("decoder.stream0", config.d_model, "residual")
        for i in range(config.decoder_layers):
            path = f"model.decoder.layers.{i}"
            target = self._attention(plan, f"{path}.self_attn", target, target)
            target = self._attention(plan, f"{path}.encoder_attn", target, source)
            target = self._feed_forward(plan, path, target, config.decoder_ffn_dim)
        output = plan.population(
            "vocabulary", config.decoder_vocab_size or config.vocab_size, "output"
        )
        plan.layer("lm_head", target, output)
        return plan.wiring(["model.encoder.layers.*", "model.decoder.layers.*"])

    def _attention(self, plan: Plan, path: str, queries: str, keys: str) -> str:
        config, after = self.config, f"{path}.stream"
        declare_attention(plan, path, "out_proj", queries, keys, after, config.d_model)
        plan.population(after, config.d_model, "residual")
        plan.skip(queries, after)
        return after

    def _feed_forward(self, plan: Plan, path: str, source: str, size: int) -> str:
        hidden = plan.population(f"{path}.feed_forward", size, output=f"{path}.activation_fn")
        plan.layer(f"{path}.fc1", source, hidden)
        after = plan.population(f"{path}.stream", self.config.d_model, "residual")
        plan.layer(f"{path}.fc2", hidden, after)
        plan.skip(source, after)
        return after


def build(
    vocabulary: int,
    width: int,
    feed_forward: int,
    layers: int,
    heads: int,
    dropout: float,
    max_length: int,
    source_vocabulary: int | None = None,
) -> Transformer:
    """Build the module; see `netsci_dst.training.models.transformer.transformer`."""
    check_heads("transformer", width, heads)
    config = MarianConfig(
        vocab_size=source_vocabulary or vocabulary,
        decoder_vocab_size=vocabulary,
        share_encoder_decoder_embeddings=source_vocabulary is None,
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=feed_forward,
        decoder_ffn_dim=feed_forward,
        dropout=dropout,
        attention_dropout=dropout,
        activation_dropout=dropout,
        activation_function="relu",
        max_position_embeddings=max_length,
        scale_embedding=True,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=BEGIN,
        decoder_start_token_id=BEGIN,
        eos_token_id=END,
        forced_eos_token_id=None,
    )
    model = Transformer(config)
    _initialise(model)
    return model


def _embeddings(model: Transformer) -> list[Any]:
    if model.config.share_encoder_decoder_embeddings:
        return [model.model.shared]
    return [model.model.encoder.embed_tokens, model.model.decoder.embed_tokens]


def _initialise(model: Transformer) -> None:
    # Scaled embeddings of unit variance and Glorot layers, as the papers' translation models have.
    width = model.config.d_model
    for embedding in _embeddings(model):
        nn.init.normal_(embedding.weight, std=width**-0.5)
    for module in model.model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
