"""Following our own models finds what they declare."""

import pytest
import torch

from netsci_dst.training import wiring
from netsci_dst.training.tasks.build import build_model

pytestmark = pytest.mark.torch

IMAGES = {
    "mlp": {"hidden": (30, 20)},
    "convnet": {},
    "mlp-survival": {"hidden": (20, 10)},
    "vgg16": {"width": 0.1},
    "vgg16-cht": {"width": 0.1},
    "resnet50": {"width": 0.1},
    "resnet56": {"width": 0.5, "depth": 20},
}
TEXT = {"width": 24, "feed_forward": 40, "layers": 2, "heads": 2}


def shape_of(found, without=()):
    """Return populations and skips, each population known by the layers that meet there."""
    ends = {}
    for name, (source, target) in found.layers.items():
        if name not in without:
            ends.setdefault(source, set()).add((name, "reads"))
            ends.setdefault(target, set()).add((name, "feeds"))
    populations = {
        frozenset(ends[p.name]): (p.size, p.role, p.combine)
        for p in found.populations
        if p.name in ends
    }
    skips = {
        (frozenset(ends[a]), frozenset(ends[b])) for a, b in found.skips if a in ends and b in ends
    }
    return populations, skips


@pytest.mark.parametrize("name", IMAGES)
def test_models_for_images(name):
    shape = (1, 28, 28) if name == "mlp" else (3, 32, 32)
    model = build_model(name, IMAGES[name], 0, input_shape=shape, n_classes=10)
    found = wiring.follow(model, torch.randn(2, *shape))
    declared = model.wiring()
    assert found.is_whole
    assert dict(found.layers).keys() == dict(declared.layers).keys()
    assert shape_of(found) == shape_of(declared)
    assert found.grids == declared.grids


@pytest.mark.parametrize("name", ["transformer", "llama-20m"])
def test_models_for_text(name):
    pytest.importorskip("transformers")
    model = build_model(name, TEXT, 0, vocabulary=60)
    tokens = torch.arange(4, 22).reshape(2, 9)
    example = tokens
    if name == "transformer":
        example = {"input_ids": tokens, "decoder_input_ids": tokens[:, :5]}
    found = wiring.follow(model, example)
    embeddings = {n for n, (source, _) in found.layers.items() if source.endswith(".tokens")}
    assert found.is_whole
    assert shape_of(found, embeddings) == shape_of(model.wiring())
    assert not embeddings & set(found.sparse_names())
