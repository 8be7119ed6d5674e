"""What a part takes is told from its source."""

import inspect
import subprocess
import sys

import pytest

from netsci_dst import registry
from netsci_dst.methods.part_parameters import part_parameters

KINDS = ("optimizer", "lr schedule", "removal", "regrowth", "step hook", "initialiser")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_the_function_itself_says(kind):
    pytest.importorskip("torch")
    for name in registry.names(kind):
        told = part_parameters(kind, name)
        assert told == set(inspect.signature(registry.get(kind, name).target).parameters), name


def test_shipped_recipes_are_read_and_checked_without_torch():
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("no torch here", name="torch")
sys.meta_path.insert(0, Absent())
from netsci_dst.errors import RecipeError
from netsci_dst.recipe import load_recipe, shipped_recipes
assert load_recipe(data="digits", method="chts", sparsity=0.9).method == "chts"
for name in shipped_recipes():
    load_recipe(name)
try:
    load_recipe(method="set", method_options={"removal_options": {"sharre": 0.2}})
except RecipeError as error:
    print(error)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "sharre" in answer.stdout
