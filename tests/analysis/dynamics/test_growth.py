import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis import analyze, growth, link_history, reliable_exploration

from ..conftest import make_run


def test_the_tables_belong_together(synthetic_run):
    found = growth(synthetic_run, bootstraps=20, nulls=5)
    assert set(found.kernels["kind"]) == set(found.exponents["kind"]) == {"gain", "loss"}
    assert {"gained", "initial"} <= set(found.survival["links"])
    assert found.half_lives["links"].is_unique
    first = found.survival.groupby("links").first()
    assert (first["share"] == 1).all()
    truth = reliable_exploration(link_history(synthetic_run))
    assert found.exploration["share"].to_numpy() == pytest.approx(truth, nan_ok=True)
    assert found.unit == "epochs"
    # Gained links end somewhere: rates times nodes are their ends.
    gains = found.kernels.query("kind == 'gain'")
    history = link_history(synthetic_run)
    ends = 2 * sum(history.gained(t).size for t in range(len(history.states) - 1))
    assert (gains["rate"] * gains["nodes"]).sum() == pytest.approx(ends)
    assert (gains["null"] * gains["nodes"]).sum() == pytest.approx(ends)


def test_the_measure_is_stored_with_the_run(synthetic_run):
    options = {"growth": {"bootstraps": 20, "nulls": 5}}
    frame = analyze(synthetic_run, "growth", options=options)
    by = frame.set_index("quantity")
    found = growth(synthetic_run, bootstraps=20, nulls=5)
    gain = found.exponents.set_index("kind").loc["gain"]
    assert by["value"]["attachment_exponent"] == pytest.approx(gain["exponent"])
    assert by["text"]["attachment_exponent"] == gain["verdict"]
    assert 0 <= by["value"]["stayed_1"] <= 1
    assert by["text"]["half_life_initial"] == f"{by['value']['half_life_initial']:g} epochs"


def test_runs_that_do_not_grow(tmp_path):
    frame = analyze(make_run(tmp_path / "short", snapshots=2), "growth")
    (note,) = frame.attrs["notes"]
    assert "fewer than three snapshots" in note["reason"]


def test_a_sequence_of_networks():
    graphs = [nx.barabasi_albert_graph(n, 2, seed=1) for n in (30, 40, 50, 60)]
    found = growth(graphs, bootstraps=20, nulls=5)
    assert found.unit == "states"
    assert found.core["k_max"].tolist() == [2, 2, 2, 2]
    assert np.isfinite(found.exponents["exponent"].iloc[0])
