import numpy as np
import pytest

from netsci_dst.errors import DataError, UnknownName
from netsci_dst.training.data import load
from netsci_dst.training.data._translation_data import Pairs, Ragged

pytest.importorskip("tokenizers")

EN = [f"A {a} man {b} a dog." for a in ("tall", "small", "happy") for b in ("sees", "walks")]
DE = [f"Ein {a} Mann {b} einen Hund." for a in ("großer", "kleiner", "froher")
      for b in ("sieht", "führt")]  # fmt: skip

STRAIGHT = {"source_language": "en", "target_language": "de"}
TURNED = {"source_language": "de", "target_language": "en"}


def write(folder, form):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = {"train": "train", "validation": "valid" if form == "lines" else "validation",
             "test": "test"}  # fmt: skip
    for rows, (split, name) in zip((slice(0, 6), slice(0, 2), slice(2, 4)), names.items()):
        en, de = EN[rows], DE[rows]
        if form == "parquet":
            pq.write_table(pa.table({"en": en, "de": de}), folder / f"{name}.parquet")
        elif form == "translation":
            column = [{"en": a, "de": b} for a, b in zip(en, de)]
            (folder / "data").mkdir(exist_ok=True)
            path = folder / "data" / f"{name}-00000-of-00001.parquet"
            pq.write_table(pa.table({"translation": column}), path)
        elif form == "tsv":
            lines = ["de\ten", *(f"{b}\t{a}" for a, b in zip(en, de))]
            (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        elif form == "plain tsv":
            lines = [f"{a}\t{b}" for a, b in zip(en, de)]
            (folder / f"{name}.tsv").write_text("\n".join(lines), encoding="utf-8")
        else:
            (folder / f"{name}.en").write_text("\n".join(en) + "\n", encoding="utf-8")
            (folder / f"{name}.de").write_text("\r\n".join(de) + "\r\n", encoding="utf-8")
        assert split


@pytest.mark.parametrize("form", ["parquet", "translation"])
def test_a_folder_of_pairs_is_known_by_its_columns(tmp_path, form):
    write(tmp_path, form)
    assert load(tmp_path, **STRAIGHT, vocabulary=300).languages == ("en", "de")
    with pytest.raises(DataError, match="needs source_language="):
        load(tmp_path)


@pytest.mark.parametrize("form", ["parquet", "translation", "tsv", "plain tsv", "lines"])
def test_every_form_holds_the_same_pairs(tmp_path, form):
    write(tmp_path, form)
    data = load("iwslt14", path=tmp_path, vocabulary=300)
    assert [data.decode(row) for row in data.x_train.source] == EN
    assert [data.decode(row) for row in data.x_train.target] == DE
    assert data.references == {"validation": DE[:2], "test": DE[2:4]}
    assert len(data.x_validation) == len(data.x_test) == 2
    assert data.languages == ("en", "de")
    assert data.vocabulary == 300
    other = tmp_path / "other"
    other.mkdir()
    write(other, "parquet")
    assert load("iwslt14", path=other, vocabulary=300).fingerprint == data.fingerprint


def test_the_direction_can_be_turned_and_the_tokenizer_stored(tmp_path):
    write(tmp_path, "parquet")
    data = load("pairs", path=tmp_path, **TURNED, vocabulary=280)
    assert data.decode(data.x_train[0][0]) == DE[0]
    assert data.references["test"] == EN[2:4]
    stored = tmp_path / "tokenizer.json"
    stored.write_text(data.artefacts()["tokenizer.json"], encoding="utf-8")
    again = load("pairs", path=tmp_path, **TURNED, tokenizer=str(stored))
    np.testing.assert_array_equal(again.x_train.source.values, data.x_train.source.values)


def test_long_training_pairs_are_left_out_and_held_out_ones_kept(tmp_path):
    write(tmp_path, "parquet")
    full = load("pairs", path=tmp_path, **STRAIGHT, vocabulary=262)
    sizes = [max(len(a), len(b)) for a, b in full.x_train]
    cut = sorted(sizes)[2]
    short = load("pairs", path=tmp_path, **STRAIGHT, vocabulary=262, max_length=cut)
    assert len(short.x_train) == sum(size <= cut for size in sizes) < 6
    assert len(short.x_test) == 2
    with pytest.raises(DataError, match="at most 2 tokens"):
        load("pairs", path=tmp_path, **STRAIGHT, max_length=2)


def test_limits_keep_the_first_pairs(tmp_path):
    write(tmp_path, "parquet")
    data = load("multi30k", path=tmp_path, vocabulary=280, limit=3, limit_test=1)
    assert [data.decode(row) for row in data.x_train.source] == EN[:3]
    assert data.references == {"validation": DE[:1], "test": DE[2:3]}


def test_wmt17_is_asked_of_the_hub_in_its_configuration(monkeypatch):
    datasets = pytest.importorskip("datasets")
    rows = [{"en": a, "de": b} for a, b in zip(EN, DE)]
    table = datasets.Dataset.from_dict({"translation": rows})
    asked = []

    def fake(*args, **kwargs):
        asked.append(args)
        return {"train": table, "validation": table}

    monkeypatch.setattr(datasets, "load_dataset", fake)
    data = load("wmt17", vocabulary=300)
    assert asked == [("wmt/wmt17", "de-en")]
    assert [data.decode(row) for row in data.x_train.target] == DE
    assert data.x_test is None


def test_multi30k(shared_data):
    data = load("multi30k", path=shared_data / "multi30k")
    assert (len(data.x_train), len(data.x_validation), len(data.x_test)) == (29_000, 1_014, 1_000)
    assert data.vocabulary == 10_000
    assert data.references["test"][0] == (
        "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt."
    )
    assert data.decode(data.x_test[0][0]) == "A man in an orange hat starring at something."


def test_rows_of_unequal_length():
    rows = [np.arange(n, dtype=np.int32) for n in (3, 0, 2)]
    ragged = Ragged(rows)
    assert [row.tolist() for row in ragged] == [[0, 1, 2], [], [0, 1]]
    assert ragged[-1].tolist() == [0, 1]
    assert len(Ragged([])) == 0
    with pytest.raises(IndexError):
        ragged[3]
    with pytest.raises(DataError, match="empty"):
        Pairs(ragged, ragged).first(0)


def test_refusals(tmp_path):
    with pytest.raises(DataError, match="no canonical copy"):
        load("iwslt14")
    with pytest.raises(DataError, match="no folder"):
        load("multi30k", path=tmp_path / "none")
    with pytest.raises(DataError, match=r"train\.en and train\.de"):
        load("multi30k", path=tmp_path)
    write(tmp_path, "lines")
    with pytest.raises(DataError, match=r"train\.en and train\.fr"):
        load("multi30k", path=tmp_path, target_language="fr")
    (tmp_path / "test.de").write_text("nur eine\n")
    with pytest.raises(DataError, match="does not pair up: 2 en, 1 de"):
        load("multi30k", path=tmp_path)
    with pytest.raises(DataError, match="both 'en'"):
        load("multi30k", path=tmp_path, target_language="en")
    (tmp_path / "test.de").write_text("zwei\nzwei\n")
    with pytest.raises(DataError, match="special tokens"):
        load("multi30k", path=tmp_path, tokenizer="byte")
    write(tmp_path, "parquet")
    with pytest.raises(UnknownName, match="column"):
        load("multi30k", path=tmp_path, target_language="fr")


@pytest.mark.parametrize(
    ("columns", "asked", "direction"),
    [
        (("en", "de"), {"source_language": "de", "target_language": "en"}, ("de", "en")),
        (("english", "german"), {"source_language": "en", "target_language": "de"},
         ("english", "german")),
        (("german", "english"), {"source_language": "en", "target_language": "de"},
         ("english", "german")),
        (("src", "de"), {"source_language": "en", "target_language": "de"}, ("src", "de")),
    ],
)  # fmt: skip
def test_two_columns_are_taken_in_the_direction_asked_for(tmp_path, columns, asked, direction):
    from netsci_dst.training.data.translation import _languages

    for name in columns:
        (tmp_path / f"train.{name}").write_text("a b\n")
    assert _languages(tmp_path, **{key.split("_")[0]: value for key, value in asked.items()}) == (
        direction
    )


def test_a_recipe_keeps_what_it_knows_of_its_data_for_a_folder(tmp_path):
    from netsci_dst.recipe import load_recipe

    for part, n in (("train", 40), ("test", 4)):
        for language in ("en", "de"):
            lines = "\n".join(f"{language} sentence {i} of many words" for i in range(n))
            (tmp_path / f"{part}.{language}").write_text(lines + "\n")
    recipe = load_recipe("chtss/wmt17-transformer", data=str(tmp_path))
    assert recipe.data_options["vocabulary"] == 32_000
    pairs = load(recipe.data, **{**recipe.data_options, "vocabulary": 300})
    assert pairs.languages == ("en", "de")
    own = load(recipe.data, **{**recipe.data_options, "vocabulary": 300,
                               "shared_vocabulary": False})  # fmt: skip
    assert own.source_vocabulary is not None
    assert set(own.artefacts()) == {"tokenizer.json", "source-tokenizer.json"}
    assert own.decode(own.x_train[0][1]).startswith("de sentence")
