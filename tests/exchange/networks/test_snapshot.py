"""Networks of files as snapshots: what they are called, and what is said of how they were read."""

import pytest

from netsci_dst.errors import NetsciError
from netsci_dst.exchange import export
from netsci_dst.exchange.networks import read_snapshot


@pytest.mark.parametrize(
    ("file", "name"),
    [("out.moreno", "moreno"), ("out.ca-AstroPh", "ca-AstroPh"), ("out.csv", "out"),
     ("out.tsv.gz", "out"), ("links.txt", "links"), ("outer.opsahl", "outer"), ("out", "out")],
)  # fmt: skip
def test_a_network_is_called_as_its_file(tmp_path, file, name):
    import gzip

    content = b"1\t2\n2\t3\n"
    (tmp_path / file).write_bytes(gzip.compress(content) if file.endswith(".gz") else content)
    assert read_snapshot(tmp_path / file).extra["name"] == name


def test_what_was_exported_says_so_and_how_it_was_read_before(tmp_path):
    (tmp_path / "a.csv").write_text("source,target\na,b\nb,b\n")
    before = read_snapshot(tmp_path / "a.csv")
    export(before, tmp_path / "a.graphml")
    after = read_snapshot(tmp_path / "a.graphml").extra["read"]
    assert after.startswith("2 nodes, 1 link, undirected, unweighted; exported by netsci-dst")
    assert after.endswith(before.extra["read"])


@pytest.mark.parametrize("columns", ["source,target,tme", "source,target,wieght", "surce,target"])
def test_a_role_that_is_none_is_refused(tmp_path, columns):
    (tmp_path / "a.csv").write_text("source,target,time\na,b,1\nb,c,2\n")
    wrong = next(c for c in columns.split(",") if c not in ("source", "target"))
    with pytest.raises(NetsciError, match=f"'{wrong}'"):
        read_snapshot(tmp_path / "a.csv", columns=columns)
