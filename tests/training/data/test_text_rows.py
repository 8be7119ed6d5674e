"""Sentence pairs and documents from csv and JSON lines, and folders in place of named data."""

import csv
import gzip
import json

import pytest

from netsci_dst.errors import DataError
from netsci_dst.recipe import load_recipe
from netsci_dst.training.data import load

pytest.importorskip("tokenizers")

EN = ["A man, 'tall', sees a dog.", 'She said "no".', "3", "Line one\nline two"]
DE = ["Ein Mann, groß, sieht einen Hund.", "Sie sagte „nein“.", "3", "Zeile eins\nZeile zwei"]


def write(folder, form, names=("en", "de"), extra=None):
    """Write three splits; ``extra`` is one more column, name and values."""
    folder.mkdir(exist_ok=True)
    for split in ("train", "dev", "test"):
        rows = [dict(zip(names, pair)) for pair in zip(EN, DE)]
        if extra:
            rows = [{**row, extra[0]: value} for row, value in zip(rows, extra[1])]
        if form == "translation":
            rows = [{"id": i, "translation": row} for i, row in enumerate(rows)]
        if form.startswith("csv"):
            with (folder / f"{split}.csv").open("w", newline="", encoding="utf-8-sig") as opened:
                writer = csv.writer(opened)
                if form == "csv":
                    writer.writerow(rows[0])
                writer.writerows(row.values() for row in rows)
        elif form == "array":
            (folder / f"{split}.json").write_text(json.dumps(rows, indent=1))
        else:
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            with gzip.open(folder / f"{split}.jsonl.gz", "wt", encoding="utf-8") as opened:
                opened.write(lines)
    return folder


def pairs_of(data):
    return [data.decode(row) for row in data.x_train.source], [
        data.decode(row) for row in data.x_train.target
    ]


@pytest.mark.parametrize("form", ["csv", "csv without header", "jsonl", "array", "translation"])
def test_every_form_holds_the_same_pairs(tmp_path, form):
    folder = write(tmp_path / "x", form)
    data = load("multi30k", path=folder, vocabulary=300)
    assert pairs_of(data) == (EN, DE)
    assert data.references == {"validation": DE, "test": DE}
    assert load(folder, source_language="en", target_language="de", vocabulary=300).x_test


@pytest.mark.parametrize(
    ("names", "extra", "found"),
    [
        (("en", "de"), None, ("en", "de")),
        (("english", "german"), None, ("english", "german")),
        (("german", "english"), None, ("english", "german")),
        (("deutsch", "angličtina"), None, ("angličtina", "deutsch")),
        (("alpha", "beta"), None, ("alpha", "beta")),
        (("source", "target"), None, ("source", "target")),
        (("tgt", "src"), None, ("src", "tgt")),
        (("text_de", "text_en"), None, ("text_en", "text_de")),
        (("en", "fr"), None, ("en", "fr")),
        (("foo", "bar"), ("n", ["1", "2", "3", "4"]), ("foo", "bar")),
        (("en", "de"), ("note", ["a", "b", "c", "d"]), ("en", "de")),
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_columns_are_taken_in_the_recipes_direction(tmp_path, form, names, extra, found):
    folder = str(write(tmp_path / "x", form, names, extra))
    recipe = load_recipe("chtss/multi30k-transformer", data=folder)
    options = recipe.data_options
    assert (options["source_language"], options["target_language"]) == found
    sides = dict(zip(names, (EN, DE)))
    data = load(folder, **{**options, "vocabulary": 300})
    assert pairs_of(data) == tuple(sides[name] for name in found)


def test_one_side_asked_for_turns_the_direction(tmp_path):
    folder = str(write(tmp_path / "x", "csv"))
    recipe = load_recipe(
        "chtss/multi30k-transformer", data=folder, data_options={"source_language": "de"}
    )
    assert recipe.data_options["source_language"] == "de"
    assert recipe.data_options["target_language"] == "en"


def test_what_is_not_clear_is_refused(tmp_path):
    three = str(write(tmp_path / "x", "jsonl", ("a", "b"), ("c", ["p", "q", "r", "s"])))
    recipe = load_recipe("chtss/multi30k-transformer", data=three)
    with pytest.raises(ValueError, match=r"unknown column of .* known: a, b, c"):
        load(three, **recipe.data_options)
    with pytest.raises(DataError, match="needs source_language="):
        load(str(write(tmp_path / "y", "csv", ("a", "b"))))
    broken = write(tmp_path / "z", "csv")
    with (broken / "test.csv").open("a") as opened:
        opened.write("one,two,three\n")
    with pytest.raises(DataError, match=r"row 6 of 'test\.csv' has 3 columns, not 2"):
        load("multi30k", path=broken)
    (broken / "test.csv").unlink()
    (broken / "test.jsonl").write_text('{"en": "a", "de": 3}\n')
    with pytest.raises(DataError, match="must hold text in every row"):
        load("multi30k", path=broken)
    (broken / "test.jsonl").write_text("{")
    with pytest.raises(DataError, match="is not JSON lines"):
        load("multi30k", path=broken)


@pytest.mark.parametrize(("form", "column"), [("csv", "text"), ("jsonl", "text"), ("csv", "body")])
def test_documents_for_language_models(tmp_path, form, column):
    extra = ("url", ["u", "v", "w", "x"]) if column == "text" else ("n", ["1", "2", "3", "4"])
    folder = tmp_path / "x"
    folder.mkdir()
    rows = [{column: EN[i] * 9, extra[0]: extra[1][i]} for i in range(4)]
    if form == "csv":
        with (folder / "part-1.csv").open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        (folder / "part-1.csv").rename(folder / "train.csv")
    else:
        with gzip.open(folder / "train-0001.json.gz", "wt", encoding="utf-8") as opened:
            opened.write("".join(json.dumps(row) + "\n" for row in rows))
    recipe = load_recipe("chtss/llama-60m", data=str(folder))
    data = load(str(folder), tokenizer="byte", validation=0.25)
    plain = tmp_path / "plain"
    plain.mkdir()
    for i, row in enumerate(rows):
        (plain / f"{i}.txt").write_text(row[column], encoding="utf-8")
    other = load(str(plain), tokenizer="byte", validation=0.25)
    assert data.fingerprint == other.fingerprint
    assert recipe.data_options["tokenizer"] == "bpe"
