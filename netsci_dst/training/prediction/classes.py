"""Classes and their probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.augment import normalise
from .predictions import Predictions
from .read_samples import read
from .samples import Samples

if TYPE_CHECKING:
    from ..build import Training


def classify(
    session: Training, data: Any, part: str, compacted: bool, batch_size: int
) -> Predictions:
    """Return the most probable class of each sample, and the probability of each class."""
    import torch

    dataset = session.dataset
    recipe = session.recipe
    samples = read(data, dataset, part, {recipe.data: recipe.data_options})
    model = session.model
    if compacted:
        from ..compaction import compact

        example = session.batches.probe(2).tensors[0].cpu()
        model = compact(model.cpu(), example).to(session.device)
    logits = []
    with torch.no_grad():
        for begin in range(0, len(samples.x), batch_size):
            rows = np.arange(begin, min(begin + batch_size, len(samples.x)))
            x = normalise(np.asarray(samples.x[rows]), dataset.mean, dataset.std)
            x = torch.from_numpy(x).to(session.device, session.dtype)
            logits.append(model(x).double().cpu().numpy())
    return _table(np.concatenate(logits), samples, dataset)


def _table(logits: np.ndarray, samples: Samples, dataset: Any) -> Predictions:
    import pandas as pd

    shifted = logits - logits.max(1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    found = logits.argmax(1)
    names = list(dataset.classes) or [str(i) for i in range(dataset.n_classes)]
    rows = np.arange(len(found))
    columns: dict[str, Any] = {"sample": rows if samples.names is None else list(samples.names)}
    columns["class"] = found
    if dataset.classes:
        columns["name"] = [names[i] for i in found]
    columns["probability"] = np.exp(logs[rows, found])
    evaluation: dict[str, float] = {"n": len(found)}
    if samples.labels is not None:
        right = found == samples.labels
        columns |= {"label": samples.labels, "right": right}
        evaluation["loss"] = float(-logs[rows, samples.labels].mean())
        evaluation["accuracy"] = float(right.mean())
    columns |= {f"p_{name}": np.exp(logs[:, i]) for i, name in enumerate(names)}
    return Predictions(pd.DataFrame(columns), evaluation)
