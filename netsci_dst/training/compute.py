"""What a training costs: floating-point operations, bytes, time and energy.

Operations are counted twice. *Of the links*: a multiplication and an addition for every link, every
row that passes it, forward and backward; what absent positions would cost is not there. *Executed*:
what the format computes; a masked layer computes as much as a dense one. The forward pass of the
first training step is counted by torch's own counter, and a pass backward through a product costs
one product for each factor that needs a gradient. Other steps cost as much for each entry of their
input: smaller last batches and batches in several parts count as what they are.
"""

from __future__ import annotations

import importlib
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .optimizer_state import as_list

if TYPE_CHECKING:
    from torch import Tensor

    from .controller import Controller
    from .sparse_parameter import SparseParameter

# Operations of an optimizer's step for each number: decay, moments, the step itself.
_OPTIMIZER = {"SGD": 6, "Adam": 14, "AdamW": 14, "Adafactor": 12, "Muon": 6, "RMSprop": 10}
_RAPL = Path("/sys/class/powercap")


@dataclass
class Layer:
    """What one sparse layer costs in a forward pass if it were dense, and how often backward."""

    forward: float = 0.0
    backward: int = 2


class Compute:
    """Counts the cost of a training while it goes on.

    Attributes
    ----------
    links, executed
        Floating-point operations of training so far.
    elsewhere
        Seconds of processor time of the other processes of this training.
    """

    def __init__(self, controller: Controller):
        self.controller = controller
        self.links = self.executed = 0.0
        self.elsewhere: float = 0.0
        self.layers: dict[str, Layer] = {}
        self.rest: float = 0.0
        self.rest_backward: float = 0.0
        self.rows = 0
        self._per_step: tuple[float, float] | None = None
        self._of_optimizer = 0.0, 0.0
        # Entries of the input that passed: in the pass that was counted, and since the last step.
        self._counted, self._passed = 0, 0
        self._begun, self._processor = time.perf_counter(), time.process_time()
        # Of the sessions before one that was resumed.
        self._before_this = {"processor_s": 0.0, "wall_s": 0.0, "energy_j": 0.0}
        self._energy = Energy(next(controller.model.parameters()).device)
        self._counter: FlopCounterMode | None = None
        self._hooks: list[Any] = []
        self._handles: list[Any] = [
            controller.model.register_forward_pre_hook(
                self._before, prepend=True, with_kwargs=True
            ),
            controller.model.register_forward_hook(self._after, always_call=True),
        ]
        self._of_every_pass = controller.model.register_forward_pre_hook(
            self._pass, with_kwargs=True
        )

    def _pass(self, model: nn.Module, args: Any, kwargs: Any) -> None:
        if model.training and torch.is_grad_enabled() and not torch.compiler.is_compiling():
            self._passed += _entries(args, kwargs)

    @property
    def hook_of_passes(self) -> int:
        """Id of its hook on every forward pass; who passes without hooks calls `passed`."""
        return self._of_every_pass.id

    def passed(self, entries: int) -> None:
        """Take note of a pass of training that the model's hooks did not see."""
        self._passed += entries

    def forget_passes(self) -> None:
        """Take back what passed since the last step: it was no part of training."""
        self._passed = 0

    def undo(self) -> None:
        """Leave the model as it was."""
        for handle in (self._of_every_pass, *self._handles):
            handle.remove()

    # --- the first training pass --------------------------------------------------------------

    def _owners(self) -> dict[str, nn.Module]:
        model, found = self.controller.model, {}
        for name, parameter in self.controller.parameters.items():
            path = parameter.view.parameter.rpartition(".")[0]
            owner = path.removesuffix(".parametrizations.weight")
            found[name] = model.get_submodule(owner)
        return found

    def _before(self, model: nn.Module, args: Any, kwargs: Any) -> None:
        if not model.training or not torch.is_grad_enabled() or self._counter is not None:
            return
        if torch.compiler.is_compiling():
            return
        self.rows: int = _rows(args, kwargs)
        self._counted = _entries(args, kwargs)
        self._seen: dict[str, list[float]] = {}
        self._handles_of_layers = [
            owner.register_forward_hook(self._watch(name)) for name, owner in self._owners().items()
        ]
        self._counter = FlopCounterMode(display=False)
        self._counter.__enter__()

    def _watch(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            first = next((a for a in args if isinstance(a, torch.Tensor)), None)
            if first is not None:
                rows, needs = self._seen.setdefault(name, [0.0, 0.0])
                size = _passes(module, first, output)
                self._seen[name] = [rows + size, max(needs, float(first.requires_grad))]

        return hook

    def _after(self, model: nn.Module, args: Any, output: Any) -> None:
        counter = self._counter
        if counter is None or self._per_step is not None:
            return
        counter.__exit__(None, None, None)
        for handle in (*self._handles_of_layers, *self._handles):
            handle.remove()
        self._handles = self._handles_of_layers = []
        total = float(counter.get_total_flops())
        for name, parameter in self.controller.parameters.items():
            rows, needs = self._seen.get(name, [0.0, 1.0])
            view = parameter.view
            dense = 2.0 * rows * view.n_source * view.n_target
            self.layers[name] = Layer(dense, 2 if needs else 1)
            if parameter.format == "masked":
                total -= dense
        self.rest: float = max(0.0, total)
        self._measure()

    # --- counting -----------------------------------------------------------------------------

    def _measure(self) -> None:
        """Say what a step costs with the links of now."""
        links = executed = 3.0 * self.rest
        for name, parameter in self.controller.parameters.items():
            layer = self.layers.get(name, Layer())
            dense = layer.forward * (1 + layer.backward)
            links += dense * parameter.density
            executed += dense * (parameter.density if parameter.format == "csr" else 1.0)
        present, stored = self._numbers()
        each = max(
            (_OPTIMIZER.get(type(one).__name__, 10) for one in self._optimizers()), default=0
        )
        self._per_step = links, executed
        self._of_optimizer = each * present, each * stored

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return self.controller.optimizers

    def _numbers(self) -> tuple[int, int]:
        """Return the parameters that are there, and those that are stored."""
        stored = sum(p.numel() for p in self.controller.model.parameters())
        absent = sum(
            p.n_possible - p.n_links
            for p in self.controller.parameters.values()
            if p.format == "masked"
        )
        return stored - absent, stored

    def stepped(self, captured: bool) -> None:
        """Count a step; ``captured``: with the gradients of absent links."""
        if self._per_step is None:
            return
        links, executed = self._per_step
        scale = self._passed / self._counted if self._passed and self._counted else 1.0
        self._passed = 0
        if captured:
            for name, parameter in self.controller.parameters.items():
                layer = self.layers.get(name, Layer())
                absent = layer.forward * (1 - parameter.density)
                links += absent
                executed += absent if parameter.format == "csr" else 0.0
        # Each process passes its part of the batch, and all of them step all weights.
        processes = self.controller.world.size
        self.links += processes * scale * links + self._of_optimizer[0]
        self.executed += processes * (scale * executed + self._of_optimizer[1])

    def updated(self, predictor: str | None) -> None:
        """Count a topology update, with what its link prediction took."""
        if self._per_step is None:
            return
        paths = self.controller.engine.paths
        for name, parameter in self.controller.parameters.items():
            if name in paths:
                of_links, executed = prediction_flops(predictor, parameter, paths[name])
                self.links += of_links
                self.executed += executed
        self._measure()

    # --- what is recorded ---------------------------------------------------------------------

    def row(self) -> dict[str, float]:
        """Return the operations of training so far, for metrics.parquet."""
        if self._per_step is None:
            return {}
        return {"flops_links": self.links, "flops_executed": self.executed}

    def facts(self) -> dict[str, Any]:
        """Return what is noted in the provenance; None where nothing could be counted."""
        parameters = self.controller.parameters
        present, _ = self._numbers()
        samples = max(1, self.rows)
        links = executed = self.rest
        for name, parameter in parameters.items():
            dense = self.layers.get(name, Layer()).forward
            links += dense * parameter.density
            executed += dense * (parameter.density if parameter.format == "csr" else 1.0)
        known = self._per_step is not None
        return {
            "training_flops_links": self.links if known else None,
            "training_flops_executed": self.executed if known else None,
            "inference_flops_links": links / samples if known else None,
            "inference_flops_executed": executed / samples if known else None,
            "parameters": present,
            "links": sum(p.n_links for p in parameters.values()),
            "active_neurons": self.controller.active_neurons(),
            "weight_bytes": sum(
                p.numel() * p.element_size() for p in self.controller.model.parameters()
            ),
            "optimizer_bytes": optimizer_bytes(self._optimizers()),
            "peak_memory_bytes": peak_memory(next(self.controller.model.parameters()).device),
            **self._spent(),
        }

    def processor_seconds(self) -> float:
        """Return this process's processor time since it began to train."""
        return time.process_time() - self._processor

    def _spent(self) -> dict[str, float | None]:
        """Return processor and wall time and energy, those before a resumption included."""
        before, joules = self._before_this, self._energy.joules()
        spent = self.processor_seconds() + self.elsewhere
        return {
            "processor_s": round(before["processor_s"] + spent, 3),
            "wall_s": round(before["wall_s"] + time.perf_counter() - self._begun, 3),
            "energy_j": None if joules is None else before["energy_j"] + joules,
        }

    def state(self) -> dict[str, Any]:
        """Return JSON-compatible facts to continue from."""
        return {"links": self.links, "executed": self.executed, **self._spent()}

    def load(self, facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.links: float = float(facts["links"])
        self.executed: float = float(facts["executed"])
        self._before_this = {key: float(facts.get(key) or 0.0) for key in self._before_this}


def prediction_flops(
    predictor: str | None, parameter: SparseParameter, n_paths: int
) -> tuple[float, float]:
    """Return the operations of scoring a layer's absent links: of the links, and executed.

    Of the links: two for every path of length three (METHODS of CH3-L3p and its kin), of which the
    update has counted ``n_paths``. Executed by a masked layer: the dense products of the node
    predictors, and one more factor of sources for path predictors.
    """
    if predictor is None or not (predictor.endswith(("_l3p", "_l3n")) or predictor.endswith("_l3")):
        return 0.0, 0.0
    n_source, n_target = parameter.n_source, parameter.n_target
    paths = 2.0 * n_paths
    if parameter.format == "csr":
        return paths, paths
    products = 2.0 * n_source * n_target * (n_source + n_target)
    return paths, products * (2.0 if predictor.endswith("_l3n") else float(n_target))


def optimizer_bytes(optimizers: Iterable[torch.optim.Optimizer]) -> int:
    """Return the bytes of everything that optimizers remember."""
    return sum(
        value.numel() * value.element_size()
        for one in as_list(list(optimizers))
        for state in one.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor)
    )


def peak_memory(device: torch.device) -> int:
    """Return the most bytes that were in use: of the GPU, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Energy:
    """Joules since it was made, as far as the machine tells.

    Of the processor packages (RAPL) and of the GPU that trains (NVML, by the package
    ``nvidia-ml-py``), with all that runs on them.
    """

    def __init__(self, device: torch.device | None = None) -> None:
        self._gpu = _gpu_meter(device) if device is not None and device.type == "cuda" else None
        self._gpu_first = self._gpu() if self._gpu else 0.0
        self._zones = []
        for zone in sorted(_RAPL.glob("intel-rapl:*")) if _RAPL.is_dir() else ():
            if zone.name.count(":") == 1 and _read(zone / "energy_uj") is not None:
                self._zones.append(zone)
        self._first = [_read(zone / "energy_uj") for zone in self._zones]

    def joules(self) -> float | None:
        """Return the joules so far; None where nothing can be read."""
        if not self._zones and self._gpu is None:
            return None
        total = 1e6 * (self._gpu() - self._gpu_first) if self._gpu else 0.0
        for zone, first in zip(self._zones, self._first):
            now, turn = _read(zone / "energy_uj"), _read(zone / "max_energy_range_uj")
            if now is None or first is None:
                return None
            total += now - first if now >= first else now + (turn or 0.0) - first
        return total / 1e6


def _gpu_meter(device: torch.device) -> Callable[[], float] | None:
    """Return what tells the joules that a GPU has taken so far; None where nothing does."""
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
        handle = nvml.nvmlDeviceGetHandleByUUID(
            f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        )
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # no package, no driver, a card that does not count
        return None
    return lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000


def _read(file: Path) -> float | None:
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return None


def _passes(module: nn.Module, x: Tensor, output: Any) -> float:
    """Return how often a layer's matrix is applied: samples, tokens, places of an image."""
    if isinstance(module, nn.modules.conv._ConvNd):
        where = x if module.transposed else output
        channels = module.in_channels if module.transposed else module.out_channels
        return where.numel() / channels
    return x.numel() / max(1, x.shape[-1])


def _first(args: Any, kwargs: Any) -> Tensor | None:
    return next((a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)), None)


def _rows(args: Any, kwargs: Any) -> int:
    first = _first(args, kwargs)
    return 1 if first is None or first.dim() == 0 else first.shape[0]


def _entries(args: Any, kwargs: Any) -> int:
    first = _first(args, kwargs)
    return 0 if first is None else first.numel()
