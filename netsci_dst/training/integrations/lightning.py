"""A Lightning callback that makes a module sparse and evolves its topology."""

from __future__ import annotations

import math
from typing import Any

from ...errors import MissingDependency
from ..sparse_training import SparseTraining, sparsify

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:  # pragma: no cover
    raise MissingDependency("lightning", "lightning", "the Lightning callback") from error


class SparseTrainingCallback(Callback):
    """Evolve the links of a Lightning module while Lightning trains it.

    The module is made sparse when training starts; checkpoints carry the state. The number of
    steps and the length of an epoch are the trainer's own.

    Parameters
    ----------
    method, sparsity
        As for `netsci_dst.sparsify`.
    target
        Attribute of the module that holds the network to make sparse; the module itself when
        left out.
    options
        Further arguments of `netsci_dst.sparsify`.

    Attributes
    ----------
    training
        The `SparseTraining`, from the start of training on.

    Examples
    --------
    >>> callback = SparseTrainingCallback("chts", 0.9, out="runs/mine")  # doctest: +SKIP
    >>> Trainer(callbacks=[callback]).fit(module)  # doctest: +SKIP
    """

    def __init__(
        self,
        method: str = "chts",
        sparsity: float = 0.9,
        *,
        target: str | None = None,
        **options: Any,
    ):
        self.method = method
        self.sparsity = sparsity
        self.target = target
        self.options = options
        self.training: SparseTraining | None = None
        self._loaded: dict[str, Any] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the module sparse, once, and watch its optimizers."""
        model = pl_module if self.target is None else getattr(pl_module, self.target)
        if self.training is not None:
            self.training.attach(*trainer.optimizers)
            return
        steps = trainer.estimated_stepping_batches
        options = dict(self.options)
        if math.isfinite(steps) and steps > 0:
            options.setdefault("total_steps", int(steps))
        batches = trainer.num_training_batches
        if math.isfinite(batches):
            per_epoch = max(1, math.ceil(batches / trainer.accumulate_grad_batches))
            options.setdefault("steps_per_epoch", per_epoch)
        self.training = sparsify(
            model, trainer.optimizers, self.method, self.sparsity, state=self._loaded, **options
        )
        self._loaded = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Follow the optimizers; batches without an optimizer step change nothing."""
        assert self.training is not None
        self.training.step()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record what the module logged."""
        if self.training is None or self.training.run is None or trainer.sanity_checking:
            return
        metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
        if metrics:
            self.training.log(**metrics)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the recording."""
        if self.training is not None:
            self.training.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """End the recording as failed."""
        if self.training is not None:
            interrupted = isinstance(exception, KeyboardInterrupt)
            self.training.close("interrupted" if interrupted else "failed")

    def state_dict(self) -> dict[str, Any]:
        """Return what Lightning's checkpoint keeps of the topology's evolution."""
        return {} if self.training is None else self.training.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a Lightning checkpoint."""
        self._loaded = state_dict or None
