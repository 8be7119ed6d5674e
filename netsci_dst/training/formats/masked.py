"""The masked format: the model's own parameter, exactly zero where there is no link.

Nothing of the model is replaced. A hook on the parameter masks its gradient as soon as it is
accumulated; entries without a link are brought back to zero after every step of the optimizer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ... import registry
from ...errors import NetsciError
from ..matrix_view import MatrixView
from ..sparse_parameter import SparseParameter
from .sharded import is_sharded, local_part, whole

# Below this density links are gathered and put back; above it a pass over all entries is cheaper.
_SPARSE = 0.1
# Absent entries that are looked at, where an optimizer keeps zeros, to see that nobody wrote them.
_SAMPLE = 256


class MaskedWeight:
    """A parameter under a mask; several layers share one where projections are packed."""

    def __init__(self, module: nn.Module, attribute: str):
        self.module = module
        self.attribute = attribute
        weight = self.weight
        self.mask: Tensor = torch.ones(weight.shape, dtype=torch.bool, device=_device(weight))
        self.captures = False
        self.captured: Tensor | None = None
        self.sets_of_links: list[MaskedParameter] = []
        self._absent: Tensor | None = None
        self._absent_is_old = False
        self._places: Tensor | None = None
        self._sample: Tensor | None = None
        self._seen: tuple[int, int, int] | None = None
        self._weight_version = -1
        self._handle = self._watch()

    @property
    def weight(self) -> nn.Parameter:
        """The parameter, as it is in the model now."""
        return getattr(self.module, self.attribute)

    def _watch(self) -> Any:
        weight = self.weight
        if not weight.requires_grad:
            return None
        return weight.register_post_accumulate_grad_hook(self._accumulated)

    def detach(self) -> None:
        """Stop masking the gradient."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def current_mask(self) -> Tensor:
        """Return the mask where the parameter is; of a sharded one, this process's part."""
        weight = self.weight
        if self.mask.device != _device(weight):
            self.mask = self.mask.to(_device(weight))
            self.changed()
        return local_part(self.mask, weight)

    def changed(self) -> None:
        """Forget what was derived from the mask."""
        self._absent_is_old = True
        self._places = self._sample = None
        for links in self.sets_of_links:
            links.forget_keys()

    # --- around a step ------------------------------------------------------------------------

    @torch.no_grad()
    def _accumulated(self, weight: Tensor) -> None:
        gradient = weight.grad
        if gradient is None:
            return
        if self.captures:
            dense = gradient._local_tensor if is_sharded(gradient) else gradient  # type: ignore[attr-defined]
            if self.captured is None:
                self.captured = dense.clone()
            else:  # links have added up in the gradient itself
                absent = (self.captured + dense).masked_fill_(self.current_mask(), 0.0)
                self.captured = absent + dense * self.current_mask()
        self._zero(gradient)
        self._seen = _state_of(gradient)

    def before_optimizer(self) -> None:
        """Mask the gradient again where something has written to it since the backward pass."""
        gradient = self.weight.grad
        if gradient is not None and (
            _state_of(gradient) != self._seen or self._strays(_local(gradient))
        ):
            with torch.no_grad():
                self._zero(gradient)

    @torch.no_grad()
    def after_optimizer(self, keeps_zeros: bool) -> None:
        """Bring absent entries of the weight back to zero."""
        weight = self.weight
        local = _local(weight.detach())
        if not (keeps_zeros and self._untouched and not self._strays(local)):
            self._zero(weight)
        self._weight_version = weight._version

    def ready(self) -> list[Tensor]:
        """Return what a recorded step reads and writes besides the weight, as it is now."""
        mask = self.current_mask()
        return [mask] if mask.device.type == "cpu" else [mask, self._no_links(mask)]

    @property
    def is_settled(self) -> bool:
        """Whether the weight is as the last step or update left it: zero where no link is."""
        return self.weight._version == self._weight_version

    def note_written(self) -> None:
        """Say that the weight was written to and is zero where there is no link."""
        self._weight_version = self.weight._version

    def note_weight(self) -> bool:
        """Remember, before the optimizer, whether the weight is as the last step left it."""
        self._untouched = self.weight._version == self._weight_version
        return self._untouched

    _untouched = False

    @torch.no_grad()
    def zero(self) -> None:
        """Bring absent entries of the weight to zero."""
        self._zero(self.weight)
        self._weight_version = self.weight._version

    def _zero(self, tensor: Tensor) -> None:
        local, mask = _local(tensor.detach()), self.current_mask()
        if local.is_sparse:
            raise NetsciError("a sparse gradient cannot be masked; set sparse=False")
        places = self._link_places(mask, local)
        if places is None:
            local.masked_fill_(self._no_links(mask), 0.0)
            return
        flat = local.view(-1)
        values = flat[places]
        flat.zero_()
        flat[places] = values

    def _no_links(self, mask: Tensor) -> Tensor:
        """Return where there is no link; kept on a GPU, where each operation counts.

        It stays where it is in memory, since recorded steps read it there.
        """
        if mask.device.type == "cpu":
            return ~mask
        known = self._absent
        if known is None or known.shape != mask.shape or known.device != mask.device:
            self._absent = known = ~mask
        elif self._absent_is_old:
            torch.logical_not(mask, out=known)
        self._absent_is_old = False
        return known

    def _link_places(self, mask: Tensor, local: Tensor) -> Tensor | None:
        """Return where links lie, if there are few of them and memory lies in order."""
        if local.device.type != "cpu" or not local.is_contiguous():
            return None
        if self._places is None:
            self._places = mask.reshape(-1).nonzero().flatten()
        return self._places if self._places.numel() < _SPARSE * mask.numel() else None

    def _strays(self, local: Tensor) -> bool:
        """Return whether one of a sample of absent entries is not zero."""
        if local.device.type != "cpu":
            return False
        if self._sample is None:
            flat = self.current_mask().reshape(-1)
            step = max(1, flat.numel() // (4 * _SAMPLE))
            places = torch.arange(0, flat.numel(), step)
            self._sample = places[~flat[places]][:_SAMPLE]
        return bool(local.take(self._sample).count_nonzero())


@registry.register("format", "masked", summary="A dense weight, zero where there is no link.")
class MaskedParameter(SparseParameter):
    """Links of a masked weight, or of the part of it that one layer takes.

    Raises
    ------
    NetsciError
        For a parameter of whole numbers or complex ones.

    Examples
    --------
    >>> from torch import nn
    >>> import netsci_dst as nd
    >>> model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
    >>> dst = nd.sparsify(model, method="static", sparsity=0.9, include="0", format="masked")
    >>> type(dst.controller.parameters["0"]).__name__, int((model[0].weight != 0).sum())
    ('MaskedParameter', 60)
    """

    format = "masked"

    def __init__(self, view: MatrixView, store: MaskedWeight):
        super().__init__(view)
        weight = store.weight
        if not weight.is_floating_point():
            raise NetsciError(f"{view.parameter!r} is {weight.dtype}; only real numbers are masked")
        self.store = store
        store.sets_of_links.append(self)
        self._keys: Tensor | None = None
        self._count: int | None = None

    # --- the mask as a matrix -----------------------------------------------------------------

    @property
    def weight(self) -> nn.Parameter:
        """The model's own parameter, dense, in torch's shape."""
        return self.store.weight

    @property
    def mask_matrix(self) -> Tensor:
        """Which links exist, bool ``(n_source, n_target)``, to be written in place.

        Call `links_changed` afterwards.
        """
        self.store.current_mask()
        return self.view.matrix(self.store.mask)

    def links_changed(self) -> None:
        """Say that `mask_matrix` was written to."""
        self.store.changed()

    def note_count(self, n_links: int) -> None:
        """Say how many links there are now, so that nobody has to count them."""
        self._count = n_links

    def forget_keys(self) -> None:
        """Let keys be listed anew."""
        self._keys = self._count = None

    def read(self, tensor: Tensor) -> Tensor:
        """Return a tensor of the parameter's shape as ``(n_source, n_target)``, a view if it can.

        The parts of a sharded one are gathered.
        """
        return self.view.matrix(whole(tensor.detach()))

    @torch.no_grad()
    def write(self, tensor: Tensor, matrix: Tensor) -> None:
        """Write ``(n_source, n_target)`` into a tensor of the parameter's shape."""
        if is_sharded(tensor):
            full = whole(tensor.detach())
            self.view.put(full, matrix)
            _local(tensor.detach()).copy_(local_part(full, tensor))
            return
        self.view.put(tensor.detach(), matrix)

    @property
    def weight_matrix(self) -> Tensor:
        """The weights, ``(n_source, n_target)``."""
        return self.read(self.weight)

    # --- links --------------------------------------------------------------------------------

    @property
    def keys(self) -> Tensor:
        """Keys of the links, listed when asked for."""
        if self._keys is None or self._keys.device != self.store.mask.device:
            matrix = self.mask_matrix
            u, v = matrix.nonzero(as_tuple=True)
            self._keys = u.mul_(self.n_target).add_(v)
        return self._keys

    @property
    def n_links(self) -> int:
        """Number of links."""
        return self.keys.numel() if self._count is None else self._count

    def gather(self, tensor: Tensor) -> Tensor:
        """Return a new ``(n_links,)`` vector from a tensor of the parameter's shape."""
        return self._at(tensor, self.keys)

    def scatter(self, vector: Tensor) -> Tensor:
        """Return a tensor of the parameter's shape from one number per link."""
        made = torch.zeros_like(self.weight)
        self._put(made, self.keys, vector)
        return made

    @torch.no_grad()
    def restore_links(self, keys: Tensor) -> None:
        """Make these the links; they have the weights that the parameter holds now.

        Entries without a link are not touched here: weights may be loaded afterwards.
        """
        mask = self.mask_matrix
        mask.zero_()
        mask[keys // self.n_target, keys % self.n_target] = True
        self.links_changed()
        self._keys = keys

    def _at(self, tensor: Tensor, keys: Tensor) -> Tensor:
        return self.read(tensor)[keys // self.n_target, keys % self.n_target]

    def _put(self, tensor: Tensor, keys: Tensor, values: Any) -> None:
        matrix = self.read(tensor)
        matrix[keys // self.n_target, keys % self.n_target] = values
        if is_sharded(tensor) or not _is_view(matrix, tensor):
            self.write(tensor, matrix)

    @torch.no_grad()
    def set_values(self, values: Tensor) -> None:
        """Give the links other weights, shape ``(n_links,)``; the links stay."""
        if values.shape != (self.n_links,):
            raise NetsciError(f"{self.n_links} links cannot have {tuple(values.shape)} weights")
        self._put(self.weight, self.keys, values.to(self.weight.dtype))

    @torch.no_grad()
    def add_gradient(self, values: Tensor) -> None:
        """Add one number per link to the gradient, where there is one."""
        gradient = self.weight.grad
        if gradient is not None:
            self._put(gradient, self.keys, self.gather(gradient) + values.to(gradient.dtype))
            self.store._seen = _state_of(gradient)

    def _set_links(self, keys: Tensor, values: Tensor) -> None:
        self.weight.grad = None
        mask = self.mask_matrix
        mask.zero_()
        mask[keys // self.n_target, keys % self.n_target] = True
        self.links_changed()
        matrix = torch.zeros(mask.shape, dtype=values.dtype, device=values.device)
        matrix[keys // self.n_target, keys % self.n_target] = values
        self.write(self.weight, matrix)
        self._keys = keys
        self.store._weight_version = self.weight._version

    def _exchange(
        self,
        keep: Tensor,
        new_keys: Tensor,
        new_values: Tensor,
        states: list[tuple[Any, str, Tensor]],
    ) -> None:
        gone = self.keys[~keep]
        mask = self.mask_matrix
        mask[gone // self.n_target, gone % self.n_target] = False
        mask[new_keys // self.n_target, new_keys % self.n_target] = True
        for _, _, state in states:
            self._put(state, gone, 0)
            self._put(state, new_keys, 0)
        self._put(self.weight, gone, 0)
        self._put(self.weight, new_keys, new_values.to(self.weight.dtype))
        if self.weight.grad is not None:
            self._put(self.weight.grad, gone, 0)
            self._put(self.weight.grad, new_keys, 0)
        self.links_changed()
        self.store._weight_version = self.weight._version

    # --- gradients and steps ------------------------------------------------------------------

    @property
    def capture(self) -> bool:
        """Whether backward passes keep the gradient of absent links, too."""
        return self._capture

    @capture.setter
    def capture(self, on: bool) -> None:
        self.release()
        self._capture = self.store.captures = bool(on)

    def release(self) -> None:
        """Stop capturing and free what was captured."""
        self._capture = self.store.captures = False
        self.store.captured = None

    @property
    def captured(self) -> bool:
        """Whether a backward pass has reached the parameter since `capture` was set."""
        return self.store.captured is not None

    def capture_nothing(self) -> None:
        """Take the captured gradient as zero: the loss does not depend on the parameter."""
        weight = self.weight
        local = weight._local_tensor if is_sharded(weight) else weight  # type: ignore[attr-defined]
        self.store.captured = torch.zeros_like(local)

    def scale_captured(self, factor: float) -> None:
        """Multiply what was captured, once for all layers of the parameter."""
        if self.store.captured is not None and self is self.store.sets_of_links[0]:
            self.store.captured = self.store.captured * factor

    def dense_gradient_matrix(self) -> Tensor:
        """Return the captured gradient, ``(n_source, n_target)``."""
        self._need(self.store.captured)
        assert self.store.captured is not None
        return self.view.matrix(whole(self.store.captured, like=self.weight))

    def gradient_at(self, keys: Tensor) -> Tensor:
        """Return the captured gradient at any positions, shape of ``keys``."""
        return self.dense_gradient_matrix()[keys // self.n_target, keys % self.n_target]

    def dense_gradient(self) -> Tensor:
        """Return the captured gradient at all positions, shape ``(n_source, n_target)``."""
        return self.dense_gradient_matrix().contiguous()

    def after_optimizer(self, keeps_zeros: bool) -> None:
        """Bring absent entries of the parameter back to zero, once for all layers that share it."""
        if self is self.store.sets_of_links[0]:
            self.store.after_optimizer(keeps_zeros)

    def before_optimizer(self) -> None:
        """Mask the gradient again where something has changed it since the backward pass."""
        if self is self.store.sets_of_links[0]:
            self.store.before_optimizer()
            self.store.note_weight()


def _state_of(gradient: Tensor) -> tuple[int, int, int]:
    return id(gradient), gradient._version, gradient.data_ptr() if not is_sharded(gradient) else 0


def _is_view(matrix: Tensor, tensor: Tensor) -> bool:
    return matrix.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()


def _local(tensor: Tensor) -> Tensor:
    return tensor._local_tensor if is_sharded(tensor) else tensor  # type: ignore[attr-defined]


def _device(tensor: Tensor) -> torch.device:
    return _local(tensor).device
