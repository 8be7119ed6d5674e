# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The hyperbolic story of one run
#
# Cannistraci–Hebb training claims that layers separate on the hyperbolic disk while hubs move to its
# centre. Here is how to check it on a run of your own.

# %%
import pandas as pd

import netsci_dst as nd
from netsci_dst import analysis

run = nd.train(
    data="digits",
    model_options={"hidden": [128, 128, 128]},
    method="esml",
    sparsity=0.95,
    epochs=25,
    seed=0,
    out="story",
)
len(run.snapshots)

# %% [markdown]
# Embed the network at a few moments: radius follows the rank of the degree, the angle comes from
# pre-weighted shortest paths. The angular separation index is 1 when each layer has an arc of its own.

# %%
rows = []
previous = None
for i in (0, 2, 5, 10, len(run.snapshots) - 1):
    snapshot = run.snapshots[i]
    topology = snapshot.topology
    embedding = analysis.coalescent_embedding(topology)
    layer = topology.node_population[embedding.nodes]
    asi = analysis.angular_separation_index(embedding.theta, layer, permutations=200)
    routing = analysis.greedy_routing(topology, embedding)
    rows.append(
        {
            "epoch": snapshot.epoch,
            "placed": embedding.nodes.size,
            "gamma": embedding.gamma,
            "ASI": asi.index,
            "p": asi.p_value,
            "greedy routing": routing.success,
        }
    )
pd.DataFrame(rows).set_index("epoch").round(3)

# %%
nd.analyze(
    run, measures=["embedding", "asi"], steps=[run.snapshots.steps[0], run.snapshots.steps[-1]]
)
nd.show.disk(run, run.snapshots.steps[0])

# %%
nd.show.disk(run)

# %% [markdown]
# Percolation in numbers: neurons that lose all links on one side drop out, and those that stay carry more
# paths.

# %%
paths = [analysis.credit_assigned_paths(run.snapshots[i]) for i in (0, -1)]
print(f"credit-assigned paths: {paths[0].total:,} at the start, {paths[1].total:,} at the end")
print(
    f"share through hubs in every middle layer: {paths[0].share_every:.3f}, {paths[1].share_every:.3f}"
)
nd.show.evolution(run, "anp")
