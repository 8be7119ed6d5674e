"""A callback of the Hugging Face Trainer that evolves a model's topology."""

from __future__ import annotations

import json
import os
from typing import Any

from ...errors import MissingDependency
from ..own_loop import SparseTraining, sparsify

try:
    from transformers import TrainerCallback
except ImportError as error:  # pragma: no cover
    raise MissingDependency("transformers", "hf", "the Trainer callback") from error

_FILE = "netsci_dst.safetensors"


class SparseTrainingCallback(TrainerCallback):
    """Evolve the links of a model while the Hugging Face Trainer trains it.

    Make the callback before the Trainer: it makes the model sparse at once, so that the Trainer
    builds its optimizer on the sparse model.

    Parameters
    ----------
    model
        The model that is given to the Trainer.
    method, sparsity
        As for `netsci_dst.sparsify`.
    total_steps
        Optimizer steps of the training, such as ``TrainingArguments.max_steps``.
    options
        Further arguments of `netsci_dst.sparsify`.

    Examples
    --------
    >>> callback = SparseTrainingCallback(model, "set", 0.9, 1000)  # doctest: +SKIP
    >>> Trainer(model, arguments, callbacks=[callback]).train()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Any,
        method: str = "chts",
        sparsity: float = 0.9,
        total_steps: int | None = None,
        **options: Any,
    ):
        self.training: SparseTraining = sparsify(
            model, None, method, sparsity, total_steps=total_steps, **options
        )

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Watch the optimizer, and continue where a checkpoint left off."""
        optimizer = kwargs["optimizer"]
        self.training.attach(getattr(optimizer, "optimizer", optimizer))
        if state.global_step:
            folder = args.resume_from_checkpoint
            if not isinstance(folder, str):
                folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
            self.training.load_state_dict(_load(os.path.join(folder, _FILE)))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Follow one step of the optimizer."""
        self.training.step()

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Record the evaluation."""
        if self.training.run is not None and metrics:
            self.training.log(**{k: v for k, v in metrics.items() if isinstance(v, int | float)})

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Store the state beside the Trainer's checkpoint."""
        folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
        if os.path.isdir(folder) and state.is_world_process_zero:
            _save(os.path.join(folder, _FILE), self.training.state_dict())

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """End the recording."""
        self.training.close()


def _save(path: str, state: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    facts = {key: value for key, value in state.items() if key != "tensors"}
    tensors = {name: tensor.contiguous().clone() for name, tensor in state["tensors"].items()}
    save_file(tensors, path, metadata={"netsci_dst": json.dumps(facts)})


def _load(path: str) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return {**json.loads(file.metadata()["netsci_dst"]), "tensors": tensors}
