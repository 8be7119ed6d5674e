"""A data set as a run remembers it: what its model and predictions need, without its samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._dataset import Dataset

if TYPE_CHECKING:
    from ...recipe import Recipe
    from ...run import Run

_TEXTS = ("text", "pairs")


def facts_of(dataset: Any) -> dict[str, Any]:
    """Return what a run keeps of a data set: shape, classes and normalisation of its samples."""
    kind = getattr(dataset, "kind", "image")
    if kind in _TEXTS:
        own = getattr(dataset, "source_tokenizer", None) is not None
        return {"kind": kind, "own_source": own} if kind == "pairs" else {"kind": kind}
    return {
        "kind": kind,
        "shape": [int(n) for n in dataset.shape],
        "n_classes": int(dataset.n_classes),
        "classes": [str(name) for name in getattr(dataset, "classes", ())],
        "mean": [float(value) for value in np.atleast_1d(np.asarray(dataset.mean))],
        "std": [float(value) for value in np.atleast_1d(np.asarray(dataset.std))],
        "pixels": is_pixels(dataset),
        "unit": is_unit(dataset),
    }


def is_pixels(dataset: Any) -> bool:
    """Return whether samples are 8-bit pixels."""
    return str(getattr(dataset.x_train, "dtype", None)).endswith("uint8")


def is_unit(dataset: Any) -> bool:
    """Return whether samples lie between 0 and 1, as pixels divided by 255 do."""
    x = dataset.x_train
    return is_pixels(dataset) or (len(x) > 0 and float(x.min()) >= 0 and float(x.max()) <= 1)


def remembered(run: Run, recipe: Recipe) -> Dataset | None:
    """Return a data set of random samples that is otherwise the one that a run was trained on.

    None where the run does not say enough.
    """
    data = run.provenance.get("data")
    facts = data.get("facts") if isinstance(data, dict) else None
    if not isinstance(facts, dict):
        return None
    if facts["kind"] in _TEXTS:
        return _text(run, recipe, facts)
    n = max(2, recipe.batch_size, facts["n_classes"])
    generator = np.random.default_rng(0)
    x: np.ndarray = generator.integers(0, 256, (n, *facts["shape"]), np.uint8)
    if not facts["pixels"]:
        x = (x / (255 if facts["unit"] else 64)).astype(np.float32)
    y = np.arange(n) % facts["n_classes"]
    return Dataset(
        recipe.data,
        facts["kind"],
        x,
        y,
        x,
        y,
        facts["n_classes"],
        tuple(facts["shape"]),
        tuple(facts["mean"]),
        tuple(facts["std"]),
        classes=tuple(facts["classes"]),
    )


def _text(run: Run, recipe: Recipe, facts: Mapping[str, Any]) -> Dataset:
    tokenizer = _tokenizer(run, "")
    if facts["kind"] == "text":
        from ._text_data import TextData

        length = int(recipe.task_options.get("sequence_length", 1024))
        stream = np.arange(2 * recipe.batch_size * length + 2) % tokenizer.vocabulary
        none = np.empty(0, np.int64)
        return TextData(
            recipe.data, "text", stream, none, stream, none, tokenizer.vocabulary, (),
            x_validation=stream, tokenizer=tokenizer,
        )  # fmt: skip
    from ._translation_data import PairData, Pairs, Ragged

    pairs = Pairs(*(Ragged(np.full(2, 4, np.int32) for _ in range(2)) for _ in range(2)))
    none = np.empty(0, np.int64)
    return PairData(
        recipe.data, "pairs", pairs, none, pairs, none, tokenizer.vocabulary, (),
        references={"test": ("", "")}, tokenizer=tokenizer,
        source_tokenizer=_tokenizer(run, "source-") if facts["own_source"] else None,
    )  # fmt: skip


def _tokenizer(run: Run, prefix: str) -> Any:
    from .tokenizers import ByteTokenizer, PairTokenizer

    file = f"data/{prefix}tokenizer.json"
    if not run.store.exists(file):
        return ByteTokenizer()
    return PairTokenizer.from_json(run.store.read(file).decode())
