import json

import numpy as np
import pytest

from netsci_dst import registry
from netsci_dst.errors import DataError, UnknownName
from netsci_dst.training.data import load

pytest.importorskip("tokenizers")

SENTENCES = [f"The {a} dog {b} the {c} cat." for a in ("old", "new") for b in ("saw", "bit")
             for c in ("red", "blue", "größte")]  # fmt: skip


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "story.txt"
    path.write_text("\n".join(SENTENCES * 5), encoding="utf-8")
    return path


def test_bytes_come_back_as_they_were(file):
    data = load("text", path=file, validation=0.25)
    whole = file.read_text(encoding="utf-8")
    assert data.vocabulary == data.n_classes == 256
    assert data.x_train.dtype == np.uint8
    parts = data.decode(data.x_train), data.decode(data.x_validation)
    assert "".join(parts) == whole
    assert len(parts[0]) == round(0.75 * len(whole))
    assert data.artefacts() == {}


def test_byte_pairs_come_back_as_they_were_and_are_fewer(file, tmp_path):
    data = load("text", path=file, tokenizer="bpe", vocabulary=290)
    assert data.vocabulary == 290
    # A stream ends with the end token, which decodes to nothing.
    assert data.x_train[-1] == 3
    text = data.decode(data.x_train) + data.decode(data.x_validation)
    assert text == file.read_text(encoding="utf-8")
    assert len(data.x_train) < 0.6 * len(data.decode(data.x_train).encode())
    stored = tmp_path / "tokenizer.json"
    stored.write_text(data.artefacts()["tokenizer.json"], encoding="utf-8")
    again = load("text", path=file, tokenizer=str(stored))
    np.testing.assert_array_equal(again.x_train, data.x_train)
    assert again.fingerprint == data.fingerprint


def test_training_the_tokenizer_repeats(file):
    first, again = (load("text", path=file, tokenizer="bpe", vocabulary=290) for _ in range(2))
    assert first.artefacts() == again.artefacts()
    np.testing.assert_array_equal(first.x_train, again.x_train)


def test_a_file_or_folder_is_recognised_by_its_form(file):
    assert load(str(file)).fingerprint == load(str(file.parent)).fingerprint
    assert load(str(file)).name == "text"


def test_folders_of_documents_are_split_by_document(tmp_path):
    for i, sentence in enumerate(SENTENCES):
        (tmp_path / f"{i:02}.txt").write_text(sentence, encoding="utf-8")
    data = load("text", path=tmp_path, validation=0.25)
    assert data.decode(data.x_train) == "".join(SENTENCES[:9])
    assert data.decode(data.x_validation) == "".join(SENTENCES[9:])
    few = load("text", path=tmp_path, validation=0.5, documents=4)
    assert few.decode(few.x_train) == "".join(SENTENCES[:2])


@pytest.mark.parametrize(
    "layout", ["train-{}.parquet", "data/train-{}.parquet", "train/{}.parquet"]
)
def test_openwebtext_in_parquet(tmp_path, layout):
    import pyarrow as pa
    import pyarrow.parquet as pq

    for part, rows in enumerate((SENTENCES[:6], SENTENCES[6:])):
        path = tmp_path / layout.format(part)
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"text": rows}), path)
    data = load("openwebtext", path=tmp_path, vocabulary=270, validation=0.25)
    assert data.name == "openwebtext"
    assert (data.x_train == 3).sum() == 9
    assert (data.x_validation == 3).sum() == 3
    assert data.decode(data.x_train) == "".join(SENTENCES[:9])
    with pytest.raises(UnknownName, match="column"):
        load("text", path=tmp_path, column="txt")


def test_tokens_are_kept_and_found_again(file, monkeypatch):
    from netsci_dst.training.data import _cache, _text_data

    monkeypatch.setattr(_cache, "_SMALLEST", 0)
    first = load("text", path=file, tokenizer="bpe", vocabulary=290)

    def never(*args):
        raise AssertionError("encoded once more")

    with monkeypatch.context() as patch:
        patch.setattr(_text_data, "_stream", never)
        again = load("text", path=file, tokenizer="bpe", vocabulary=290)
    np.testing.assert_array_equal(again.x_train, first.x_train)
    other = load("text", path=file, tokenizer="bpe", vocabulary=280)
    assert len(other.x_train) > len(first.x_train)


def test_parts_of_their_own_are_taken(tmp_path):
    for part, text in (("train", "aaaa"), ("valid", "bbb"), ("test", "cc")):
        (tmp_path / f"{part}.txt").write_text(text)
    data = load("text", path=tmp_path)
    parts = [data.decode(x) for x in (data.x_train, data.x_validation, data.x_test)]
    assert parts == ["aaaa", "bbb", "cc"]
    small = load("text", path=tmp_path, limit=3, limit_test=2)
    assert [len(x) for x in (small.x_train, small.x_validation, small.x_test)] == [3, 2, 2]
    assert small.fingerprint != data.fingerprint


def test_a_hub_data_set(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    rows = {"train": datasets.Dataset.from_dict({"text": ["abc", "de"]}),
            "test": datasets.Dataset.from_dict({"text": ["f"]})}  # fmt: skip
    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: asked.append(a) or rows)
    data = load("tinyshakespeare")
    assert asked == [("karpathy/tiny_shakespeare", None)]
    assert data.decode(data.x_train) == "abcde"
    assert data.decode(data.x_test) == "f"

    def fails(*args, **kwargs):
        raise ConnectionError("no network")

    monkeypatch.setattr(datasets, "load_dataset", fails)
    with pytest.raises(DataError, match="no network"):
        load("tinyshakespeare")


def test_the_data_folder_is_looked_in_first(tmp_path, monkeypatch):
    folder = tmp_path / "tinyshakespeare"
    folder.mkdir()
    (folder / "input.txt").write_text("To be or not to be")
    monkeypatch.setenv("NETSCI_DST_DATA", str(tmp_path))
    assert load("tinyshakespeare").decode(load("tinyshakespeare").x_train).startswith("To be")


def test_tiny_shakespeare(shared_data):
    data = load("tinyshakespeare", path=shared_data / "tinyshakespeare")
    assert len(data.x_train) + len(data.x_validation) == 1_115_394
    assert len(np.unique(data.x_train)) == 65
    assert data.decode(data.x_train[:14]) == "First Citizen:"


def test_refusals(tmp_path, file):
    with pytest.raises(DataError, match="no text file or folder"):
        load("text", path=tmp_path / "none.txt")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"holds no \.txt, \.parquet"):
        load("text", path=empty)
    with pytest.raises(UnknownName, match="did you mean 'bpe'"):
        load("text", path=file, tokenizer="bpee")
    with pytest.raises(DataError, match="260"):
        load("text", path=file, tokenizer="bpe", vocabulary=100)
    with pytest.raises(DataError, match="must be in"):
        load("text", path=file, validation=1.5)
    with pytest.raises(DataError, match="share for validation"):
        load("text", path=file, validation=0)
    (tmp_path / "latin.txt").write_bytes("größer".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        load("text", path=tmp_path / "latin.txt")
    foreign = tmp_path / "foreign.json"
    for content in ("{", "[]", json.dumps({"version": "1.0"})):
        foreign.write_text(content)
        with pytest.raises(DataError, match="tokenizer"):
            load("text", path=file, tokenizer=str(foreign))


def test_loaders_are_registered():
    names = registry.names("data")
    assert {"text", "tinyshakespeare", "openwebtext", "multi30k", "iwslt14", "wmt17"} <= set(names)
