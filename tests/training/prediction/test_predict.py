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
    with pytest.raises(DataError, match="no readable NumPy file"):
        predict(run, tmp_path / "x.npy")
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 1, 8, 8)), y=np.array([0, 99]))
    with pytest.raises(DataError, match=r"0\.\.9"):
        predict(run, tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", z=np.zeros(2), y=np.zeros(2))
    with pytest.raises(DataError, match="no array x"):
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
