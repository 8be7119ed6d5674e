"""Which runs are seeds of one another, and what to call those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...recipe_differences import fields_apart, settings_of, without_seed
from ..recipe_facts import SETTING, spoken
from ..run_data import RunData

DENSE = "dense"
MOST_FIELDS = 3


@dataclass
class Variant:
    """Runs that differ in nothing but the seed: one method as it was asked for."""

    method: str
    label: str
    setting: tuple[str, str]
    sparsity: float
    runs: list[int] = field(default_factory=list)


def asked_sparsity(run: RunData) -> float:
    """Return the sparsity that was asked for, else the one reached; 0 for a dense network."""
    if run.method == DENSE:
        return 0.0
    asked = run.recipe.get("sparsity")
    return float(asked) if isinstance(asked, (int, float)) else round(run.sparsity, 4)


def variants_of(runs: Sequence[RunData]) -> list[Variant]:
    """Group runs that are seeds of one another; label each group by what sets it apart.

    Runs without a recipe, such as imported ones, are no seeds of anything, and what has not come
    to its end is no seed of what has.
    """
    homes: dict[tuple[str, bool], Variant] = {}
    asked = [without_seed(run.recipe) if run.recipe and run.method else None for run in runs]
    ended = {text for text, run in zip(asked, runs) if run.finished}
    for i, (text, run) in enumerate(zip(asked, runs)):
        key = (text or f"run {i}", text in ended and not run.finished)
        if key not in homes:
            homes[key] = Variant(
                run.method or "no method",
                run.method or run.name,
                (run.dataset, run.model),
                asked_sparsity(run),
            )
        homes[key].runs.append(i)
    whole = [variant for (_, unfinished), variant in homes.items() if not unfinished]
    for method in dict.fromkeys(v.method for v in whole):
        _label([v for v in whole if v.method == method], runs)
    for (text, unfinished), variant in homes.items():
        if unfinished:
            variant.label = f"{homes[text, False].label} (not finished)"
    return list(homes.values())


def _label(same: list[Variant], runs: Sequence[RunData]) -> None:
    """Name the variants of one method by the fields in which those of one setting differ."""
    for setting in dict.fromkeys((v.setting, v.sparsity) for v in same):
        group = [v for v in same if (v.setting, v.sparsity) == setting]
        if len(group) < 2:
            continue
        recipes = [runs[v.runs[0]].recipe for v in group]
        apart = fields_apart(recipe for recipe in recipes if recipe)
        fields = [key for key in apart if key.split(".")[0] not in {"seed", *SETTING}]
        for variant, recipe in zip(group, recipes):
            table = settings_of(recipe) if recipe else {}
            said = [spoken(key, table.get(key)) for key in fields[:MOST_FIELDS]]
            if len(fields) > MOST_FIELDS:
                said.append(f"{len(fields) - MOST_FIELDS} more")
            name = variant.method if recipe else runs[variant.runs[0]].name
            variant.label = f"{name} · {', '.join(said)}" if said and recipe else name
        _number_equal(group)


def _number_equal(group: list[Variant]) -> None:
    labels = [v.label for v in group]
    for i, variant in enumerate(group):
        if labels.count(variant.label) > 1:
            variant.label = f"{variant.label} ({labels[: i + 1].count(labels[i])})"


def flags(variants: Sequence[Variant], runs: Sequence[RunData], time: str = "epoch") -> list[str]:
    """Say what a reader must know before comparing: equal seeds, unequal lengths, unequal data.

    ``time`` is the axis of time of all runs, ``epoch`` or ``step``.
    """
    out = []
    for variant in variants:
        seeds = [runs[i].seed for i in variant.runs]
        again = sorted({s for s in seeds if s is not None and seeds.count(s) > 1})
        if again:
            out.append(
                f"{variant.label}: {len(variant.runs)} runs, but seed "
                f"{', '.join(map(str, again))} occurs more than once: they are not independent, "
                "and count as their mean."
            )
    if time == "step" and any(run.by_epoch for run in runs):
        unknown = [run.name for run in runs if not run.by_epoch]
        out.append(
            f"{some(unknown)} {'knows' if len(unknown) == 1 else 'know'} no epochs: steps are the "
            "axis of time for all, and AAE is taken over steps."
        )
    for setting in dict.fromkeys(v.setting for v in variants):
        mine = [v for v in variants if v.setting == setting]
        data, model = setting
        where = f"On {data} ({model})" if data and model else f"On {data or model}"
        out += _unequal(mine, runs, where if data or model else "Here", time)
    return out


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first names of many, as a sentence says them."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _unequal(mine: list[Variant], runs: Sequence[RunData], where: str, time: str) -> list[str]:
    lengths: dict[float, list[str]] = {}
    prints: dict[int | None, set[str]] = {}
    for variant in mine:
        for i in variant.runs:
            run = runs[i]
            if run.metric is not None:
                x = run.curve(run.metric, time)[0]
                lengths.setdefault(float(x[-1]), []).append(variant.label)
            data = run.provenance.get("data")
            if isinstance(data, dict) and data.get("fingerprint"):
                # A part of the data is drawn by the seed.
                prints.setdefault(run.seed, set()).add(str(data["fingerprint"]))
    out = []
    if len(lengths) > 1:
        said = "; ".join(f"{n:g}: {some([*dict.fromkeys(v)])}" for n, v in sorted(lengths.items()))
        out.append(f"{where} runs end at different {time}s ({said}); AAE is cut to the shortest.")
    if any(len(found) > 1 for found in prints.values()):
        out.append(
            f"{where} runs of one seed were trained on different data of this name: their "
            "metrics are not comparable."
        )
    return out
