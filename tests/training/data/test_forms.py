"""Every form of image data, on small generated files, decoded pixel by pixel."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netsci_dst.training.data import decoding, load

_spec = importlib.util.spec_from_file_location("forms", Path(__file__).with_name("_forms.py"))
forms = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(forms)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("zipped", [True, False])
def test_idx_plain_and_gzip(tmp_path, rng, below, zipped):
    train, test = forms.write_mnist(tmp_path / below, rng, zipped=zipped)
    data = load(tmp_path)
    np.testing.assert_array_equal(data.x_train[:, 0], train[0])
    np.testing.assert_array_equal(data.y_test, test[1])
    assert data.x_train.dtype == np.uint8
    assert data.y_train.dtype == np.int64


def test_emnist_is_turned_upright(tmp_path, rng):
    train, _ = forms.write_mnist(tmp_path, rng, "emnist-balanced-", n=(94, 47), n_classes=47)
    forms.write_mnist(tmp_path, rng, "emnist-digits-")
    data = load("emnist", path=tmp_path)
    np.testing.assert_array_equal(data.x_train[:, 0], train[0].transpose(0, 2, 1))
    assert data.n_classes == len(data.classes) == 47
    assert data.classes[36] == "a"
    assert load("emnist", path=tmp_path, split="digits").n_classes == 10


def test_emnist_letters_count_from_zero(tmp_path, rng):
    forms.write_mnist(tmp_path, rng, "emnist-letters-", n=(52, 26), n_classes=26)
    for part in ("train", "test"):
        path = tmp_path / f"emnist-letters-{part}-labels-idx1-ubyte.gz"
        labels = (np.arange(52 if part == "train" else 26) % 26 + 1).astype(np.uint8)
        forms.write_idx(path, labels, zipped=True)
    data = load("emnist", path=tmp_path, split="letters")
    assert (data.y_train.min(), data.y_train.max()) == (0, 25)


@pytest.mark.parametrize("below", ["", "data"])
def test_parquet_in_parts(tmp_path, rng, below):
    images = forms.picture(rng, (30, 1, 28, 28))
    labels = np.arange(30) % 10
    names = list("abcdefghij")
    for i in range(3):
        path = tmp_path / below / f"train-0000{i}-of-00003.parquet"
        part = slice(10 * i, 10 * i + 10)
        forms.write_parquet(path, images[part], labels[part], names=names)
    forms.write_parquet(tmp_path / below / "test.parquet", images[:5], labels[:5], names=names)
    data = load("fashion_mnist", path=tmp_path)
    np.testing.assert_array_equal(data.x_train, images)
    np.testing.assert_array_equal(data.y_train, labels)
    assert data.classes == tuple(names)


def test_cifar100_parquet_with_two_kinds_of_labels(tmp_path, rng):
    images = forms.picture(rng, (40, 3, 32, 32))
    labels = {"fine_label": np.arange(40) % 100, "coarse_label": np.arange(40) % 20}
    for part in ("train", "test"):
        path = tmp_path / f"{part}-00000-of-00001.parquet"
        forms.write_parquet(path, images, labels, image="img")
    fine = load("cifar100", path=tmp_path)
    np.testing.assert_array_equal(fine.x_train, images)
    assert (fine.n_classes, fine.y_train.max()) == (100, 39)
    coarse = load("cifar100", path=tmp_path, labels="coarse")
    assert (coarse.n_classes, coarse.y_train.max()) == (20, 19)


def test_cifar_binary_versions(tmp_path, rng):
    ten, hundred = tmp_path / "ten" / "cifar-10-batches-bin", tmp_path / "hundred"
    ten.mkdir(parents=True)
    hundred.mkdir()
    pixels = forms.picture(rng, (12, 3, 32, 32))
    flat, label = pixels.reshape(12, -1), (np.arange(12, dtype=np.uint8) % 10)[:, None]
    for i in range(1, 6):
        np.hstack([label, flat]).tofile(ten / f"data_batch_{i}.bin")
    np.hstack([label, flat]).tofile(ten / "test_batch.bin")
    (ten / "batches.meta.txt").write_text("\n".join(f"class {i}" for i in range(10)) + "\n\n")
    for part in ("train", "test"):
        np.hstack([label // 5, label, flat]).tofile(hundred / f"{part}.bin")
    data = load("cifar10", path=ten.parent)
    np.testing.assert_array_equal(data.x_train, np.tile(pixels, (5, 1, 1, 1)))
    np.testing.assert_array_equal(data.y_test, label[:, 0])
    assert data.classes[3] == "class 3"
    np.testing.assert_array_equal(load("cifar100", path=hundred).y_train, label[:, 0])
    coarse = load("cifar100", path=hundred, labels="coarse")
    np.testing.assert_array_equal(coarse.y_train, label[:, 0] // 5)


def write_folders(base, rng, sizes=((40, 30),), n=6, parts=("train", "val")):
    for part in parts:
        for name in ("cat", "dog"):
            folder = base / part / name
            folder.mkdir(parents=True)
            for i in range(n):
                pixels = forms.picture(rng, (3, *sizes[i % len(sizes)]))
                (folder / f"{i}.png").write_bytes(forms.encode(pixels))


def test_image_folders(tmp_path, rng):
    write_folders(tmp_path, rng, n=3)
    data = load(tmp_path)
    assert data.x_train.shape == (6, 3, 40, 30)
    assert data.classes == ("cat", "dog")
    assert data.y_test.tolist() == [0, 0, 0, 1, 1, 1]
    with Image.open(tmp_path / "train" / "dog" / "1.png") as picture:
        np.testing.assert_array_equal(data.x_train[4], np.asarray(picture).transpose(2, 0, 1))


def test_class_folders_alone_are_split(tmp_path, rng):
    write_folders(tmp_path, rng, n=10, parts=("",))
    data = load(tmp_path, test_share=0.3)
    assert (len(data.x_train), len(data.x_test)) == (14, 6)
    assert np.bincount(data.y_test).tolist() == [3, 3]
    assert "30%" in data.notes


def test_imagenet_scales_and_decodes_on_demand(tmp_path, rng, monkeypatch):
    write_folders(tmp_path, rng, sizes=((40, 30), (32, 64)))
    held = load("imagenet", path=tmp_path, size=16)
    assert held.x_train.shape == (12, 3, 16, 16)
    assert held.n_classes == 1000
    monkeypatch.setattr(decoding, "MEMORY_LIMIT", 1000)
    lazy = load("imagenet", path=tmp_path, size=16)
    assert isinstance(lazy.x_train, decoding.LazyImages)
    chosen = np.array([7, 0, 3])
    np.testing.assert_array_equal(lazy.x_train[chosen], held.x_train[chosen])
    np.testing.assert_array_equal(lazy.x_train[5], held.x_train[5])
    np.testing.assert_allclose(lazy.mean, held.mean)
    few = load("imagenet", path=tmp_path, size=16, limit=4)
    assert isinstance(few.x_train, decoding.LazyImages)
    assert few.x_train[:].shape == (4, 3, 16, 16)


def test_parquet_too_large_for_memory(tmp_path, rng, monkeypatch):
    pytest.importorskip("datasets")
    from netsci_dst.training.data import hub, parquet

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    images = forms.picture(rng, (9, 3, 20, 20))
    for part in ("train", "validation"):
        path = tmp_path / "set" / f"{part}-00000-of-00001.parquet"
        forms.write_parquet(path, images, np.arange(9) % 3)
    whole = load(tmp_path / "set")
    monkeypatch.setattr(parquet, "MEMORY_LIMIT", 100)
    mapped, used = hub.large_parquet, []
    monkeypatch.setattr(hub, "large_parquet", lambda *a: used.append(a) or mapped(*a))
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    tables = load(tmp_path / "set")
    assert used
    np.testing.assert_array_equal(tables.x_train, whole.x_train)
    np.testing.assert_array_equal(tables.y_test, whole.y_test)


@pytest.mark.parametrize("shape", [(7,), (5, 6), (3, 5, 6)])
def test_arrays_of_ones_own(tmp_path, rng, shape):
    x = rng.normal(size=(20, *shape))
    y = np.arange(20) % 4
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x[:6], y_test=y[:6])
    data = load(tmp_path / "mine.npz")
    assert (data.name, data.n_classes) == ("mine", 4)
    assert data.n_features == np.prod(shape)
    np.testing.assert_allclose(data.x_train.reshape(20, -1), x.reshape(20, -1), rtol=1e-6)


def test_hub_ids_go_through_datasets(tmp_path, rng, monkeypatch):
    datasets = pytest.importorskip("datasets")
    images = [Image.fromarray(forms.picture(rng, (8, 8))) for _ in range(6)]
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    rows = {"image": images, "label": [0, 1, 0, 1, 0, 1]}
    split = datasets.Dataset.from_dict(rows, features=features)
    asked = []

    def load_dataset(id, config, revision=None):
        asked.append((id, config, revision))
        return datasets.DatasetDict({"train": split, "test": split})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    data = load("someone/letters", revision="main")
    assert asked == [("someone/letters", None, "main")]
    assert data.classes == ("no", "yes")
    np.testing.assert_array_equal(data.x_train[2, 0], np.asarray(images[2]))
