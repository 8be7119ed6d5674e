"""What the page for people who come from another program names is there and works."""

import inspect
import re
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst import analysis, registry
from netsci_dst.methods import MethodOptions

PAGE = Path(__file__).resolve().parents[1] / "docs" / "howto" / "coming_from.md"
OURS = [row.split("|")[2] for row in PAGE.read_text().splitlines() if row.count("|") == 3]
CODE = "\n".join(re.findall(r"`([^`]+)`", "\n".join(OURS)))


def test_every_function_of_the_analysis_that_is_named_exists():
    named = set(re.findall(r"analysis\.(\w+)", CODE))
    assert len(named) > 8
    assert named <= set(analysis.__all__)


def test_every_option_and_method_that_is_named_exists():
    pytest.importorskip("torch")
    known = {*inspect.signature(nd.sparsify).parameters, *MethodOptions.model_fields}
    known |= {"out", "bootstraps"}
    assert set(re.findall(r"\b(\w+)=", CODE)) <= known
    methods = set(re.findall(r'method="(\w+)"', CODE))
    assert {"rigl", "set", "snfs", "gmp"} <= methods <= set(registry.names("method"))


@pytest.mark.parametrize(
    "options",
    [
        {"method": "rigl", "zeta": 0.5, "sparsity": 0.9, "allocation": "erk", "total_steps": 500},
        {"method": "rigl", "zeta_schedule": "cosine", "update_every": 10, "total_steps": 500},
        {"method": "rigl", "update_end": 0.75, "removal": "magnitude", "total_steps": 500},
        {"method": "set"},
        {"method": "snfs", "total_steps": 500},
        {"method": "gmp", "total_steps": 500},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_model_is_made_sparse_as_the_page_says(options):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Linear(30, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    dst = nd.sparsify(model, optimizer, **options)
    model(torch.ones(4, 20)).square().mean().backward()
    optimizer.step()
    dst.step()
    assert all(layer.n_links for layer in dst.topology().layers)


@pytest.mark.filterwarnings("ignore")
def test_values_agree_with_the_programs_that_one_comes_from():
    igraph, powerlaw = pytest.importorskip("igraph"), pytest.importorskip("powerlaw")
    karate = nx.karate_club_graph()
    graph = igraph.Graph.from_networkx(karate)
    assert analysis.k_shells(karate).coreness.tolist() == graph.coreness()
    assert analysis.clustering(karate).value == pytest.approx(
        nx.average_clustering(karate, weight=None)
    )
    degrees = np.random.default_rng(0).zipf(2.5, 500)
    ours = analysis.fit_power_law(degrees, bootstraps=0)
    theirs = powerlaw.Fit(degrees, discrete=True, verbose=False)
    assert (ours.alpha, ours.xmin) == pytest.approx(
        (theirs.power_law.alpha, theirs.power_law.xmin), rel=0.01
    )
    assert ours.to_powerlaw().power_law.alpha == pytest.approx(ours.alpha, rel=1e-3)
