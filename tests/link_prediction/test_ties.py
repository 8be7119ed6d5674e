"""Equal sums must tie exactly, in whatever order they were added."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.link_prediction.ties import snap_ties


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=30), st.integers(0, 2**32))
def test_rounding_errors_vanish_and_values_stay(values, seed):
    rng = np.random.default_rng(seed)
    exact = np.repeat(np.array(values), 5)
    noisy = (exact.view(np.int64) + rng.integers(-12, 13, len(exact))).view(np.float64)
    snapped = snap_ties(noisy.copy())
    np.testing.assert_allclose(snapped, exact, rtol=1e-12)
    for i in range(0, len(exact), 5):
        assert len(set(snapped[i : i + 5].tolist())) == 1


def test_edges_of_cells_are_no_place_where_ties_break():
    edge = np.float64(1.0).view(np.int64) + 2048
    around = np.arange(edge - 20, edge + 21).view(np.float64)
    assert len(set(snap_ties(around).tolist())) == 1


def test_zero_stays_zero_and_order_is_kept():
    values = np.array([0.0, 1.0, 1.0 + 1e-10, 2.0])
    snapped = snap_ties(values.copy())
    assert snapped[0] == 0.0
    assert (np.diff(snapped) > 0).all()
