# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Is it preferential attachment?
#
# A sparse network that trains with evolving links gains and loses links at every update. Do neurons with
# many links gain more, as in the growth models of network science? SET, RigL and CHTs on digits.

# %%
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

import netsci_dst as nd
from netsci_dst import analysis

runs = {}
for method in ("set", "rigl", "chts"):
    runs[method] = nd.train(
        data="digits",
        model_options={"hidden": [96, 64]},
        method=method,
        sparsity=0.9,
        epochs=20,
        seed=0,
        out=method,
    )
grown = {method: analysis.growth(run, bootstraps=100, nulls=20) for method, run in runs.items()}

# %% [markdown]
# ## Attachment and loss
#
# Links gained (and lost) per neuron and snapshot against the degree before. The grey line is what chance
# alone does on the same degrees: as many links, placed uniformly among the absent ones of each layer.

# %%
kernels = pd.concat(found.kernels.assign(method=method) for method, found in grown.items())
figure = px.line(
    kernels, x="degree", y="rate", color="method", facet_col="kind", log_x=True, log_y=True
)
for column, kind in enumerate(("gain", "loss"), 1):
    chance = kernels.query("kind == @kind and method == 'set'")
    figure.add_trace(
        go.Scatter(
            x=chance["degree"], y=chance["null"], line={"color": "grey"}, name="chance (SET)"
        ),
        row=1,
        col=column,
    )
figure

# %%
pd.concat(found.exponents.assign(method=method) for method, found in grown.items()).set_index(
    ["method", "kind"]
).round(2)

# %% [markdown]
# An exponent of 1 is preferential attachment, 0 is attachment regardless of degree. Losses by chance have
# exponent 1, because every link is as likely to go: less means that well-linked neurons keep their links.
#
# ## How long does a link stay?

# %%
curves = pd.concat(found.survival.assign(method=method) for method, found in grown.items())
px.line(
    curves.query("links in ['gained', 'initial']"),
    x="age",
    y="share",
    color="method",
    line_dash="links",
    line_shape="hv",
)

# %%
pd.concat(found.half_lives.assign(method=method) for method, found in grown.items()).set_index(
    ["method", "links"]
)

# %% [markdown]
# ## Which of the links tried are reliable?
#
# The share of new links that are still there so many epochs later.

# %%
tried = pd.concat(found.exploration.assign(method=method) for method, found in grown.items())
px.line(tried, x="states", y="share", color="method")

# %% [markdown]
# ## Does the core go on?

# %%
cores = pd.concat(found.core.assign(method=method) for method, found in grown.items())
px.line(cores, x="time", y="from_first", color="method")

# %% [markdown]
# The same functions take any sequence of networks, or a time-stamped edge list.

# %%
import networkx as nx

grown_network = nx.barabasi_albert_graph(600, 3, seed=1)
links = [(u, v, max(u, v)) for u, v in grown_network.edges]
history = analysis.history_of_events(*zip(*links), states=30)
analysis.growth(history, bootstraps=100).exponents
