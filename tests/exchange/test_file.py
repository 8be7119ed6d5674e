"""A single file lands whole at whatever place is named."""

import fsspec
import pytest

from netsci_dst.errors import RunError
from netsci_dst.exchange.write_file import write_file


@pytest.mark.parametrize("name", ["values.csv", "new/folder/values.csv"])
def test_local_paths(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert write_file(name, b"1") == name
    assert (tmp_path / name).read_bytes() == b"1"
    write_file(tmp_path / name, b"2")
    assert (tmp_path / name).read_bytes() == b"2"
    assert [path.name for path in (tmp_path / name).parent.iterdir()] == ["values.csv"]


@pytest.mark.parametrize("url", ["memory://values.csv", "memory://folder/values.csv"])
def test_urls(url):
    write_file(url, b"there")
    with fsspec.open(url) as file:
        assert file.read() == b"there"


def test_a_folder_is_not_overwritten(tmp_path):
    with pytest.raises(RunError, match="cannot write"):
        write_file(tmp_path, b"")
    with pytest.raises(RunError, match="cannot write"):
        write_file(f"{tmp_path}/", b"")
