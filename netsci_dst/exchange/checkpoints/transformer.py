"""Transformers: which population feeds which, told by the names of the projections.

Covered are encoders (BERT, RoBERTa, DistilBERT, ViT), decoders (GPT-2, GPT-NeoX, GPT-J, OPT, BLOOM,
LLaMA and its kin, Phi, Mixtral) and pairs of both (T5, BART, Marian, `torch.nn.Transformer`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import FormatError
from ...topology import Population, Topology
from .attention import share_values, split_packed
from .chain import assemble
from .named_weight import NamedWeight
from .natural import natural

KNOWN = frozenset(
    """
    bert roberta xlm-roberta electra camembert distilbert vit deit dinov2 beit t5 mt5 umt5 bart
    mbart marian pegasus m2m_100 opt gpt2 gpt_neo gpt_neox gptj bloom llama mistral mixtral gemma
    gemma2 qwen2 qwen3 phi phi3 stablelm olmo olmo2 starcoder2
    """.split()  # noqa: SIM905
)
# In these, attention and feed-forward read the same stream, and both are added to it.
_PARALLEL = ("phi", "gptj", "gpt_neox")
_BLOCK = re.compile(r"(.*?(?:^|\.)(?:layers|layer|h|block|blocks))\.(\d+)\.(.+)$")
_CROSS = re.compile(r"encoder_attn|EncDecAttention|crossattention|cross_attn|multihead_attn")
_PARTS = {
    "qkv": r"(?:^|\.)(?:query_key_value|c_attn|qkv_proj|qkv|in_proj)$",
    "q": r"(?:^|\.)(?:q_proj|query|q|q_lin|wq)$",
    "k": r"(?:^|\.)(?:k_proj|key|k|k_lin|wk)$",
    "v": r"(?:^|\.)(?:v_proj|value|v|v_lin|wv)$",
    "o": r"(?:^|\.)(?:\w*(?:attn|[aA]ttention)\w*(?:\.attention)?)"
    r"\.(?:o_proj|out_proj|o|out_lin|dense|c_proj|proj|output\.dense)$",
    "gate_up": r"(?:^|\.)gate_up_proj$",
    "gate": r"(?:^|\.)(?:gate_proj|wi_0|w1)$",
    "up": r"(?:^|\.)(?:up_proj|wi_1|w3|fc1|c_fc|dense_h_to_4h|intermediate\.dense|wi|lin1|linear1"
    r"|fc_in)$",
    "down": r"(?:^|\.)(?:down_proj|wo|w2|fc2|mlp\.c_proj|dense_4h_to_h|output\.dense|lin2|linear2"
    r"|fc_out)$",
    "router": r"(?:^|\.)(?:block_sparse_moe|mlp|moe)\.(?:gate|router)$",
}
_EXPERT = re.compile(r"experts\.(\d+)\.")
_INPUT = re.compile(r"(?:^|[._])(?:patch_embed\w*(?:\.projection|\.proj)?|conv_proj|project_in)$")
_AT_STREAM = re.compile(
    r"(?:^|\.)(?:pooler|pre_classifier|project_out|transform|qa_outputs|lm_head|embed_out|score)(?:\.|$)"
)


def part_of(name: str) -> tuple[str, int, str] | None:
    """Return stack, number and part of a projection, such as ``decoder.layers, 3, cross_q``."""
    match = _BLOCK.match(name)
    if match is None:
        return None
    rest = match[3]
    expert = _EXPERT.search(rest)
    for part, pattern in _PARTS.items():
        if re.search(pattern, rest):
            if part in ("q", "k", "v", "o", "qkv") and _CROSS.search(rest):
                part = f"cross_{part}"
            label = f"expert{expert[1]}.{part}" if expert else part
            return match[1], int(match[2]), label
    return None


def is_one(weights: Sequence[NamedWeight]) -> bool:
    """Return whether the layers have the attention of a transformer."""
    parts = {found[2] for found in map(part_of, (w.name for w in weights)) if found}
    return bool(parts & {"qkv", "cross_qkv"}) or {"q", "k", "v"} <= parts


@dataclass
class _Draft:
    """What is wired so far."""

    populations: list[Population] = field(default_factory=list)
    ends: list[tuple[NamedWeight, str, str]] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, size: int, role: Any = "hidden") -> str:
        self.populations.append(Population(name, size, role))
        return name

    def size(self, name: str) -> int:
        return next(p.size for p in self.populations if p.name == name)

    def join(self, weight: NamedWeight, source: str, target: str) -> None:
        for side, name in zip(weight.matrix.shape, (source, target), strict=True):
            if side != self.size(name):
                raise FormatError(
                    f"{weight.name!r} has {weight.matrix.shape[0]} sources and "
                    f"{weight.matrix.shape[1]} targets, which do not fit where its name puts it"
                )
        self.ends.append((weight, source, target))


class _Stream:
    """The residual stream of a stack: every addition makes a population of its own."""

    def __init__(self, draft: _Draft, prefix: str, width: int):
        self.draft, self.prefix, self.width, self.n = draft, prefix, width, 0
        self.now = draft.add(f"{prefix}stream.0", width, "residual")

    def advance(self, *sources: tuple[NamedWeight, str]) -> None:
        """Add what the layers bring from their sources."""
        self.n += 1
        following = self.draft.add(f"{self.prefix}stream.{self.n}", self.width, "residual")
        self.draft.skips.append((self.now, following))
        for weight, source in sources:
            self.draft.join(weight, source, following)
        self.now = following


def wire(
    weights: Sequence[NamedWeight], config: Mapping[str, Any], keep_dense: bool = False
) -> Topology:
    """Return the topology of a transformer.

    Queries and keys meet in one population (their product joins them), gate and up-projection in
    another; values feed the output projection.

    Raises
    ------
    FormatError
        If a block lacks a projection, or a layer is left that fits nowhere.
    """
    blocks: dict[str, dict[int, dict[str, NamedWeight]]] = {}
    others: list[NamedWeight] = []
    for weight in weights:
        place = part_of(weight.name)
        if place is None:
            others.append(weight)
        else:
            blocks.setdefault(place[0], {}).setdefault(place[1], {})[place[2]] = weight
    draft = _Draft()
    inputs = [weight for weight in others if _INPUT.search(weight.name)]
    stacks = sorted(blocks, key=lambda name: ("decoder" in name.split("."), natural(name)))
    memory: str | None = None
    for stack in stacks:
        prefix = "" if len(stacks) == 1 else f"{'decoder' if 'decoder' in stack else 'encoder'}."
        memory = _stack(draft, stack, blocks[stack], prefix, inputs, memory, config)
        inputs = []
    assert memory is not None
    _heads(draft, memory, [w for w in others if not _INPUT.search(w.name)])
    fed = {source for _, source, _ in draft.ends} | {source for source, _ in draft.skips}
    populations = [
        p if p.name in fed or p.role == "residual" else Population(p.name, p.size, "output")
        for p in draft.populations
    ]
    return assemble(populations, draft.ends, keep_dense, draft.skips)


def _stack(
    draft: _Draft,
    stack: str,
    blocks: Mapping[int, dict[str, NamedWeight]],
    prefix: str,
    inputs: Sequence[NamedWeight],
    memory: str | None,
    config: Mapping[str, Any],
) -> str:
    """Wire the blocks of a stack; return the last population of its stream."""
    split = {n: split_packed(blocks[n], config) for n in sorted(blocks)}
    first = next(iter(split.values()))
    reader = first.get("q") or first.get("up") or first.get("gate") or next(iter(first.values()))
    width = reader.matrix.shape[0]
    for weight in inputs:
        draft.add(f"{weight.name}.in", weight.matrix.shape[0], "input")
    stream = _Stream(draft, prefix, width)
    for weight in inputs:
        draft.join(weight, f"{weight.name}.in", stream.now)
    for n, parts in split.items():
        _block(draft, f"{stack}.{n}", parts, stream, memory, config)
    return stream.now


def _block(
    draft: _Draft,
    block: str,
    parts: Mapping[str, NamedWeight],
    stream: _Stream,
    memory: str | None,
    config: Mapping[str, Any],
) -> None:
    before = stream.now
    attention = _attention(draft, block, parts, stream.now, stream.now, config)
    if _is_parallel(block, parts, config):
        stream.advance(*attention, *_feed_forward(draft, block, parts, before))
        return
    if attention:
        stream.advance(*attention)
    if "cross_q" in parts:
        source = memory or stream.now
        crossed = _attention(draft, block, parts, stream.now, source, config, "cross_")
        stream.advance(*crossed)
    forward = _feed_forward(draft, block, parts, stream.now)
    if forward:
        stream.advance(*forward)


def _is_parallel(block: str, parts: Mapping[str, NamedWeight], config: Mapping[str, Any]) -> bool:
    kind = config.get("model_type")
    if kind == "gpt_neox":
        return bool(config.get("use_parallel_residual", True))
    if isinstance(kind, str):
        return kind in _PARALLEL
    ends = [weight.name for weight in parts.values()]
    phi = any(n.endswith("self_attn.dense") for n in ends) and any(
        n.endswith("mlp.fc1") for n in ends
    )
    return phi or "gpt_neox" in block or any(n.endswith("mlp.fc_in") for n in ends)


def _attention(
    draft: _Draft,
    block: str,
    parts: Mapping[str, NamedWeight],
    queries_from: str,
    keys_from: str,
    config: Mapping[str, Any],
    prefix: str = "",
) -> list[tuple[NamedWeight, str]]:
    needed = {part: parts.get(prefix + part) for part in "qkvo"}
    if not any(needed.values()):
        return []
    missing = sorted(prefix + part for part, weight in needed.items() if weight is None)
    if missing:
        raise FormatError(f"{block} lacks its projections {', '.join(missing)}")
    q, k, v, o = (parts[prefix + part] for part in "qkvo")
    place = f"{block}.{prefix}"
    shared = q.matrix.shape[1] == k.matrix.shape[1]
    names = (f"{place}qk",) * 2 if shared else (f"{place}q", f"{place}k")
    draft.add(names[0], q.matrix.shape[1])
    if not shared:  # grouped queries: several query heads read one key head
        draft.add(names[1], k.matrix.shape[1])
    draft.join(q, queries_from, names[0])
    draft.join(k, keys_from, names[1])
    values = draft.add(f"{place}v", v.matrix.shape[1])
    draft.join(v, keys_from, values)
    return [(share_values(o, v, k, q, config), values)]


def _feed_forward(
    draft: _Draft, block: str, parts: Mapping[str, NamedWeight], source: str
) -> list[tuple[NamedWeight, str]]:
    found = []
    if "router" in parts:
        router = draft.add(f"{block}.router", parts["router"].matrix.shape[1])
        draft.join(parts["router"], source, router)
    experts = sorted({p.rpartition(".")[0] for p in parts if p.startswith("expert")}, key=natural)
    for expert in ["", *experts]:
        prefix = f"{expert}." if expert else ""
        first = [parts[prefix + p] for p in ("gate", "up") if prefix + p in parts]
        down = parts.get(f"{prefix}down")
        if not first and down is None:
            continue
        if not first or down is None:
            lacking = "down" if first else "up"
            raise FormatError(f"{block} lacks its projection {prefix}{lacking}")
        name = draft.add(f"{block}.{expert or 'mlp'}", first[0].matrix.shape[1])
        for weight in first:
            draft.join(weight, source, name)
        found.append((down, name))
    return found


def _heads(draft: _Draft, stream: str, weights: Sequence[NamedWeight]) -> None:
    """Wire what comes after the blocks: each layer reads the newest population of its size."""
    readable = [stream]
    order = sorted(
        weights, key=lambda w: not re.search("pooler|project_out|transform|pre_", w.name)
    )
    for weight in order:
        n_source = weight.matrix.shape[0]
        if _AT_STREAM.search(weight.name) and draft.size(stream) == n_source:
            source: str | None = stream
        else:
            source = next((n for n in reversed(readable) if draft.size(n) == n_source), None)
        if source is None:
            raise FormatError(f"do not know where {weight.name!r} belongs; exclude it by name")
        alone = len(weights) == 1
        name = "output" if alone else f"{weight.name}.out"
        readable.append(draft.add(name, weight.matrix.shape[1]))
        draft.join(weight, source, name)
