"""What every test may ask for."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

# No test depends on how fast the machine is. In CI the same examples every time: what fails there
# fails anywhere.
hypothesis.settings.register_profile("usual", deadline=None, print_blob=True)
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("usual"), derandomize=True
)
in_ci = os.environ.get("CI") or os.environ.get("NETSCI_DST_CI")
hypothesis.settings.load_profile("ci" if in_ci else "usual")

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


# Tests that take more than about half a second; `make test-fast` leaves them out.
SUPPORT = Path(__file__).parent / "support"
SLOW = (SUPPORT / "slow.txt").read_text(encoding="utf-8").split()
# Files that take longest: begun first, so that no process is left alone with one at the end.
LONG_FIRST = (SUPPORT / "long_first.txt").read_text(encoding="utf-8").split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that are listed as slow, and put the longest files first."""
    slow, place = set(SLOW), {file: i for i, file in enumerate(LONG_FIRST)}
    for item in items:
        if item.nodeid.partition("[")[0].removeprefix("tests/") in slow:
            item.add_marker("slow")
    file_of = lambda item: item.nodeid.partition("::")[0].removeprefix("tests/")  # noqa: E731
    items.sort(key=lambda item: place.get(file_of(item), len(place)))


def pytest_collection_finish() -> None:
    """Let the garbage collector look past the thousands of tests; libraries call it often."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets that may lie beside a checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the folder of real data sets is absent ({SHARED_DATA.name} beside the repo)")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _own_caches(tmp_path_factory, monkeypatch):
    # Nothing a test does may land in, or depend on, the user's own cache folder.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
