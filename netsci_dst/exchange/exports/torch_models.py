"""Weights for PyTorch, ONNX and PyTorch Geometric."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ...errors import FormatError, MissingDependency
from ...run import Run
from ...snapshots import Snapshot


def _state(snapshot: Snapshot) -> dict[str, Any]:
    import torch

    state = {}
    for layer in snapshot.topology.layers:
        if layer.multiplicity is not None:
            raise FormatError(
                f"layer {layer.name!r} is a convolution, whose kernels a snapshot does not hold; "
                "export the run's last step, which has a checkpoint"
            )
        if layer.weights is None:
            raise FormatError(f"layer {layer.name!r} has no weights stored")
        # The names of torch.nn.utils.prune: a link of weight zero is still a link.
        state[f"{layer.name}.weight_orig"] = torch.from_numpy(
            layer.to_scipy(weighted=True).toarray().T.copy()
        )
        state[f"{layer.name}.weight_mask"] = torch.from_numpy(
            layer.to_scipy().toarray().T.astype(np.float32)
        )
    return state


def pytorch(snapshot: Snapshot) -> bytes:
    """Return a state dict with the masks of ``torch.nn.utils.prune``."""
    import torch

    buffer = io.BytesIO()
    torch.save(_state(snapshot), buffer)
    return buffer.getvalue()


def pytorch_model(run: Run) -> bytes:
    """Return the state dict of a run's dense model."""
    import torch

    from ...training import load_model

    buffer = io.BytesIO()
    torch.save(load_model(run, format="dense").state_dict(), buffer)
    return buffer.getvalue()


def onnx(snapshot: Snapshot) -> bytes:
    """Refuse: a snapshot is no whole model."""
    raise FormatError(
        "ONNX needs a whole model, and a snapshot holds the sparse layers alone; "
        "export the run's last step, which has a checkpoint"
    )


def onnx_model(run: Run) -> bytes:
    """Return a run's dense model as ONNX."""
    from ...training.deployment import onnx_of

    return onnx_of(run)


def pyg(snapshot: Snapshot) -> bytes:
    """Return PyTorch Geometric's data as a dictionary of tensors."""
    import torch

    buffer = io.BytesIO()
    torch.save(to_pyg(snapshot).to_dict(), buffer)
    return buffer.getvalue()


def to_pyg(snapshot: Snapshot) -> Any:
    """Return a ``torch_geometric.data.Data``: edge_index, weights, layer and population numbers."""
    try:
        from torch_geometric.data import Data
    except ImportError:
        raise MissingDependency(
            "torch_geometric", "train", "exporting to PyTorch Geometric"
        ) from None
    import torch

    topology = snapshot.topology
    u, v = topology.links()
    sizes = [layer.n_links for layer in topology.layers]
    data = Data(
        edge_index=torch.from_numpy(np.stack([u, v])),
        population=torch.from_numpy(topology.node_population.astype(np.int64)),
        layer=torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)),
        num_nodes=topology.n_nodes,
    )
    if all(layer.weights is not None for layer in topology.layers):
        weights = [layer.weights for layer in topology.layers if layer.weights is not None]
        data.edge_attr = torch.from_numpy(np.concatenate(weights))[:, None]
    return data
