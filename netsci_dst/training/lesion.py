"""What a trained model can still do when neurons are taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..run import Run

if TYPE_CHECKING:
    from .wiring import Wiring


Evaluate = Callable[[Any], Mapping[str, float]]


def lesion(
    run: Run,
    orders: Mapping[str, Sequence[tuple[str, int]]],
    shares: Sequence[float],
    *,
    model: Any = None,
    evaluate: Evaluate | None = None,
    example: Any = None,
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
    model, evaluate, example
        For a run of a training loop of one's own: its plain module, a function that returns metrics
        of a model, and a batch to follow its wiring with.
    progress
        Called as ``progress(done, total, what)``.

    Returns
    -------
    list of dict
        Rows: order, share, removed, loss and the task's metric, or what ``evaluate`` returned.

    Raises
    ------
    RunError
        If the run has no checkpoint, or no module's output is the activity of a population.
    """
    network, wiring, measured = _subject(run, model, evaluate, example, device, dataset)
    unknown = sorted({p for order in orders.values() for p, _ in order} - set(wiring.outputs))
    if unknown:
        raise RunError(f"no module's output is known to be population {unknown[0]!r}")
    rows, done = [], 0
    total = len(orders) * len(shares)
    for name, order in orders.items():
        for share in shares:
            removed = order[: round(share * len(order))]
            silent: dict[str, list[int]] = {}
            for population, neuron in removed:
                silent.setdefault(population, []).append(neuron)
            found = _evaluate(network, wiring, measured, silent, device)
            rows.append({"order": name, "share": share, "removed": len(removed), **found})
            done += 1
            if progress:
                progress(done, total, name)
    return rows


def _subject(
    run: Run, model: Any, evaluate: Evaluate | None, example: Any, device: str, dataset: Any
) -> tuple[Any, Wiring, Evaluate]:
    from .trained_model import load_model, restore

    if "origin" not in run.recipe:
        training = restore(run, device=device, dataset=dataset, samples=True)
        task, batches = training.task, training.batches
        return training.model, training.wiring, lambda m: task.evaluate(m, batches)
    if model is None or evaluate is None:
        raise RunError(
            f"{run.path} was recorded from a training loop of one's own: give its model, and "
            "evaluate(model), which returns metrics"
        )
    from .wiring import of

    network = load_model(run, model=model, device=device)
    return network, of(network, example), evaluate


def _evaluate(
    model: Any,
    wiring: Wiring,
    measured: Evaluate,
    silent: Mapping[str, Sequence[int]],
    device: str,
) -> dict[str, float]:
    import torch

    hooks = []
    try:
        for population, neurons in silent.items():
            module = model.get_submodule(wiring.outputs[population])
            index = torch.tensor(neurons, device=device)
            hooks.append(module.register_forward_hook(_silence(index)))
        with torch.no_grad():
            return dict(measured(model))
    finally:
        for hook in hooks:
            hook.remove()


def _silence(neurons: Any) -> Callable[..., Any]:
    def hook(module: Any, inputs: Any, output: Any) -> Any:
        # Neurons are the channels of images, the last dimension of everything else.
        dimension = 1 if output.dim() == 4 else -1
        return output.index_fill(dimension, neurons, 0)

    return hook
