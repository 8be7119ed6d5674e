"""What the page's scripts get: a small JSON description and packed arrays, per run."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from markupsafe import Markup

from .colours import population_colours
from .frames import Frames, communities
from .pack import Pack, smallest, unit16, varints
from .run_data import RunData

NETWORK_ASPECT = 1.3


def describe(data: RunData, frames: Frames | None, identity: str) -> dict[str, Any]:
    """Return the JSON part; arrays come from `packs`."""
    out: dict[str, Any] = {"id": identity, "name": data.name, "frames": None}
    if frames is None:
        return out
    colours = population_colours(len(frames.populations))
    out["frames"] = {
        "steps": frames.steps,
        "epochs": [_known(e) for e in frames.epochs],
        "times": [_known(t) for t in frames.times],
        "time": data.time_label,
        "hasCore": frames.has_core,
        "directed": frames.directed,
        "populations": [
            {
                "name": p.name,
                "size": p.size,
                "role": p.role,
                "shape": p.shape,
                "colour": colours[i],
            }
            for i, p in enumerate(frames.populations)
        ],
        "layers": [
            {"name": name, "source": s, "target": t}
            for name, (s, t) in zip(frames.layer_names, frames.layer_ends)
        ],
        "nLinks": frames.n_links,
        "chosenBy": frames.chosen_by,
        "bins": frames.bins,
        "embeddingOf": frames.embedding_of,
        "aspect": NETWORK_ASPECT,
        "captions": _captions(data, frames),
    }
    return out


def _known(time: float) -> float | None:
    return round(time, 4) if np.isfinite(time) else None


def packs(data: RunData, frames: Frames) -> dict[str, Pack]:
    """Return the packed arrays of a run by name of the block."""
    nodes = Pack()
    nodes.add("in", smallest(frames.degree_in), over_time=True)
    nodes.add("out", smallest(frames.degree_out), over_time=True)
    nodes.add("core", smallest(frames.core), over_time=True)
    x, y = frames.places(NETWORK_ASPECT)
    nodes.add("x", unit16(x, 0, 1))
    nodes.add("y", unit16(y, 0, 1))
    if any(rows.any() for rows in frames.first_hidden):
        rows = np.array(frames.first_hidden)
        out = unit16(np.sqrt(rows), 0, float(np.sqrt(rows.max())))
        # 255 shades are more than a picture shows.
        nodes.add("first_hidden", (out >> 8).astype(np.uint8)[:, rows.any(axis=0)], over_time=True)
        nodes.add("first_hidden_at", np.flatnonzero(rows.any(axis=0)).astype(np.uint32))
        nodes.add("first_hidden_top", np.array([rows.max()], dtype=np.float32))
    member = communities(data, frames)
    if member is not None:
        nodes.add("community", smallest(member))
    if any(a is not None for a in frames.activity):
        nodes.add("activity", _activity(frames), over_time=True)
    made = {"nodes": nodes, "links": _links(frames), "matrices": _matrices(frames)}
    if frames.theta:
        made["disk"] = _disk(frames)
    return made


def _activity(frames: Frames) -> np.ndarray:
    """Activity over the population's mean in 31 steps of its square root, at most 4; 255 unknown.

    What is 0 stays 0: a silent neuron must not look merely quiet.
    """
    empty = np.full(frames.n_nodes, np.nan)
    rows = np.array([empty if a is None else a for a in frames.activity], dtype=float)
    level = np.clip(np.round(np.sqrt(np.nan_to_num(rows) / 4) * 31), (rows > 0).astype(float), 31)
    return np.where(np.isnan(rows), 255, level).astype(np.uint8)


def _links(frames: Frames) -> Pack:
    pack = Pack()
    chunks, counts, sizes = [], [], []
    for layers in frames.links:
        for keys in layers:
            chunk = varints(np.diff(keys, prepend=0))
            chunks.append(chunk)
            counts.append(len(keys))
            sizes.append(len(chunk))
    pack.add("counts", np.array(counts, dtype=np.uint32))
    pack.add("sizes", np.array(sizes, dtype=np.uint32))
    pack.add_bytes("keys", b"".join(chunks))
    return pack


def _matrices(frames: Frames) -> Pack:
    """Adjacency pictures as 48 shades per layer, on one scale through time."""
    pack = Pack()
    for name in ("matrices", "by_degree"):
        rows = np.array(getattr(frames, name))
        top = rows.max(axis=(0, 2, 3), initial=0, keepdims=True)
        shades = np.round(np.sqrt(rows / np.where(top > 0, top, 1)) * 48).astype(np.uint8)
        pack.add(name, shades, over_time=True)
        pack.add(f"{name}_top", top.ravel().astype(np.float32))
    return pack


def _disk(frames: Frames) -> Pack:
    """Angles in 4,096 steps and radii in 1,022: half a pixel on the rim of a large disk."""
    pack = Pack()
    theta, r = np.array(frames.theta), np.array(frames.r)
    top = float(np.nanmax(r, initial=1e-9))
    placed = np.isfinite(theta)
    angle = np.round(np.where(placed, theta, 0) / (2 * np.pi) * 4096).astype(np.int64) % 4096
    pack.add("theta", angle.astype(np.uint16), over_time=True)
    # Radius 1,023 marks a neuron that is not placed.
    radius = np.where(placed, np.round(np.where(placed, r, 0) / top * 1022), 1023)
    pack.add("r", radius.astype(np.uint16), over_time=True)
    return pack


def _captions(data: RunData, frames: Frames) -> dict[str, list[float | None]]:
    """ASI, γ and modularity at each snapshot, the latest known value where a step has none."""
    out = {}
    for name, (measure, quantity) in {
        "asi": ("asi", "asi_layers"),
        "gamma": ("power_law", "gamma"),
        "modularity": ("modularity", "modularity"),
    }.items():
        rows = data.series(measure, quantity)
        known = {int(s): float(v) for s, v in zip(rows["step"], rows["value"]) if np.isfinite(v)}
        last, series = None, []
        for step in frames.steps:
            last = known.get(step, last)
            series.append(None if last is None else float(f"{last:.5g}"))
        if known:
            out[name] = series
    return out


def json_script(identity: str, value: Any) -> Markup:
    """Return a JSON block that no text inside can close."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for mark, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(mark, code)
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Markup(f'<script type="application/json" id="{identity}">{text}</script>\n')


def pack_script(identity: str, pack: Pack) -> Markup:
    """Return a block of packed arrays."""
    return Markup(f'<script type="text/plain" id="{identity}">{pack.text()}</script>\n')


def packed_json_script(identity: str, value: Any) -> Markup:
    """Return a block of compressed JSON, for what is long and repeats itself."""
    pack = Pack()
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    pack.add_bytes("json", text.encode())
    return pack_script(identity, pack)
