"""Weights that are not the weights: adapters and quantised forms, named for what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...errors import FormatError

_KINDS = {
    r"(^|\.)lora_(A|B|embedding_A|embedding_B|magnitude_vector)(\.|$)": (
        "a LoRA adapter ({key}), which is not a network by itself: merge it into its base "
        "(model.merge_and_unload() of peft) and save that"
    ),
    r"\.(absmax|quant_map|nested_absmax|quant_state\.bitsandbytes__\w+|SCB)$": (
        "weights quantised by bitsandbytes ({key}): dequantise them first (model.dequantize())"
    ),
    r"\.g_idx$": "weights quantised by GPTQ ({key}): dequantise them first",
    r"\.qweight$": "weights quantised by GPTQ or AWQ ({key}): dequantise them first",
    r"\.(_packed_params(\.\w+)*|weight_packed|W_q)$": (
        "quantised, packed weights ({key}): dequantise them first"
    ),
    r"\.weight_scale(_inv)?$": (
        "weights in 8 bits with their scales apart ({key}): dequantise them first"
    ),
}


def refuse_adapters(names: Iterable[str]) -> None:
    """Refuse tensors that are only to be understood with others.

    Raises
    ------
    FormatError
        Naming the kind and what to do.
    """
    names = list(names)
    for pattern, text in _KINDS.items():
        found = next((name for name in names if re.search(pattern, name)), None)
        if found is not None:
            raise FormatError("it holds " + text.format(key=found))
