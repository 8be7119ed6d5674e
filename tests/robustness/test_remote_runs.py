"""Runs at URLs: train, stop, resume, analyse and report, in memory and on an S3 server."""

import uuid

import pytest

import netsci_dst as nd
import netsci_dst.training as training
from netsci_dst.training.progress import Progress

SETTINGS = {
    "data": "digits",
    "method": "set",
    "sparsity": 0.8,
    "steps": 20,
    "evaluate_steps": 5,
    "update_steps": 4,
    "model_options": {"hidden": [16, 8]},
}


class Crash(Progress):
    def stepped(self, step):
        if step == 13:
            raise ZeroDivisionError


@pytest.fixture(scope="module")
def s3():
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    import fsspec

    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fsspec.filesystem("s3").mkdir("runs")
        yield "s3://runs"
    running.stop()


@pytest.fixture(params=["memory", "s3"])
def place(request):
    root = "memory://" if request.param == "memory" else request.getfixturevalue("s3")
    return f"{root.rstrip('/') if root != 'memory://' else root}/{uuid.uuid4().hex}"


def contents(run):
    metrics = run.metrics.drop(columns=["wall_s", "samples_per_s"])
    ends = [(entry["step"], entry["sha256"]) for entry in run.snapshots.index]
    return metrics.to_dict("records"), ends


def test_a_run_at_a_url_is_trained_resumed_analysed_and_reported(tmp_path, place):
    whole = training.train(out=tmp_path / "whole", **SETTINGS)
    with pytest.raises(ZeroDivisionError):
        training.train(out=place, progress=Crash(), **SETTINGS)
    assert nd.load_run(place).status == "failed"
    training.resume(place)
    run = nd.load_run(place)
    assert run.status == "finished"
    assert contents(run) == contents(whole)
    assert run.snapshots.verify() == []
    table = nd.analyze(run, measures=["degrees"])
    here = nd.analyze(whole, measures=["degrees"])
    assert table["value"].tolist() == here["value"].tolist()
    nd.report([run], tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 10_000
