"""Sentence pairs as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ._dataset import Dataset
from ._fingerprint import fingerprint_of
from ._text_tables import Columns, read_columns
from .tokenizers import ByteTokenizer, PairTokenizer, Tokenizer, make_tokenizer


class Ragged(Sequence[NDArray[np.int32]]):
    """Rows of unequal length in one array.

    Parameters
    ----------
    rows
        Integer arrays.
    """

    def __init__(self, rows: Iterable[NDArray[np.int32]]) -> None:
        kept = list(rows)
        self.offsets: NDArray[np.int64] = np.cumsum(
            [0, *(row.size for row in kept)], dtype=np.int64
        )
        self.values: NDArray[np.int32] = np.concatenate(kept) if kept else np.empty(0, np.int32)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[np.int32]:  # type: ignore[override]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row %= len(self)
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        return (self[row] for row in range(len(self)))


class Pairs(Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]]):
    """Source and target rows side by side.

    Parameters
    ----------
    source, target
        Equally many rows of tokens.
    """

    def __init__(self, source: Ragged, target: Ragged) -> None:
        self.source = source
        self.target = target

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # type: ignore[override]
        return self.source[row], self.target[row]

    def first(self, n: int | None) -> Pairs:
        """Return the first n pairs."""
        if n is None or n >= len(self):
            return self
        if n < 1:
            raise DataError(f"a data set limited to {n} pairs is empty; give at least 1")
        source, target = (Ragged(s[row] for row in range(n)) for s in (self.source, self.target))
        return Pairs(source, target)


@dataclass(frozen=True, repr=False)
class PairData(Dataset):
    """Sentence pairs: `Dataset` with a validation part and a tokenizer.

    Attributes
    ----------
    x_train, x_validation, x_test
        Pairs of tokens; None where there is no such part.
    references
        Target sentences of the held-out parts, as text.
    tokenizer
        From text to tokens and back.
    languages
        Source and target.
    source_tokenizer
        Of the source side, where it has a vocabulary of its own.
    """

    x_validation: Pairs | None = None
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tokenizer: Tokenizer = field(default_factory=ByteTokenizer)
    languages: tuple[str, str] = ("", "")
    source_tokenizer: Tokenizer | None = None

    @property
    def source_vocabulary(self) -> int | None:
        """Number of tokens of the source language; None where both share one vocabulary."""
        return None if self.source_tokenizer is None else self.source_tokenizer.vocabulary

    @property
    def vocabulary(self) -> int:
        """Number of tokens, of the target language where they differ."""
        return self.tokenizer.vocabulary

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens."""
        return self.tokenizer.decode(tokens)

    def artefacts(self) -> dict[str, str]:
        """Return what is stored with a run: file name -> content."""
        kept = self.tokenizer.artefacts()
        if self.source_tokenizer is not None:
            own = self.source_tokenizer.artefacts()
            kept |= {f"source-{name}": text for name, text in own.items()}
        return kept

    def limited(self, train: int | None = None, test: int | None = None, seed: int = 0) -> PairData:
        """Return the data set with the first pairs of each part; ``test`` also for validation."""
        parts = {"validation": self.x_validation, "test": self.x_test}
        held = {part: x.first(test) for part, x in parts.items() if x is not None}
        return replace(
            self,
            x_train=self.x_train.first(train),
            x_validation=held.get("validation"),
            x_test=held.get("test"),
            references={part: texts[: len(held[part])] for part, texts in self.references.items()},
            fingerprint=fingerprint_of([self.fingerprint, str(train), str(test)]),
        )

    def __repr__(self) -> str:
        return (
            f"PairData({self.name}: {len(self.x_train)} pairs "
            f"{self.languages[0]}-{self.languages[1]}, {self.vocabulary} tokens)"
        )


def load_pairs(
    name: str,
    place: str,
    languages: tuple[str, str],
    *,
    config: str | None,
    tokenizer: str,
    vocabulary: int,
    shared_vocabulary: bool,
    max_length: int,
) -> PairData:
    """Read sentence pairs, train or read the tokenizer, and encode them."""
    if languages[0] == languages[1]:
        raise DataError(f"source and target are both {languages[0]!r}")
    tables = read_columns(place, languages, config)
    if len(tables) < 2:
        raise DataError(f"{place!r} has no validation or test split to evaluate on")
    if shared_vocabulary:
        both = (text for language in languages for text in tables["train"][language])
        made, own = _made(tokenizer, both, vocabulary), None
    else:
        if tokenizer != "bpe":
            raise DataError("shared_vocabulary = false trains a tokenizer a language: take bpe")
        own, made = (_made(tokenizer, tables["train"][side], vocabulary) for side in languages)
    sides = (own or made, made)
    pairs = {split: _encoded(sides, columns, languages) for split, columns in tables.items()}
    pairs["train"] = _within(pairs["train"], max_length)
    none = np.empty(0, np.int64)
    return PairData(
        name,
        "pairs",
        pairs["train"],
        none,
        pairs.get("test"),
        none,
        made.vocabulary,
        (),
        fingerprint=_fingerprint(tables, languages),
        x_validation=pairs.get("validation"),
        references={s: list(c[languages[1]]) for s, c in tables.items() if s != "train"},
        tokenizer=made,
        languages=languages,
        source_tokenizer=own,
    )


def _made(kind: str, texts: Iterable[str], vocabulary: int) -> Tokenizer:
    made = make_tokenizer(kind, texts, vocabulary)
    if not isinstance(made, PairTokenizer):
        raise DataError("translation needs a tokenizer with special tokens: bpe, or a JSON file")
    return made


def _encoded(sides: Sequence[Tokenizer], columns: Columns, languages: Sequence[str]) -> Pairs:
    source, target = (
        Ragged(tokenizer.encode(text.strip() for text in columns[language]))
        for tokenizer, language in zip(sides, languages)
    )
    return Pairs(source, target)


def _within(pairs: Pairs, longest: int) -> Pairs:
    """Leave out training pairs with an empty side or one of more than ``longest`` tokens."""
    sizes = np.stack([np.diff(side.offsets) for side in (pairs.source, pairs.target)])
    rows = np.flatnonzero((sizes > 0).all(0) & (sizes <= longest).all(0)).tolist()
    if not rows:
        raise DataError(f"no training pair has at most {longest} tokens a side")
    source, target = (Ragged(s[row] for row in rows) for s in (pairs.source, pairs.target))
    return Pairs(source, target)


def _fingerprint(tables: Mapping[str, Columns], languages: Sequence[str]) -> str:
    return fingerprint_of(
        text for split in sorted(tables) for name in languages for text in tables[split][name]
    )
