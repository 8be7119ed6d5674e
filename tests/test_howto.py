"""The how-to pages do what they say."""

import re
import tomllib
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from netsci_dst import registry

HOWTO = Path(__file__).resolve().parents[1] / "docs" / "howto"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)


def test_the_measure_of_the_page_runs_and_is_stored_by_its_options(request):
    request.addfinalizer(lambda: registry.remove("measure", "top_degree_share"))
    from netsci_dst.analysis import analyze

    exec(compile(blocks("add_a_measure.md", "python")[0], "add_a_measure.md", "exec"), {})
    star = nx.star_graph(99)
    frame = analyze(star, "top_degree_share")
    assert frame["value"].tolist() == [99 / 198]
    frame = analyze(star, "top_degree_share", options={"top_degree_share": {"share": 0.02}})
    assert frame["value"].tolist() == [100 / 198]


def test_the_method_of_the_page_trains(tmp_path):
    pytest.importorskip("torch")
    from netsci_dst.training import train

    options = tomllib.loads(blocks("add_a_method.md", "toml")[0])
    options = {k: v for k, v in options.items() if k not in ("summary", "source")}
    run = train(
        data="digits",
        model="mlp",
        model_options={"hidden": [32, 32]},
        method="set",
        method_options=options,
        sparsity=0.8,
        epochs=2,
        out=tmp_path / "run",
    )
    links = np.unique(run.evolution.query("layer == 'all'")["links"])
    assert links.size == 1
