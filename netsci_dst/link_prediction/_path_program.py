"""Sums over paths of length three on tensor cores, in one pass: nothing per link is ever stored.

A program of the GPU takes one source u and some targets v. For the links u–z1 it multiplies, tile
by tile, the adjacency of z1 with that of v over the sources z2, weighed by G[u, z2]; then F[z1, v]
weighs the product, and rows are added up. Nothing is added up in an order that changes.
"""

from __future__ import annotations

from typing import Any

import torch
import triton  # type: ignore[import-not-found]
import triton.language as tl  # type: ignore[import-not-found]
from torch import Tensor

# Links, targets and sources of a tile; sizes are multiples of the latter two.
LINKS, TARGETS, SOURCES = 64, 128, 64


@triton.jit
def _program(
    at, a, high, low, unit, f, ends, starts, scores, n_source, n_target, most, n_blocks,
    LINKS: tl.constexpr, TARGETS: tl.constexpr, SOURCES: tl.constexpr,
):  # fmt: skip
    u, layer = tl.program_id(0) // n_blocks, tl.program_id(1).to(tl.int64)
    v = tl.program_id(0) % n_blocks * TARGETS + tl.arange(0, TARGETS)
    z2 = tl.arange(0, SOURCES)
    row = layer * n_source + u
    first = tl.load(starts + layer * (n_source + 1) + u)
    last = tl.load(starts + layer * (n_source + 1) + u + 1)
    at += layer * n_source * n_target
    a += layer * n_source * n_target
    f += layer * n_target * n_target
    total = tl.zeros((TARGETS,), tl.float32)
    for link in range(first, last, LINKS):
        some = link + tl.arange(0, LINKS)
        here = some < last
        z1 = tl.load(ends + layer * most + some, mask=here, other=0)
        highs = tl.zeros((LINKS, TARGETS), tl.float32)
        lows = tl.zeros((LINKS, TARGETS), tl.float32)
        left_at = at + z1[:, None] * n_source + z2[None, :]
        right_at = a + z2[:, None] * n_target + v[None, :]
        weight_at = row * n_source + z2
        for k in range(0, n_source, SOURCES):
            left = tl.load(left_at + k)
            right = tl.load(right_at + k * n_target)
            highs = tl.dot(left * tl.load(high + weight_at + k)[None, :], right, highs)
            lows = tl.dot(left * tl.load(low + weight_at + k)[None, :], right, lows)
        weights = tl.load(f + z1[:, None] * n_target + v[None, :], mask=here[:, None], other=0.0)
        total += tl.sum((highs + lows) * weights, 0)
    tl.store(scores + row * n_target + v, total * tl.load(unit + row))


def path_sums(
    a: Tensor, f: Tensor, high: Tensor, low: Tensor, unit: Tensor, ends: Tensor
) -> Tensor:
    """Return the sum over paths u–z1–z2–v of F[z1, v] G[u, z2].

    Parameters
    ----------
    a
        Zeros and ones, float16 ``(layers, n_source, n_target)``; sizes are multiples of 128.
    f
        F, float32 ``(layers, n_target, n_target)``.
    high, low, unit
        G as `products.halves` returns it, ``(layers, n_source, n_source)``.
    ends
        The targets of each layer's links, source by source, int32 ``(layers, most)``.
    """
    n_layers, n_source, n_target = a.shape
    degrees = a.sum(2, dtype=torch.int32)
    starts = torch.nn.functional.pad(degrees.cumsum(1, dtype=torch.int32), (1, 0))
    scores = torch.empty(a.shape, dtype=torch.float32, device=a.device)
    n_blocks = n_target // TARGETS
    program: Any = _program
    program[(n_source * n_blocks, n_layers)](
        a.transpose(1, 2).contiguous(), a, high, low, unit, f, ends, starts.contiguous(), scores,
        n_source, n_target, ends.shape[1], n_blocks,
        LINKS, TARGETS, SOURCES, num_warps=4, num_stages=3,
    )  # fmt: skip
    return scores
