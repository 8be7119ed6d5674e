"""What every test may ask for."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


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
