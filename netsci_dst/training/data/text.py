"""Text for language models: any file or folder, tiny Shakespeare, or OpenWebText."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...registry import register
from ._named import place_of
from ._text_rows import SUFFIXES
from ._text_tables import text_columns

if TYPE_CHECKING:
    from ._text_data import TextData


def _recognises(path: Path) -> bool:
    if path.is_file():
        return path.suffix in (".txt", ".text", ".md") or path.name.endswith(SUFFIXES)
    columns = text_columns(path)
    return any(path.glob("*.txt")) or "text" in columns or len(columns) == 1


@register(
    "data",
    "text",
    summary="Any text file, folder of text files, parquet, csv or JSON lines.",
    recognises=_recognises,
    form="text files, or a table with a column of text",
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
        A text file, a folder of ``.txt`` files or of tables (parquet, csv, JSON lines, also
        compressed by gzip), or a hub id.
    tokenizer
        ``byte``, ``bpe`` (trained on the training text), or a stored ``tokenizer.json``.
    vocabulary
        Number of tokens to train for.
    validation
        Share of the documents (of the characters, when there is but one) at the end that is held
        out, where the data has no split of its own.
    column
        Column of a table that holds the text; where there is but one of text, that one.
    config
        Configuration of a hub data set.
    documents
        Read at most so many documents of each split.
    """
    return _load(
        "text",
        path,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        validation=validation,
        column=column,
        config=config,
        documents=documents,
    )


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
    place = place_of("tinyshakespeare", path, "karpathy/tiny_shakespeare")
    options = {"tokenizer": tokenizer, "vocabulary": vocabulary, "validation": validation}
    return _load("tinyshakespeare", place, **options)


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
    place = place_of("openwebtext", path, "Skylion007/openwebtext")
    options = {"tokenizer": tokenizer, "vocabulary": vocabulary, "validation": validation}
    return _load("openwebtext", place, **options, documents=documents)


@register("data", "c4", summary="Cleaned web pages, as for T5.", source="Raffel et al. 2020")
def c4(
    path: str | Path | None = None,
    *,
    tokenizer: str = "bpe",
    vocabulary: int = 32_000,
    validation: float = 0.0005,
    documents: int | None = None,
) -> TextData:
    """Load the English C4 (Raffel et al. 2020); options as for `text`.

    Parameters
    ----------
    path
        Folder of parquet files; the hub's ``allenai/c4``, configuration ``en``, when left out.
    tokenizer, vocabulary, validation, documents
        As for `text`; a tokenizer is trained on the first 200,000 documents.
    """
    place = place_of("c4", path)
    config = None if place else "en"
    options = {"tokenizer": tokenizer, "vocabulary": vocabulary, "validation": validation}
    return _load("c4", place or "allenai/c4", **options, documents=documents, config=config)


def _load(name: str, place: str | Path | None, **options: Any) -> TextData:
    from ._text_data import load_text

    return load_text(name, str(place), **options)
