"""The links of a file one by one, in their order, with their times: for networks that grow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .read import find_links


def read_links(source: Any, **options: Any) -> pd.DataFrame:
    r"""Return every link of a file as it is listed, parallel links and self-loops included.

    Parameters
    ----------
    source
        A file or object as `netsci_dst.read_network` takes it.
    options
        Those of `netsci_dst.read_network`.

    Returns
    -------
    pandas.DataFrame
        Columns ``source`` and ``target`` (names), ``weight`` where there is one, ``time`` where
        there is one: numbers, dates in UTC, or text.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "calls.csv"
    >>> _ = file.write_text("source,target,time\na,b,3\na,b,5\n")
    >>> read_links(file)["time"].tolist()
    [3, 5]
    """
    found = find_links(source, **options)
    table = found.table
    n = len(found.times) if found.times is not None else len(table.sources)
    labels = np.array(table.names or [str(i) for i in range(table.n)], dtype=object)
    columns = {"source": labels[table.sources[:n]], "target": labels[table.targets[:n]]}
    if table.weights is not None:
        columns["weight"] = table.weights[:n]
    if found.times is not None:
        columns["time"] = (
            np.asarray(found.times) if found.times.dtype.kind in "iuf" else found.times
        )
    return pd.DataFrame(columns)
