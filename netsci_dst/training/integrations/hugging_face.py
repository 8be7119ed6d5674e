"""A callback of the Hugging Face Trainer that evolves a model's topology."""

from __future__ import annotations

import json
import os
from typing import Any

from ...errors import MissingDependency
from ..sparse_training import SparseTraining, sparsify

try:
    from transformers import TrainerCallback
except ImportError as error:  # pragma: no cover
    raise MissingDependency("transformers", "hf", "the Trainer callback") from error

_FILE = "netsci_dst.safetensors"


class SparseTrainingCallback(TrainerCallback):
    """Evolve the links of a model while the Hugging Face Trainer trains it.

    The model is made sparse when training begins; checkpoints carry the state, and
    ``save_pretrained`` writes the sparse weights as those of the plain model. The number of steps
    and the length of an epoch are the Trainer's own.

    Parameters
    ----------
    method, sparsity
        As for `netsci_dst.sparsify`.
    options
        Further arguments of `netsci_dst.sparsify`.

    Attributes
    ----------
    training
        The `SparseTraining`, from the beginning of training on.

    Examples
    --------
    >>> callback = SparseTrainingCallback("set", 0.9, out="runs/mine")  # doctest: +SKIP
    >>> Trainer(model, arguments, callbacks=[callback]).train()  # doctest: +SKIP
    """

    def __init__(self, method: str = "chts", sparsity: float = 0.9, **options: Any):
        self.method = method
        self.sparsity = sparsity
        self.options = options
        self.training: SparseTraining | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Make the model sparse, or continue where a checkpoint left off."""
        options = dict(self.options)
        options.setdefault("total_steps", int(state.max_steps))
        epochs = float(args.num_train_epochs)
        if args.max_steps <= 0 and epochs > 0:
            options.setdefault("steps_per_epoch", max(1, round(state.max_steps / epochs)))
        known = None
        if state.global_step:
            folder = args.resume_from_checkpoint
            if not isinstance(folder, str):
                folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
            known = _load(os.path.join(folder, _FILE))
        self.training = sparsify(
            kwargs["model"],
            kwargs["optimizer"],
            self.method,
            self.sparsity,
            state=known,
            **options,
        )

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Follow one step of the optimizer, before the Trainer clears the gradients."""
        assert self.training is not None
        self.training.step()

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Record the evaluation."""
        if self.training is not None and self.training.run is not None and metrics:
            self.training.log(**{k: v for k, v in metrics.items() if isinstance(v, int | float)})

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Store the state beside the Trainer's checkpoint."""
        folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
        if self.training is not None and os.path.isdir(folder) and state.is_world_process_zero:
            _save(os.path.join(folder, _FILE), self.training.state_dict())

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """End the recording."""
        if self.training is not None:
            self.training.close()


def _save(path: str, state: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    tensors = {name: tensor.contiguous().clone() for name, tensor in state["tensors"].items()}
    save_file(tensors, path, metadata={"netsci_dst": json.dumps(state["facts"])})


def _load(path: str) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return {"facts": json.loads(file.metadata()["netsci_dst"]), "tensors": tensors}
