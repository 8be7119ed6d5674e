"""The words of each section: what to look for, and how it is defined."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """One section's words; ``equation`` is HTML of our own, all else plain text."""

    key: str
    title: str
    lead: str
    definition: str
    equation: str
    paper: str
    function: str


_CHT = (
    "Zhang et al., Epitopological learning and Cannistraci-Hebb network shape intelligence "
    "(CHT), ICLR 2024"
)
_CHTSS = (
    "Zhang et al., Brain network science modelling of sparse neural networks enables Transformers "
    "and LLMs to perform as fully connected (CHTss), 2025"
)
_SURVIVAL = (
    "Matab, Survival of the most connected: an understanding of how sparse neural networks grow"
)
_CSN = "Clauset, Shalizi & Newman, Power-law distributions in empirical data, SIAM Review 51, 2009"

EXPLANATIONS = {
    e.key: e
    for e in (
        Explanation(
            "film",
            "The network, snapshot by snapshot",
            "Press play and watch which neurons gather links and which fall silent; hover a neuron "
            "to light its links in every view.",
            "Left: each neuron as a dot in its population, inputs on their own grid, larger with "
            "more links; faint dots have no link. Right: the coalescent embedding of the largest "
            "component in the hyperbolic disk: popular neurons lie near the centre, similar "
            "ones at "
            "similar angles. Angles are turned (never stretched) from one embedding to the next so "
            "that neurons move as little as they can.",
            "r<sub>i</sub> = 2β ln i + 2(1 − β) ln N, β = 1 / (γ − 1), i = rank by degree;&emsp; "
            "ASI = 1 − Σ mistakes / Σ worst case",
            "Muscoloni et al., Nature Communications 8, 2017; Muscoloni & Cannistraci, Angular "
            f"separability of data clusters, 2019; {_CHT}, fig. 2A",
            "coalescent_embedding, angular_separation_index",
        ),
        Explanation(
            "training",
            "Training",
            "Is the curve still rising where it ends, and how wide is the gap between training and "
            "test?",
            "One point per evaluation on the whole test set. AAE is the mean height of the test "
            "curve: of two networks that end equal, the one that learned sooner has more.",
            "AAE = (1 / (E − 1)) Σ<sub>e</sub> (a<sub>e</sub> + a<sub>e+1</sub>) / 2",
            f"{_CHT}, section 4",
            "Run.metrics",
        ),
        Explanation(
            "evolution",
            "Evolution of the links",
            "ITOP tells how much of the network was ever tried; an overlap at the dotted "
            "line means "
            "the topology has settled.",
            "Recorded at every topology update, for each layer: the links removed and regrown, how "
            "many were the same (the overlap; at the recipe's threshold, mostly 0.9, the layer is "
            "in an epitopological local minimum, ELM), the share of all possible links that was "
            "ever active (ITOP), and the share of neurons that still have links (ANP). A line of "
            "more than 1,500 points is thinned to 1,500 here; netsci-dst figures draws every one.",
            "overlap = |removed ∩ regrown| / |regrown|;&emsp; ITOP = |∪<sub>t</sub> "
            "links<sub>t</sub>| / |possible|;&emsp; ANP = active / all neurons",
            f"Liu et al., Do we actually need dense over-parameterization? ICML 2021; {_CHT}",
            "Run.evolution",
        ),
        Explanation(
            "degrees",
            "Degree distribution",
            "A straight tail over more than a decade with p > 0.1 is compatible with a power "
            "law; a "
            "curve that drops like a cliff is not.",
            "The share of neurons with at least k links, on logarithmic axes, and the fitted tail "
            "from k_min up. α is the discrete maximum-likelihood exponent, k_min is chosen by the "
            "least Kolmogorov-Smirnov distance, p is the share of synthetic data sets from the fit "
            "that lie farther from their own fit (semi-parametric bootstrap). p > 0.1 does not "
            "rule a power law out; it does not prove one, least of all when the tail holds "
            "few neurons. "
            "γ is the same exponent on plfit's grid from 1.01 to 10; 10 is the cap: no power law.",
            "P(k) = k<sup>−α</sup> / ζ(α, k<sub>min</sub>),&emsp; α̂ = argmax [ −n ln ζ(α, "
            "k<sub>min</sub>) − α Σ ln k<sub>i</sub> ]",
            f"{_CSN}; {_SURVIVAL}, section 4.6",
            "fit_power_law",
        ),
        Explanation(
            "k_shells",
            "k-shells",
            "Neurons that move to the right join a dense core; those at 0 are cut off.",
            "The k-core is what remains when neurons with fewer than k links are removed again and "
            "again; a neuron's shell is the largest k whose core still holds it.",
            "core(i) = max { k : i ∈ k-core }",
            f"Seidman, Social Networks 5, 1983; {_SURVIVAL}, figs. 11, 12",
            "k_shells",
        ),
        Explanation(
            "adjacency",
            "Adjacency matrices",
            "Even grey is random wiring; a dark corner (sorted by degree) is hubs linked to hubs.",
            "Rows are source neurons, columns target neurons; each cell shows the share of its "
            "possible links that exist, on one scale through all snapshots of the layer.",
            "A[u, v] = 1 when the link u → v exists",
            f"{_CHT}, fig. 2",
            "Layer.to_scipy",
        ),
        Explanation(
            "inputs",
            "Input maps",
            "A network that has found what matters puts its links where the pictures differ, and "
            "few on the margins.",
            "The number of links of every input neuron, on the grid of the image, and the first "
            "hidden layer mapped back: the paths of two links that leave each input. The colour "
            "scales are the same through all snapshots.",
            "d<sub>u</sub> = Σ<sub>v</sub> A<sub>1</sub>[u, v];&emsp; paths<sub>u</sub> = "
            "Σ<sub>v</sub> A<sub>1</sub>[u, v] d<sub>v</sub><sup>out</sup>",
            f"{_SURVIVAL}, figs. 8, 19",
            "input_maps",
        ),
        Explanation(
            "dormant",
            "Dormant neurons",
            "A rising line is a layer giving neurons up: percolation when they lose every link, "
            "waste when they keep a few.",
            "By links: neurons with at most τ links (drag τ; the paper uses 10 and 110). By "
            "activity: neurons whose mean output on the probe batch is at most τ of their "
            "population's mean.",
            "s<sub>i</sub> = E|h<sub>i</sub>| / mean<sub>k</sub> E|h<sub>k</sub>| ≤ τ",
            f"Sokar et al., The dormant neuron phenomenon, ICML 2023; {_SURVIVAL}, fig. 9",
            "dormant",
        ),
        Explanation(
            "paths",
            "Paths and hubs",
            "Many paths on few links, and most of them through a few hubs, is what brain-like "
            "wiring buys.",
            "Credit-assigned paths (CAP): directed paths from inputs through every sparse layer, "
            "counted exactly. Hub share: paths that pass a hub in every hidden population, of the "
            "80 neurons of highest degree in the two middle ones.",
            "CAP = 1<sup>T</sup> A<sub>1</sub> A<sub>2</sub> … A<sub>L</sub> 1",
            f"{_CHT}, appendix K",
            "credit_assigned_paths",
        ),
        Explanation(
            "measures",
            "Every measure",
            "Choose any quantity to see it through training; the table holds the last snapshot.",
            "All values that the analysis stored for this run. Deep measures (marked by gaps) are "
            "taken on the first, the last and log-spaced snapshots.",
            "",
            "Each measure names its source: netsci-dst list measures",
            "analyze",
        ),
        Explanation(
            "provenance",
            "Provenance and recipe",
            "Everything needed to repeat this run.",
            "The resolved recipe (netsci-dst train recipe.toml repeats the run) and the versions, "
            "machine, seed and data fingerprint that were recorded.",
            "",
            "",
            "Run.recipe, Run.provenance",
        ),
        Explanation(
            "compare",
            "Methods compared",
            "Which method is best at each setting, and would the seeds alone explain the gap?",
            "Mean ± standard error over seeds; the best of a column is marked. The win rate is the "
            "share of settings (data, model, sparsity) where a method has the best mean. Change "
            "against dense is in percentage points of the metric and of AAE. Wilcoxon's "
            "signed-rank test pairs runs of equal data, model, sparsity and seed; with fewer "
            "than six pairs it "
            "cannot reach p < 0.05, and says so.",
            "s.e. = s / √n;&emsp; Δ = metric − mean metric of dense runs",
            f"{_CHT}, fig. 3; {_CHTSS}, fig. 3",
            "report",
        ),
    )
}
