"""What must not change when neurons are renamed, isolated ones are added, or links turned round."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import (
    assortativity,
    bipartite_clustering,
    characteristic_path_length,
    credit_assigned_paths,
    lcp_correlation,
    rich_club,
)
from netsci_dst.topology import Topology

from .conftest import random_chain


def rich_club_above_0(topology):
    # Isolated neurons add possible links at k = 0 alone.
    found = rich_club(topology, n=1)
    return np.nansum(found.phi[found.degree > 0])


MEASURES = {
    "assortativity": assortativity,
    "clustering": lambda t: bipartite_clustering(t).value,
    "lcp": lambda t: lcp_correlation(t).value,
    "path_length": characteristic_path_length,
    "paths": lambda t: float(credit_assigned_paths(t).total),
    "rich_club": rich_club_above_0,
}
SIZES = (7, 9, 8, 6)


def matrices(topology):
    return [layer.to_scipy().toarray() for layer in topology.layers]


def renamed(topology, rng):
    order = [rng.permutation(size) for size in SIZES]
    return Topology.chain([m[order[i]][:, order[i + 1]] for i, m in enumerate(matrices(topology))])


def turned_round(topology, rng):
    return Topology.chain([m.T for m in matrices(topology)[::-1]])


def with_isolated(topology, rng):
    more = rng.integers(0, 3, 4)
    return Topology.chain(
        [np.pad(m, ((0, more[i]), (0, more[i + 1]))) for i, m in enumerate(matrices(topology))]
    )


@pytest.mark.parametrize("change", [renamed, turned_round, with_isolated])
@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), density=st.floats(0.1, 0.7))
def test_invariance(name, change, seed, density):
    topology = random_chain(SIZES, density, seed)
    other = change(topology, np.random.default_rng(seed))
    before, after = MEASURES[name](topology), MEASURES[name](other)
    assert after == pytest.approx(before, rel=1e-9, abs=1e-12, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_paths_through_a_neuron_follow_it(seed):
    topology = random_chain(SIZES, 0.4, seed)
    back = credit_assigned_paths(turned_round(topology, None)).through
    sizes = np.cumsum((0, *SIZES[::-1]))
    parts = [back[sizes[i] : sizes[i + 1]] for i in range(4)][::-1]
    assert np.concatenate(parts).tolist() == credit_assigned_paths(topology).through.tolist()
