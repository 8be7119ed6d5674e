# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # First steps
#
# Train a sparse network whose links evolve, then look at what it became. Everything here runs on the
# 8×8 digits that come with scikit-learn, in under a minute on a laptop.

# %%
import netsci_dst as nd

run = nd.train(
    data="digits",
    model_options={"hidden": [128, 128, 128]},
    method="chts",
    sparsity=0.95,
    epochs=20,
    seed=0,
    out="first",
)
run

# %% [markdown]
# A run is a folder. Its tables are data frames: a row per evaluation, and a row per topology update and
# layer.

# %%
run.metrics[["epoch", "train_loss", "loss", "accuracy", "aae"]].tail(3)

# %%
run.evolution.query("layer == 'all'")[["epoch", "links", "overlap", "itop", "anp"]].tail(3)

# %% [markdown]
# Every snapshot is a network. It converts to networkx, igraph and scipy.

# %%
snapshot = run.snapshots[-1]
print(snapshot)
print(snapshot.to_networkx())

# %% [markdown]
# Measures come as one tidy table, and are kept with the run.

# %%
values = nd.analyze(run, measures=["degrees", "k_shell", "modularity", "credit_paths"])
values.query(
    "scope == 'network' and quantity in ['max_degree', 'k_max', 'modularity', 'paths']"
).tail(4)

# %% [markdown]
# Figures are plotly figures. What to look for: do the degrees grow a tail?

# %%
nd.show.training(run, "accuracy")

# %%
nd.show.ccdf(run)

# %% [markdown]
# The report has all of it, with a time slider.

# %%
nd.report([run], "first.html")
