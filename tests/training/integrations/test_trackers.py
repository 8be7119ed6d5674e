"""MLflow and Weights & Biases, by stand-ins that keep what they are told."""

import sys
import types
from typing import ClassVar

import pytest

pytest.importorskip("torch")

from netsci_dst.errors import MissingDependency
from netsci_dst.training import Progress, train
from netsci_dst.training.integrations.mlflow import MLflow
from netsci_dst.training.integrations.wandb import WandB


class FakeClient:
    """The part of MLflow's client that is used."""

    made: ClassVar[list] = []

    def __init__(self):
        self.params, self.metrics, self.status, self.name = {}, [], None, None
        self.made.append(self)

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name):
        return f"id of {name}"

    def create_run(self, experiment_id, run_name):
        self.name = (experiment_id, run_name)
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id="r1"))

    def log_batch(self, run_id, metrics=(), params=()):
        assert run_id == "r1"
        assert len(params) <= 100
        self.metrics += metrics
        self.params |= dict(params)

    def set_terminated(self, run_id, status):
        self.status = status


@pytest.fixture
def mlflow(monkeypatch):
    monkeypatch.setattr(FakeClient, "made", [])
    entities = types.ModuleType("mlflow.entities")
    entities.Metric = lambda key, value, timestamp, step: (key, value, step)
    entities.Param = lambda key, value: (key, value)
    tracking = types.ModuleType("mlflow.tracking")
    tracking.MlflowClient = FakeClient
    for name, module in (("mlflow.entities", entities), ("mlflow.tracking", tracking)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "mlflow", types.ModuleType("mlflow"))


@pytest.fixture
def wandb(monkeypatch):
    module, told = types.ModuleType("wandb"), []

    class Run:
        def log(self, scalars, step):
            told.append(("log", scalars, step))

        def finish(self, exit_code):
            told.append(("finish", exit_code))

    def init(**asked):
        told.append(("init", asked))
        return Run()

    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return told


def small(tmp_path, progress):
    options = {"hidden": [16]}
    return train(
        data="digits",
        model_options=options,
        method="set",
        sparsity=0.8,
        epochs=2,
        out=tmp_path / "run",
        progress=progress,
    )


def test_mlflow_gets_recipe_metrics_and_the_end(tmp_path, mlflow):
    run = small(tmp_path, MLflow("mine"))
    (client,) = FakeClient.made
    assert client.name == ("id of mine", "run")
    assert client.params["model_options.hidden"] == "[16]"
    assert client.params["method"] == "set"
    written = [value for key, value, _ in client.metrics if key == "metrics/accuracy"]
    assert written == run.metrics["accuracy"].tolist()
    itop = run.evolution.query("layer == 'all'")
    logged = [(v, step) for key, v, step in client.metrics if key == "evolution/all/itop"]
    assert logged == list(zip(itop["itop"], itop["step"], strict=True))
    assert client.status == "FINISHED"


def test_weights_and_biases_stays_offline_unless_asked(tmp_path, wandb, monkeypatch):
    run = small(tmp_path, WandB("mine"))
    assert wandb[0][1]["mode"] == "offline"
    assert wandb[0][1]["config"]["method"] == "set"
    logs = [entry[1] for entry in wandb if entry[0] == "log"]
    logged = [entry["metrics/accuracy"] for entry in logs if "metrics/accuracy" in entry]
    assert logged == run.metrics["accuracy"].tolist()
    steps = [entry[2] for entry in wandb if entry[0] == "log"]
    assert steps == sorted(steps)
    assert wandb[-1] == ("finish", 0)


def test_loggers_hand_on_what_they_hear(wandb, mlflow):
    heard = []

    class Heard(Progress):
        def noted(self, message):
            heard.append(message)

    WandB("a", MLflow("b", Heard())).noted("a word")
    assert heard == ["a word"]


def test_a_failed_training_is_told(wandb):
    log = WandB()
    log.begin(types.SimpleNamespace(name="x", recipe={}), 7)
    log.ended("failed")
    assert wandb[0][1]["name"] == "x from step 7"
    assert wandb[-1] == ("finish", 1)


@pytest.mark.parametrize(("log", "name"), [(MLflow, "mlflow"), (WandB, "wandb")])
def test_a_missing_logger_is_told_by_its_extra(monkeypatch, log, name):
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, f"{name}.entities", None)
    with pytest.raises(MissingDependency, match=rf"netsci-dst\[{name}\]"):
        log()


# What the loggers themselves do, where they are installed; no server is asked.


def test_the_real_mlflow_keeps_a_run_in_a_folder_here(tmp_path, monkeypatch):
    tracking = pytest.importorskip("mlflow.tracking", reason="mlflow is not installed")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{tmp_path / 'kept'}")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    run = small(tmp_path, MLflow("mine"))
    client = tracking.MlflowClient()
    (kept,) = client.search_runs([client.get_experiment_by_name("mine").experiment_id])
    assert kept.info.status == "FINISHED"
    assert kept.data.params["method"] == "set"
    logged = client.get_metric_history(kept.info.run_id, "metrics/accuracy")
    assert [one.value for one in logged] == run.metrics["accuracy"].tolist()


def test_the_real_weights_and_biases_keeps_a_run_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    small(tmp_path, WandB("mine"))
    (kept,) = (tmp_path / "wandb").glob("offline-run-*")
    assert next(kept.glob("*.wandb")).stat().st_size > 0
