import numpy as np
import pytest
import torch

from netsci_dst import runtime
from netsci_dst.cli import main
from netsci_dst.errors import NetsciError
from netsci_dst.training.data import load
from netsci_dst.training.deployment import deploy
from netsci_dst.training.prediction import predict

from ._runs import small


@pytest.mark.parametrize("method", ["chts", "set", "rigl", "dense"])
def test_a_deployed_network_predicts_what_the_run_does(method, tmp_path):
    run = small(tmp_path / "run", method, epochs=1)
    deploy(run, tmp_path / "net.safetensors")
    network = runtime.load(tmp_path / "net.safetensors")
    images = np.asarray(load("digits").x_test)
    scores = network(network.prepared(images))
    chances = np.exp(scores - scores.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    expected = predict(run, "digits").table.filter(like="p_").to_numpy()
    np.testing.assert_allclose(chances, expected, atol=2e-6)


def test_every_form_is_written_and_unused_neurons_take_no_room(tmp_path, capsys):
    run = small(tmp_path / "run", "set", sparsity=0.97, epochs=1)
    for name in ("net.safetensors", "net.h", "net.onnx"):
        with pytest.raises(SystemExit) as stopped:
            main(["deploy", str(run.path), "-o", str(tmp_path / name)])
        assert not stopped.value.code
        assert capsys.readouterr().out.strip() == str(tmp_path / name)
    deploy(run, tmp_path / "whole.safetensors", whole=True)
    small_size = (tmp_path / "net.safetensors").stat().st_size
    assert small_size < (tmp_path / "whole.safetensors").stat().st_size
    assert "void net_run(" in (tmp_path / "net.h").read_text()
    with pytest.raises(NetsciError, match=r"\.safetensors, \.onnx or \.h"):
        deploy(run, tmp_path / "net.bin")


def test_the_exported_onnx_model_predicts_what_the_run_does(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    import netsci_dst as nd
    from netsci_dst.exchange import export

    run = small(tmp_path / "run", "chts", epochs=1)
    export(run, tmp_path / "net.onnx")
    found = onnx.load(str(tmp_path / "net.onnx"))
    images = torch.from_numpy(np.asarray(load("digits").x_test[:20], dtype=np.float32))
    name = found.graph.input[0].name
    scores = ReferenceEvaluator(found).run(None, {name: images.numpy()})[0]
    expected = nd.load_model(run)(images).detach().numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-5)
