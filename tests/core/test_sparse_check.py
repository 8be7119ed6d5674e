"""Damaged sparse matrices of a caller are refused by all that take one; none ends the process."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

CALLS = {
    "network": "Topology.network(m)",
    "layer": "Layer.from_matrix('a', 's', 't', m)",
    "chain": "Topology.chain([m])",
    "scores": "lp.ra_l3(m)",
    "top": "lp.top_links(m, k=3)",
    "analyze": "nd.analyze(m, 'degrees')",
    "k-shells": "nd.analysis.k_shells(m)",
    "read": "nd.read_network(m)",
}
CODE = """
import sys, numpy as np, scipy.sparse as sp
import netsci_dst as nd
from netsci_dst import link_prediction as lp
from netsci_dst.topology import Layer, Topology
sys.path.insert(0, {folder!r})
from test_sparse_check import CALLS, KINDS, damaged
for name, call in CALLS.items():
    for kind in KINDS:
        m = damaged(kind)
        try:
            eval(call)
        except nd.errors.NetsciError as error:
            assert chr(10) not in str(error)
        else:
            raise SystemExit(f"{{name}} took {{kind}}")
    print(name, flush=True)
"""


def damaged(kind):
    m = sp.random(30, 30, 0.2, format="csr", random_state=0)
    m = sp.csr_array(m + m.T)
    if kind == "csr row starts beyond":
        m.indptr[3] = 10**6
    elif kind == "csr row starts out of order":
        m.indptr[[3, 20]] = m.indptr[[20, 3]]
    elif kind == "csr index":
        m.indices[5] = 10**6
    elif kind == "csr negative index":
        m.indices[5] = -7
    elif kind == "short":
        m.data = m.data[:3]
    elif kind == "csc index":
        m = sp.csc_array(m)
        m.indices[5] = 10**6
    elif kind == "bsr index":
        m = sp.bsr_array(m, blocksize=(3, 3))
        m.indices[5] = 10**6
    elif kind == "coo":
        m = sp.coo_array(m)
        rows = m.row.copy()
        rows[3] = 10**6
        m.row = rows
    else:
        m = sp.lil_array(m)
        m.rows[2][0] = 10**6
    return m


KINDS = [
    *("csr row starts beyond", "csr row starts out of order", "csr index", "csr negative index"),
    *("short", "csc index", "bsr index", "coo", "lil"),
]


@pytest.fixture(scope="module")
def done():
    """What a process of its own says, which would die where a matrix is not looked at first."""
    code = CODE.format(folder=__file__.rpartition("/")[0])
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", CALLS)
def test_damaged_matrices_are_refused(done, name):
    assert name in done.stdout.splitlines(), (done.returncode, done.stdout, done.stderr[-400:])


def test_sound_matrices_of_every_form_pass():
    from netsci_dst.sparse_check import sound_sparse

    m = sp.random(9, 9, 0.3, random_state=0)
    for form in ("csr", "csc", "coo", "bsr", "lil", "dok", "dia"):
        assert np.array_equal(sound_sparse(m.asformat(form)).toarray(), m.toarray())
