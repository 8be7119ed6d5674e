"""Lightning and the Hugging Face Trainer train sparse models and continue from checkpoints."""

import warnings

import pytest
import torch
from torch import nn

import netsci_dst as nd


@pytest.fixture(autouse=True)
def _quiet_and_same_random_state():
    state = torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the frameworks' own
        yield
    torch.set_rng_state(state)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 24), nn.ReLU(), nn.Linear(24, 2)
    )


def data(n=96):
    x = torch.randn(n, 8, generator=torch.Generator().manual_seed(1))
    return x, (x[:, 0] > 0).long()


def links(training):
    return [
        (layer.parameter.keys.tolist(), layer.parameter.values.tolist())
        for layer in training.controller.layers
    ]


def test_lightning(tmp_path):
    lightning = pytest.importorskip("lightning.pytorch")
    from netsci_dst.training.integrations.lightning import SparseTrainingCallback

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = network()

        def training_step(self, batch, index):
            x, y = batch
            return nn.functional.cross_entropy(self.network(x), y)

        def validation_step(self, batch, index):
            x, y = batch
            self.log("loss", nn.functional.cross_entropy(self.network(x), y))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)

    def fit(out, steps, ckpt_path=None):
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data()), batch_size=16)
        callback = SparseTrainingCallback(
            "rigl", 0.7, target="network", update_every=4, total_steps=40, out=out
        )
        trainer = lightning.Trainer(
            max_steps=steps,
            accelerator="cpu",
            logger=False,
            callbacks=[callback],
            default_root_dir=tmp_path,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(Module(), loader, loader, ckpt_path=ckpt_path)
        return trainer, callback

    _, whole = fit(tmp_path / "whole", 24)
    run = nd.load_run(tmp_path / "whole")
    assert run.status == "finished"
    assert run.evolution.step.unique().tolist() == [4, 8, 12, 16, 20, 24]
    assert len(run.metrics) == 4
    first, _ = fit(tmp_path / "first", 12)
    first.save_checkpoint(tmp_path / "middle.ckpt", weights_only=False)
    _, second = fit(tmp_path / "second", 24, tmp_path / "middle.ckpt")
    assert links(second.training) == links(whole.training)


def test_hugging_face_trainer(tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    from netsci_dst.training.integrations.hugging_face import SparseTrainingCallback

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network()

        def wiring(self):
            from netsci_dst.training.wiring import Wiring, follow

            inner = follow(self.network)
            layers = {f"network.{name}": ends for name, ends in inner.layers.items()}
            return Wiring(inner.populations, layers, sparse=("network.0", "network.2"))

        def forward(self, x, labels):
            logits = self.network(x)
            return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    x, y = data()
    rows = [{"x": x[i], "labels": y[i]} for i in range(len(x))]

    def fit(out, steps, resume_from=None):
        model = Model()
        callback = SparseTrainingCallback("set", 0.7, update_every=4, out=tmp_path / out)
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path / "trainer"),
            max_steps=steps,
            per_device_train_batch_size=16,
            lr_scheduler_type="constant",
            save_steps=12,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = transformers.Trainer(
            model, arguments, train_dataset=rows, eval_dataset=rows, callbacks=[callback]
        )
        trainer.train(resume_from_checkpoint=resume_from)
        return callback

    whole = fit("whole", 24)
    run = nd.load_run(tmp_path / "whole")
    assert run.status == "finished"
    assert run.evolution.step.unique().tolist() == [4, 8, 12, 16, 20]  # none at the end
    again = fit("again", 24, str(tmp_path / "trainer" / "checkpoint-12"))
    assert links(again.training) == links(whole.training)
