"""Put weights of a model into a format, and back into plain modules."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from typing import TypeVar, cast, overload

import torch
from torch import Tensor, nn

from ...errors import NetsciError, UnknownName
from ..matrix_view import MatrixView, parameter_of
from ..optimizer_state import Optimizers, exchange
from ..sparse_parameter import SparseParameter
from .csr.linear import CsrLinear
from .csr.parameter import CsrParameter
from .dense_linear import Linear
from .masked import MaskedParameter, MaskedWeight

Model = TypeVar("Model", bound=nn.Module)


def plain_linear(module: nn.Module, watched: bool = False) -> bool:
    """Return whether a module is a linear layer that nobody has changed or listens to.

    A module with hooks or a forward of its own keeps its class: only masks do not touch it.

    Parameters
    ----------
    watched
        Whether a mask's own hook on the weight is no objection.
    """
    hooks = (
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
    )
    return (
        type(module) in (nn.Linear, Linear)
        and "forward" not in module.__dict__
        and not any(hooks)
        and not module.weight.is_sparse
        and not module.weight._backward_hooks
        and (watched or not module.weight._post_accumulate_grad_hooks)
    )


def convert(
    model: nn.Module,
    views: Mapping[str, MatrixView],
    formats: Mapping[str, str],
    keys: Mapping[str, Tensor],
) -> dict[str, SparseParameter]:
    """Give weights of a model these links, in these formats; links keep the weights they have.

    Parameters
    ----------
    views
        The weights, by name.
    formats
        ``masked`` or ``csr``, by name.
    keys
        Links, by name.

    Raises
    ------
    NetsciError
        If a weight is shared or has no plain linear module, and the format needs one of its own.
    """
    stores: dict[str, MaskedWeight] = {}
    try:
        return _converted(model, views, formats, keys, stores)
    except BaseException:
        for store in stores.values():
            store.detach()
        raise


def _converted(
    model: nn.Module,
    views: Mapping[str, MatrixView],
    formats: Mapping[str, str],
    keys: Mapping[str, Tensor],
    stores: dict[str, MaskedWeight],
) -> dict[str, SparseParameter]:
    made: dict[str, SparseParameter] = {}
    for name, view in views.items():
        owner_path, _, attribute = view.parameter.rpartition(".")
        owner = model.get_submodule(owner_path)
        if formats[name] == "masked" and not isinstance(owner, CsrLinear):
            parameter_of(model, view)
            if view.parameter not in stores:
                stores[view.parameter] = MaskedWeight(owner, attribute)
            one = MaskedParameter(view, stores[view.parameter])
            links = keys[name].to(one.mask_matrix.device)
            one.set_links(links, one._at(one.weight, links))
            made[name] = one
        elif formats[name] == "csr" or isinstance(owner, CsrLinear):
            made[name] = _csr(model, view, owner_path, owner, keys[name])
        else:
            raise UnknownName("format", formats[name], ("csr", "masked"))
    return made


def _csr(
    model: nn.Module, view: MatrixView, path: str, owner: nn.Module, keys: Tensor
) -> CsrParameter:
    if isinstance(owner, CsrLinear):
        values = torch.zeros(keys.shape, dtype=owner.weight.dtype)
        if owner.n_links:
            known, place = owner.keys.cpu(), torch.searchsorted(owner.keys.cpu(), keys)
            place.clamp_(max=known.numel() - 1)
            values = owner.weight.detach().cpu()[place].where(known[place] == keys, values)
        owner.set_links(keys, values)
        return CsrParameter(view, owner)
    if not plain_linear(owner):
        raise NetsciError(
            f"{view.name!r} is a {type(owner).__name__}, or has hooks; the csr format is for plain "
            "linear layers: use format='masked'"
        )
    _refuse_shared(model, view, owner)
    plain = cast(nn.Linear, owner)
    if not path:
        raise NetsciError("the model itself is the layer; wrap it in torch.nn.Sequential")
    weight = plain.weight
    sparse = CsrLinear(
        view.n_source,
        view.n_target,
        False,
        keys,
        view.matrix(weight.detach())[keys // view.n_target, keys % view.n_target],
        weight.device,
        weight.dtype,
    )
    sparse.bias = plain.bias
    sparse.weight.requires_grad_(weight.requires_grad)
    sparse.train(plain.training)
    replace(model, path, sparse)
    return CsrParameter(view, sparse)


def change_format(
    model: nn.Module, parameter: SparseParameter, wanted: str, optimizers: Optimizers = None
) -> SparseParameter:
    """Store a layer's links in another format; links, weights and optimizer state stay the same.

    Returns
    -------
    SparseParameter
        What takes the place of ``parameter``.
    """
    if wanted == parameter.format:
        return parameter
    view, old = parameter.view, parameter.weight
    path = view.parameter.rpartition(".")[0]
    keys = parameter.keys
    if isinstance(parameter, MaskedParameter):
        parameter.store.detach()
        made: SparseParameter = _csr(model, view, path, model.get_submodule(path), keys)
        exchange(optimizers, old, made.weight, parameter.gather)
        return made
    owner = cast(CsrLinear, model.get_submodule(path))
    dense = _dense(owner)
    dense.bias = owner.bias  # type: ignore[assignment]
    replace(model, path, dense)
    made = MaskedParameter(view, MaskedWeight(model.get_submodule(path), "weight"))
    made.set_links(keys, parameter.values)
    exchange(optimizers, old, made.weight, made.scatter)
    return made


def _refuse_shared(model: nn.Module, view: MatrixView, owner: nn.Module) -> None:
    owners = [
        path
        for path, module in model.named_modules(remove_duplicate=False)
        if getattr(module, "weight", None) is owner.weight
    ]
    if len(owners) > 1:
        raise NetsciError(
            f"{view.name!r} shares its weight with {owners[-1]!r}; only the masked format can "
            "make a shared weight sparse"
        )


def replace(model: nn.Module, path: str, module: nn.Module) -> None:
    """Put a module in the place of another."""
    parent, _, leaf = path.rpartition(".")
    setattr(model.get_submodule(parent), leaf, module)


@overload
def to_dense(model: CsrLinear, *, inplace: bool = False) -> nn.Linear: ...
@overload
def to_dense(model: Model, *, inplace: bool = False) -> Model: ...
def to_dense(model: nn.Module, *, inplace: bool = False) -> nn.Module:
    """Return a model whose sparse layers are plain modules again, with the same weights.

    The masked format has plain modules already; layers in the csr format become
    `torch.nn.Linear`, zero where there is no link.

    Parameters
    ----------
    model
        A module.
    inplace
        Change the model itself instead of a copy.

    Returns
    -------
    torch.nn.Module
        Of plain modules.

    Examples
    --------
    >>> import torch
    >>> layer = CsrLinear(3, 2, keys=torch.tensor([0, 5]), values=torch.tensor([1.0, 2.0]))
    >>> to_dense(torch.nn.Sequential(layer))[0].weight.tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]
    """
    model = model if inplace else copy.deepcopy(model)
    if isinstance(model, CsrLinear):
        return _dense(model)
    for path, module in list(model.named_modules()):
        if isinstance(module, CsrLinear):
            replace(model, path, _dense(module))
    return model


def _dense(module: CsrLinear) -> Linear:
    made = nn.utils.skip_init(
        Linear,
        module.n_source,
        module.n_target,
        module.bias is not None,
        device=module.weight.device,
        dtype=module.weight.dtype,
    )
    with torch.no_grad():
        dense = cast(nn.Parameter, made.weight)
        dense.zero_()
        keys = module.keys
        dense[keys % module.n_target, keys // module.n_target] = module.weight
        if module.bias is not None:
            cast(nn.Parameter, made.bias).copy_(module.bias)
    for new, old in zip(made.parameters(), itertools.chain([module.weight, module.bias])):
        if old is not None:
            new.requires_grad_(old.requires_grad)
    return made.train(module.training)  # type: ignore[return-value]
