"""Run trained networks with NumPy alone: no torch, no compiler, a start of some tens of ms.

>>> from netsci_dst import runtime
>>> network = runtime.load("network.safetensors")  # doctest: +SKIP
>>> scores = network(images)  # doctest: +SKIP
"""

from .c_header import to_c
from .file import load, save
from .network import Network
from .onnx_graph import to_onnx
from .program import Program, Step

__all__ = ["Network", "Program", "Step", "load", "save", "to_c", "to_onnx"]
