"""Samples in tables: a row each, its numbers in columns, or an encoded image."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError
from ...reading import reading
from . import labels
from .samples import Samples, decoded, stacked

if TYPE_CHECKING:
    import pandas as pd


ENDINGS = (".csv", ".tsv", ".parquet")
_INDEX = ("", "index", "id", "sample", "unnamed: 0", "__index_level_0__")


def read(file: Path, trained: Any) -> Samples:
    """Return the samples of a csv, tsv or parquet file.

    Raises
    ------
    DataError
        If it cannot be read, or its columns do not fit the network.
    """
    import pandas as pd

    if file.suffix.lower() == ".parquet":
        with reading(file, "a parquet file that can be read", DataError):
            frame = pd.read_parquet(file)
    else:
        frame = _text(file)
    return of_frame(frame, trained, str(file))


def of_frame(frame: pd.DataFrame, trained: Any, where: str) -> Samples:
    """Return the samples of a table with a column for each number, or one of images or lists.

    A column called label, y, target or class holds labels.
    """
    answers = labels.named(frame.columns)
    if len(answers) > 1:
        raise DataError(f"{where} has several columns of labels: {', '.join(map(str, answers))}")
    y = frame[answers[0]].to_numpy() if answers else None
    rest = frame.drop(columns=answers)
    if len(rest.columns) == 1 and len(rest) and not _is_number(rest.iloc[0, 0]):
        return _of_objects(list(rest.iloc[:, 0]), y, trained, where)
    return Samples(_numbers(rest, int(np.prod(trained.shape)), where), y)


def _numbers(frame: pd.DataFrame, wanted: int, where: str) -> np.ndarray:
    index = [c for c in frame.columns if str(c).strip().lower() in _INDEX]
    if len(frame.columns) == wanted + 1 and len(index) == 1:
        frame = frame.drop(columns=index)
    if len(frame.columns) != wanted:
        hint = ""
        if len(frame.columns) == wanted + 1:
            hint = "; if one is the label, a header must call it label"
        raise DataError(
            f"{where} has {len(frame.columns)} columns of numbers where the network takes "
            f"{wanted}{hint}"
        )
    strange = [c for c in frame.columns if frame[c].dtype.kind not in "uifb"]
    if strange:
        raise DataError(f"{where}: column {strange[0]!r} holds something other than numbers")
    return frame.to_numpy()


def _of_objects(cells: list[Any], y: Any, trained: Any, where: str) -> Samples:
    """Return samples of one column: encoded images (Hugging Face's form, too) or lists."""
    cells = [cell.get("bytes") if isinstance(cell, dict) else cell for cell in cells]
    if all(isinstance(cell, bytes) for cell in cells):
        names = [f"{where}, image {i}" for i in range(len(cells))]
        return Samples(decoded(cells, names, trained).x, y)
    if all(isinstance(cell, (list, tuple, np.ndarray)) for cell in cells):
        flat = [np.asarray(cell.tolist() if isinstance(cell, np.ndarray) else cell)
                for cell in cells]  # fmt: skip
        return Samples(stacked(flat), y)
    raise DataError(f"{where} has one column, which holds neither numbers, images nor lists")


def _text(file: Path) -> pd.DataFrame:
    import pandas as pd

    with reading(file, "a table of text in UTF-8", DataError):
        content = file.read_text(encoding="utf-8-sig")
    first = next((line for line in content.splitlines() if line.strip()), "")
    if not first:
        raise DataError(f"{file} is empty")
    separator = max(",;\t|", key=first.count) if any(s in first for s in ",;\t|") else r"\s+"
    cells = next(csv.reader([first], delimiter=separator)) if len(separator) == 1 else first.split()
    with reading(file, "a table with as many columns in each row", DataError):
        return pd.read_csv(
            io.StringIO(content), sep=separator, header=0 if _is_header(cells) else None
        )


def _is_header(cells: list[str]) -> bool:
    """Tell names of columns from values: none is a number, or they count the columns."""
    numbers = sum(_is_number(cell) for cell in cells)
    counted = [str(i) for i in range(len(cells))]
    return numbers < len(cells) / 2 or any(
        [c.strip() for c in cells if c.strip().lower() not in (*labels.NAMES, *_INDEX)]
        == counted[: len(cells) - extra]
        for extra in (0, 1, 2)
        if len(cells) - extra > 2
    )


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True
