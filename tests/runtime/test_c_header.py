import shutil
import subprocess

import numpy as np
import pytest
import torch
from torch import nn

from netsci_dst.errors import FormatError
from netsci_dst.runtime import Program, Step
from netsci_dst.runtime.c_header import to_c
from netsci_dst.training.compaction import compact
from netsci_dst.training.lowering import lower

from .networks import networks

NETWORKS = networks()
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
MAIN = """
#include <stdio.h>
#include "net.h"
int main(void) {
    static float x[NET_INPUTS], y[NET_OUTPUTS], scratch[NET_SCRATCH];
    while (fread(x, sizeof(float), NET_INPUTS, stdin) == NET_INPUTS) {
        net_run(x, y, scratch);
        fwrite(y, sizeof(float), NET_OUTPUTS, stdout);
    }
    return 0;
}
"""


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
@pytest.mark.parametrize(
    "name", [n for n in NETWORKS if n.startswith(("mlp", "csr", "resid", "spread"))]
)
def test_the_compiled_header_gives_the_models_outputs(name, tmp_path):
    model, example = NETWORKS[name]
    if name == "residual":
        model = nn.Sequential(model, nn.Linear(3, 3))  # without its log_softmax, below
        model[0].forward = lambda x: model[0].out(x.flatten(1) + model[0].first(x.flatten(1)))
    program = lower(compact(model, example) if name != "residual" else model, example)
    (tmp_path / "net.h").write_text(to_c(program, "net"))
    (tmp_path / "main.c").write_text(MAIN)
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    built = subprocess.run(
        [COMPILER, *flags, "main.c", "-o", "net", "-lm"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    x = torch.randn(7, *example.shape[1:], generator=torch.Generator().manual_seed(0))
    run = subprocess.run([tmp_path / "net"], input=x.numpy().tobytes(), capture_output=True)
    with torch.no_grad():
        expected = model(x).numpy()
    found = np.frombuffer(run.stdout, np.float32).reshape(expected.shape)
    assert np.abs(found - expected).max() <= 2e-6 * np.abs(expected).max()


def test_what_c_cannot_hold_is_said_in_a_line():
    with pytest.raises(FormatError, match="no convolution"):
        to_c(lower(*NETWORKS["convnet"]))
    program = lower(*NETWORKS["mlp-relu"])
    with pytest.raises(FormatError, match="no name for a C function"):
        to_c(program, "my-net")
    weight = {"w": np.array([[np.nan]], np.float32)}
    bad = Program((1,), (Step("linear", ("input",), "y", {}, {"weight": "w"}),), weight)
    with pytest.raises(FormatError, match="nan"):
        to_c(bad)
