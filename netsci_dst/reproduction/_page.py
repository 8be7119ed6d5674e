"""The page of an experiment, written into its folder or returned for the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import NetsciError
from ..run import load_run
from ..store import Store
from ._blocks import Block, blocks_of, of_kind, titled
from ._curves import curves_of
from ._experiment import Experiment
from ._plan import Key, plan, runs_folder
from ._render import to_html, to_markdown
from ._results import ResultTable


def write_page(
    experiment: Experiment,
    store: Store,
    table: ResultTable | None = None,
    quick: bool = False,
    *,
    digests: Mapping[Key, str] | None = None,
    compare: bool = True,
    rows: Sequence[str] | None = None,
) -> Path:
    """Write ``index.html`` (``quick.html``) with its figures inside, and return its path.

    Parameters
    ----------
    experiment
        What was run.
    store
        The local folder of its results.
    table
        Its results; by default those in the folder.
    quick
        Those of the smaller version.
    digests
        By setting, row, seed and quick, the request whose lines count; by default that of the
        experiment. Lines of earlier requests are left out.
    compare
        Also write ``comparison.html``, the report comparing the runs that are at hand.
    rows
        Rows that were asked for; others are left out unless they have a line.

    Returns
    -------
    Path
        The page.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.reproduction import experiments, load_experiment
    >>> from netsci_dst.store import Store
    >>> write_page(load_experiment(experiments()[0]), Store(tempfile.mkdtemp()), compare=False).name
    'index.html'
    """
    table = table if table is not None else ResultTable(store)
    link = ""
    if compare and experiment.kind == "training":
        link = _comparison(experiment, store, quick, table.seeds(quick))
    table, old = _current(experiment, table, quick, digests)
    blocks = blocks_of(experiment, table, quick, rows)
    if old:
        text = f"{old} lines of earlier requests are left out: run it again."
        blocks.append(Block("strong", text))
    if link:
        blocks.append(Block("link", link))
    svgs = {name: svg.decode() for name, svg in curves_of(experiment, table, quick).items()}
    name = "quick.html" if quick else "index.html"
    title = titled(experiment.title, quick)
    store.write(name, to_html(title, blocks, svgs, store).encode())
    return Path(store.path(name))


def _comparison(experiment: Experiment, store: Store, quick: bool, seeds: int) -> str:
    """Write the comparison report of the runs that are at hand; return its name."""
    place = runs_folder(store, quick)
    runs = []
    for cell in experiment.cells(quick, seeds):
        try:
            run = load_run(f"{place}/{cell.folder}")
        except NetsciError:
            continue
        if run.status == "finished":
            runs.append(run)
    if len(runs) < 2:
        return ""
    from ..reports import report

    name = "quick-comparison.html" if quick else "comparison.html"
    title = titled(experiment.title, quick)
    report(runs, store.path(name), title=title, analyze=False, max_frames=60)
    return name


def _current(
    experiment: Experiment,
    table: ResultTable,
    quick: bool,
    digests: Mapping[Key, str] | None = None,
) -> tuple[ResultTable, int]:
    """Return the table without lines of other requests, and how many those were."""
    if digests is None:
        tasks = plan(experiment, table.store, quick=quick, at_least=table.seeds(quick))
        digests = {key: task.digest for key, task in tasks.items()}
    kept = table.only(digests)
    return kept, len(of_kind(table.rows, quick)) - len(kept.rows)


def page_blocks(experiment: Experiment, table: ResultTable, quick: bool = False) -> list[Block]:
    """Return the page without its pictures, of the lines that belong to the experiment as it is.

    Parameters
    ----------
    experiment
        What was asked.
    table
        Its results.
    quick
        Those of the smaller version.

    Returns
    -------
    list
        Headings, words and tables, in order.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.reproduction import ResultTable, experiments, load_experiment
    >>> from netsci_dst.store import Store
    >>> table = ResultTable(Store(tempfile.mkdtemp()))
    >>> blocks = page_blocks(load_experiment(experiments()[0]), table)
    >>> len(blocks) > 0
    True
    """
    return blocks_of(experiment, _current(experiment, table, quick)[0], quick)


def figures(experiment: Experiment, table: ResultTable, quick: bool = False) -> dict[str, bytes]:
    """Return the curves over the epochs as SVG, by name.

    Parameters
    ----------
    experiment
        What was asked.
    table
        Its results.
    quick
        Those of the smaller version.

    Returns
    -------
    dict
        Name -> SVG; empty without curves.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.reproduction import ResultTable, experiments, load_experiment
    >>> from netsci_dst.store import Store
    >>> figures(load_experiment(experiments()[0]), ResultTable(Store(tempfile.mkdtemp())))
    {}
    """
    return curves_of(experiment, _current(experiment, table, quick)[0], quick)


def markdown(
    experiment: Experiment, table: ResultTable, curves: Sequence[str] = (), results: str = "."
) -> str:
    """Return the page as Markdown, for the documentation.

    Parameters
    ----------
    experiment
        What was asked.
    table
        Its results.
    curves
        Paths of the figures of its curves, from where the page lies.
    results
        Path of the results' folder, from where the page lies.

    Returns
    -------
    str
        With a table for each setting.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.reproduction import ResultTable, experiments, load_experiment
    >>> from netsci_dst.store import Store
    >>> experiment = load_experiment(experiments()[0])
    >>> text = markdown(experiment, ResultTable(Store(tempfile.mkdtemp())))
    >>> experiment.title in text
    True
    """
    return to_markdown(page_blocks(experiment, table), curves, results)
