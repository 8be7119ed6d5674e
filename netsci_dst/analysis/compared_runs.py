"""Which runs can be compared: replicates, settings, win rates, areas over common epochs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..area import area_across_epochs, areas_to_common_epoch
from ..errors import NetsciError
from ..recipe_differences import without_seed
from ..run import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "area_across_epochs",
    "areas_to_common_epoch",
    "comparison",
    "replicates",
    "setting",
    "win_rate",
]

# What two methods must share for their results to be set side by side.
_SETTING = (
    "data", "data_options", "train_samples", "test_samples", "model", "model_options", "task",
    "task_options", "sparsity", "epochs", "steps",
)  # fmt: skip


def replicates(runs: Iterable[Run]) -> list[list[Run]]:
    """Group runs that are seeds of one another: recipes that differ in nothing but the seed.

    Runs without a recipe, such as imported ones, are never seeds of another.

    Parameters
    ----------
    runs
        Runs of any recipes.

    Returns
    -------
    list of list of Run
        The groups, in the order in which their first runs were given.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst import Run
    >>> def run(seed, sparsity):
    ...     recipe = {"method": "set", "sparsity": sparsity, "seed": seed}
    ...     return Run.create(f"{tempfile.mkdtemp()}/run", recipe)
    >>> groups = replicates([run(0, 0.9), run(1, 0.9), run(0, 0.99)])
    >>> [len(group) for group in groups]
    [2, 1]
    """
    groups: dict[str, list[Run]] = {}
    for place, run in enumerate(runs):
        key = _without_seed(run.recipe) if run.recipe else f"alone {place}"
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def _without_seed(recipe: Mapping[str, Any]) -> str:
    try:
        return without_seed(recipe)
    except NetsciError:  # asks for what is not installed here: it is compared as it stands
        rest = {key: value for key, value in recipe.items() if key != "seed"}
        return json.dumps(rest, sort_keys=True, default=str)


def setting(recipe: Mapping[str, Any]) -> str:
    """Return what two methods must share to compete, in one line: data, model, size, sparsity.

    Parameters
    ----------
    recipe
        A resolved recipe, or its table.

    Returns
    -------
    str
        ``key=value`` of what competes, separated by spaces.

    Examples
    --------
    >>> setting({"data": "mnist", "model": "mlp", "method": "set", "sparsity": 0.99, "seed": 3})
    'data=mnist model=mlp sparsity=0.99'
    """
    known = {key: recipe[key] for key in _SETTING if recipe.get(key) not in (None, {}, [])}
    return " ".join(f"{key}={_plain(value)}" for key, value in known.items())


def comparison(runs: Sequence[Run], metric: str = "accuracy") -> pd.DataFrame:
    """Return a row per run: run, setting, method, seed, value and aae.

    ``value`` is the metric's last evaluation, ``aae`` its area over the epochs that all runs of
    the setting have. Runs of one method that differ in more than the seed are told apart by the
    options in which they differ.

    Parameters
    ----------
    runs
        Runs, whose recipes say their method, setting and seed.
    metric
        A column of the runs' metrics.

    Returns
    -------
    pandas.DataFrame
        Columns run, setting, method, seed, value, aae; NaN where a run never evaluated the metric.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst import Run
    >>> def run(method, accuracy):
    ...     recipe = {"data": "digits", "method": method, "sparsity": 0.9, "seed": 0}
    ...     run = Run.create(f"{tempfile.mkdtemp()}/{method}", recipe)
    ...     run.append("metrics", [{"step": s, "epoch": s, "accuracy": accuracy} for s in (0, 1)])
    ...     return run
    >>> frame = comparison([run("set", 0.9), run("rigl", 0.8)])
    >>> frame[["method", "seed", "value", "aae"]].values.tolist()
    [['set', 0, 0.9, 0.9], ['rigl', 0, 0.8, 0.8]]
    """
    import pandas as pd

    groups = replicates(runs)
    rows = []
    for group, label in zip(groups, _labels(groups), strict=True):
        for run in group:
            where, seed = setting(run.recipe), run.recipe.get("seed")
            rows.append([run.path, where, label, seed, *_curve(run, metric)])
    columns = ["run", "setting", "method", "seed", "epochs", "metric"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["value"] = [float(y[-1]) if len(y) else float("nan") for y in frame["metric"]]
    frame["aae"] = float("nan")
    for _, here in frame.groupby("setting"):
        curves = list(zip(here["epochs"], here["metric"], strict=True))
        frame.loc[here.index, "aae"] = areas_to_common_epoch(curves)
    return frame.drop(columns=["epochs", "metric"])


def win_rate(
    frame: pd.DataFrame,
    method: str = "method",
    settings: Sequence[str] = ("setting", "seed"),
    value: str = "value",
    higher_is_better: bool = True,
) -> pd.Series:
    """Return in what share of settings times seeds each method is the best (CHTs-24 fig. 3).

    Settings in which a method is missing are left out, so that all compete in the same; a tie
    counts in equal parts. Repeated rows of one method, setting and seed count by their mean.

    Parameters
    ----------
    frame
        A row per result, such as `comparison` gives.
    method, settings, value
        Names of its columns.
    higher_is_better
        Whether the largest value wins, or the smallest.

    Returns
    -------
    pandas.Series
        Share of wins by method, which sum to 1; all NaN when no setting has every method.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     {
    ...         "setting": ["a", "a", "b", "b"],
    ...         "seed": [0, 0, 0, 0],
    ...         "method": ["set", "rigl", "set", "rigl"],
    ...         "value": [0.9, 0.8, 0.7, 0.7],
    ...     }
    ... )
    >>> win_rate(frame).to_dict()
    {'rigl': 0.25, 'set': 0.75}
    """
    table = frame.pivot_table(index=list(settings), columns=method, values=value, aggfunc="mean")
    full = table.dropna(axis=0, how="any")
    best = full.max(axis=1) if higher_is_better else full.min(axis=1)
    won = full.eq(best, axis=0)
    return won.div(won.sum(axis=1), axis=0).mean(axis=0)


def _labels(groups: Sequence[Sequence[Run]]) -> list[str]:
    recipes = [group[0].recipe for group in groups]
    return [_label(recipe, recipes) for recipe in recipes]


def _label(recipe: Mapping[str, Any], recipes: Sequence[Mapping[str, Any]]) -> str:
    """Return the method's name, with the options in which its rivals in the setting differ."""
    place = (recipe.get("method"), setting(recipe))
    rivals = [_flat(r) for r in recipes if (r.get("method"), setting(r)) == place]
    own = _flat(recipe)
    differ = [key for key in own if key != "seed" and any(r.get(key) != own[key] for r in rivals)]
    given = ", ".join(f"{key}={_plain(own[key])}" for key in sorted(differ))
    return f"{place[0]} ({given})" if given else str(place[0])


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _curve(run: Run, metric: str) -> tuple[list[float], list[float]]:
    table = run.metrics
    if metric not in table.columns:
        return [], []
    known = table[["epoch", metric]].astype(float).dropna().sort_values("epoch", kind="stable")
    return known["epoch"].tolist(), known[metric].tolist()
