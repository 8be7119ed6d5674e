import numpy as np
import pytest
import torch
from torch import nn

from netsci_dst.errors import FormatError
from netsci_dst.runtime.onnx_graph import to_onnx
from netsci_dst.training.compaction import compact
from netsci_dst.training.lowering import lower

from .networks import networks

NETWORKS = networks()


@pytest.fixture
def onnx():
    return pytest.importorskip("onnx")


def run(onnx, model, x):
    """Run by ONNX Runtime where it is installed, otherwise by the reference of ONNX."""
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        return ReferenceEvaluator(onnx.load_from_string(model)).run(None, {"input": x})[0]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options).run(None, {"input": x})[0]


@pytest.mark.parametrize("name", [n for n in NETWORKS if n != "resnet56"])
@pytest.mark.parametrize("sparse", [False, True])
def test_onnx_gives_the_models_outputs(name, sparse, onnx):
    model, example = NETWORKS[name]
    written = to_onnx(lower(compact(model, example), example), sparse)
    read = onnx.load_from_string(written)
    assert {opset.domain for opset in read.opset_import} == {""}
    x = torch.randn(3, *example.shape[1:], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model(x).numpy()
    found = run(onnx, written, x.numpy())
    assert np.abs(found - expected).max() <= 2e-6 * np.abs(expected).max()


@pytest.mark.usefixtures("onnx")
def test_the_sparse_graph_is_small():
    model, example = NETWORKS["csr"]
    wide = [len(to_onnx(lower(model, example), sparse)) for sparse in (False, True)]
    assert wide[1] < wide[0]


def test_float64_keeps_its_digits_or_says_what_onnx_runtime_has_not(onnx):
    flat, picture = torch.randn(2, 6).double(), torch.randn(2, 1, 4, 4).double()
    layers = (nn.Linear(6, 9), nn.LeakyReLU(0.3), nn.Linear(9, 4), nn.ELU(0.7), nn.LayerNorm(4))
    model = nn.Sequential(*layers).double().eval()
    found = run(onnx, to_onnx(lower(model, flat)), flat.numpy())
    expected = model(flat).detach().numpy()
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()
    for other, example in ((nn.GELU(), flat), (nn.Conv2d(1, 2, 3), picture)):
        with pytest.raises(FormatError, match="of float64: give the model as float32"):
            to_onnx(lower(nn.Sequential(other).double(), example))


def test_a_network_without_weights_keeps_its_type(tmp_path):
    from netsci_dst import runtime

    x = torch.randn(3, 2, 2).double()
    runtime.save(lower(nn.Flatten(), x), tmp_path / "net.safetensors")
    assert (runtime.load(tmp_path / "net.safetensors")(x.numpy()) == x.flatten(1).numpy()).all()
