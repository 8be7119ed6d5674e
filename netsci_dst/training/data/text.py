"""Text for language models: any file or folder, tiny Shakespeare, or OpenWebText."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...registry import register
from ._named import data_folder

if TYPE_CHECKING:
    from ._text_data import TextData


def _recognises(path: Path) -> bool:
    if path.is_file():
        return path.suffix in (".txt", ".text", ".md")
    return any(path.glob("*.txt"))


@register(
    "data",
    "text",
    summary="Any text file, folder of text files, or parquet.",
    recognises=_recognises,
    form="text files",
    priority=60,
)
def text(
    path: str | Path,
    *,
    tokenizer: str = "byte",
    vocabulary: int = 32_000,
    validation: float = 0.1,
    column: str = "text",
    config: str | None = None,
    documents: int | None = None,
) -> TextData:
    """Load text as one stream of tokens per split.

    Parameters
    ----------
    path
        A text file, a folder of ``.txt`` files or of parquet files, or a hub id.
    tokenizer
        ``byte``, ``bpe`` (trained on the training text), or a stored ``tokenizer.json``.
    vocabulary
        Number of tokens to train for.
    validation
        Share of the documents (of the characters, when there is but one) at the end that is held
        out, where the data has no split of its own.
    column
        Column of a table that holds the text.
    config
        Configuration of a hub data set.
    documents
        Read at most so many documents of each split.
    """
    return _load("text", str(path), tokenizer, vocabulary, validation, column, config, documents)


@register(
    "data", "tinyshakespeare", summary="1.1 MB of Shakespeare's plays.", source="Karpathy 2015"
)
def tinyshakespeare(
    path: str | Path | None = None,
    *,
    tokenizer: str = "byte",
    vocabulary: int = 1024,
    validation: float = 0.1,
) -> TextData:
    """Load tiny Shakespeare (Karpathy 2015); options as for `text`.

    Parameters
    ----------
    path
        The file or its folder; the hub's ``karpathy/tiny_shakespeare`` when left out.
    tokenizer, vocabulary, validation
        As for `text`.
    """
    place = _found("tinyshakespeare", path) or "karpathy/tiny_shakespeare"
    return _load("tinyshakespeare", place, tokenizer, vocabulary, validation, "text", None, None)


@register(
    "data",
    "openwebtext",
    summary="Eight million web pages, as for GPT-2.",
    source="Gokaslan & Cohen 2019",
)
def openwebtext(
    path: str | Path | None = None,
    *,
    tokenizer: str = "bpe",
    vocabulary: int = 32_000,
    validation: float = 0.0005,
    documents: int | None = None,
) -> TextData:
    """Load OpenWebText (Gokaslan & Cohen 2019); options as for `text`.

    Parameters
    ----------
    path
        Folder of parquet files; the hub's ``Skylion007/openwebtext`` when left out.
    tokenizer, vocabulary, validation, documents
        As for `text`; a tokenizer is trained on the first 200,000 documents.
    """
    place = _found("openwebtext", path) or "Skylion007/openwebtext"
    return _load("openwebtext", place, tokenizer, vocabulary, validation, "text", None, documents)


def _found(name: str, path: str | Path | None) -> str | None:
    place = path if path is not None else data_folder(name)
    return None if place is None else str(place)


def _load(
    name: str,
    place: str,
    tokenizer: str,
    vocabulary: int,
    validation: float,
    column: str,
    config: str | None,
    documents: int | None,
) -> TextData:
    from ._text_data import load_text

    return load_text(
        name,
        str(place),
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        validation=validation,
        column=column,
        config=config,
        documents=documents,
    )
