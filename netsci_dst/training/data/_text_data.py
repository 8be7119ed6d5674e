"""Text as one stream of tokens per split."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, UnknownName
from ._cache import cached
from ._dataset import Dataset
from ._fingerprint import fingerprint_of
from ._text_tables import (
    SPLITS,
    hub_splits,
    looks_like_hub_id,
    parquet_files,
    parquet_rows,
)
from ._tokenizer import ByteTokenizer, PairTokenizer, Tokenizer, make_tokenizer

_TRAINING_DOCUMENTS = 200_000
_DOCUMENTS_AT_ONCE = 10_000

# Documents can be read more than once (to train the tokenizer, then to encode) without being held.
Documents = Callable[[], Iterator[str]]


@dataclass(frozen=True, repr=False)
class TextData(Dataset):
    """A text as tokens: `Dataset` with a validation part and a tokenizer.

    Attributes
    ----------
    x_train, x_validation, x_test
        Streams of tokens, 1-D, in the smallest unsigned type; empty where there is no such part.
        Documents end with token 3 (``</s>``) where the tokenizer has one.
    tokenizer
        From text to tokens and back.
    """

    x_validation: NDArray[np.unsignedinteger] | None = None
    tokenizer: Tokenizer = field(default_factory=ByteTokenizer)

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.tokenizer.vocabulary

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of some tokens."""
        return self.tokenizer.decode([int(token) for token in tokens])

    def artefacts(self) -> dict[str, str]:
        """Return what is stored with a run: file name -> content."""
        return self.tokenizer.artefacts()

    def limited(self, train: int | None = None, test: int | None = None, seed: int = 0) -> TextData:
        """Return the data set with the first tokens of each part; ``test`` also for validation."""
        for n in (train, test):
            if n is not None and n < 2:
                raise DataError(f"a text limited to {n} tokens predicts nothing; give at least 2")
        held = self.x_validation
        return replace(
            self,
            x_train=self.x_train[:train],
            x_validation=None if held is None else held[:test],
            x_test=self.x_test[:test],
            fingerprint=fingerprint_of([self.fingerprint, str(train), str(test)]),
        )

    def __repr__(self) -> str:
        return f"TextData({self.name}: {len(self.x_train)} tokens of {self.vocabulary})"


def load_text(
    name: str,
    place: str,
    *,
    tokenizer: str,
    vocabulary: int,
    validation: float,
    column: str,
    config: str | None,
    documents: int | None,
) -> TextData:
    """Read documents, train or read the tokenizer, and encode them."""
    if not 0 <= validation < 1:
        raise DataError(f"the share held out for validation is {validation}; it must be in [0, 1)")
    found = _documents(place, column, config)
    if documents is not None:
        found = {split: _limited(read, documents) for split, read in found.items()}
    if len(found) == 1:
        found = _held_out(found["train"], validation)
    made = make_tokenizer(tokenizer, islice(found["train"](), _TRAINING_DOCUMENTS), vocabulary)
    marks = {split: _fingerprint(read()) for split, read in found.items()}
    streams = {split: _tokens(made, read, marks[split]) for split, read in found.items()}
    none = np.empty(0, np.int64)
    return TextData(
        name,
        "text",
        streams["train"],
        none,
        streams.get("test", streams["train"][:0]),
        none,
        made.vocabulary,
        (),
        fingerprint=fingerprint_of(marks.values()),
        x_validation=streams.get("validation"),
        tokenizer=made,
    )


def _documents(place: str, column: str, config: str | None) -> dict[str, Documents]:
    path = Path(place).expanduser()
    if path.is_file():
        if path.suffix == ".parquet":
            return {"train": _parquet([path], column)}
        return {"train": _texts([path])}
    if path.is_dir():
        return _folder(path, column)
    if looks_like_hub_id(place):
        loaded = hub_splits(place, config)
        found = {
            split: _hub(loaded[stem], column, place)
            for split, stems in SPLITS.items()
            for stem in stems
            if stem in loaded
        }
        if "train" in found:
            return found
        raise DataError(f"the hub data set {place!r} has no train split")
    raise DataError(f"there is no text file or folder {place!r}, and it is no hub id")


def _folder(path: Path, column: str) -> dict[str, Documents]:
    found: dict[str, Documents] = {}
    for split, stems in SPLITS.items():
        if files := parquet_files(path, stems):
            found[split] = _parquet(files, column)
        elif texts := [file for stem in stems if (file := path / f"{stem}.txt").is_file()]:
            found[split] = _texts(texts)
    if "train" in found:
        return found
    if texts := sorted(path.rglob("*.txt")):
        return {"train": _texts(texts)}
    if files := sorted(path.rglob("*.parquet")):
        return {"train": _parquet(files, column)}
    raise DataError(f"the folder {path.name!r} holds no .txt and no .parquet file")


def _texts(files: list[Path]) -> Documents:
    def read() -> Iterator[str]:
        for file in files:
            try:
                yield file.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"{file.name!r} is not UTF-8 text: {error}") from error

    return read


def _parquet(files: list[Path], column: str) -> Documents:
    def read() -> Iterator[str]:
        import pyarrow.parquet

        names = pyarrow.parquet.read_schema(files[0]).names
        if column not in names:
            raise UnknownName(f"column of {files[0].name!r}", column, names)
        for batch in parquet_rows(files, [column]):
            yield from _checked(batch.column(0).to_pylist(), column)

    return read


def _hub(rows: object, column: str, place: str) -> Documents:
    names = rows.column_names  # type: ignore[attr-defined]
    if column not in names:
        raise UnknownName(f"column of {place!r}", column, names)

    def read() -> Iterator[str]:
        for row in rows:  # type: ignore[attr-defined]
            yield from _checked([row[column]], column)

    return read


def _checked(values: list[object], column: str) -> Iterator[str]:
    for value in values:
        if not isinstance(value, str):
            raise DataError(f"column {column!r} must hold text in every row")
        yield value


def _limited(read: Documents, limit: int) -> Documents:
    return lambda: islice(read(), limit)


def _held_out(read: Documents, share: float) -> dict[str, Documents]:
    n = sum(1 for _ in read())
    if share == 0 or not n:
        raise DataError("a text needs a share for validation, or a split of its own")
    if n == 1:
        only = next(read())
        cut = round(len(only) * (1 - share))
        return {"train": lambda: iter([only[:cut]]), "validation": lambda: iter([only[cut:]])}
    kept = min(n - 1, max(1, round(n * (1 - share))))
    return {
        "train": lambda: islice(read(), kept),
        "validation": lambda: islice(read(), kept, None),
    }


def _fingerprint(documents: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        data = document.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _tokens(tokenizer: Tokenizer, read: Documents, fingerprint: str) -> NDArray[np.unsignedinteger]:
    """Encode documents, or find what came of it before: byte pairs of gigabytes take hours."""
    if not isinstance(tokenizer, PairTokenizer):
        return _stream(tokenizer, read())
    mark = fingerprint_of(tokenizer.artefacts().values())
    return cached(f"tokens {fingerprint} {mark}", lambda: _stream(tokenizer, read()))


def _stream(tokenizer: Tokenizer, documents: Iterable[str]) -> NDArray[np.unsignedinteger]:
    kind = np.min_scalar_type(tokenizer.vocabulary - 1)
    end = [np.array([3], dtype=kind)] if isinstance(tokenizer, PairTokenizer) else []
    parts = [np.empty(0, kind)]
    encoded = tokenizer.encode(documents)
    while some := list(islice(encoded, _DOCUMENTS_AT_ONCE)):
        parts.append(np.concatenate([x for one in some for x in (one.astype(kind), *end)]))
    return np.concatenate(parts)
