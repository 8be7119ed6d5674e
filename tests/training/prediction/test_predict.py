import io

import numpy as np
import pandas as pd
import pytest
import torch

from netsci_dst.cli import main
from netsci_dst.errors import DataError, NetsciError
from netsci_dst.training.data import load
from netsci_dst.training.prediction import predict
from tests.training._runs import small


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small(tmp_path_factory.mktemp("predict") / "run", epochs=2)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def test_the_evaluation_is_that_of_the_run(run, digits):
    found = predict(run, "digits")
    last = run.metrics.iloc[-1]
    assert found.evaluation["accuracy"] == pytest.approx(last["accuracy"], abs=1e-9)
    assert found.evaluation["loss"] == pytest.approx(last["loss"], rel=1e-5)
    assert found.evaluation["n"] == len(digits.x_test) == len(found.table)
    chances = found.table.filter(like="p_").to_numpy()
    np.testing.assert_allclose(chances.sum(1), 1)
    assert (chances.argmax(1) == found.table["class"]).all()
    assert (found.table["right"] == (found.table["class"] == digits.y_test)).all()


@pytest.mark.parametrize("compacted", [False, True])
def test_arrays_files_and_data_sets_say_the_same(run, digits, tmp_path, compacted):
    expected = predict(run, "digits").table.filter(like="p_").to_numpy()[:50]
    x, y = np.asarray(digits.x_test)[:50], digits.y_test[:50]
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "xy.npz", x=x, y=y)
    np.savez(tmp_path / "one.npz", pictures=x.reshape(50, -1))
    for data in (x, torch.from_numpy(x), *(tmp_path / n for n in ("x.npy", "xy.npz", "one.npz"))):
        found = predict(run, data, compacted=compacted, batch_size=7)
        np.testing.assert_allclose(found.table.filter(like="p_"), expected, atol=1e-6)
    assert "accuracy" not in predict(run, x).evaluation
    assert predict(run, tmp_path / "xy.npz").evaluation["accuracy"] > 0.3


def test_images_by_name(run, digits, tmp_path):
    from PIL import Image

    x = np.asarray(digits.x_test)[:4]
    pixels = x if x.dtype == np.uint8 else np.round(x * 255).astype(np.uint8)
    for i, picture in enumerate(pixels.reshape(4, *digits.shape[-2:])):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    found = predict(run, tmp_path)
    assert list(found.table["sample"]) == ["0.png", "1.png", "2.png", "3.png"]
    expected = predict(run, x).table
    assert (found.table["class"] == expected["class"]).all()
    assert len(predict(run, tmp_path / "2.png").table) == 1
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "wide.png")
    with pytest.raises(DataError, match="scale it first"):
        predict(run, tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((3, 1, 5, 5)), "takes samples of"),
        (np.zeros((0, 1, 8, 8)), "no samples"),
        (np.full((2, 1, 8, 8), np.nan), "NaN"),
        (np.array([["a"]]), "numbers are needed"),
        ("nothing.npy", "does not exist"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(run, data, message):
    with pytest.raises(NetsciError, match=message):
        predict(run, data)


def test_damaged_files_and_wrong_labels(run, tmp_path):
    (tmp_path / "x.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match="no file of NumPy arrays"):
        predict(run, tmp_path / "x.npy")
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 1, 8, 8)), y=np.array([0, 99]))
    with pytest.raises(DataError, match=r"0\.\.9"):
        predict(run, tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", w=np.zeros(2), z=np.zeros(2), y=np.zeros(2))
    with pytest.raises(DataError, match="has the arrays w, y, z: call the samples x"):
        predict(run, tmp_path / "b.npz")


def test_the_command(run, tmp_path, capsys):
    out = tmp_path / "predictions.parquet"
    with pytest.raises(SystemExit) as stopped:
        main(["predict", str(run.path), "digits", "-o", str(out), "--compact"])
    assert not stopped.value.code
    assert "accuracy" in capsys.readouterr().out
    table = pd.read_parquet(out)
    assert {"sample", "class", "probability", "label", "right", "p_0"} <= set(table.columns)
    with pytest.raises(SystemExit) as stopped:
        main(["predict", str(run.path), "digits", "-o", "x.txt"])
    assert stopped.value.code == 1


def test_lines_of_text(tmp_path):
    import netsci_dst.training as training

    (tmp_path / "train.txt").write_text("to be or not to be that is the question\n" * 60)
    run = training.train(
        out=tmp_path / "run", data=str(tmp_path / "train.txt"), model="llama-20m", method="set",
        model_options={"width": 32, "layers": 1, "heads": 2, "feed_forward": 48},
        task_options={"sequence_length": 16}, sparsity=0.5, steps=30, batch_size=4,
    )  # fmt: skip
    likely, other = "to be or not to be that is the question", "zzzzqqqq"
    found = predict(run, [likely, other, "a"])
    assert list(found.table["text"]) == [likely, other, "a"]
    assert found.table["loss"][0] < found.table["loss"][1]
    assert found.table["tokens"][0] > 16  # more than one piece
    small_too = predict(run, [likely, other, "a"], compacted=True, batch_size=1)
    np.testing.assert_allclose(small_too.table["loss"][:2], found.table["loss"][:2], rtol=1e-4)
    with pytest.raises(DataError, match="cannot be read"):
        predict(run, tmp_path / "absent.txt")


@pytest.fixture(scope="module")
def pixels(tmp_path_factory):
    """Return the run of a network that was trained on 8-bit pictures, and twelve of these."""
    import netsci_dst.training as training

    folder = tmp_path_factory.mktemp("pixels")
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (60, 1, 4, 5), np.uint8)
    y = np.arange(60) % 3
    parts = {"x_train": x, "y_train": y, "x_test": x[:12], "y_test": y[:12]}
    np.savez(folder / "data.npz", **parts)
    run = training.train(
        out=folder / "run", data=str(folder / "data.npz"), method="set", sparsity=0.5, epochs=1,
        model_options={"hidden": [12]},
    )  # fmt: skip
    (folder / "data.npz").unlink()  # nothing below needs what it was trained on
    return run, x[:12], y[:12]


def chances(run, data, **options):
    return predict(run, data, **options).table.filter(like="p_").to_numpy()


def test_the_data_of_training_are_not_needed_again(pixels):
    from netsci_dst.training.deployment import deploy
    from netsci_dst.training.trained_model import load_model

    run, x, _ = pixels
    model = load_model(run, format="csr")
    assert sum(p.numel() for p in model.parameters()) > 0
    deploy(run, run.path + "/../net.safetensors")
    from netsci_dst import runtime

    network = runtime.load(run.path + "/../net.safetensors")
    logits = network(network.prepared(x))
    expected = np.exp(logits - logits.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(chances(run, x), expected, atol=1e-6)


def test_a_folder_called_like_a_data_set_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "emnist").mkdir()
    with pytest.raises(DataError, match=r"called so here is \./emnist"):
        load("emnist")


def test_the_same_samples_in_every_form(pixels, tmp_path, monkeypatch):
    run, x, y = pixels
    expected = chances(run, x)
    flat = pd.DataFrame(x.reshape(12, -1))
    named = flat.rename(columns=lambda i: f"pixel{i}")
    same = [x[:, 0], x[:, 0, :, :, None], x.astype(np.int64), (x / 255).astype(np.float16),
            x.reshape(12, -1) / 255, list(x), flat]  # fmt: skip
    for i, (frame, options) in enumerate(
        ((flat, {"index": False}), (flat, {"index": False, "header": False}), (named, {}),
         (named, {"index": False, "sep": ";"}))
    ):  # fmt: skip
        frame.to_csv(tmp_path / f"{i}.csv", **options)
        same.append(tmp_path / f"{i}.csv")
    named.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    named.to_parquet(tmp_path / "t.parquet")
    pd.DataFrame({"x": [list(map(int, row)) for row in x.reshape(12, -1)]}).to_parquet(
        tmp_path / "lists.parquet"
    )
    np.savez(tmp_path / "any.npz", whatever=x)
    same += [tmp_path / n for n in ("t.tsv", "t.parquet", "lists.parquet", "any.npz")]
    for data in same:
        np.testing.assert_allclose(
            chances(run, data), expected, atol=1e-3 if data is same[3] else 1e-6
        )
        assert "accuracy" not in predict(run, data).evaluation
    np.testing.assert_allclose(chances(run, x[3]), expected[3:4], atol=1e-6)
    right = predict(run, same[0]).table["class"].to_numpy() == y
    labelled = [named.assign(label=y), pd.concat([pd.Series(y, name="y"), named], axis=1),
                named.assign(**{"class": y.astype(str)})]  # fmt: skip
    for i, (names, labels) in enumerate(
        ((("X", "Y"), y), (("x", "labels"), y[:, None]), (("images", "target"), y.astype(float)),
         (("x_test", "y_test"), y), (("x", "y"), y.astype(str)))
    ):  # fmt: skip
        np.savez(tmp_path / f"{i}.npz", **dict(zip(names, (x, labels))))
        labelled.append(tmp_path / f"{i}.npz")
    labelled[1].to_csv(tmp_path / "kaggle.csv", index=False)
    for data in (*labelled, tmp_path / "kaggle.csv"):
        assert predict(run, data).evaluation["accuracy"] == pytest.approx(right.mean())
    for file in ("0.npz", "t.parquet", "0.csv"):
        monkeypatch.setattr(
            "sys.stdin", io.TextIOWrapper(io.BytesIO((tmp_path / file).read_bytes()))
        )
        np.testing.assert_allclose(chances(run, "-"), expected, atol=1e-6)


def test_images_of_every_mode_and_folders_of_classes(pixels, tmp_path, monkeypatch):
    from PIL import Image

    run, x, y = pixels
    expected = chances(run, x[:1])
    grey = Image.fromarray(x[0, 0])
    (tmp_path / "modes").mkdir()
    for mode in ("L", "RGB", "RGBA", "LA"):
        grey.convert(mode).save(tmp_path / "modes" / f"{mode}.png")
    Image.fromarray(x[0, 0].astype(np.uint16) * 257).save(tmp_path / "modes" / "sixteen.png")
    np.testing.assert_allclose(
        chances(run, tmp_path / "modes"), np.repeat(expected, 5, 0), atol=1e-6
    )
    content = (tmp_path / "modes" / "L.png").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    np.testing.assert_allclose(chances(run, "-"), expected, atol=1e-6)
    files = [tmp_path / "modes" / f"{mode}.png" for mode in ("RGB", "L")]
    assert list(predict(run, files).table["sample"]) == ["RGB.png", "L.png"]
    pd.DataFrame({"image": [{"bytes": content, "path": "a"}] * 2, "label": y[:2]}).to_parquet(
        tmp_path / "images.parquet"
    )
    np.testing.assert_allclose(chances(run, tmp_path / "images.parquet")[1:], expected, atol=1e-6)
    for i in range(12):
        folder = tmp_path / "classes" / str(y[i])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(x[i, 0]).save(folder / f"{i}.png")
    found = predict(run, tmp_path / "classes")
    assert found.evaluation == pytest.approx(
        predict(run, pd.DataFrame(x.reshape(12, -1)).assign(label=y)).evaluation
    )
    grey.save(tmp_path / "classes" / "beside.png")
    with pytest.raises(DataError, match="beside folders"):
        predict(run, tmp_path / "classes")
    (tmp_path / "cats" / "cat").mkdir(parents=True)
    grey.save(tmp_path / "cats" / "cat" / "1.png")
    with pytest.raises(DataError, match="not taught a class 'cat'"):
        predict(run, tmp_path / "cats")
    Image.fromarray(x[0, 0] / np.float32(255)).save(tmp_path / "f.tiff")
    with pytest.raises(DataError, match="pixels of mode F"):
        predict(run, tmp_path / "f.tiff")
    (tmp_path / "empty.png").touch()
    with pytest.raises(DataError, match=r"empty.png cannot be decoded"):
        predict(run, tmp_path / "empty.png")


def test_values_in_other_units_and_strange_tables_are_refused(pixels, tmp_path):
    run, x, y = pixels
    wide = pd.DataFrame(x.reshape(12, -1))
    text = wide.astype(object)
    text.iloc[3, 4] = "dark"
    frame = wide.assign(label=y)
    nan = (x / 255).astype(np.float32)
    nan[5, 0, 1, 1] = np.inf
    for data, message in (
        (x.astype(np.float32), "go from 0 to 25.*divide by 255"),
        ((x / 255 - 0.13) / 0.3, "before any normalisation"),
        (x.astype(np.uint16) * 257, "whole numbers are pixels"),
        (x.astype(np.int16) - 128, "whole numbers are pixels"),
        (x.astype(complex), "numbers are needed"),
        (np.float32(3), "one number"),
        (nan, "as sample 5"),
        (np.array([["a"]], object), "numbers are needed"),
        ([x[0], x[0, :, :2]], "different shapes"),
        (text, "something other than numbers"),
        (wide.assign(more=1), "a header must call it label"),
        (wide.iloc[:, :-3], "17 columns of numbers where the network takes 20"),
        (frame.assign(target=y), "several columns of labels"),
        (frame.assign(label=y + 0.5), "not float64 such as 0.5"),
        (frame.assign(label=y - 1), "a label is -1"),
        (frame.assign(label="dog"), "not taught a class 'dog'"),
        (wide.iloc[:0], "no samples"),
    ):
        with pytest.raises(DataError, match=message):
            predict(run, data)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match=r"empty\.csv is empty"):
        predict(run, tmp_path / "empty.csv")
    (tmp_path / "ragged.csv").write_text("1,2\n1,2,3\n")
    with pytest.raises(DataError, match="as many columns"):
        predict(run, tmp_path / "ragged.csv")


def test_numbers_that_are_no_pixels_are_taken_as_they_are(tmp_path):
    import netsci_dst.training as training

    x = np.random.default_rng(0).normal(size=(60, 6)).round(1) * 10
    parts = {"x_train": x, "x_test": x, "y_train": np.arange(60) % 3, "y_test": np.arange(60) % 3}
    np.savez(tmp_path / "data.npz", **parts)
    run = training.train(
        out=tmp_path / "run", data=str(tmp_path / "data.npz"), method="set", sparsity=0.5,
        epochs=1, model_options={"hidden": [12]},
    )  # fmt: skip
    np.testing.assert_allclose(chances(run, x.astype(np.int64)), chances(run, x), atol=1e-7)
    assert predict(run, tmp_path / "data.npz").evaluation["accuracy"] == pytest.approx(
        run.metrics["accuracy"].iloc[-1]
    )


def test_texts_in_tables_and_from_the_standard_input(tmp_path, monkeypatch):
    from netsci_dst.training.prediction.text import lines_of

    lines = ["to be", "or not\x0c to be", 'that, "is"']
    frame = pd.DataFrame({"text": lines, "other": 1})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    (tmp_path / "a.txt").write_bytes(("\ufeff" + "\r\n".join(lines) + "\n\n").encode())
    for file in ("a.csv", "a.parquet", "a.jsonl", "a.txt"):
        assert lines_of(tmp_path / file) == lines
    assert lines_of(np.array(lines)) == lines
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    assert lines_of("-") == lines
    frame.rename(columns={"text": "line"}).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(DataError, match="no column text; it has line, other"):
        lines_of(tmp_path / "b.csv")


def test_translations(tmp_path):
    import netsci_dst.training as training

    pairs = pd.DataFrame({"en": ["a man runs", "two dogs"] * 20, "de": ["ein Mann", "zwei"] * 20})
    (tmp_path / "data").mkdir()
    for part in ("train", "validation", "test"):
        pairs.to_parquet(tmp_path / "data" / f"{part}.parquet")
    options = {"source_language": "en", "target_language": "de", "vocabulary": 300}
    run = training.train(
        out=tmp_path / "run", data=str(tmp_path / "data"), data_options=options, sparsity=0.5,
        model="transformer", method="set", steps=2, batch_size=200,
        model_options={"width": 16, "layers": 1, "heads": 2, "feed_forward": 16},
    )  # fmt: skip
    found = predict(run, ["two dogs", "a man runs"])
    assert list(found.table.columns) == ["text", "translation"]
    whole = predict(run, tmp_path / "data", batch_size=7)
    assert whole.evaluation["n"] == 40
    assert list(whole.table["text"][:2]) == list(pairs["en"][:2])
    assert list(whole.table["translation"][:2]) == list(found.table["translation"][::-1])
    assert 0 <= whole.evaluation["bleu"] <= 100
    with pytest.raises(DataError, match="not compacted"):
        predict(run, ["two dogs"], compacted=True)
