"""How probable a language model finds lines of text."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError
from ...reading import reading
from .predictions import Predictions

if TYPE_CHECKING:
    from ..build import Training


def score(session: Training, data: Any, compacted: bool, batch_size: int) -> Predictions:
    """Return each line's number of tokens, mean loss, perplexity, and the token that would follow.

    A line longer than the model's sequences is scored piece by piece.
    """
    import pandas as pd
    import torch

    lines = lines_of(data)
    tokenizer, length = session.dataset.tokenizer, session.task.sequence_length  # type: ignore[attr-defined]
    tokens = [np.asarray(part, np.int64) for part in tokenizer.encode(lines)]
    model = session.model
    if compacted:
        from ..compaction import compact

        model = compact(
            model.cpu(), {"input_ids": torch.zeros(2, min(length, 8), dtype=torch.int64)}
        )
        model.to(session.device)
    pieces = [
        (line, row[at : at + length + 1])
        for line, row in enumerate(tokens)
        for at in range(0, max(1, len(row) - 1), length)
    ]
    total, follows = np.zeros(len(lines)), [""] * len(lines)
    with torch.no_grad():
        for begin in range(0, len(pieces), batch_size):
            group = pieces[begin : begin + batch_size]
            for (line, row), (loss, next_token) in zip(group, _scored(session, model, group)):
                total[line] += loss
                if len(row):
                    follows[line] = tokenizer.decode([next_token])
    counted = np.array([max(0, len(row) - 1) for row in tokens])
    mean = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    table = pd.DataFrame(
        {"text": lines, "tokens": [len(row) for row in tokens], "loss": mean,
         "perplexity": np.exp(mean), "next": follows}
    )  # fmt: skip
    n = int(counted.sum())
    loss = float(total.sum() / n) if n else math.nan
    return Predictions(
        table, {"n": len(lines), "loss": loss, "perplexity": float(np.exp(min(loss, 700.0)))}
    )


def _scored(session: Training, model: Any, group: Sequence[Any]) -> list[tuple[float, int]]:
    """Return the sum of losses of each row, and the most probable token after it."""
    import torch

    sizes = [len(row) for _, row in group]
    padded = torch.zeros((len(group), max(1, *sizes)), dtype=torch.int64)
    for i, (_, row) in enumerate(group):
        padded[i, : len(row)] = torch.from_numpy(row)
    output = model(input_ids=padded.to(session.device))
    logits = getattr(output, "logits", output).float().cpu()
    logs = torch.log_softmax(logits, -1)
    found = []
    for i, size in enumerate(sizes):
        own = logs[i, : max(0, size - 1)].gather(1, padded[i, 1 : max(1, size), None])
        found.append((float(-own.sum()), int(logits[i, max(0, size - 1)].argmax())))
    return found


def lines_of(data: Any) -> list[str]:
    """Return the lines of a text file or of the standard input, or texts given as they are.

    Of parquet, csv and JSON lines the column ``text`` is read. Blank lines are left out.

    Raises
    ------
    DataError
        If there are none, or they cannot be read.
    """
    if isinstance(data, np.ndarray) or hasattr(data, "tolist"):
        data = data.tolist()
    if isinstance(data, (list, tuple)):
        lines = [str(line) for line in data]
    elif str(data) == "-":
        lines = _decoded(sys.stdin.buffer.read(), "the standard input")
    elif Path(data).suffix.lower() in (".parquet", ".csv", ".tsv", ".jsonl"):
        lines = _column(Path(data).expanduser())
    else:
        try:
            lines = _decoded(Path(data).expanduser().read_bytes(), str(data))
        except OSError as error:
            raise DataError(f"{data} cannot be read: {error.strerror}") from None
    lines = [line for line in lines if line.strip()]
    if not lines:
        raise DataError("there are no lines of text")
    return lines


def _decoded(content: bytes, where: str) -> list[str]:
    try:
        return re.split("\r\n|\n|\r", content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError(f"{where} is no text in UTF-8") from None


def _column(file: Path) -> list[str]:
    import pandas as pd

    if not file.is_file():
        raise DataError(f"{file} cannot be read: there is no such file")
    readers: dict[str, Any] = {
        ".parquet": pd.read_parquet,
        ".csv": lambda f: pd.read_csv(f, keep_default_na=False, dtype=str),
        ".tsv": lambda f: pd.read_csv(f, sep="\t", keep_default_na=False, dtype=str),
        ".jsonl": lambda f: pd.read_json(f, lines=True, dtype=False),
    }
    with reading(file, "a table that can be read", DataError):
        table = readers[file.suffix.lower()](file)
    if "text" not in table.columns:
        there = ", ".join([*map(str, table.columns[:8]), *["…"] * (len(table.columns) > 8)])
        raise DataError(f"{file} has no column text; it has {there}")
    return [str(text) for text in table["text"]]
