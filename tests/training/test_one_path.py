"""Whoever writes the loop, the same seed and data give the same links, and weights to rounding."""

import gc
import warnings

import pytest
import torch
from torch import nn

from netsci_dst import registry
from netsci_dst.recipe import load_recipe
from netsci_dst.training import sparsify
from netsci_dst.training.build import Training, surroundings
from netsci_dst.training.distributed import World
from netsci_dst.training.fit import Fit

METHODS = [name for name in registry.names("method") if name != "dense"]
STEPS, EVERY, CLIP = 24, 5, 0.5


@pytest.fixture(autouse=True, scope="module")
def _little_garbage():
    # The frameworks collect garbage at every turn: let them not look through torch each time.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _quiet_and_same_random_state():
    state = torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the frameworks' own
        yield
    torch.set_rng_state(state)


def recipe_of(method):
    return load_recipe(
        method=method,
        format="masked",
        dtype="float64",
        sparsity=0.9,
        steps=STEPS,
        update_steps=EVERY,
        evaluate_steps=STEPS,
        lr=0.05,
        lr_schedule="constant",
        clip=CLIP,
        model_options={"hidden": [48, 40]},
        train_samples=300,
        test_samples=50,
    )


class Plain:
    """What the other paths take of a recipe: data in its order, the model, the optimizer."""

    def __init__(self, recipe):
        training = Training(recipe, World())
        self.model = training.task.build(
            recipe.model, recipe.model_options, training.dataset, recipe.seed
        ).double()
        self.batches = []
        epoch = 0
        while len(self.batches) < STEPS:
            self.batches += [tuple(b.tensors) for b in training.batches.epoch(epoch)]
            epoch += 1
        del self.batches[STEPS:]
        entry = registry.get("initialiser", training.method.initialiser)
        self.options = {
            "method": recipe.resolved_method(),
            "sparsity": recipe.sparsity,
            "update_every": EVERY,
            "weights": recipe.initial_weights,
            "seed": recipe.seed,
        }
        if entry.metadata.get("needs_features"):
            samples = recipe.calibration_samples
            self.options["features"] = training.batches.calibration(samples)
        if entry.metadata.get("whole_network"):
            x, y = self.batches[0]
            self.options["loss"] = lambda: nn.functional.cross_entropy(self.model(x), y)
            self.options["example_input"] = x[:1]
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            recipe.lr,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            fused=True,
        )


def by_recipe(recipe):
    training = Training(recipe, World())
    Fit(training, None).run()
    return training.model, training.controller


def by_own_loop(recipe):
    plain = Plain(recipe)
    dst = sparsify(plain.model, plain.optimizer, total_steps=STEPS, **plain.options)
    for x, y in plain.batches:
        nn.functional.cross_entropy(plain.model(x), y).backward()
        nn.utils.clip_grad_norm_(plain.model.parameters(), CLIP)
        plain.optimizer.step()
        dst.step()
        plain.optimizer.zero_grad()
    return plain.model, dst.controller


def by_lightning(recipe, folder):
    lightning = pytest.importorskip("lightning.pytorch")
    from netsci_dst.training.integrations.lightning import SparseTrainingCallback

    plain = Plain(recipe)

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = plain.model

        def training_step(self, batch, index):
            return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

        def configure_optimizers(self):
            return plain.optimizer

    callback = SparseTrainingCallback(target="network", **plain.options)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        callbacks=[callback],
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        gradient_clip_val=CLIP,
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(plain.batches, batch_size=None))
    return plain.model, callback.training.controller


def by_hugging_face(recipe, folder):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    from netsci_dst.training.integrations.hugging_face import SparseTrainingCallback

    plain = Plain(recipe)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = plain.model

        def wiring(self):
            from dataclasses import replace

            inner = self.network.wiring()
            rename = lambda names: {f"network.{n}": value for n, value in names.items()}  # noqa: E731
            return replace(
                inner,
                layers=rename(inner.layers),
                outputs={k: f"network.{v}" for k, v in inner.outputs.items()},
                sparse=tuple(f"network.{pattern}" for pattern in inner.sparse),
            )

        def forward(self, x, labels=None):
            logits = self.network(x)
            if labels is None:
                return {"logits": logits}
            return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    class Trainer(transformers.Trainer):
        def get_train_dataloader(self):
            rows = [{"x": x, "labels": y} for x, y in plain.batches]
            return torch.utils.data.DataLoader(rows, batch_size=None)

    callback = SparseTrainingCallback(**plain.options)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder / "trainer"),
        num_train_epochs=1,
        max_grad_norm=CLIP,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    constant = torch.optim.lr_scheduler.ConstantLR(plain.optimizer, 1.0)
    trainer = Trainer(
        Model(),
        arguments,
        train_dataset=[0],
        callbacks=[callback],
        optimizers=(plain.optimizer, constant),
    )
    trainer.train()
    return plain.model, callback.training.controller


@pytest.mark.parametrize("method", METHODS)
def test_four_paths_give_the_same_links_and_weights(method, tmp_path):
    recipe = recipe_of(method)
    with surroundings(recipe, torch.device("cpu")):
        model, controller = by_recipe(recipe)
        others = [by_own_loop(recipe), by_lightning(recipe, tmp_path)]
        others.append(by_hugging_face(recipe, tmp_path))
    links = [layer.parameter.keys for layer in controller.layers]
    assert controller.steps == STEPS
    assert controller.n_updates > 0 or not controller.method.evolves
    for other, theirs in others:
        assert theirs.steps == STEPS
        for mine, layer in zip(links, theirs.layers, strict=True):
            assert torch.equal(mine, layer.parameter.keys)
        for a, b in zip(model.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
