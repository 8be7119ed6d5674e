"""The real data at hand, against its published checks."""

import hashlib

import numpy as np
import pytest

from netsci_dst.training.data import load


def test_digits_are_embedded():
    data = load("digits")
    assert (data.kind, data.shape, data.n_classes) == ("image", (1, 8, 8), 10)
    assert (len(data.x_train), len(data.x_test)) == (1437, 360)
    assert data.x_train.dtype == np.float32
    assert data.x_train.max() == 1.0
    assert np.bincount(data.y_test).min() >= 34
    assert load("digits").fingerprint == data.fingerprint


def test_mnist_is_exact_from_idx_and_parquet(shared_data):
    parquet = load("mnist", path=shared_data / "mnist")
    idx = load("mnist", path=shared_data / "mnist" / "idx")
    assert parquet.fingerprint == idx.fingerprint
    assert parquet.x_train.shape == (60_000, 1, 28, 28)
    # The published checksum of the original file, less its header of 16 bytes.
    head = bytes.fromhex("00000803 0000ea60 0000001c 0000001c")
    digest = hashlib.md5(head + parquet.x_train.tobytes(), usedforsecurity=False).hexdigest()
    assert digest == "6bbc9ace898e44ae57da46a324031adb"
    assert parquet.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert parquet.y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert parquet.mean[0] == pytest.approx(0.130660, abs=1e-6)
    assert parquet.std[0] == pytest.approx(0.308108, abs=1e-6)
    x = parquet.normalised("train", slice(0, 5000))
    assert x.dtype == np.float32
    assert abs(x.mean()) < 0.02


def test_cifar10_says_that_it_is_a_re_encoding(shared_data):
    data = load("cifar10", path=shared_data / "cifar10", limit=500, limit_test=100)
    assert data.shape == (3, 32, 32)
    assert len(data.x_train) == 500
    assert "JPEG re-encoding" in data.notes
    assert data.classes[0] == "airplane"
    np.testing.assert_allclose(data.mean, [0.49125, 0.48209, 0.44652], atol=1e-5)
    np.testing.assert_allclose(data.std, [0.24523, 0.24278, 0.26063], atol=1e-5)
    assert data.augment is not None
