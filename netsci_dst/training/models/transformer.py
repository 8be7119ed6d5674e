"""The encoder-decoder Transformer for translation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import register

if TYPE_CHECKING:
    from torch import nn


@register(
    "model",
    "transformer",
    summary="Encoder-decoder Transformer; all linear layers but embedding and generator sparse.",
    source="Vaswani et al. 2017; CHTss, table 5",
    task="translation",
    data="pairs",
)
def transformer(
    vocabulary: int,
    *,
    width: int = 512,
    feed_forward: int = 1024,
    layers: int = 6,
    heads: int = 8,
    dropout: float = 0.1,
    max_length: int = 512,
    source_vocabulary: int | None = None,
) -> nn.Module:
    """Build a Transformer with tied embeddings, sinusoidal positions, ReLU and Glorot weights.

    Parameters
    ----------
    vocabulary
        Number of tokens, of the target language where they differ; tokens 0 to 3 are pad, unknown,
        begin and end.
    width
        Size of the embedding and of the residual streams.
    feed_forward
        Size of the feed-forward layers: 1024 for Multi30k, 2048 for IWSLT14 and WMT17.
    layers
        Number of encoder layers, and of decoder layers.
    heads
        Number of attention heads.
    dropout
        Of activations and of attention.
    max_length
        Longest sentence, in tokens.
    source_vocabulary
        Number of tokens of the source language, which then has embeddings of its own; by default
        both languages share one vocabulary and its embedding.

    Raises
    ------
    MissingDependency
        If transformers is not installed.
    """
    from ._transformer import build

    return build(
        vocabulary, width, feed_forward, layers, heads, dropout, max_length, source_vocabulary
    )
