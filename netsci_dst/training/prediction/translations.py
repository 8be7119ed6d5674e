"""Translations of lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError
from ..data import load
from ..tasks.translation import END, bleu
from .predictions import Predictions
from .text import lines_of

if TYPE_CHECKING:
    from ..build import Training

_TABLES = (".parquet", ".csv", ".tsv", ".jsonl")


def translate(
    session: Training, data: Any, part: str, compacted: bool, batch_size: int
) -> Predictions:
    """Return the translation of each line, and BLEU where a data set has references."""
    import pandas as pd
    import torch

    if compacted:
        raise DataError("a translation model is not compacted: leave out compacted (--compact)")
    lines, references = _texts(session, data, part)
    dataset: Any = session.dataset
    tokenizer = dataset.source_tokenizer or dataset.tokenizer
    tokens = [np.asarray(row, np.int64) for row in tokenizer.encode(line.strip() for line in lines)]
    model: Any = session.model
    limit = int(model.config.max_position_embeddings)
    longest = max(len(row) for row in tokens)
    if longest >= limit:
        raise DataError(f"a line has {longest} tokens; the model takes {limit - 1}")
    found = [""] * len(lines)
    for group in _alike(tokens, batch_size):
        source = torch.from_numpy(np.stack([[*tokens[i], END] for i in group]))
        translated = session.task.translate(model, source.to(session.device))  # type: ignore[attr-defined]
        for i, row in zip(group, translated):
            found[i] = dataset.decode(row)
    table = pd.DataFrame({"text": lines, "translation": found})
    if references is None:
        return Predictions(table, {"n": len(lines)})
    table["reference"] = references
    return Predictions(table, {"n": len(lines), "bleu": bleu(found, references)})


def _alike(tokens: list[np.ndarray], most: int) -> Iterator[list[int]]:
    """Yield groups of lines of one length, so that none's end depends on the others."""
    lengths = sorted({len(row) for row in tokens})
    for length in lengths:
        group = [i for i, row in enumerate(tokens) if len(row) == length]
        yield from (group[begin : begin + most] for begin in range(0, len(group), most))


def _texts(session: Training, data: Any, part: str) -> tuple[list[str], list[str] | None]:
    """Return lines to translate, and what they should become where that is known."""
    given = isinstance(data, (list, tuple, np.ndarray)) or str(data) == "-"
    path = Path("-" if given else str(data)).expanduser()
    if given or (path.is_file() and path.suffix.lower() not in _TABLES):
        return lines_of(data), None
    options = {k: v for k, v in session.recipe.data_options.items() if k != "path"}
    found: Any = load(str(data), **options)
    if getattr(found, "kind", None) != "pairs":
        raise DataError(f"{data} is data of kind {found.kind!r}; sentence pairs are needed")
    pairs = getattr(found, f"x_{part}")
    if pairs is None or part not in found.references:
        there = ", ".join(found.references)
        raise DataError(f"{data} has no sentences to compare with in its {part} part ({there})")
    tokenizer = found.source_tokenizer or found.tokenizer
    return [tokenizer.decode(list(row)) for row in pairs.source], list(found.references[part])
