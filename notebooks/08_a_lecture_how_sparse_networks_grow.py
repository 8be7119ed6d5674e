# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A lecture: how sparse networks grow
#
# One hour, for students who know what a graph and a neural network are. Each part has a question to ask
# before the cell below it is run, and an exercise. Everything runs in a few minutes on a laptop.
#
# | minutes | question |
# | --- | --- |
# | 0–10 | Does a network with 5 % of the links learn as well as the dense one? |
# | 10–25 | What changes while links come and go? |
# | 25–40 | Do the degrees follow a power law? |
# | 40–50 | Compared with what? |
# | 50–60 | Who gets the new links? |

# %% [markdown]
# ## 0–10 min. One link in twenty
#
# *Before*: a network 64–256–256–10 has 84,480 links. Take 95 % of those between its hidden layers away, at
# random: what will the accuracy be? And if, every few steps, the weakest links are replaced by others?
#
# `static` keeps the initial topology. `set` replaces the weakest links by random ones. `chts` replaces
# them where many short paths already lead (Cannistraci–Hebb).

# %%
import pandas as pd
import plotly.express as px

import netsci_dst as nd
from netsci_dst import analysis

methods = ("dense", "static", "set", "chts")
runs = {
    method: nd.train(
        data="digits",
        model_options={"hidden": [256, 256]},
        method=method,
        sparsity=0.0 if method == "dense" else 0.95,
        epochs=25,
        seed=0,
        out=method,
    )
    for method in methods
}
curves = pd.concat(run.metrics.assign(method=method) for method, run in runs.items())
px.line(curves, x="epoch", y="accuracy", color="method")

# %% [markdown]
# *Exercise*: one seed is an anecdote. Train three more seeds of two methods; can they be told apart?
#
# ## 10–25 min. What changes
#
# *Before*: links are replaced, their number is not. What can change then? Three answers: which neurons
# still have links (active), how many links the best connected have, and how many links were ever tried.

# %%
sparse = {method: runs[method] for method in ("static", "set", "chts")}
values = pd.concat(
    nd.analyze(run, measures=["degrees", "active_neurons", "itop"]).assign(method=method)
    for method, run in sparse.items()
)
places = {"anp": "network", "max_degree": "network", "itop": "hidden.1.linear"}
wanted = values[values["scope"] == values["quantity"].map(places)]
figure = px.line(
    wanted, x="epoch", y="value", color="method", facet_col="quantity", facet_col_spacing=0.06
)
figure.update_yaxes(matches=None, showticklabels=True)
figure

# %% [markdown]
# *Exercise*: open `nd.report(list(sparse.values()), "report.html")` and move the slider from the first
# to the last snapshot. Which neurons fall silent first?
#
# ## 25–40 min. Is it a power law?
#
# *Before*: on log-log axes many things look straight. Which of the three networks has a heavy tail?

# %%
nd.show.ccdf(runs["chts"])

# %%
for method, run in sparse.items():
    fit = analysis.fit_power_law(run.snapshots[-1].topology.degrees)
    print(f"{method}: {fit.verdict}\n")

# %% [markdown]
# None of the three singles out a power law here, and *too few points* is an answer, too: a tail of 0.2
# decades fits many laws. The verdict rests on three numbers: where the tail begins, whether samples of the law itself look as far
# off as the data (the p-value), and whether another law fits better. *Exercise*: the same for a network
# of your own: `analysis.fit_power_law(nd.read_network("mine.csv").degrees)`.
#
# ## 40–50 min. Compared with what?
#
# *Before*: a network with hubs has short paths and communities for that reason alone. What is left when
# links are exchanged at random and every degree stays?

# %%
compared = pd.concat(
    nd.analyze(run.snapshots[-1], measures=["modularity", "null_model"]).assign(method=method)
    for method, run in sparse.items()
)
shown = ["modularity", "modularity_null_mean", "modularity_z", "modularity_p"]
shown += ["assortativity_null_mean", "assortativity_z"]
compared = compared[(compared["scope"] == "network") & compared["quantity"].isin(shown)]
compared.pivot(index="method", columns="quantity", values="value")

# %% [markdown]
# *Exercise*: which of the measures in `netsci-dst list measures` is left unchanged by this null model, and
# why?
#
# ## 50–60 min. Who gets the new links?
#
# *Before*: in Barabási and Albert's model a node gains links in proportion to those it has. Do neurons?

# %%
exponents = pd.concat(
    analysis.growth(runs[method], bootstraps=50, nulls=10).exponents.assign(method=method)
    for method in ("set", "chts")
)
exponents.set_index(["method", "kind"])

# %% [markdown]
# An exponent of 0 is chance, 1 is preferential attachment; the interval says whether they can be told
# apart. *To take home*: the same accuracy can stand on very different networks, and a picture is not a
# test. [Is it preferential attachment?](07_is_it_preferential_attachment.ipynb) goes on from here.
