"""Sparse layers in either format, for tests that compare them."""

from __future__ import annotations

import torch
from torch import nn

from netsci_dst.training.formats import CsrLinear, convert
from netsci_dst.training.formats.csr.parameter import CsrParameter
from netsci_dst.training.matrix_view import views_of


def sparsified(model, names, format="masked", keys=None):
    """Make weights of a model sparse, in place; all links where no keys are given."""
    views = {name: view for name, view in views_of(model).items() if name in set(names)}
    assert set(views) == set(names)
    every = {name: torch.arange(view.n_possible) for name, view in views.items()}
    return convert(model, views, dict.fromkeys(views, format), {**every, **(keys or {})})


class Layer:
    """A linear layer and its sparse parameter as one thing."""

    def __init__(self, module, parameter, holder):
        self.module, self.parameter, self.holder = module, parameter, holder

    def __call__(self, x):
        return self.module(x)

    def __getattr__(self, name):
        if name in ("bias", "relu", "parameters", "state_dict", "load_state_dict"):
            return getattr(self.module, name)
        return getattr(self.parameter, name)

    def __setattr__(self, name, value):
        if name == "capture":
            self.parameter.capture = value
        else:
            super().__setattr__(name, value)


def sparse_linear(
    n_source, n_target, bias=True, keys=None, values=None, format="masked", dtype=None
):
    """Return a linear layer of which only some links exist."""
    keys = torch.empty(0, dtype=torch.int64) if keys is None else keys
    values = torch.zeros(keys.shape) if values is None else values
    if format == "csr":
        module = CsrLinear(n_source, n_target, bias, keys, values, dtype=dtype)
        return Layer(module, CsrParameter(module.matrix_view("0", "0.weight"), module), module)
    holder = nn.Sequential(nn.Linear(n_source, n_target, bias, dtype=dtype))
    if bias:
        nn.init.zeros_(holder[0].bias)
    parameter = sparsified(holder, ["0"], "masked", {"0": keys})["0"]
    parameter.set_values(values.to(parameter.weight))
    return Layer(holder[0], parameter, holder)


def csr_parameters(model):
    """Return the parameters of the layers that keep their links alone, by name."""
    return {
        name: CsrParameter(module.matrix_view(name, f"{name}.weight"), module)
        for name, module in model.named_modules()
        if isinstance(module, CsrLinear)
    }


def sparse_module(module):
    """Return the parameter of a module all of whose entries are links."""
    return sparsified(nn.Sequential(module), ["0"])["0"]
