"""Text as one stream of tokens per split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ._cache import cached
from ._dataset import Dataset
from ._fingerprint import fingerprint_of
from ._text_documents import Documents, documents_of, held_out, limited
from .tokenizers import ByteTokenizer, PairTokenizer, Tokenizer, make_tokenizer

_TRAINING_DOCUMENTS = 200_000
_DOCUMENTS_AT_ONCE = 10_000


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
    column: str = "text",
    config: str | None = None,
    documents: int | None = None,
) -> TextData:
    """Read documents, train or read the tokenizer, and encode them."""
    if not 0 <= validation < 1:
        raise DataError(f"the share held out for validation is {validation}; it must be in [0, 1)")
    found = documents_of(place, column, config)
    if documents is not None:
        found = {split: limited(read, documents) for split, read in found.items()}
    if len(found) == 1:
        found = held_out(found["train"], validation)
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
