"""What a trained model can still do when neurons are taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import RunError
from ..run import Run


def lesion(
    run: Run,
    orders: Mapping[str, Sequence[tuple[str, int]]],
    shares: Sequence[float],
    *,
    device: str = "cpu",
    dataset: Any = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[dict[str, Any]]:
    """Measure the test metric while hidden neurons are silenced in given orders.

    Parameters
    ----------
    orders
        Name of the order -> its neurons as (population, index), first to go first.
    shares
        Shares of the ordered neurons to silence, each from 0 to 1.
    progress
        Called as ``progress(done, total, what)``.

    Returns
    -------
    list of dict
        Rows: order, share, removed, loss and the task's metric.

    Raises
    ------
    RunError
        If the run has no checkpoint, or the model does not say which module's output is the
        activity of a population.
    """
    from .trained_model import restore

    session = restore(run, device=device, dataset=dataset)
    outputs = session.wiring.outputs
    unknown = sorted({p for order in orders.values() for p, _ in order} - set(outputs))
    if unknown:
        raise RunError(f"the model does not say which module is population {unknown[0]!r}")
    rows, done = [], 0
    total = len(orders) * len(shares)
    for name, order in orders.items():
        for share in shares:
            removed = order[: round(share * len(order))]
            silent: dict[str, list[int]] = {}
            for population, neuron in removed:
                silent.setdefault(population, []).append(neuron)
            found = _evaluate(session, silent)
            rows.append({"order": name, "share": share, "removed": len(removed), **found})
            done += 1
            if progress:
                progress(done, total, name)
    return rows


def _evaluate(session: Any, silent: Mapping[str, Sequence[int]]) -> dict[str, float]:
    import torch

    hooks = []
    try:
        for population, neurons in silent.items():
            module = session.model.get_submodule(session.wiring.outputs[population])
            index = torch.tensor(neurons, device=session.device)
            hooks.append(module.register_forward_hook(_silence(index)))
        with torch.no_grad():
            return dict(session.task.evaluate(session.model, session.batches))
    finally:
        for hook in hooks:
            hook.remove()


def _silence(neurons: Any) -> Callable[..., Any]:
    def hook(module: Any, inputs: Any, output: Any) -> Any:
        # Neurons are the channels of images, the last dimension of everything else.
        dimension = 1 if output.dim() == 4 else -1
        return output.index_fill(dimension, neurons, 0)

    return hook
