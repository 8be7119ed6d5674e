"""Decoded images on disk: found again, rebuilt when damaged, never in the way."""

import numpy as np
import pytest

from netsci_dst.training.data._cache import cache_folder, cached


@pytest.fixture
def big(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return np.random.default_rng(0).integers(0, 256, (6, 1024, 1024), dtype=np.uint8)


def never():
    raise AssertionError("built again")


def test_kept_and_found(big):
    np.testing.assert_array_equal(cached("one", lambda: big), big)
    np.testing.assert_array_equal(cached("one", never), big)
    assert len(list(cache_folder().iterdir())) == 1


def test_a_damaged_entry_is_built_again(big):
    cached("one", lambda: big)
    (file,) = cache_folder().iterdir()
    data = bytearray(file.read_bytes())
    for damaged in (data[:-5], data[: len(data) // 2], b"", data[:5000] + b"\0\1" + data[5002:]):
        file.write_bytes(bytes(damaged))
        np.testing.assert_array_equal(cached("one", lambda: big), big)
        np.testing.assert_array_equal(cached("one", never), big)


def test_small_arrays_and_unwritable_folders_are_no_trouble(big, monkeypatch, tmp_path):
    cached("small", lambda: big[0, :2])
    assert not cache_folder().exists()
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    np.testing.assert_array_equal(cached("two", lambda: big), big)
