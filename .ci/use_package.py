"""What an installation without any extra can do: read a network, measure it, print its words."""

import importlib.util
import subprocess
import sys
from pathlib import Path

for absent in ("torch", "plotly", "jinja2", "transformers"):
    assert importlib.util.find_spec(absent) is None, f"{absent} came along without being asked for"

import networkx as nx  # noqa: E402

import netsci_dst as nd  # noqa: E402
from netsci_dst import registry  # noqa: E402
from netsci_dst.recipe import shipped_recipe, shipped_recipes  # noqa: E402

assert "site-packages" in nd.__file__, nd.__file__
karate = nx.karate_club_graph()
nx.write_edgelist(karate, "karate.txt", data=False)
frame = nd.analyze(karate, measures=["degrees", "modularity", "k_shell"])
assert len(frame) > 10, frame
for command in (
    ["analyze", "karate.txt", "-m", "degrees"],
    ["list", "methods"],
    ["info", "--report"],
    ["--help"],
):
    program = Path(sys.executable).with_name("netsci-dst")
    subprocess.run([program, *command], check=True, stdout=subprocess.DEVNULL)
assert len(shipped_recipes()) > 50
assert "chtss" in shipped_recipe("chtss/mnist-mlp").read_text()
assert len(registry.names("method")) > 15
print(f"{nd.__version__} without extras: {len(frame)} values of a network read from a file")
