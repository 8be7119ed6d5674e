"""Sentence pairs for translation: Multi30k, IWSLT14, WMT17, or any."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...registry import register
from ._named import place_of
from ._text_tables import text_columns

if TYPE_CHECKING:
    from ._translation_data import PairData


@register(
    "data",
    "multi30k",
    summary="29,000 image descriptions, English-German.",
    source="Elliott et al. 2016",
)
def multi30k(
    path: str | Path | None = None,
    *,
    source_language: str = "en",
    target_language: str = "de",
    tokenizer: str = "bpe",
    vocabulary: int = 10_000,
    shared_vocabulary: bool = True,
    max_length: int = 128,
) -> PairData:
    """Load Multi30k (Elliott et al. 2016).

    Parameters
    ----------
    path
        Folder with ``train``, ``validation`` and ``test`` (parquet, csv, JSON lines, tsv, or a
        text file per language), or a hub id; the hub's ``bentrevett/multi30k`` when left out.
    source_language, target_language
        Columns or file endings, such as ``en`` and ``de``.
    tokenizer
        ``bpe``, or a stored ``tokenizer.json``.
    vocabulary
        Number of tokens.
    shared_vocabulary
        Whether both languages share their tokens and embeddings. The program of CHTss's authors
        gives each language its own (and Adam a second moment of 0.998: ``betas = [0.9, 0.998]``).
    max_length
        Training pairs with more tokens on a side are left out.
    """
    place = place_of("multi30k", path, "bentrevett/multi30k")
    return _load(
        "multi30k",
        place,
        (source_language, target_language),
        None,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        shared_vocabulary=shared_vocabulary,
        max_length=max_length,
    )


@register(
    "data",
    "iwslt14",
    summary="160,000 sentences of talks, German-English.",
    source="Cettolo et al. 2014",
)
def iwslt14(
    path: str | Path | None = None,
    *,
    source_language: str = "en",
    target_language: str = "de",
    tokenizer: str = "bpe",
    vocabulary: int = 10_000,
    shared_vocabulary: bool = True,
    max_length: int = 128,
) -> PairData:
    """Load IWSLT14 (Cettolo et al. 2014); options as for `multi30k`.

    Raises
    ------
    DataError
        If ``path`` is left out: there is no canonical copy to fetch.
    """
    place = place_of("iwslt14", path)
    if place is None:
        raise DataError(
            "iwslt14 has no canonical copy to fetch: give path, a folder with train, validation "
            "and test as parquet, csv, jsonl, tsv, or text files such as train.en and train.de"
        )
    return _load(
        "iwslt14",
        place,
        (source_language, target_language),
        None,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        shared_vocabulary=shared_vocabulary,
        max_length=max_length,
    )


@register(
    "data",
    "wmt17",
    summary="Millions of sentences of news, English-German.",
    source="Bojar et al. 2017",
)
def wmt17(
    path: str | Path | None = None,
    *,
    source_language: str = "en",
    target_language: str = "de",
    tokenizer: str = "bpe",
    vocabulary: int = 32_000,
    shared_vocabulary: bool = True,
    max_length: int = 128,
) -> PairData:
    """Load WMT17 (Bojar et al. 2017), by default ``wmt/wmt17``; options as for `multi30k`."""
    place, config = place_of("wmt17", path), None
    if place is None:
        other = target_language if source_language == "en" else source_language
        place, config = "wmt/wmt17", f"{other}-en"
    return _load(
        "wmt17",
        place,
        (source_language, target_language),
        config,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        shared_vocabulary=shared_vocabulary,
        max_length=max_length,
    )


_SOURCES = ("source", "src", "input", "from")
_TARGETS = ("target", "tgt", "trg", "output", "to")


def _recognises(path: Path) -> bool:
    if not path.is_dir():
        return False
    columns = text_columns(path)
    return len(columns) >= 2 and "text" not in columns  # `text` is for language models


def _inherits(path: Path, options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options taken over from named data, with the languages as the columns are called.

    Two columns called like no language are taken as ``source`` and ``target``, else in their order.
    """
    asked = [options.get("source_language"), options.get("target_language")]
    mine = [given.get("source_language"), given.get("target_language")]
    found = text_columns(path)
    if any(mine) and not all(mine):
        asked = mine
    if len(found) == 2 and not any(_like(language, found) for language in asked):
        turned = any(c.lower() in _TARGETS for c in found[:1]) or found[1].lower() in _SOURCES
        asked = found[::-1] if turned else found
    first, last = _languages(path, *asked)
    return {**options, "source_language": first, "target_language": last}


@register(
    "data",
    "pairs",
    summary="Sentence pairs of your own.",
    recognises=_recognises,
    inherits=_inherits,
    form="sentence pairs as parquet, csv, jsonl, tsv or a text file per language",
    priority=20,
)
def pairs(
    path: str | Path,
    *,
    source_language: str | None = None,
    target_language: str | None = None,
    config: str | None = None,
    tokenizer: str = "bpe",
    vocabulary: int = 10_000,
    shared_vocabulary: bool = True,
    max_length: int = 128,
) -> PairData:
    """Load any sentence pairs; options as for `multi30k`, and ``config`` of a hub data set.

    Parameters
    ----------
    source_language, target_language
        Columns or file endings. A folder with exactly two, of which one is a language asked for or
        begins like it, needs no more: the other column is the other side.

    Raises
    ------
    DataError
        If it is not clear which column is which.
    """
    return _load(
        "pairs",
        path,
        _languages(Path(path).expanduser(), source_language, target_language),
        config,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        shared_vocabulary=shared_vocabulary,
        max_length=max_length,
    )


def _languages(folder: Path, source: str | None, target: str | None) -> tuple[str, str]:
    """Return which columns are source and target, by the languages asked for."""
    found = text_columns(folder) if folder.is_dir() else []
    if source and target and (len(found) != 2 or {source, target} <= set(found)):
        return source, target
    if len(found) != 2:
        missing = "source_language" if not source else "target_language"
        there = f"; its columns are {', '.join(found)}" if found else ""
        raise DataError(f"the data set 'pairs' needs {missing}=, one of its data_options{there}")
    first = _like(source, found)
    last = _like(target, [name for name in found if name != first])
    if first is None and last is None and found == ["1", "2"] and source and target:
        return source, target  # a file without a header: in order
    if first is None and last is None:
        raise DataError(
            f"the data set 'pairs' needs source_language= or target_language=, two of its "
            f"data_options: {folder} has the columns {found[0]} and {found[1]}"
        )
    first = first or next(name for name in found if name != last)
    return first, next(name for name in found if name != first)


def _like(language: str | None, columns: list[str]) -> str | None:
    """Return the column called like a language: so, ``english`` for en, or ``text_en``."""
    if language is None:
        return None
    if language in columns:
        return language
    word = language.lower()
    parts = {column: re.split(r"[^a-z]+", column.lower()) for column in columns}
    for near in (
        [column for column in columns if word in parts[column]],
        [c for c in columns if any(part.startswith(word) for part in parts[c])],
        [c for c in columns if c and word.startswith(c.lower())],
    ):
        if near:
            return near[0] if len(near) == 1 else None
    return None


def _load(
    name: str,
    place: str | Path | None,
    languages: tuple[str, str],
    config: str | None,
    **options: Any,
) -> PairData:
    from ._translation_data import load_pairs

    return load_pairs(name, str(place), languages, config=config, **options)
