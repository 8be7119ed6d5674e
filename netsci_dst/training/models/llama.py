"""LLaMA language models of 20 million to a billion parameters, or of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import add

if TYPE_CHECKING:
    from torch import nn

# Width, feed-forward width, layers, heads: CHTss table 6, and for 20M, 250M and 350M the
# configurations of its reference 46 (Zhao et al. 2024).
_SIZES = {
    "llama-20m": (256, 688, 4, 4),
    "llama-60m": (512, 1376, 8, 8),
    "llama-130m": (768, 2048, 12, 12),
    "llama-250m": (768, 2560, 24, 16),
    "llama-350m": (1024, 2736, 24, 16),
    "llama-1b": (2048, 5461, 24, 32),
}


class LlamaBuilder:
    """Builds a LLaMA of one of the papers' sizes, which options may change."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__qualname__ = f"llama.{name}"

    def __call__(
        self,
        vocabulary: int,
        *,
        width: int | None = None,
        feed_forward: int | None = None,
        layers: int | None = None,
        heads: int | None = None,
        max_length: int = 1024,
    ) -> nn.Module:
        """Build the model with random weights; nothing is downloaded.

        Parameters
        ----------
        vocabulary
            Number of tokens.
        width, feed_forward, layers, heads
            In place of those of the named size.
        max_length
            Longest sequence.

        Raises
        ------
        MissingDependency
            If transformers is not installed.
        """
        from ._llama import build

        own = _SIZES[self.name]
        return build(
            self.name,
            vocabulary,
            own[0] if width is None else width,
            own[1] if feed_forward is None else feed_forward,
            own[2] if layers is None else layers,
            own[3] if heads is None else heads,
            max_length,
        )


for _name, _size in _SIZES.items():
    add(
        "model",
        _name,
        LlamaBuilder(_name),
        summary=f"LLaMA: width {_size[0]}, {_size[2]} layers, {_size[3]} heads.",
        source="Touvron et al. 2023; CHTss, table 6",
        task="language-model",
        data="text",
        compiles=True,
    )
