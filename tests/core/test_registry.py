import subprocess
import sys

import pytest

from netsci_dst import registry
from netsci_dst.errors import NetsciError, UnknownName


def test_what_is_registered_is_found(monkeypatch):
    monkeypatch.setitem(registry._entries, "removal", {})

    @registry.register("removal", "mine", source="me", extra=1)
    def mine():
        """Keep what I like.

        More.
        """

    entry = registry._entries["removal"]["mine"]
    assert entry.target is mine
    assert entry.summary == "Keep what I like."
    assert entry.metadata["extra"] == 1
    registry.register("removal", "mine")(mine)
    with pytest.raises(NetsciError, match="twice"):
        registry.register("removal", "mine")(test_what_is_registered_is_found)


def test_unknown_names_offer_the_nearest():
    with pytest.raises(UnknownName, match="known: "):
        registry.get("nothing", "x")
    with pytest.raises(UnknownName, match="did you mean 'initialiser'"):
        registry.names("initializer")


@pytest.mark.parametrize("module", ["netsci_dst", "netsci_dst.analysis"])
def test_importing_needs_no_torch(module):
    code = f"import sys, {module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
