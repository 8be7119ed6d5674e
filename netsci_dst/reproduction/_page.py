"""The page of an experiment: ours beside the paper's, as HTML and as Markdown."""

from __future__ import annotations

import base64
import html
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import registry
from ..analysis.across_runs import mean_and_error, win_rate
from ..errors import NetsciError
from ..run import load_run
from ..store import Store
from ._experiment import Cell, Experiment, Published, Row, Setting, experiments
from ._pictures import picture_file
from ._plan import Key, plan, runs_folder
from ._quantities import Quantity
from ._results import ResultTable

if TYPE_CHECKING:
    import pandas as pd

NOTABLE = 3.0  # standard errors
_QUICK = "quick version, not the paper's size"


@dataclass(frozen=True)
class Block:
    """A piece of the page: a heading, a paragraph, a table, a picture, or where the curves go."""

    kind: str
    text: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Far(str):
    """The text of a difference of more than `NOTABLE` standard errors."""


def _titled(title: str, quick: bool) -> str:
    return f"{title} ({_QUICK})" if quick else title


def write_page(
    experiment: Experiment,
    store: Store,
    table: ResultTable | None = None,
    quick: bool = False,
    *,
    digests: Mapping[Key, str] | None = None,
    compare: bool = True,
) -> Path:
    """Write ``index.html`` (``quick.html``) with its figures inside, and return its path.

    Parameters
    ----------
    experiment
        What was run.
    store
        The local folder of its results.
    digests
        By setting, row, seed and quick, the request whose lines count; by default that of the
        experiment. Lines of earlier requests are left out.
    compare
        Also write ``comparison.html``, the report comparing the runs that are at hand.
    """
    table = table if table is not None else ResultTable(store)
    link = ""
    if compare and experiment.kind == "training":
        link = _comparison(experiment, store, quick, table.seeds(quick))
    table, old = _current(experiment, table, quick, digests)
    blocks = _blocks(experiment, table, quick)
    if old:
        text = f"{old} lines of earlier requests are left out: run it again."
        blocks.append(Block("strong", text))
    if link:
        blocks.append(Block("link", link))
    svgs = {name: svg.decode() for name, svg in _figures(experiment, table, quick).items()}
    name = "quick.html" if quick else "index.html"
    title = _titled(experiment.title, quick)
    store.write(name, _html(title, blocks, svgs, store).encode())
    return Path(store.path(name))


# --- what the page says -----------------------------------------------------------------------


def page_blocks(experiment: Experiment, table: ResultTable, quick: bool = False) -> list[Block]:
    """Return the page without its pictures, of the lines that belong to the experiment as it is."""
    return _blocks(experiment, _current(experiment, table, quick)[0], quick)


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
    return kept, len(_of(table.rows, quick)) - len(kept.rows)


def _blocks(experiment: Experiment, table: ResultTable, quick: bool) -> list[Block]:
    rows = _of(table.rows, quick)
    blocks = [Block("heading", experiment.title), Block("text", f"{experiment.source}.")]
    blocks.append(Block("text", experiment.question))
    if experiment.stands_in:
        blocks.append(Block("text", experiment.stands_in))
    if quick:
        blocks.append(Block("strong", f"All figures here: {_QUICK}."))
    if rows.empty:
        return [*blocks, Block("strong", "Nothing has been run yet.")]
    asked = {cell.key for cell in experiment.cells(quick)}
    done = asked & table.keys(quick)
    if len(done) < len(asked):
        text = f"Not complete: {len(done)} of {len(asked)} runs are done."
        blocks.append(Block("strong", text))
    for setting in experiment.settings:
        here = rows[rows["setting"] == setting.name]
        if len(here):
            blocks += _setting_blocks(experiment, setting, here, quick)
    blocks += _win_rates(experiment, rows, quick)
    blocks += _explanations(experiment)
    for remark in experiment.remarks:
        blocks.append(Block("text", remark))
    blocks.append(Block("curves"))
    blocks += _pictures(experiment, table, quick)
    blocks += _provenance(experiment, rows, quick)
    return blocks


def _of(frame: pd.DataFrame, quick: bool) -> pd.DataFrame:
    return frame[frame["quick"].astype(bool) == quick] if len(frame) else frame


def _setting_blocks(
    experiment: Experiment, setting: Setting, here: pd.DataFrame, quick: bool
) -> list[Block]:
    printed = {row.name: row.published.get(setting.name, {}) for row in experiment.rows}
    if quick:  # a smaller network, trained shorter, says nothing about the paper's figures
        printed = {name: {} for name in printed}
    plain = [column for column in experiment.columns if Quantity(column).measure is None]
    head = ["", "runs"]
    for column in plain:
        head.append(Quantity(column).title)
        if any(column in figures for figures in printed.values()):
            head += ["paper", "difference"]
    costs = {"wall_s": "wall time", "processor_s": "processor time"}
    costs = {k: v for k, v in costs.items() if np.isfinite(_numbers(here, k)).any()}
    head += costs.values()
    shown = experiment.rows_in(setting)
    lines = []
    for row in shown:
        mine = here[here["row"] == row.name]
        line = [_label(row), str(len(mine)) if len(mine) else "not run"]
        for column in plain:
            values = _numbers(mine, column) * Quantity(column).factor
            line.append(_plus_minus(values))
            if any(column in figures for figures in printed.values()):
                paper = printed[row.name].get(column)
                line += [_published(paper), _difference(values, paper, experiment.published_runs)]
        line += [_duration(_numbers(mine, cost)) for cost in costs]
        lines.append(tuple(line))
    text = setting.label or "Results"
    blocks = [
        Block("subheading", _titled(text, quick)),
        Block("table", "", tuple(head), tuple(lines)),
    ]
    measured = [column for column in experiment.columns if column not in plain]
    if any(np.isfinite(_numbers(here, column)).any() for column in measured):
        blocks.append(_measured_table(experiment, measured, shown, here, printed))
    return blocks


def _measured_table(
    experiment: Experiment,
    columns: Sequence[str],
    rows: Sequence[Row],
    here: pd.DataFrame,
    printed: Mapping[str, Mapping[str, Published]],
) -> Block:
    """Return what measures say of the last topologies: a line per quantity, as there are many."""
    lines = []
    for quantity in map(Quantity, columns):
        line = [quantity.title]
        for row in rows:
            values = _numbers(here[here["row"] == row.name], quantity.name) * quantity.factor
            paper = printed[row.name].get(quantity.name)
            difference = _difference(values, paper, experiment.published_runs)
            text = _plus_minus(values)
            if text and paper is not None:
                text += f" (paper: {_published(paper)}; {difference})"
            line.append(Far(text) if isinstance(difference, Far) else text)
        lines.append(tuple(line))
    kept = [0, *(i for i in range(1, len(rows) + 1) if any(line[i] for line in lines))]
    head = ("at the end", *(_label(row) for row in rows))
    narrow = [tuple(line[i] for i in kept) for line in [head, *lines]]
    return Block("table", "", narrow[0], tuple(narrow[1:]))


def _label(row: Row) -> str:
    return f"{row.label} ({row.note})" if row.note else row.label


def _numbers(frame: pd.DataFrame, column: str) -> Any:
    if column not in frame:
        return np.array([np.nan])
    import pandas as pd

    return pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)


def difference_in_errors(values: Any, paper: Published | None, published_runs: int = 3) -> float:
    """Return (our mean - the paper's) over the standard error of the difference.

    The errors of both sides add in quadrature. A single run of ours scatters as the paper's runs
    do: its error is the paper's times the root of their number. NaN when the paper prints no
    error: then nobody can say how far is far.
    """
    ours = mean_and_error(values)
    if paper is None or paper.error is None or not math.isfinite(ours.mean):
        return float("nan")
    alone = paper.error * math.sqrt(published_runs)
    error = math.hypot(paper.error, ours.error if math.isfinite(ours.error) else alone)
    return (ours.mean - paper.value) / error if error else float("nan")


def _difference(values: Any, paper: Published | None, published_runs: int) -> str:
    ours = mean_and_error(values)
    found = difference_in_errors(values, paper, published_runs)
    if paper is None or not math.isfinite(ours.mean):
        return ""
    away = ours.mean - paper.value
    plain = f"{away:+,.0f}" if abs(away) >= 1e4 else f"{away:+.3g}"
    if not math.isfinite(found):
        return plain
    text = f"{plain} ({found:+.1f} s.e.)"
    return Far(text) if abs(round(found, 1)) > NOTABLE else text


def _published(paper: Published | None) -> str:
    if paper is None:
        return ""
    value = f"{paper.value:,.0f}" if abs(paper.value) >= 1e4 else f"{paper.value:g}"
    return value if paper.error is None else f"{value} ± {paper.error:g}"


def _plus_minus(values: Any) -> str:
    found = mean_and_error(values)
    if not math.isfinite(found.mean):
        return ""
    if not math.isfinite(found.error):
        return _short(found.mean)
    if found.error == 0:
        return f"{_short(found.mean)} ± 0"
    digits = min(4, max(0, 1 - math.floor(math.log10(found.error))))
    return f"{found.mean:,.{digits}f} ± {found.error:.{digits}f}"


def _short(value: float) -> str:
    if value and not 1e-3 <= abs(value) < 1e12:
        return f"{value:.3g}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _duration(seconds: Any) -> str:
    mean = mean_and_error(seconds).mean
    if not math.isfinite(mean):
        return ""
    if mean < 120:
        return f"{mean:.3g} s"
    return f"{mean / 60:.0f} min" if mean < 7200 else f"{mean / 3600:.1f} h"


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
        Block("subheading", _titled(title, quick)),
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
    title = _titled("The networks at the end, first seed of each row", quick)
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
        recipe = f"Recipe {experiment.recipe}; changes by row:"
        changes = []
        for cell in _first_seeds(experiment, quick):
            known = ((rows["setting"] == cell.setting.name) & (rows["row"] == cell.row.name)).any()
            if known:
                words = list(_settings(cell.changes()))
                where = f"{cell.setting.label}: " if cell.setting.label else ""
                changes.append((f"{where}{cell.row.label}", " ".join(words)))
        blocks += [
            Block("text", recipe),
            Block("table", "", ("row", "--set"), tuple(changes)),
        ]
    return blocks


def _first_seeds(experiment: Experiment, quick: bool) -> Iterable[Cell]:
    return (cell for cell in experiment.cells(quick) if cell.seed == 0)


def _settings(table: dict[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _settings(value, f"{prefix}{key}.")
        elif not (key == "seed" and not prefix):
            yield f"{prefix}{key}={value}"


# --- pictures ---------------------------------------------------------------------------------


def figures(experiment: Experiment, table: ResultTable, quick: bool = False) -> dict[str, bytes]:
    """Return the curves over the epochs as SVG, by name."""
    return _figures(experiment, _current(experiment, table, quick)[0], quick)


def _figures(experiment: Experiment, table: ResultTable, quick: bool) -> dict[str, bytes]:
    curves = _of(table.curves, quick)
    if curves.empty:
        return {}
    import io

    from ..report._colours import OKABE_ITO
    from ..report._matplotlib import STYLE, canvas
    from ..report._need import need

    matplotlib = need("matplotlib", "report", "a figure")
    drawn = {}
    # More lines than colours that can be told apart: the colours again, with dashes.
    looks = [(colour, dash) for dash in ("-", "--", ":", "-.") for colour in OKABE_ITO]
    for setting, name in itertools.product(experiment.settings, experiment.curves):
        here = curves[(curves["setting"] == setting.name) & (curves["quantity"] == name)]
        here = here[np.isfinite(here["value"].astype(float))]
        if here.empty:
            continue
        quantity = Quantity(name)
        rows = experiment.rows_in(setting)
        longest = max(len(row.label) for row in rows)
        with matplotlib.rc_context({**STYLE, "svg.fonttype": "path"}):
            figure, axes = canvas(3.8 + 0.04 * longest, 2.8)
            for row, (colour, dash) in zip(rows, itertools.cycle(looks)):
                mine = here[here["row"] == row.name]
                if mine.empty:
                    continue
                values = mine["value"].astype(float) * quantity.factor
                by_epoch = values.groupby(mine["epoch"].astype(float))
                mean, error = by_epoch.mean(), by_epoch.sem()
                axes.plot(mean.index, mean, dash, color=colour, label=row.label, lw=1.2)
                if error.notna().any():
                    low, high = mean - error, mean + error
                    axes.fill_between(mean.index, low, high, color=colour, alpha=0.2, lw=0)
            title = [quantity.title, setting.label, _QUICK if quick else ""]
            axes.set_title("\n".join(part for part in title if part), fontsize=8)
            axes.set_xlabel("epoch")
            figure.legend(loc="outside right upper", fontsize=6)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None})
        safe = "".join(c if c.isalnum() else "-" for c in f"{setting.name}-{name}")
        drawn[f"{experiment.name}-{safe}"] = buffer.getvalue()
    return drawn


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
    from ..report import report

    name = "quick-comparison.html" if quick else "comparison.html"
    title = _titled(experiment.title, quick)
    report(runs, store.path(name), title=title, analyze=False, max_frames=60)
    return name


# --- as text ----------------------------------------------------------------------------------

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:96rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}
.wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:.85rem}
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-weight:600;border-bottom-width:2px}
.far{font-weight:700}.strong{font-weight:700;border-left:4px solid #D55E00;padding-left:.7rem}
.small{font-size:.8rem;opacity:.8}pre,code{background:var(--soft);padding:.1rem .3rem}
figure{display:inline-block;margin:.5rem;background:#fff;border-radius:4px}
figcaption{color:#333;text-align:center;font-size:.8rem;padding-bottom:.4rem}img{max-width:100%}
td.text{text-align:left;white-space:normal;font-family:ui-monospace,monospace;font-size:.75rem}
"""


def _html(title: str, blocks: Sequence[Block], svgs: dict[str, str], store: Store) -> str:
    parts = []
    for block in blocks:
        text = html.escape(block.text)
        if block.kind == "heading":
            parts.append(f"<h1>{text}</h1>")
        elif block.kind == "subheading":
            parts.append(f"<h2>{text}</h2>")
        elif block.kind == "code":
            parts.append(f"<pre>{text}</pre>")
        elif block.kind == "link":
            parts.append(f'<p><a href="{text}">The runs compared</a></p>')
        elif block.kind == "table":
            parts.append(_html_table(block))
        elif block.kind == "picture":
            data = base64.b64encode(store.read(block.head[0])).decode()
            image = f'<img src="data:image/webp;base64,{data}" alt="{text}" width="480">'
            parts.append(f"<figure>{image}<figcaption>{text}</figcaption></figure>")
        elif block.kind == "curves":
            parts += [f"<figure>{svg[svg.index('<svg') :]}</figure>" for svg in svgs.values()]
        else:
            parts.append(f'<p class="{block.kind}">{text}</p>')
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _html_table(block: Block) -> str:
    text = block.head == ("row", "--set")
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in block.head)
    body = ""
    for row in block.rows:
        cells = ""
        for cell in row:
            kind = ' class="far"' if isinstance(cell, Far) else ' class="text"' if text else ""
            cells += f"<td{kind}>{html.escape(cell)}</td>"
        body += f"<tr>{cells}</tr>"
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def markdown(
    experiment: Experiment, table: ResultTable, curves: Sequence[str] = (), results: str = "."
) -> str:
    """Return the page as Markdown, for the documentation.

    Parameters
    ----------
    curves
        Paths of the figures of its curves, from where the page lies.
    results
        Path of the results' folder, from where the page lies.
    """
    parts = []
    for block in page_blocks(experiment, table):
        text = _plain(block.text)
        if block.kind == "heading":
            parts.append(f"# {text}")
        elif block.kind == "subheading":
            parts.append(f"## {text}")
        elif block.kind == "code":
            parts.append(f"```\n{block.text}\n```")
        elif block.kind == "strong":
            parts.append(f"**{text}**")
        elif block.kind == "table":
            parts.append(_markdown_table(block))
        elif block.kind == "picture":
            parts.append(f"![{text}]({results}/{block.head[0]})\n\n{text}")
        elif block.kind == "curves":
            parts += [f"![{_plain(Path(name).stem)}]({name})" for name in curves]
        else:
            parts.append(text)
    return "\n\n".join(parts) + "\n"


def _markdown_table(block: Block) -> str:
    lines = [block.head, ("---",) * len(block.head)]
    for row in block.rows:
        lines.append(tuple(f"**{_plain(c)}**" if isinstance(c, Far) else _plain(c) for c in row))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    for sign in ("\\", "|", "*", "_", "<", "[", "]", "$"):
        text = text.replace(sign, f"\\{sign}")
    return text
