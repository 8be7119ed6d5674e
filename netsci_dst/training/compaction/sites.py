"""Layers: what they read and give when followed, and how they are made smaller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..layers import SparseLinear
from .shadow import Shadow, differing_dims
from .units import PINNED, Units

if TYPE_CHECKING:
    from .follow import Follower


@dataclass
class Inputs:
    """What is known of a layer's input features, one entry each.

    Attributes
    ----------
    labels
        The units.
    constant
        Whether the feature is the same for any input, in every row and at every place.
    values
        The features of one row, as float64; only those of constants mean something.
    """

    labels: np.ndarray
    constant: np.ndarray
    values: np.ndarray


@dataclass
class Cut:
    """Which features stay, and which of those that stay are read no more."""

    keep_in: np.ndarray
    keep_out: np.ndarray
    silent_in: np.ndarray
    silent_out: np.ndarray


@dataclass
class Site:
    """A layer that was met."""

    name: str
    module: Any
    inputs: Inputs | None = None
    outputs: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """Note the inputs and outputs, and return the output's shadow."""
        raise NotImplementedError

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """Return which input features matter when only the wanted outputs do."""
        raise NotImplementedError

    def cut(self, cut: Cut) -> None:
        """Make the module smaller; constants that go are added to its bias."""
        raise NotImplementedError

    def again(self, units: Units, other: Site) -> Site:
        """Return what is known after a second call of the same module."""
        units.join(self.outputs, other.outputs)
        if self.inputs is not None and other.inputs is not None:
            a, b = self.inputs, other.inputs
            units.join(a.labels, b.labels)
            a.constant = a.constant & b.constant & (a.values == b.values)
        return self


class LinearSite(Site):
    """`torch.nn.Linear`, or a csr layer."""

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        self.inputs = _features(follower, x, x.dim() - 1)
        self.outputs = follower.units.fresh(y.shape[-1])
        shadow = follower.shadow(x)
        varies = torch.zeros(y.shape, dtype=torch.bool)
        if shadow is not None:
            rows = shadow.varies.reshape(-1, x.shape[-1]).to(torch.float32)
            varies = self._reached(rows).reshape(y.shape)
        return Shadow(torch.from_numpy(self.outputs).expand(y.shape), varies)

    def _reached(self, rows: Tensor) -> Tensor:
        weight = self.module.weight.detach()
        return (rows @ (weight != 0).t().to(torch.float32)) > 0

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """See `Site.reads`."""
        weight = self.module.weight.detach()
        return (weight[torch.from_numpy(wanted)] != 0).any(0).numpy()

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        module, weight = self.module, self.module.weight.detach().clone()
        gone = ~cut.keep_in | cut.silent_in
        _fold(module, weight.double().numpy(), self.inputs, gone, cut)
        weight[torch.from_numpy(cut.silent_out)] = 0
        weight[:, torch.from_numpy(cut.silent_in)] = 0
        _replace(module, "weight", weight[_index(cut.keep_out)][:, _index(cut.keep_in)])
        module.in_features, module.out_features = int(cut.keep_in.sum()), int(cut.keep_out.sum())


class CsrSite(LinearSite):
    """A linear layer that keeps its links only."""

    def _links(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        keys, n = self.module.keys.numpy(), self.module.n_target
        values = self.module.values.numpy()
        present = values != 0
        return keys[present] // n, keys[present] % n, values[present]

    def _reached(self, rows: Tensor) -> Tensor:
        from scipy.sparse import csr_matrix

        sources, targets, _ = self._links()
        shape = (self.module.n_source, self.module.n_target)
        matrix = csr_matrix((np.ones(len(sources), np.float32), (sources, targets)), shape=shape)
        return torch.from_numpy(np.asarray(rows.numpy() @ matrix) > 0)

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """See `Site.reads`."""
        sources, targets, _ = self._links()
        found = np.zeros(self.module.n_source, bool)
        found[sources[wanted[targets]]] = True
        return found

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        module = self.module
        sources, targets, values = self._links()
        gone = (~cut.keep_in | cut.silent_in)[sources]
        assert self.inputs is not None
        moved = np.where(gone & self.inputs.constant[sources], self.inputs.values[sources], 0.0)
        added = np.bincount(targets, moved * values, module.n_target)
        _add_to_bias(module, added, cut, module.n_target)
        stays = ~gone & (cut.keep_out & ~cut.silent_out)[targets]
        place_in, place_out = np.cumsum(cut.keep_in) - 1, np.cumsum(cut.keep_out) - 1
        n_target = int(cut.keep_out.sum())
        keys = place_in[sources[stays]].astype(np.int64) * n_target + place_out[targets[stays]]
        small = SparseLinear(
            int(cut.keep_in.sum()),
            n_target,
            module.bias is not None,
            torch.from_numpy(keys),
            torch.from_numpy(values[stays]),
            "csr",
            dtype=module.weight.dtype,
        )
        small.bias = module.bias
        small.train(module.training)
        module.__dict__ = small.__dict__


class ConvSite(Site):
    """A convolution of any number of dimensions, transposed or not."""

    def _spread(self) -> np.ndarray:
        """Return the weight as (out, in, kernel entries)."""
        weight = self.module.weight.detach().double().numpy()
        weight = weight.swapaxes(0, 1) if self._transposed() else weight
        return weight.reshape(*weight.shape[:2], -1)

    def _transposed(self) -> bool:
        return bool(self.module.transposed)

    @property
    def depthwise(self) -> bool:
        """Whether each channel is convolved by itself."""
        module = self.module
        return module.groups > 1 and module.groups == module.in_channels == module.out_channels

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        module = self.module
        channel = x.dim() - 1 - len(module.kernel_size)
        self.inputs = _features(follower, x, channel)
        units = follower.units
        self.outputs = units.fresh(module.out_channels)
        if self.depthwise:
            units.join(self.outputs, self.inputs.labels)
        elif module.groups > 1:
            units.pin(self.outputs)
            units.pin(self.inputs.labels)
        form = [1] * y.dim()
        form[channel] = -1
        labels = torch.from_numpy(self.outputs).reshape(form).expand(y.shape)
        shadow = follower.shadow(x)
        if shadow is None:
            return Shadow(labels, torch.zeros(y.shape, dtype=torch.bool))
        # Values near the border differ from those inside, except where there is no padding.
        if self._transposed() or (_pads(module) and module.padding_mode == "zeros"):
            self.inputs.constant &= self.inputs.values == 0
        spatial = tuple(range(channel + 1, x.dim()))
        rows = shadow.varies.any(dim=spatial).reshape(-1, module.in_channels)
        reached = torch.from_numpy(self._reached(rows.numpy()))
        out = reached.reshape(*y.shape[: channel + 1], *[1] * len(spatial)).expand(y.shape)
        return Shadow(labels, out)

    def _reached(self, rows: np.ndarray) -> np.ndarray:
        pattern = (self._spread() != 0).any(-1).astype(np.float32)
        groups = self.module.groups
        if groups == 1:
            return rows.astype(np.float32) @ pattern.T > 0
        parts = np.split(rows, groups, 1)
        blocks = np.split(pattern, groups, 1 if self._transposed() else 0)
        if self._transposed():
            # (out / groups, in): the columns are those of the group.
            return np.concatenate([p @ b.T > 0 for p, b in zip(parts, blocks)], 1)
        return np.concatenate([p @ b.T > 0 for p, b in zip(parts, blocks)], 1)

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """See `Site.reads`."""
        if self.module.groups > 1:
            return wanted if self.depthwise else np.ones(self.module.in_channels, bool)
        return (self._spread()[wanted] != 0).any((0, 2))

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        module = self.module
        rows, columns = _index(cut.keep_out), _index(cut.keep_in)
        if module.groups > 1:
            if not self.depthwise:
                return
            _replace(module, "weight", module.weight.detach()[rows])
            _cut_bias(module, cut)
            module.groups = module.in_channels = module.out_channels = len(rows)
            return
        gone = ~cut.keep_in | cut.silent_in
        _fold(module, self._spread().sum(-1), self.inputs, gone, cut)
        weight = module.weight.detach().clone()
        weight = weight.transpose(0, 1) if self._transposed() else weight
        weight[torch.from_numpy(cut.silent_out)] = 0
        weight[:, torch.from_numpy(cut.silent_in)] = 0
        weight = weight[rows][:, columns]
        weight = weight.transpose(0, 1) if self._transposed() else weight
        _replace(module, "weight", weight.contiguous())
        module.in_channels, module.out_channels = len(columns), len(rows)


class ChannelSite(Site):
    """Numbers of each channel: batch and instance normalisation, PReLU."""

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        shadow = follower.shadow(x) or Shadow.pinned(x, False)
        channel = _channel_dim(self.module, x)
        self.outputs = _features(follower, x, channel).labels
        varies = shadow.varies
        if _mixes_places(self.module):
            places = tuple(range(channel + 1, x.dim()))
            varies = varies.any(dim=places, keepdim=True).expand(x.shape) if places else varies
        return Shadow(shadow.labels, varies)

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        rows = _index(cut.keep_out)
        for name in ("weight", "bias", "running_mean", "running_var"):
            tensor = getattr(self.module, name, None)
            if tensor is not None and tensor.numel() > 1:
                _replace(self.module, name, tensor.detach()[rows])
        for name in ("num_features", "num_parameters"):
            if getattr(self.module, name, 1) > 1:
                setattr(self.module, name, len(rows))


class EmbeddingSite(Site):
    """A table of vectors."""

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        self.outputs = follower.units.fresh(y.shape[-1])
        shadow = follower.shadow(x)
        if shadow is None:
            varies = torch.zeros(y.shape, dtype=torch.bool)
        else:
            follower.pin([x])
            varies = shadow.varies.unsqueeze(-1).expand(y.shape)
        return Shadow(torch.from_numpy(self.outputs).expand(y.shape), varies)

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        rows = _index(cut.keep_out)
        _replace(self.module, "weight", self.module.weight.detach()[:, rows].clone())
        self.module.embedding_dim = len(rows)


_CONVOLUTIONS = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_CHANNELS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.PReLU,
)


def site_type(module: nn.Module) -> type[Site] | None:
    """Return how a module is followed; None for one whose operations are followed instead."""
    if isinstance(module, SparseLinear):
        return CsrSite
    if type(module).forward is nn.Linear.forward or (
        isinstance(module, nn.Linear) and type(module).__module__.startswith("netsci_dst.")
    ):
        return LinearSite
    for kinds, site in ((_CONVOLUTIONS, ConvSite), (_CHANNELS, ChannelSite)):
        if any(type(module).forward is kind.forward for kind in kinds if isinstance(module, kind)):
            return site
    if isinstance(module, nn.Embedding) and type(module).forward is nn.Embedding.forward:
        return EmbeddingSite
    return None


def _features(follower: Follower, x: Tensor, dim: int) -> Inputs:
    """Return what is known of the entries along one dimension."""
    rows = x.detach().movedim(dim, -1).reshape(-1, x.shape[dim])
    # A mean of equal numbers is rounded.
    allowed = rows[:1].abs() * (16 * torch.finfo(x.dtype).eps if x.is_floating_point() else 0)
    same = ((rows - rows[:1]).abs() <= allowed).all(0).numpy()
    values = rows[0].double().numpy()
    shadow = follower.shadow(x)
    if shadow is None:
        return Inputs(np.full(x.shape[dim], PINNED), same, values)
    labels = shadow.labels
    if set(differing_dims(labels)) - {dim % x.dim()}:
        follower.pin([x])
    row = labels.movedim(dim, -1).reshape(-1, x.shape[dim])[0].numpy().copy()
    varies = shadow.varies.movedim(dim, -1).reshape(-1, x.shape[dim]).any(0).numpy()
    return Inputs(row, same & ~varies, values)


def _channel_dim(module: nn.Module, x: Tensor) -> int:
    if isinstance(module, nn.PReLU):
        return min(1, x.dim() - 1)
    instance = isinstance(module, nn.modules.instancenorm._InstanceNorm)
    return x.dim() - 1 - int(type(module).__name__[-2]) if instance else min(1, x.dim() - 1)


def _mixes_places(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.instancenorm._InstanceNorm)


def _pads(module: Any) -> bool:
    padding = module.padding
    return padding == "same" if isinstance(padding, str) else any(p > 0 for p in padding)


def _index(keep: np.ndarray) -> Tensor:
    return torch.from_numpy(np.flatnonzero(keep))


def _replace(module: Any, name: str, tensor: Tensor) -> None:
    old = getattr(module, name)
    if isinstance(old, nn.Parameter):
        setattr(module, name, nn.Parameter(tensor, requires_grad=old.requires_grad))
    else:
        setattr(module, name, tensor)


def _fold(module: Any, weight: np.ndarray, inputs: Inputs | None, gone: Any, cut: Cut) -> None:
    """Add what constant features that go have contributed, ``weight`` being (out, in)."""
    assert inputs is not None
    moved = gone & inputs.constant
    _add_to_bias(module, weight[:, moved] @ inputs.values[moved], cut, len(weight))


def _add_to_bias(module: Any, added: np.ndarray, cut: Cut, n_target: int) -> None:
    if added.any():
        bias = module.bias
        old = np.zeros(n_target) if bias is None else bias.detach().double().numpy()
        total = torch.from_numpy(old + added).to(module.weight.dtype)
        grad = module.weight.requires_grad
        module.bias = nn.Parameter(
            total, requires_grad=grad if bias is None else bias.requires_grad
        )
    _cut_bias(module, cut)


def _cut_bias(module: Any, cut: Cut) -> None:
    if module.bias is not None:
        _replace(module, "bias", module.bias.detach()[_index(cut.keep_out)])
