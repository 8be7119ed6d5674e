import importlib
import pkgutil
import subprocess
import sys

import pytest

import netsci_dst.analysis as analysis
from netsci_dst import registry
from netsci_dst.analysis.measure import Measure

REQUIRED = [
    "analyze",
    "angular_separation_index",
    "coalescent_embedding",
    "credit_assigned_paths",
    "fit_power_law",
    "k_shells",
    "modularity",
    "structural_consistency",
    "topological_measures",
]


@pytest.mark.parametrize("name", REQUIRED)
def test_public_names_are_functions(name):
    assert callable(getattr(analysis, name))
    assert name in dir(analysis)


def test_the_table_of_public_names_is_that_of_the_files():
    seen = {}
    for info in pkgutil.walk_packages(analysis.__path__, "netsci_dst.analysis."):
        module = importlib.import_module(info.name)
        short = info.name.removeprefix("netsci_dst.analysis.")
        assert set(getattr(module, "__all__", ())) == set(analysis.PUBLIC.get(short, ())), short
        for name in getattr(module, "__all__", ()):
            assert name not in seen, f"{name} is in {info.name} and {seen[name]}"
            seen[name] = info.name
            assert getattr(module, name).__doc__, f"{name} lacks a docstring"
            assert getattr(analysis, name) is getattr(module, name)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'fit_powerlaw'"):
        _ = analysis.fit_powerlaw


def test_every_measure_says_what_it_is():
    entries = registry.entries("measure")
    assert len(entries) > 20
    for entry in entries:
        assert isinstance(entry.target, Measure)
        assert entry.summary.endswith("."), entry.name
        assert entry.source, entry.name
        assert entry.target.tier in ("cheap", "deep")
        entry.target.resolve()  # every option has a default that can be stored


def test_analysis_imports_neither_torch_nor_heavy_packages():
    code = (
        "import sys, netsci_dst.analysis; from netsci_dst import registry;"
        "registry.names('measure');"
        "print(sorted({'torch','scipy','igraph','pandas','numba','sklearn','plotly'}"
        " & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
