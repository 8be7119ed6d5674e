"""Initial topologies of the whole network: the best of all positions by a score of the dense model.

Such an initialiser is ``fn(model, weights, look, n_links, **options)``, registered with
``whole_network=True``; it returns a score for every entry of every weight, of which the largest of
all layers together become links. They keep the weights that the dense model had there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from ...errors import RecipeError
from ...registry import register

Weights = Mapping[str, Tensor]
Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class Look:
    """What an initialiser may look at.

    Attributes
    ----------
    losses
        Given a number, returns the losses of so many training batches one after another, each to
        be differentiated; None where no data are known.
    inputs
        An input of the model, of one sample; None where none is known.
    samples
        Returns inputs of training samples, in the shape that the model takes; None where there are
        none.
    """

    losses: Callable[[int], Iterator[Tensor]] | None = None
    inputs: Any = None
    samples: Callable[[], Tensor | None] | None = None

    def need_losses(self, name: str, n: int) -> Iterator[Tensor]:
        """Return losses, or say how to give them."""
        if self.losses is None:
            raise RecipeError(
                f"initialiser {name!r} looks at training batches: give sparsify "
                "loss=, a function without arguments that returns the loss of a batch"
            )
        return self.losses(n)


@register(
    "initialiser", "snip", source="Lee et al. 2019, eq. 5 and algorithm 1", whole_network=True
)
def snip(model: nn.Module, weights: Weights, look: Look, n_links: int, batches: Count = 1) -> Any:
    """Keep the largest |w ∂E/∂w|: what the loss would miss first."""
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    with undisturbed(model):
        for loss in look.need_losses("snip", batches):
            for name, gradient in zip(weights, torch.autograd.grad(loss, list(weights.values()))):
                total[name] += gradient
    return {name: (weights[name].detach() * total[name]).abs() for name in weights}


@register("initialiser", "grasp", source="Wang et al. 2020, eq. 8", whole_network=True)
def grasp(model: nn.Module, weights: Weights, look: Look, n_links: int, batches: Count = 1) -> Any:
    """Remove the largest −w (H g): what the gradient's norm would miss least."""
    parameters = list(weights.values())
    total = [torch.zeros_like(weight) for weight in parameters]
    with undisturbed(model):
        gradients = [torch.zeros_like(weight) for weight in parameters]
        for loss in look.need_losses("grasp", batches):
            for sum_, gradient in zip(gradients, torch.autograd.grad(loss, parameters)):
                sum_ += gradient / batches
        for loss in look.need_losses("grasp", batches):
            again = torch.autograd.grad(loss, parameters, create_graph=True)
            product = sum((g * h).sum() for g, h in zip(gradients, again))
            for sum_, curved in zip(total, torch.autograd.grad(product, parameters)):  # type: ignore[arg-type]
                sum_ += curved / batches
    return {name: weights[name].detach() * curved for name, curved in zip(weights, total)}


@register("initialiser", "synflow", source="Tanaka et al. 2020, algorithm 1", whole_network=True)
def synflow(
    model: nn.Module, weights: Weights, look: Look, n_links: int, rounds: Count = 100
) -> Any:
    """Keep the largest w ∂R/∂w, R the flow of an input of ones through |w|, in many rounds."""
    ones = _ones(look.inputs)
    kept = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()}
    possible = sum(weight.numel() for weight in weights.values())
    scores: dict[str, Tensor] = {}
    with undisturbed(model), _positive(model):
        model.eval()
        for k in range(1, rounds + 1):
            with torch.no_grad():
                for name, weight in weights.items():
                    weight.mul_(kept[name])
            flow = model(ones.to(next(iter(weights.values()))))
            flow = flow["logits"] if isinstance(flow, Mapping) else flow
            flow = getattr(flow, "logits", flow).sum()
            found = torch.autograd.grad(flow, list(weights.values()))
            scores = {
                name: (weight.detach() * gradient).masked_fill(~kept[name], -1.0)
                for (name, weight), gradient in zip(weights.items(), found)
            }
            count = round(possible * (n_links / possible) ** (k / rounds))
            kept = largest(scores, max(count, n_links))
    return scores


def largest(scores: Weights, n: int) -> dict[str, Tensor]:
    """Return which entries are among the n largest of all, at least one in each tensor."""
    flat = [score.double().reshape(-1).clone() for score in scores.values()]
    for part in flat:
        part[part.argmax()] = float("inf")
    merged = torch.cat(flat)
    chosen = torch.zeros_like(merged, dtype=torch.bool)
    chosen[merged.topk(n).indices] = True
    parts = chosen.split([part.numel() for part in flat])
    return {name: part.reshape(scores[name].shape) for name, part in zip(scores, parts)}


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Leave random numbers, running averages and the mode of a model as they were."""
    mode = {name: module.training for name, module in model.named_modules()}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    device = next(model.parameters()).device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            yield
        finally:
            with torch.no_grad():
                for name, buffer in model.named_buffers():
                    buffer.copy_(buffers[name])
            for name, module in model.named_modules():
                module.training = mode[name]


@contextmanager
def _positive(model: nn.Module) -> Iterator[None]:
    """Let all parameters be their magnitudes, in float64 so that no flow overflows."""
    before = {name: (p.data, p.data.clone()) for name, p in model.named_parameters()}
    buffers = {name: b.dtype for name, b in model.named_buffers()}
    try:
        model.double()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.abs_()
        yield
    finally:
        for name, parameter in model.named_parameters():
            storage, values = before[name]
            storage.copy_(values)
            parameter.data = storage
        for name, buffer in model.named_buffers():
            buffer.data = buffer.data.to(buffers[name])


def _ones(inputs: Any) -> Tensor:
    if not torch.is_tensor(inputs) or not inputs.is_floating_point():
        raise RecipeError(
            "initialiser 'synflow' sends an input of ones through the model, so its input is one "
            "tensor of real numbers: give example_input, or take snip where inputs are tokens"
        )
    return torch.ones_like(inputs[:1], dtype=torch.float64)
