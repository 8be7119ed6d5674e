"""The table of what came out: a line per run, with what would be needed to repeat it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FormatError
from ..store import Store

if TYPE_CHECKING:
    import pandas as pd

RESULTS, CURVES = "results.csv", "curves.csv"
KEY = ["setting", "row", "seed", "quick"]
PROVENANCE = [
    "wall_s",
    "processor_s",
    "steps",
    "data",
    "data_fingerprint",
    "recipe",
    "read",
    "verified",
    "netsci_dst",
    "torch",
    "cpu",
    "device",
    "finished",
]
_TEXT = [c for c in PROVENANCE if c not in ("wall_s", "processor_s", "steps")]
_CURVE = ["quantity", "epoch", "value"]


class ResultTable:
    """``results.csv`` and ``curves.csv`` in a folder, kept row by row.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.store import Store
    >>> len(ResultTable(Store(tempfile.mkdtemp())).rows)
    0
    """

    def __init__(self, store: Store):
        self.store = store
        self.rows = _read(store, RESULTS, [*KEY, *PROVENANCE])
        self.curves = _read(store, CURVES, [*KEY, *_CURVE])

    def has(self, key: tuple[Any, ...], recipe: str, read: str) -> bool:
        """Say whether a line is there, of the same request, with all that is read off a run."""
        here = self._at(self.rows, key)
        return bool(((here["recipe"] == recipe) & (here["read"] == read)).any())

    def seeds(self, quick: bool) -> int:
        """Return how many seeds the row with most of them has."""
        return 1 + max((seed for *_, seed in self.keys(quick)), default=-1)

    def keys(self, quick: bool) -> set[tuple[str, str, int]]:
        """Return setting, row and seed of every line."""
        here = self.rows[self.rows["quick"].astype(bool) == quick]
        return set(zip(here["setting"], here["row"], here["seed"]))

    def alike(
        self, key: tuple[Any, ...], recipe: str, read: str
    ) -> tuple[dict[str, Any], list[tuple[str, float, float]]] | None:
        """Return values and curves of another row that is the same run; None without one."""
        rows = self.rows
        same = (rows["recipe"] == recipe) & (rows["read"] == read)
        same &= (rows["seed"] == key[2]) & (rows["quick"].astype(bool) == key[3])
        if not same.any():
            return None
        line = rows[same].iloc[0]
        points = self._at(self.curves, tuple(line[KEY]))[_CURVE]
        return line.drop(KEY).to_dict(), list(points.itertuples(index=False, name=None))

    def only(self, digests: Mapping[tuple[str, str, int, bool], str]) -> ResultTable:
        """Return the lines (and curves) of these requests, by setting, row, seed and quick."""
        kept = ResultTable.__new__(ResultTable)
        kept.store = self.store
        keys = [tuple(key) for key in self.rows[KEY].itertuples(index=False)]
        here = [digests.get(key) == mark for key, mark in zip(keys, self.rows["recipe"])]
        kept.rows = self.rows[here]
        known = {key for key, is_here in zip(keys, here) if is_here}
        curves = [tuple(key) in known for key in self.curves[KEY].itertuples(index=False)]
        kept.curves = self.curves[curves]
        return kept

    def agrees(self, data: str, fingerprint: Any, quick: bool) -> bool:
        """Say whether the lines there are of the same data."""
        mine = (self.rows["data"] == data) & (self.rows["quick"].astype(bool) == quick)
        known = {str(v) for v in self.rows.loc[mine, "data_fingerprint"].dropna()}
        return not known or str(fingerprint) in known

    def add(
        self,
        key: tuple[Any, ...],
        values: Mapping[str, Any],
        curves: Sequence[tuple[str, float, float]],
    ) -> None:
        """Write a line and its curves, in place of an earlier one."""
        import pandas as pd

        line = dict(zip(KEY, key)) | dict(values)
        rows = self.rows[~self._mask(self.rows, key)]
        self.rows: pd.DataFrame = _sorted(
            pd.concat([rows, pd.DataFrame([line])], ignore_index=True)
        )
        old = self.curves[~self._mask(self.curves, key)]
        new = pd.DataFrame([dict(zip(KEY, key)) | dict(zip(_CURVE, point)) for point in curves])
        self.curves: pd.DataFrame = _sorted(
            pd.concat([old, new], ignore_index=True) if len(new) else old
        )
        # The curves first: a line that is there has its curves.
        if len(self.curves):
            self.store.write(CURVES, _csv(self.curves))
        self.store.write(RESULTS, _csv(self.rows))

    @staticmethod
    def _mask(frame: pd.DataFrame, key: tuple[Any, ...]) -> Any:
        mask = np.ones(len(frame), dtype=bool)
        for name, value in zip(KEY, key):
            mask &= (frame[name] == value).to_numpy()
        return mask

    def _at(self, frame: pd.DataFrame, key: tuple[Any, ...]) -> pd.DataFrame:
        return frame[self._mask(frame, key)]


def _read(store: Store, name: str, columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    if not store.exists(name):
        return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})
    try:
        frame = pd.read_csv(
            io.BytesIO(store.read(name)),
            dtype=dict.fromkeys(["setting", "row", *_TEXT], str),  # type: ignore[arg-type]
            keep_default_na=False,
            na_values=[""],
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{store.path(name)} is not a table of results: {error}") from error
    missing = [column for column in columns if column not in frame]
    if missing:
        raise FormatError(f"{store.path(name)} is not a table of results: it has no {missing[0]}")
    return frame


def _csv(frame: pd.DataFrame) -> bytes:
    first = [column for column in KEY if column in frame]
    last = [column for column in PROVENANCE if column in frame]
    middle = [column for column in frame if column not in (*first, *last)]
    return frame[[*first, *middle, *last]].to_csv(index=False, float_format="%.10g").encode()


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    by = [*KEY, *(["quantity", "epoch"] if "quantity" in frame else [])]
    return frame.sort_values(by, kind="stable", ignore_index=True)
