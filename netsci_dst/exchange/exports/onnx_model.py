"""An ONNX model, dense with zeros, out of a chain of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import FormatError, MissingDependency

if TYPE_CHECKING:
    import torch


def to_onnx(model: torch.nn.Module) -> bytes:
    """Return the ONNX form of a model that is a chain of linear layers and simple functions.

    Raises
    ------
    FormatError
        If the model is more than such a chain; `torch.onnx.export` on
        `load_model(run, format="dense")` may do.
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise MissingDependency("onnx", "exchange", "writing an ONNX model") from None
    from torch import nn

    nodes: list[Any] = []
    constants: list[Any] = []
    current, size, width = "input", None, 0
    for name, module in _chain(model):
        result = f"{name}.output"
        if isinstance(module, nn.Linear):
            weight = module.weight.detach().cpu().float().numpy()
            constants.append(numpy_helper.from_array(weight, f"{name}.weight"))
            inputs = [current, f"{name}.weight"]
            if module.bias is not None:
                bias = module.bias.detach().cpu().float().numpy()
                constants.append(numpy_helper.from_array(bias, f"{name}.bias"))
                inputs.append(f"{name}.bias")
            nodes.append(helper.make_node("Gemm", inputs, [result], name, transB=1))
            size = size or module.in_features
            width = module.out_features
        elif isinstance(module, nn.Flatten):
            nodes.append(helper.make_node("Flatten", [current], [result], name, axis=1))
        elif isinstance(module, (nn.ReLU, nn.Sigmoid, nn.Tanh)):
            nodes.append(
                helper.make_node(
                    type(module).__name__.replace("ReLU", "Relu"), [current], [result], name
                )
            )
        elif isinstance(module, (nn.Dropout, nn.Identity)):
            continue
        else:
            raise FormatError(
                f"{name!r} is a {type(module).__name__}, and only chains of linear layers are "
                "written as ONNX; use torch.onnx.export on nd.load_model(run, format='dense')"
            )
        current = result
    if size is None:
        raise FormatError("the model has no linear layer to write as ONNX")
    graph = helper.make_graph(
        nodes,
        "netsci-dst",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", size])],
        [helper.make_tensor_value_info(current, TensorProto.FLOAT, ["batch", width])],
        constants,
    )
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(written)
    return written.SerializeToString()


def _chain(model: torch.nn.Module) -> list[tuple[str, torch.nn.Module]]:
    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    if not leaves:
        raise FormatError("the model has no layers")
    return leaves
