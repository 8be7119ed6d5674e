"""Data that is missing, damaged or contradicts itself: one clear line each."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from netsci_dst.errors import DataError, UnknownName
from netsci_dst.training.data import load

_spec = importlib.util.spec_from_file_location("forms", Path(__file__).with_name("_forms.py"))
forms = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(forms)


@pytest.fixture
def mnist_folder(tmp_path):
    forms.write_mnist(tmp_path, np.random.default_rng(0), zipped=False)
    return tmp_path


def refused(match, source, **options):
    with pytest.raises(DataError, match=match) as caught:
        load(source, **options)
    assert "\n" not in str(caught.value)


def test_unknown_names_and_options():
    with pytest.raises(UnknownName, match="did you mean 'mnist'"):
        load("mnits")
    with pytest.raises(UnknownName, match="unknown option of the data set digits 'size'"):
        load("digits", size=3)
    with pytest.raises(UnknownName, match="balanced"):
        load("emnist", split="balancd")


def test_missing_places(tmp_path):
    refused("does not exist", tmp_path / "nowhere")
    refused("no data of a known form", tmp_path)
    refused("does not exist", "mnist", path=tmp_path / "nowhere")
    refused("limited to 0", "digits", limit=0)


def test_missing_and_damaged_idx(mnist_folder):
    labels = mnist_folder / "t10k-labels-idx1-ubyte"
    data = labels.read_bytes()
    labels.write_bytes(data[:-3])
    refused("its header asks for", mnist_folder)
    labels.write_bytes(b"nothing of the kind")
    refused("is not an IDX file", mnist_folder)
    labels.write_bytes(b"\x1f\x8bbroken")
    refused("cannot be read", mnist_folder)
    labels.unlink()
    refused("no test labels in IDX form", mnist_folder)


def test_parts_that_do_not_fit(mnist_folder):
    images = np.zeros((12, 28, 20), np.uint8)
    forms.write_idx(mnist_folder / "t10k-images-idx3-ubyte", images)
    refused("training images are 1 × 28 × 28 but test images 1 × 28 × 20", mnist_folder)
    forms.write_idx(mnist_folder / "t10k-images-idx3-ubyte", np.zeros((11, 28, 28), np.uint8))
    refused("11 test images but 12 labels", mnist_folder)
    forms.write_idx(mnist_folder / "t10k-images-idx3-ubyte", np.zeros((0, 28, 28), np.uint8))
    refused("no samples", mnist_folder)


def test_not_what_the_name_promises(tmp_path):
    rng = np.random.default_rng(0)
    forms.write_mnist(tmp_path / "many", rng, n=(40, 40), n_classes=12)
    refused("has 12 classes; mnist has 10", "mnist", path=tmp_path / "many")
    for part in ("train", "test"):
        images = forms.picture(rng, (4, 3, 16, 16))
        forms.write_parquet(tmp_path / "small" / f"{part}.parquet", images, [0, 1, 2, 3])
    refused(r"cifar10 has \(3, 32, 32\)", "cifar10", path=tmp_path / "small")


def test_bad_parquet(tmp_path):
    rng = np.random.default_rng(0)
    images = forms.picture(rng, (4, 1, 8, 8))
    forms.write_parquet(tmp_path / "train.parquet", images, [0, 1, 0, 1])
    refused("no test part", tmp_path)
    forms.write_parquet(tmp_path / "test.parquet", images, [0.5, 1.5, 0.5, 1.5])
    refused("must hold whole numbers", tmp_path)
    forms.write_parquet(tmp_path / "test.parquet", images, [0, 1, 0, -1])
    refused("a test label is -1", tmp_path)
    forms.write_parquet(tmp_path / "test.parquet", images, {"kind": [0, 1, 0, 1]})
    refused("say which with label=", tmp_path)
    (tmp_path / "test.parquet").write_bytes(b"PAR1 and nothing more")
    refused("cannot be read as parquet", tmp_path)


def test_bad_images(tmp_path):
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        folder = tmp_path / part / "one"
        folder.mkdir(parents=True)
        for i, size in enumerate([(9, 9), (9, 8)]):
            pixels = forms.picture(rng, (3, *size))
            (folder / f"{i}.png").write_bytes(forms.encode(pixels))
    refused("8 × 9 pixels, the first 9 × 9; give size=", tmp_path)
    (tmp_path / "train" / "one" / "1.png").write_bytes(b"\x89PNG broken")
    refused(r"image 1 \(.*1.png\) cannot be decoded", tmp_path, size=8)
    (tmp_path / "test" / "two").mkdir()
    (tmp_path / "test" / "two" / "0.png").write_bytes(forms.encode(forms.picture(rng, (3, 9, 9))))
    refused("'two' has test images but no training images", tmp_path)


def test_bad_arrays(tmp_path):
    file = tmp_path / "mine.npz"
    x, y = np.ones((4, 3)), np.array([0, 1, 0, 1])
    np.savez(file, x_train=x, y_train=y, x_test=x)
    refused("no array 'y_test'", file)
    broken = x.copy()
    broken[2, 1] = np.nan
    np.savez(file, x_train=broken, y_train=y, x_test=x, y_test=y)
    refused("training image 2 holds NaN", file)
    np.savez(file, x_train=x, y_train=y + 0.5, x_test=x, y_test=y)
    refused("expected whole numbers", file)
    np.savez(file, x_train=np.array([{}]), y_train=y, x_test=x, y_test=y)
    refused("holds pickled objects, which are not read", file)
    file.write_bytes(b"not a zip")
    refused("is no file of NumPy arrays", file)
    file.write_bytes(b"PK not a zip")
    refused("is not a file of NumPy arrays: File is not a zip file", file)


def test_the_hub_out_of_reach(monkeypatch):
    datasets = pytest.importorskip("datasets")

    def unreachable(*_, **__):
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    refused("cannot get 'someone/thing' from the Hugging Face hub: no route; give", "someone/thing")
