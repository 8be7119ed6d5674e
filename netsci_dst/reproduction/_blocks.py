"""What the page of an experiment says, block by block: ours beside the paper's."""

from __future__ import annotations

import itertools
import json
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import registry
from ..analysis.compared_runs import win_rate
from ._experiment import Cell, Experiment, Published, Row, Setting, experiments
from ._pictures import picture_file
from ._quantities import Quantity
from ._results import ResultTable
from ._words import NOTABLE, Far, difference, duration, plus_minus, published

if TYPE_CHECKING:
    import pandas as pd

QUICK = "quick version, not the paper's size"


@dataclass(frozen=True)
class Block:
    """A piece of the page: a heading, a paragraph, a table, a picture, or where the curves go."""

    kind: str
    text: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def titled(title: str, quick: bool) -> str:
    """Return a title that says when it stands over a quick version."""
    return f"{title} ({QUICK})" if quick else title


def blocks_of(
    experiment: Experiment,
    table: ResultTable,
    quick: bool,
    asked: Sequence[str] | None = None,
) -> list[Block]:
    """Return the page of a table that holds lines of the experiment as it is only.

    Parameters
    ----------
    asked
        Rows that were asked for; others are shown only where they have a line. None: all rows.
    """
    rows = of_kind(table.rows, quick)
    blocks = [Block("heading", experiment.title), Block("text", f"{experiment.source}.")]
    blocks.append(Block("text", experiment.question))
    if experiment.stands_in:
        blocks.append(Block("text", experiment.stands_in))
    if quick:
        blocks.append(Block("strong", f"All figures here: {QUICK}."))
    if rows.empty:
        return [*blocks, Block("strong", "Nothing has been run yet.")]
    count = counts(experiment, table, quick)
    if count.done < count.asked:
        text = f"Not complete: {count.done} of {count.asked} runs are done."
        blocks.append(Block("strong", text))
    for setting in experiment.settings:
        here = rows[rows["setting"] == setting.name]
        if len(here) or (setting.gpu and not quick):
            blocks += _setting_blocks(experiment, setting, here, quick, asked)
    if count.waiting:
        text = f"Runs that take hours on a processor and wait for a GPU: {count.waiting}"
        blocks.append(Block("text", f"{text} (--device cpu makes them all the same)."))
    blocks += _win_rates(experiment, rows, quick)
    blocks += _explanations(experiment)
    if not quick:
        blocks += [Block("text", remark) for remark in experiment.remarks]
    blocks.append(Block("curves"))
    blocks += _pictures(experiment, table, quick)
    blocks += _provenance(experiment, rows, quick)
    return blocks


@dataclass(frozen=True)
class Counts:
    """How many runs have a line, are asked for (or have one), and wait for a GPU."""

    done: int
    asked: int
    waiting: int


def counts(experiment: Experiment, table: ResultTable, quick: bool = False) -> Counts:
    """Count the runs of an experiment; what waits for a GPU is not among those asked for.

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
    Counts
        Runs done, asked for, and waiting for a GPU.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.reproduction import ResultTable, experiments, load_experiment
    >>> from netsci_dst.store import Store
    >>> counts(load_experiment(experiments()[0]), ResultTable(Store(tempfile.mkdtemp()))).done
    0
    """
    done = table.keys(quick)
    missing = [cell for cell in experiment.cells(quick) if cell.key not in done]
    waiting = sum(cell.needs_gpu for cell in missing)
    return Counts(len(done), len(done) + len(missing) - waiting, waiting)


def of_kind(frame: pd.DataFrame, quick: bool) -> pd.DataFrame:
    """Return the quick lines, or those that are not."""
    return frame[frame["quick"].astype(bool) == quick] if len(frame) else frame


def _setting_blocks(
    experiment: Experiment,
    setting: Setting,
    here: pd.DataFrame,
    quick: bool,
    asked: Sequence[str] | None = None,
) -> list[Block]:
    paper_size = setting.stands_for or setting.name
    reported = {row.name: row.published.get(paper_size, {}) for row in experiment.rows}
    # A smaller network, trained shorter, is set beside the paper's and not measured by it.
    smaller = quick or setting.stands_for is not None
    plain = [column for column in experiment.columns if Quantity(column).measure is None]
    head = ["", "runs"]
    for column in plain:
        head.append(Quantity(column).title)
        if any(column in figures for figures in reported.values()):
            head += ["paper, full size"] if smaller else ["paper", "difference"]
    costs = {"wall_s": "wall time", "processor_s": "processor time"}
    costs = {k: v for k, v in costs.items() if np.isfinite(_numbers(here, k)).any()}
    head += costs.values()
    made = set(here["row"])
    shown = [
        row
        for row in experiment.rows_in(setting)
        if asked is None or row.name in asked or row.name in made
    ]
    lines = []
    for row in shown:
        mine = here[here["row"] == row.name]
        absent = "needs a GPU" if row.name in setting.gpu and not quick else "not run"
        line = [_label(row), str(len(mine)) if len(mine) else absent]
        for column in plain:
            values = _numbers(mine, column) * Quantity(column).factor
            line.append(plus_minus(values))
            if any(column in figures for figures in reported.values()):
                paper = reported[row.name].get(column)
                line.append(published(paper))
                if not smaller:
                    line.append(difference(values, paper, experiment.published_runs))
        line += [duration(_numbers(mine, cost)) for cost in costs]
        lines.append(tuple(line))
    text = setting.label or "Results"
    text = text[:1].upper() + text[1:]
    blocks = [Block("subheading", titled(text, quick)), _table(head, lines)]
    measured = [column for column in experiment.columns if column not in plain]
    if any(np.isfinite(_numbers(here, column)).any() for column in measured):
        theirs = {name: {} for name in reported} if smaller else reported
        blocks.append(_measured_table(experiment, measured, shown, here, theirs))
    return blocks


def _measured_table(
    experiment: Experiment,
    columns: Sequence[str],
    rows: Sequence[Row],
    here: pd.DataFrame,
    reported: Mapping[str, Mapping[str, Published]],
) -> Block:
    """Return what measures say of the last topologies: a line per quantity, as there are many."""
    lines = []
    for quantity in map(Quantity, columns):
        line = [quantity.title]
        for row in rows:
            values = _numbers(here[here["row"] == row.name], quantity.name) * quantity.factor
            paper = reported[row.name].get(quantity.name)
            away = difference(values, paper, experiment.published_runs)
            text = plus_minus(values)
            if text and paper is not None:
                text += f" (paper: {published(paper)}; {away})"
            line.append(Far(text) if isinstance(away, Far) else text)
        lines.append(tuple(line))
    return _table(["at the end", *(_label(row) for row in rows)], lines)


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Block:
    """Return a table without the columns that say nothing."""
    kept = [i for i in range(len(head)) if any(line[i] for line in lines)]
    narrow = [tuple(line[i] for i in kept) for line in [head, *lines]]
    return Block("table", "", narrow[0], tuple(narrow[1:]))


def _label(row: Row) -> str:
    return f"{row.label} ({row.note})" if row.note else row.label


def _numbers(frame: pd.DataFrame, column: str) -> Any:
    if column not in frame:
        return np.array([np.nan])
    import pandas as pd

    return pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)


def _win_rates(experiment: Experiment, rows: pd.DataFrame, quick: bool) -> list[Block]:
    groups = list(dict.fromkeys(row.group for row in experiment.rows if row.group))
    labels = {row.name: row.label for row in experiment.rows}
    lines = []
    lower = Quantity(experiment.best).lower_is_better
    for group in groups:
        names = [row.name for row in experiment.rows if row.group == group]
        frame = rows[rows["row"].isin(names)].dropna(subset=[experiment.best])
        if frame["row"].nunique() < 2:
            continue
        rates = win_rate(frame, "row", ("setting", "seed"), experiment.best, not lower)
        shared = frame.groupby(["setting", "seed"])["row"].nunique().eq(frame["row"].nunique())
        for name in names:
            if name in rates and math.isfinite(rates[name]):
                lines.append((group, labels[name], f"{rates[name]:.0%}", str(int(shared.sum()))))
    if not lines:
        return []
    title = f"Win rates by {Quantity(experiment.best).title.partition(',')[0]}"
    head = ("compared", "variant", "win rate", "settings and seeds")
    return [
        Block("subheading", titled(title, quick)),
        Block("table", "", head, tuple(lines)),
    ]


def _explanations(experiment: Experiment) -> list[Block]:
    texts = {
        "anp": "ANP: share of neurons with an outgoing link; behind the last sparse layer, with "
        "an incoming one.",
        "aae": "AAE: area across the epochs, the mean height of the accuracy curve.",
        "itop": "ITOP: share of all possible links that was ever active.",
    }
    told = [text for name, text in texts.items() if name in experiment.columns]
    told.append(
        "± is the standard error over seeds. Differences are ours minus the paper's; in brackets "
        "over the errors of both added in quadrature, where the paper prints one (a single run of "
        f"ours is taken to scatter as the paper's do); more than {NOTABLE:g} are bold."
    )
    measures = [Quantity(c).measure for c in (*experiment.columns, *experiment.curves)]
    for name in dict.fromkeys(filter(None, measures)):
        told.append(f"{name.replace('_', ' ')}: {_summary(name)}")
    return [Block("small", " ".join(told))]


def _summary(measure: str) -> str:
    text = registry.get("measure", measure).summary
    return text[:1].lower() + text[1:]


def _pictures(experiment: Experiment, table: ResultTable, quick: bool) -> list[Block]:
    known = table.keys(quick)
    found = []
    for name, cell in itertools.product(experiment.pictures, _first_seeds(experiment, quick)):
        file = picture_file(cell.folder, name, quick)
        if cell.key in known and table.store.exists(file):
            where = f" ({cell.setting.label})" if cell.setting.label else ""
            what = name.replace("-", " ")
            found.append(Block("picture", f"{cell.row.label}{where}: {what}", (file,)))
    if not found:
        return []
    title = titled("The networks at the end, first seed of each row", quick)
    return [Block("subheading", title), *found]


def _provenance(experiment: Experiment, rows: pd.DataFrame, quick: bool) -> list[Block]:
    facts = []
    for name, what in (("cpu", "Processor"), ("torch", "torch"), ("netsci_dst", "netsci-dst")):
        known = sorted({str(v) for v in rows[name].dropna()}) if name in rows else []
        if known:
            facts.append(f"{what}: {', '.join(known)}")
    total = np.nansum(_numbers(rows, "processor_s"))
    if total:
        facts.append(f"{total / 3600:.1f} processor hours in all")
    verified = int((rows["verified"] == "ok").sum())
    facts.append(f"{verified} of {len(rows)} runs accepted by netsci-dst verify")
    shipped = experiment.name in experiments()
    name = experiment.name if shipped else f"{experiment.name}.toml"
    repeat = f"netsci-dst reproduce {name}{' --quick' if quick else ''}"
    blocks = [
        Block("subheading", "How it was run"),
        Block("text", f"{'. '.join(facts)}."),
        Block("code", repeat),
    ]
    if experiment.kind == "training":
        lines = []
        for cell in _first_seeds(experiment, quick):
            where = f"{cell.setting.label}: " if cell.setting.label else ""
            only = f"--settings {cell.setting.name} " if len(experiment.settings) > 1 else ""
            options = " ".join(_options(cell.changes()))
            if cell.row.start_from:
                options += f" --set init_from=RUN_OF_{cell.row.start_from}"
            lines.append((f"{where}{_label(cell.row)}", f"{only}--rows {cell.row.name}", options))
        blocks += [
            Block(
                "text",
                "Data are fetched by name, or lie where --data says. A row alone, by this command "
                f"or as a run by itself (netsci-dst train {experiment.recipe}, and --seed), takes:",
            ),
            Block("commands", "", ("row", "with reproduce", "with train"), tuple(lines)),
        ]
    return blocks


def _first_seeds(experiment: Experiment, quick: bool) -> Iterable[Cell]:
    return (cell for cell in experiment.cells(quick) if cell.seed == 0)


def _options(table: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    """Yield changes of a recipe as they are typed."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _options(value, f"{prefix}{key}.")
        elif not (key == "seed" and not prefix):
            typed = value if isinstance(value, str) else _toml(value)
            yield f"--set {shlex.quote(f'{prefix}{key}={typed}')}"


def _toml(value: Any) -> str:
    """Return a value as TOML writes it, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
