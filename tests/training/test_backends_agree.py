"""Both formats, from one seed, make the same network: links identical, weights to 1e-9."""

import numpy as np
import pytest
import torch

from netsci_dst.recipe import load_recipe
from netsci_dst.training.build import Training, surroundings
from netsci_dst.training.distributed import World

METHODS = ["static", "set", "rigl", "cht", "cht-program-2024", "chts", "chts-l3p", "snfs", "mest"]
METHODS += ["mest-ems", "gmp", "granet", "chtss", "chts-gmp", "esml", "deepr", "dsr", "topkast"]


def trained(format, method, steps=120, **changes):
    recipe = load_recipe(
        method=method,
        format=format,
        dtype="float64",
        sparsity=0.9,
        steps=steps,
        update_steps=20,
        model_options={"hidden": [64, 48, 64]},
        **changes,
    )
    with surroundings(recipe, torch.device("cpu")):
        session = Training(recipe, World())
        controller, updates, rows, step = session.controller, 0, [], 0
        while step < steps:
            for batch in session.batches.epoch(step // session.steps_per_epoch):
                step += 1
                session.optimizers[0].zero_grad()
                session.task.loss(session.model, batch).value.backward()
                session.optimizers[0].step()
                if controller.step():
                    rows += controller.rows
                    updates += 1
                if step == steps:
                    break
    return session, updates, rows


@pytest.mark.parametrize("method", METHODS)
def test_masked_and_csr_train_the_same_network(method):
    changes = {}
    if method not in ("static", "deepr", "topkast", "gmp"):
        changes["method_options"] = {"update_end": 1.0}
    masked, updates, _ = trained("masked", method, **changes)
    csr, _, rows = trained("csr", method, **changes)
    assert updates >= 5 or method == "static"
    assert {layer.parameter.format for layer in csr.controller.layers} == {"csr"}
    assert {layer.parameter.format for layer in masked.controller.layers} == {"masked"}
    for a, b in zip(masked.controller.layers, csr.controller.layers):
        assert torch.equal(a.parameter.keys, b.parameter.keys)
        assert torch.allclose(a.parameter.values, b.parameter.values, rtol=1e-9, atol=1e-9)
        assert b.parameter.values.abs().max() > 1e-3
    if method != "static":
        changed = [row for row in rows if row["layer"] == "all"]
        assert sum(row["regrown"] + row["pruned"] for row in changed) > 0
    a, b = dict(masked.model.named_parameters()), dict(csr.model.named_parameters())
    assert np.allclose(
        a["output.weight"].detach(), b["output.weight"].detach(), rtol=1e-9, atol=1e-9
    )
