"""No module imports, even late, what imports it."""

import pytest

grimp = pytest.importorskip("grimp")
nx = pytest.importorskip("networkx")


def test_no_circles_of_imports():
    found = grimp.build_graph("netsci_dst", exclude_type_checking_imports=True, cache_dir=None)
    graph = nx.DiGraph(
        (module, other)
        for module in found.modules
        for other in found.find_modules_directly_imported_by(module)
    )
    assert len(graph) > 300
    circles = [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]
    assert circles == []
