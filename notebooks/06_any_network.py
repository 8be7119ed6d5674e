# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Any network at all
#
# Every measure takes a network that was never trained: from igraph, networkx, scipy, or a file.

# %%
import networkx as nx
import numpy as np

from netsci_dst import analysis

graph = nx.karate_club_graph()

# %%
print("modularity", round(analysis.modularity(graph).value, 4))
print("largest coreness", analysis.k_shells(graph).k_max)
print("efficiency", round(analysis.global_efficiency(graph), 4))

# %% [markdown]
# Is it more modular than its degrees explain? A null model says.

# %%
test = analysis.null_model_test(graph, lambda g: analysis.modularity(g, n=2).value, n=50, seed=0)
print(f"observed {test.observed:.3f}, rewired {test.mean:.3f} ± {test.std:.3f}, z = {test.z:.1f}")

# %% [markdown]
# Are the two factions of the karate club apart on the hyperbolic disk?

# %%
embedding = analysis.coalescent_embedding(graph)
faction = np.array([graph.nodes[node]["club"] for node in graph])[embedding.nodes]
asi = analysis.angular_separation_index(embedding.theta, faction, worst="permutations")
print(f"ASI {asi.index:.2f}, p = {asi.p_value:.3f}")

# %%
frame = analysis.analyze(graph, tier="cheap")
frame[["measure", "quantity", "value"]].head(12)

# %% [markdown]
# On the command line: `netsci-dst analyze network.graphml --csv values.csv`.
