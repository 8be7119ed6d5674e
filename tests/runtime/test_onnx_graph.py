import numpy as np
import pytest
import torch

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
