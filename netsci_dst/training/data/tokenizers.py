"""Tokenizers: bytes, or byte-pair encoding trained on the data and kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, MissingDependency, UnknownName

if TYPE_CHECKING:
    import tokenizers

SPECIAL = ("<pad>", "<unk>", "<s>", "</s>")
_BATCH = 1000


class Tokenizer(Protocol):
    """Turns text into numbers below ``vocabulary`` and back."""

    vocabulary: int

    def encode(self, texts: Iterable[str]) -> Iterator[NDArray[np.int32]]:
        """Yield the tokens of each text."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens."""
        ...

    def artefacts(self) -> dict[str, str]:
        """Return what must be stored with a run: file name -> content."""
        ...


class ByteTokenizer:
    """One token per byte of UTF-8."""

    vocabulary = 256

    def encode(self, texts: Iterable[str]) -> Iterator[NDArray[np.int32]]:
        """Yield the bytes of each text."""
        for text in texts:
            yield np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int32)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some bytes; broken characters are replaced."""
        return bytes(tokens).decode(errors="replace")

    def artefacts(self) -> dict[str, str]:
        """Return nothing: bytes need no table."""
        return {}


class PairTokenizer:
    """Byte-pair encoding (Sennrich et al. 2016) of bytes, by the `tokenizers` library.

    Tokens 0 to 3 are ``<pad> <unk> <s> </s>``.
    """

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._backend = backend
        self.vocabulary = int(backend.get_vocab_size())

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary: int) -> PairTokenizer:
        """Learn at most ``vocabulary`` tokens from texts.

        Raises
        ------
        DataError
            If the vocabulary cannot hold the 256 bytes and the four special tokens.
        """
        library = _library()
        if vocabulary < 256 + len(SPECIAL):
            raise DataError(
                f"a vocabulary of {vocabulary} tokens is too small: "
                f"{256 + len(SPECIAL)} hold the bytes alone"
            )
        backend = library.Tokenizer(library.models.BPE(unk_token=SPECIAL[1]))
        backend.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=list(SPECIAL),
            initial_alphabet=sorted(library.pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        backend.train_from_iterator(texts, trainer)
        return cls(backend)

    @classmethod
    def from_json(cls, text: str) -> PairTokenizer:
        """Return a stored tokenizer.

        Raises
        ------
        DataError
            If the JSON is not that of a tokenizer with this package's special tokens.
        """
        try:
            backend = _library().Tokenizer.from_str(json.dumps(json.loads(text)))
        except Exception as error:  # the library raises bare exceptions
            raise DataError(f"the tokenizer cannot be read: {error}") from error
        found = tuple(backend.id_to_token(i) for i in range(len(SPECIAL)))
        if found != SPECIAL:
            raise DataError(
                f"the tokenizer's first tokens are {' '.join(map(str, found))}; "
                f"they must be {' '.join(SPECIAL)}"
            )
        return cls(backend)

    def encode(self, texts: Iterable[str]) -> Iterator[NDArray[np.int32]]:
        """Yield the tokens of each text, without special tokens."""
        for batch in _batches(texts):
            for encoding in self._backend.encode_batch(batch, add_special_tokens=False):
                yield np.array(encoding.ids, dtype=np.int32)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens, special ones left out."""
        return self._backend.decode(list(tokens), skip_special_tokens=True)

    def artefacts(self) -> dict[str, str]:
        """Return the tokenizer as JSON, under ``tokenizer.json``."""
        return {"tokenizer.json": self._backend.to_str()}


def make_tokenizer(kind: str, texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Return a tokenizer: ``byte``, ``bpe`` trained on ``texts``, or one stored in a JSON file."""
    if kind == "byte":
        return ByteTokenizer()
    if kind == "bpe":
        return PairTokenizer.train(texts, vocabulary)
    if kind.endswith(".json"):
        if not Path(kind).is_file():
            raise DataError(f"there is no tokenizer file {kind!r}")
        return PairTokenizer.from_json(Path(kind).read_text(encoding="utf-8"))
    raise UnknownName("tokenizer", kind, ["byte", "bpe", "a file ending in .json"])


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingDependency("tokenizers", "hf", "byte-pair encoding") from error
    return tokenizers
