# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Comparing ways of regrowing links
#
# *Survival of the Most Connected* asks what random, gradient and momentum regrowth do to a network. The
# same questions, on digits.

# %%
import pandas as pd
import plotly.express as px

import netsci_dst as nd
from netsci_dst import analysis

runs = {}
for method in ("set", "rigl", "snfs", "chts"):
    for seed in (0, 1):
        runs[method, seed] = nd.train(
            data="digits",
            model_options={"hidden": [96, 64]},
            method=method,
            sparsity=0.9,
            epochs=12,
            seed=seed,
            out=f"{method}-{seed}",
        )

# %% [markdown]
# ## Which explores more?

# %%
frames = [
    run.evolution.query("layer == 'all'").assign(method=method, seed=seed)
    for (method, seed), run in runs.items()
]
evolution = pd.concat(frames)
px.line(evolution, x="epoch", y="itop", color="method", line_dash="seed")

# %% [markdown]
# ## Who becomes a hub, and how deep is the core?

# %%
rows = []
for (method, seed), run in runs.items():
    topology = run.snapshots[-1].topology
    shells = analysis.k_shells(topology)
    last = run.metrics.iloc[-1]
    rows.append(
        {
            "method": method,
            "accuracy": last["accuracy"],
            "AAE": last["aae"],
            "largest degree": topology.degrees.max(),
            "deepest shell": shells.k_max,
            "neurons of degree ≤ 2": int(analysis.dormant_neurons(topology, 2).sum()),
            "active": analysis.active_neurons(topology).share,
        }
    )
pd.DataFrame(rows).groupby("method").agg(["mean", "sem"]).round(3)

# %% [markdown]
# ## Does a switch help?
#
# Survival, appendix E: explore at random first, then follow the gradient.

# %%
mixed = nd.train(
    data="digits",
    model_options={"hidden": [96, 64]},
    method="set",
    method_options={"phases": [{"start": 0.5, "regrowth": "gradient"}]},
    sparsity=0.9,
    epochs=12,
    seed=0,
    out="mixed",
)
mixed.metrics["accuracy"].iloc[-1]

# %%
nd.report([*runs.values(), mixed], "compared.html", analyze=False)
