"""Sentence pairs for translation: Multi30k, IWSLT14, WMT17, or any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...registry import register
from ._named import place_of
from ._text_tables import count_of_text_columns

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
    max_length: int = 128,
) -> PairData:
    """Load Multi30k (Elliott et al. 2016).

    Parameters
    ----------
    path
        Folder with ``train``, ``validation`` and ``test`` (parquet, tsv, or a text file per
        language), or a hub id; the hub's ``bentrevett/multi30k`` when left out.
    source_language, target_language
        Columns or file endings, such as ``en`` and ``de``.
    tokenizer
        ``bpe``, or a stored ``tokenizer.json``.
    vocabulary
        Number of tokens, shared by both languages.
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
            "and test as parquet, tsv, or text files such as train.en and train.de"
        )
    return _load(
        "iwslt14",
        place,
        (source_language, target_language),
        None,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
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
        max_length=max_length,
    )


def _recognises(path: Path) -> bool:
    return path.is_dir() and count_of_text_columns(path) >= 2


@register(
    "data",
    "pairs",
    summary="Sentence pairs of your own.",
    recognises=_recognises,
    form="parquet files of sentence pairs",
    priority=20,
)
def pairs(
    path: str | Path,
    *,
    source_language: str,
    target_language: str,
    config: str | None = None,
    tokenizer: str = "bpe",
    vocabulary: int = 10_000,
    max_length: int = 128,
) -> PairData:
    """Load any sentence pairs; options as for `multi30k`, and ``config`` of a hub data set."""
    return _load(
        "pairs",
        path,
        (source_language, target_language),
        config,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        max_length=max_length,
    )


def _load(
    name: str,
    place: str | Path | None,
    languages: tuple[str, str],
    config: str | None,
    **options: Any,
) -> PairData:
    from ._translation_data import load_pairs

    return load_pairs(name, str(place), languages, config=config, **options)
