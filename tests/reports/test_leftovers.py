"""What a report or a figure that was killed left behind is cleaned by the next."""

import os

import pytest

import netsci_dst as nd
from netsci_dst.errors import RunError
from netsci_dst.exchange.write_file import write_file
from netsci_dst.reports.page import write


@pytest.mark.parametrize("make", [lambda p: write(p, "x"), lambda p: write_file(p, b"x")])
def test_the_next_writer_of_a_file_cleans_what_the_last_one_left(tmp_path, make):
    left, other = tmp_path / ".page.html.tmp-1-2", tmp_path / ".other.html.tmp-1-2"
    left.write_bytes(b"half")
    other.write_bytes(b"half")
    make(tmp_path / "page.html")
    assert sorted(os.listdir(tmp_path)) == [other.name, "page.html"]


def test_a_full_disk_leaves_the_old_page_and_nothing_else(tmp_path, monkeypatch):
    write(tmp_path / "page.html", "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="disk is full"):
        write(tmp_path / "page.html", "new")
    assert (tmp_path / "page.html").read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]


def test_folders_of_networks_whose_process_is_gone_are_removed(tmp_path, monkeypatch):
    import tempfile

    import networkx as nx

    from netsci_dst.reports.subjects import open_subjects

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone, alive = tmp_path / "netsci-dst-4194999-x", tmp_path / f"netsci-dst-{os.getpid()}-x"
    foreign = tmp_path / "netsci-dst-notes-x"
    for folder in (gone, alive, foreign):
        folder.mkdir()
    opened = open_subjects(nx.path_graph(4))
    assert isinstance(opened[0], nd.Run)
    assert not gone.exists()
    assert alive.exists()
    assert foreign.exists()
