"""The figures of the documentation, drawn from two short trainings on digits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

import netsci_dst as nd
from netsci_dst import analysis

COLOURS = {"SET": "#0072B2", "CHTs": "#D55E00"}
LAYERS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
EPOCHS = 40


def draw_missing(out: Path) -> None:
    """Draw the figures that are not there yet."""
    missing = {n: draw for n, draw in FIGURES.items() if not (out / f"{n}.svg").exists()}
    if not missing:
        return
    runs = demo_runs(out / "runs")
    style: Any = {
        "svg.hashsalt": "netsci-dst",
        "svg.fonttype": "none",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(style):
        for name, draw in missing.items():
            figure = draw(runs)
            figure.savefig(out / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
            plt.close(figure)


def demo_runs(folder: Path) -> dict[str, nd.Run]:
    """Return a SET and a CHTs run on digits, trained when they are not there."""
    runs = {}
    for label, method in (("SET", "set"), ("CHTs", "chts")):
        place = folder / method
        if not (place / "provenance.json").exists():
            nd.train(
                data="digits",
                model_options={"hidden": [256, 256, 256]},
                method=method,
                sparsity=0.95,
                epochs=EPOCHS,
                seed=0,
                out=os.fspath(place),
            )
        runs[label] = nd.load_run(place)
    return runs


def ccdf(values: Any) -> tuple[np.ndarray, np.ndarray]:
    values = np.sort(np.asarray(values)[np.asarray(values) > 0])
    x, first = np.unique(values, return_index=True)
    return x, 1 - first / values.size


def power_laws(runs: dict[str, nd.Run]) -> Any:
    from scipy.special import zeta

    sample = np.random.default_rng(0).zipf(2.5, 2000)
    data = {"sample, α = 2.5": sample}
    data |= {k: run.snapshots[-1].topology.degrees for k, run in runs.items()}
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True)
    for axis, (name, values) in zip(axes, data.items()):
        fit = analysis.fit_power_law(values[values > 0], bootstraps=200, seed=0)
        colour = COLOURS.get(name, "#009E73")
        axis.loglog(*ccdf(values), ".", color=colour, ms=4)
        if np.isfinite(fit.alpha):
            x = np.arange(fit.xmin, values.max() + 1)
            share = (values[values > 0] >= fit.xmin).mean()
            tail = zeta(fit.alpha, x) / zeta(fit.alpha, fit.xmin)
            axis.loglog(x, share * tail, "k-", lw=1)
            text = f"α = {fit.alpha:.2f}, xmin = {fit.xmin:g}\np = {fit.p_value:.2f}"
            text += f"\ntail: {fit.n_tail} of {fit.n}"
            axis.text(0.04, 0.05, text, transform=axis.transAxes, fontsize=8)
        axis.set(title=name, xlabel="degree", ylim=(3e-4, 1.5))
        axis.xaxis.set_minor_formatter("")  # numbers between powers of ten lie on one another
    axes[0].set_ylabel("share of neurons with at least so many")
    return figure


def k_shells(runs: dict[str, nd.Run]) -> Any:
    figure, axes = plt.subplots(1, 4, figsize=(9, 2.6), sharey=True)
    for label, run in runs.items():
        topology = run.snapshots[-1].topology
        coreness = analysis.k_shells(topology).coreness
        for axis, population in zip(axes, topology.graph_populations):
            values = coreness[topology.nodes(population.name)]
            bins = np.arange(coreness.max() + 2) - 0.5
            axis.hist(values, bins, histtype="step", lw=1.5, color=COLOURS[label], label=label)
            axis.set(title=population.name, xlabel="coreness")
    axes[0].set_ylabel("neurons")
    axes[0].legend(frameon=False)
    return figure


def some(run: nd.Run, count: int = 9) -> list[nd.Snapshot]:
    places = np.unique(np.linspace(0, len(run.snapshots) - 1, count).round().astype(int))
    return [run.snapshots[int(i)] for i in places]


def communities(runs: dict[str, nd.Run]) -> Any:
    from netsci_dst.analysis.nulls.models import degree_preserving

    figure, axis = plt.subplots(figsize=(5.5, 3))
    for label, run in runs.items():
        taken = some(run)
        values = [analysis.modularity(s, n=3).value for s in taken]
        nulls = []
        for s in taken:
            rng = np.random.default_rng(0)
            drawn = [degree_preserving(s.topology, rng) for _ in range(4)]
            nulls.append([analysis.modularity(t, n=2).value for t in drawn])
        epochs = [s.epoch for s in taken]
        axis.plot(epochs, values, "o-", color=COLOURS[label], label=label)
        low, high = np.min(nulls, 1), np.max(nulls, 1)
        axis.fill_between(epochs, low, high, color=COLOURS[label], alpha=0.25, lw=0)
    axis.set(xlabel="epoch", ylabel="modularity")
    axis.legend(frameon=False, title="bands: rewired", title_fontsize=8)
    return figure


def paths(runs: dict[str, nd.Run]) -> Any:
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    for label, run in runs.items():
        taken = some(run)
        found = [analysis.credit_assigned_paths(s) for s in taken]
        epochs = [s.epoch for s in taken]
        left.semilogy(epochs, [float(f.total) for f in found], "o-", color=COLOURS[label])
        right.plot(epochs, [f.share_every for f in found], "o-", color=COLOURS[label], label=label)
    left.set(xlabel="epoch", ylabel="credit-assigned paths")
    right.set(xlabel="epoch", ylabel="share through hubs, every layer")
    right.legend(frameon=False)
    return figure


def structure(runs: dict[str, nd.Run]) -> Any:
    from netsci_dst.analysis.nulls.sequential import null_model_test

    questions: dict[str, Callable[[Any], float]] = {
        "modularity": lambda t: analysis.modularity(t, n=2).value,
        "assortativity": analysis.assortativity,
        "clustering": lambda t: analysis.bipartite_clustering(t).value,
        "efficiency": analysis.global_efficiency,
        "paths (log10)": lambda t: np.log10(float(max(1, analysis.credit_assigned_paths(t).total))),
    }
    figure, axes = plt.subplots(1, len(questions), figsize=(9.5, 2.8))
    for axis, (name, function) in zip(axes, questions.items()):
        for i, (label, run) in enumerate(runs.items()):
            test = null_model_test(run.snapshots[-1].topology, function, n=20)
            axis.errorbar(i, test.mean, 2 * test.std, color="0.5", capsize=4, lw=2)
            axis.plot(i, test.observed, "o", color=COLOURS[label])
        axis.set(title=name, xticks=range(len(runs)), xticklabels=list(runs), xlim=(-0.6, 1.6))
    return figure


def geometry(runs: dict[str, nd.Run]) -> Any:
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.2), subplot_kw={"projection": "polar"})
    for axis, (label, run) in zip(axes, runs.items()):
        topology = run.snapshots[-1].topology
        embedding = analysis.coalescent_embedding(topology)
        group = topology.node_population[embedding.nodes]
        asi = analysis.angular_separation_index(embedding.theta, group, permutations=200)
        sizes = 4 + 60 * topology.degrees[embedding.nodes] / topology.degrees.max()
        colours = np.array(LAYERS)[group]
        axis.scatter(embedding.theta, embedding.r, s=sizes, c=colours, lw=0, alpha=0.8)
        axis.set(
            title=f"{label}: ASI {asi.index:.2f}, γ {embedding.gamma:.2f}", yticks=[], xticks=[]
        )
        axis.spines["polar"].set_visible(False)
    return figure


def evolution(runs: dict[str, nd.Run]) -> Any:
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.8))
    for label, run in runs.items():
        whole = run.evolution.query("layer == 'all'")
        for axis, column in zip(axes, ("itop", "overlap", "anp")):
            axis.plot(whole["epoch"], whole[column], color=COLOURS[label], label=label)
    for axis, name in zip(axes, ("ITOP rate", "overlap", "active neurons (ANP)")):
        axis.set(xlabel="epoch", ylabel=name)
    axes[1].axhline(0.9, color="k", ls=":", lw=1)
    axes[1].text(0, 0.92, "ELM", fontsize=8)
    axes[0].legend(frameon=False)
    return figure


def dormancy(runs: dict[str, nd.Run]) -> Any:
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.9))
    for label, run in runs.items():
        shares = []
        for s in run.snapshots:
            names = [n for n in s.activity if s.topology.population(n).role == "hidden"]
            scores = [analysis.activation_scores(s.activity[n]["mean_abs"]) for n in names]
            shares.append((np.concatenate(scores) <= 0.1).mean())
        axes[0].plot(run.snapshots.epochs, shares, color=COLOURS[label], label=label)
    axes[0].set(xlabel="epoch", ylabel="share of dormant neurons")
    axes[0].legend(frameon=False)
    for axis, (label, run) in zip(axes[1:], runs.items()):
        topology = run.snapshots[-1].topology
        grid = topology.degrees[topology.nodes("input")].reshape(8, 8)
        picture = axis.imshow(grid, cmap="cividis")
        axis.set(title=f"input degrees, {label}", xticks=[], yticks=[])
        figure.colorbar(picture, ax=axis, shrink=0.8)
    return figure


def robustness(runs: dict[str, nd.Run]) -> Any:
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
    styles = {"degree": "-", "coreness": "--", "random": ":"}
    for axis, (label, run) in zip(axes, runs.items()):
        for order, style in styles.items():
            found = analysis.robustness(run.snapshots[-1].topology, order, repeats=2)
            axis.plot(found.fractions, found.largest_component, style, color=COLOURS[label])
        axis.set(title=label, xlabel="share of neurons removed")
    axes[0].set_ylabel("largest component")
    handles = [Line2D([], [], color="k", ls=style) for style in styles.values()]
    axes[1].legend(handles, list(styles), frameon=False)
    return figure


def across_runs(runs: dict[str, nd.Run]) -> Any:
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    for label, run in runs.items():
        metrics = run.metrics
        left.plot(metrics["epoch"], 100 * metrics["accuracy"], color=COLOURS[label], label=label)
        last = metrics.iloc[-1]
        right.plot(100 * last["accuracy"], 100 * last["aae"], "o", ms=9, color=COLOURS[label])
        place = (100 * last["accuracy"], 100 * last["aae"])
        right.annotate(label, place, (0, 8), textcoords="offset points", ha="center")
    left.set(xlabel="epoch", ylabel="test accuracy, %")
    left.legend(frameon=False)
    right.set(xlabel="test accuracy at the end, %", ylabel="AAE, %")
    right.margins(0.4)
    return figure


HELPERS = (ccdf, some)
FIGURES: dict[str, Callable[[dict[str, nd.Run]], Any]] = {
    function.__name__: function
    for function in (
        power_laws,
        k_shells,
        communities,
        paths,
        structure,
        geometry,
        evolution,
        dormancy,
        robustness,
        across_runs,
    )
}
