import networkx as nx
import numpy as np
import pytest
from scipy.optimize import minimize

from netsci_dst.analysis import attachment_kernel, history_of_events, link_history, loss_kernel
from netsci_dst.analysis.dynamics.kernels import kernel_in_words
from netsci_dst.analysis.dynamics.poisson import poisson_slope
from netsci_dst.errors import NetsciError


def grown(preference, n=1500, m=2, seed=0):
    """A growing network whose new nodes choose by degree to a power."""
    rng = np.random.default_rng(seed)
    degree = np.zeros(n)
    degree[: m + 1] = m
    u, v, t = [], [], []
    for new in range(m + 1, n):
        weight = degree[:new] ** preference
        chosen = rng.choice(new, m, replace=False, p=weight / weight.sum())
        degree[chosen] += 1
        degree[new] = m
        u += [new] * m
        v += chosen.tolist()
        t += [new] * m
    return history_of_events(u, v, t, states=40)


@pytest.mark.parametrize("preference", [0.0, 1.0])
def test_the_exponent_of_growing_networks_is_found(preference):
    found = attachment_kernel(grown(preference), bootstraps=60, nulls=5)
    assert found.exponent == pytest.approx(preference, abs=0.15)
    low, high = found.interval
    assert low - 0.1 < preference < high + 0.1
    assert found.depends == (preference > 0)
    assert abs(found.null_exponent) < 0.15
    assert ("preferential attachment" in kernel_in_words(found, "gain")) == (preference > 0)


def test_losses_by_chance_are_as_the_null_has_them():
    rng = np.random.default_rng(1)
    full = nx.barabasi_albert_graph(800, 4, seed=1)
    states = [full]
    for _ in range(6):
        thinned = states[-1].copy()
        links = list(thinned.edges)
        thinned.remove_edges_from([links[i] for i in rng.choice(len(links), 120, replace=False)])
        states.append(thinned)
    found = loss_kernel(states, bootstraps=60, nulls=20)
    assert found.exponent == pytest.approx(1, abs=0.15)
    assert found.depends == 0
    assert "as by chance" in kernel_in_words(found, "loss")
    inside = (found.rate >= found.null_low) & (found.rate <= found.null_high)
    assert inside.mean() > 0.6


def test_rates_are_counted_by_hand():
    # A star of 4 and an isolated pair of nodes gain one link at the hub.
    before = nx.Graph([(0, 1), (0, 2), (0, 3)])
    before.add_nodes_from([4, 5])
    after = before.copy()
    after.add_edge(0, 4)
    found = attachment_kernel([before, after], bootstraps=10, nulls=5)
    assert found.degree.tolist() == [0, 1, 3]
    assert found.nodes.tolist() == [2, 3, 1]
    assert found.rate.tolist() == [0.5, 0, 1]
    nothing = loss_kernel([before, after], bootstraps=10, nulls=5)
    assert nothing.rate.tolist() == [0, 0, 0]
    assert "too few" in kernel_in_words(nothing, "loss")


def test_the_slope_is_that_of_the_greatest_likelihood():
    rng = np.random.default_rng(2)
    degree = np.array([1.0, 2, 3, 5, 9, 20])
    exposed = rng.integers(50, 500, degree.size).astype(float)
    hits = rng.poisson(exposed * 0.05 * degree**0.7).astype(float)

    def loss(at):
        mean = exposed * np.exp(at[0]) * degree ** at[1]
        return float((mean - hits * np.log(mean)).sum())

    truth = minimize(loss, [-2, 0.5], method="Nelder-Mead", options={"xatol": 1e-8}).x[1]
    assert poisson_slope(degree, hits, exposed) == pytest.approx(truth, abs=1e-4)


def test_a_run_has_kernels(synthetic_run):
    # The runs of these tests prefer targets that have many links already.
    found = attachment_kernel(synthetic_run, bootstraps=40, nulls=5)
    assert found.nodes.sum() == link_history(synthetic_run).n * 3
    assert np.isfinite(found.exponent)
    assert (found.low <= found.rate + 1e-12).all()
    with pytest.raises(NetsciError, match="bootstraps"):
        attachment_kernel(synthetic_run, bootstraps=0)


def test_well_linked_nodes_that_keep_their_links_are_found():
    # A link goes with a probability by the degrees of its ends to the power -1/2.
    rng = np.random.default_rng(2)
    graph = nx.barabasi_albert_graph(500, 4, seed=2)
    states = [graph]
    for _ in range(6):
        graph = graph.copy()
        links = list(graph.edges)
        weight = np.array([(graph.degree[u] * graph.degree[v]) ** -0.5 for u, v in links])
        gone = rng.choice(len(links), 80, replace=False, p=weight / weight.sum())
        graph.remove_edges_from([links[i] for i in gone])
        states.append(graph)
    found = loss_kernel(states, bootstraps=60, nulls=20)
    assert found.exponent == pytest.approx(0.5, abs=0.15)
    assert found.depends == -1
    assert "keep their links" in kernel_in_words(found, "loss")
