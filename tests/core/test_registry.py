import subprocess
import sys

import pytest

from netsci_dst import registry
from netsci_dst.errors import NetsciError, UnknownName


def test_what_is_registered_is_found(request):
    request.addfinalizer(lambda: registry.remove("removal", "mine"))

    @registry.register("removal", "mine", source="me", extra=1)
    def mine():
        """Keep what I like.

        More.
        """

    entry = registry.get("removal", "mine")
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


def test_the_table_is_that_of_the_code():
    pytest.importorskip("torch")
    from netsci_dst.write_table import FILE

    # In a process of its own: other tests register things of theirs.
    code = "from netsci_dst.write_table import table_text; print(table_text(), end='')"
    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert made.stdout == FILE.read_text(encoding="utf-8"), "run `make table`"


def test_listing_imports_no_file_of_a_kind():
    code = (
        "import sys; from netsci_dst import registry; "
        "listed = [e.summary for kind in registry.kinds() for e in registry.listing(kind)]; "
        "assert len(listed) > 100 and all(listed); "
        "assert not any(name.startswith(('netsci_dst.training', 'netsci_dst.analysis', 'torch')) "
        "for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_table_lacks_is_looked_for_in_the_files():
    pytest.importorskip("torch")
    code = (
        "from netsci_dst import registry; registry._built_in = lambda kind: {}; "
        "assert registry.about('softness', 'exponent').target(0.5) == 2.0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_shipped_name_cannot_be_taken():
    code = (
        "from netsci_dst import registry\n"
        "try:\n    registry.register('removal', 'magnitude', summary='x')(print)\n"
        "except registry.NetsciError as error:\n    assert 'twice' in str(error)\n"
        "else:\n    raise SystemExit('taken')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(NetsciError, match="built in"):
        registry.remove("removal", "magnitude")
