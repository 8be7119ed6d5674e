"""A table with a row for each node of a network: what was measured, and its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import NetsciError
from .data import NetworkData

if TYPE_CHECKING:
    import pandas as pd


def node_table(network: Any, analyze: bool = True) -> pd.DataFrame:
    """Return a row for each node: the table that the page of a network shows.

    Parameters
    ----------
    network
        A network in any form that `netsci_dst.analyze` takes, or a run that holds one.
    analyze
        Compute what the page shows and is not there yet; False takes what is stored.

    Returns
    -------
    pandas.DataFrame
        Columns ``name``, ``degree``, then those that there are of strength, in, out, in_strength,
        out_strength, coreness, community (1 is the largest), clustering, betweenness, closeness,
        eigenvector, pagerank, component, theta and r (the place in the hyperbolic disk), and the
        attributes of the nodes.

    Raises
    ------
    NetsciError
        If it is a run with layers, or several networks.

    Examples
    --------
    >>> import networkx as nx
    >>> node_table(nx.star_graph(3), analyze=False)["degree"].tolist()
    [3, 1, 1, 1]
    """
    import pandas as pd

    from ..prepare import prepare
    from ..subjects import is_network, open_subjects

    opened = open_subjects(network)
    if len(opened) != 1 or not is_network(opened[0]):
        raise NetsciError("a table of nodes is that of one network without layers")
    if analyze:
        prepare(opened)
    data = NetworkData(opened[0])
    own = {**dict.fromkeys(data.populations[0].attributes), "θ": "theta", "PageRank": "pagerank"}
    columns = {
        (own[title] or title) if title in own else title.replace(" strength", "_strength"): values
        for title, values in data.columns.items()
    }
    return pd.DataFrame({"name": list(data.labels), **columns})
