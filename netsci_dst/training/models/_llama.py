"""The module behind the LLaMA models, from the configuration in `transformers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import MissingDependency
from ._attention import check_heads, declare_attention
from ._plan import Plan

try:
    from transformers import LlamaConfig, LlamaForCausalLM
except ImportError as error:
    raise MissingDependency("transformers", "hf", "a LLaMA model") from error

if TYPE_CHECKING:
    from ..wiring import Wiring


class Llama(LlamaForCausalLM):
    """A LLaMA whose linear layers but the generator are sparse by default."""

    def wiring(self) -> Wiring:
        """Declare q·k and gate·up as products, v → o, and the residual streams."""
        config, plan = self.config, Plan()
        stream = plan.population("stream0", config.hidden_size, "residual")
        for i in range(config.num_hidden_layers):
            path = f"model.layers.{i}"
            middle, after = f"stream{i}.attention", f"stream{i + 1}"
            ends = (stream, stream, middle)
            declare_attention(plan, f"{path}.self_attn", "o_proj", *ends, config.hidden_size)
            plan.population(middle, config.hidden_size, "residual")
            plan.skip(stream, middle)
            product = plan.population(f"{path}.mlp.gate_up", config.intermediate_size)
            plan.layer(f"{path}.mlp.gate_proj", middle, product)
            plan.layer(f"{path}.mlp.up_proj", middle, product)
            plan.population(after, config.hidden_size, "residual")
            plan.layer(f"{path}.mlp.down_proj", product, after)
            plan.skip(middle, after)
            stream = after
        output = plan.population("vocabulary", config.vocab_size, "output")
        plan.layer("lm_head", stream, output)
        return plan.wiring(["model.layers.*"])


def build(
    name: str,
    vocabulary: int,
    width: int,
    feed_forward: int,
    layers: int,
    heads: int,
    max_length: int,
) -> Llama:
    """Build the module with random weights (normal, standard deviation 0.02)."""
    check_heads(name, width, heads)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=feed_forward,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=max_length,
        rms_norm_eps=1e-6,
        tie_word_embeddings=False,
        use_cache=False,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
    return Llama(config)
