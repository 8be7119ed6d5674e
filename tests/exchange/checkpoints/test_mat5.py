import numpy as np
import pytest
import scipy.io
import scipy.sparse

from netsci_dst.errors import FormatError
from netsci_dst.exchange.mat5 import read_mat5


@pytest.mark.parametrize("compress", [False, True])
def test_variables_are_those_scipy_wrote(tmp_path, compress):
    rng = np.random.default_rng(0)
    sparse = scipy.sparse.csc_matrix((rng.random((5, 7)) < 0.3) * rng.random((5, 7)))
    cells = np.empty((1, 2), dtype=object)
    cells[0, 0], cells[0, 1] = rng.random((2, 3)), rng.random((3, 2)).astype(np.float32)
    written = {
        "a": rng.random((4, 3)),
        "b": rng.integers(-5, 5, (2, 2)).astype(np.int16),
        "c": rng.random((3, 3)) < 0.5,
        "s": sparse,
        "empty": scipy.sparse.csc_matrix((3, 2)),
        "text": "hello é",
        "cells": cells,
        "z": np.array([[1 + 2j]]),
    }
    scipy.io.savemat(tmp_path / "x.mat", written, do_compression=compress)
    read = read_mat5(tmp_path / "x.mat")
    for name in ("a", "b", "c"):
        assert np.array_equal(read[name], written[name])
    assert read["b"].dtype == np.int16
    assert np.array_equal(read["s"].toarray(), sparse.toarray())
    assert read["empty"].shape == (3, 2)
    assert read["text"] == "hello é"
    assert np.array_equal(read["cells"][1], cells[0, 1])
    assert "z" not in read


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.mat").write_bytes(b"no" * 100)
    with pytest.raises(FormatError, match="not a readable"):
        read_mat5(tmp_path / "x.mat")
