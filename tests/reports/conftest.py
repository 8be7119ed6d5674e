from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netsci_dst.run import Run


def _synthetic() -> Any:
    place = Path(__file__).with_name("synthetic.py")
    spec = importlib.util.spec_from_file_location("synthetic_runs", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return _synthetic().make_run


@pytest.fixture(scope="session")
def plain_run(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run]) -> Run:
    """A run of which nothing is analysed."""
    return make_run(tmp_path_factory.mktemp("plain"), method="set", hub=0.0)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run]) -> Run:
    """A run with the measures that pictures use."""
    from netsci_dst.analysis import analyze

    made = make_run(tmp_path_factory.mktemp("analysed"), snapshots=6)
    names = ["k_shell", "power_law", "modularity", "embedding", "asi", "credit_paths", "dormant"]
    analyze(made, measures=names)
    return made


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a screen; its downloads go to ``browser.downloads``."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--disable-dev-shm-usage", "--window-size=1366,900", f"--user-data-dir={profile}"),
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.chrome.service.Service(driver)
    found = webdriver.Chrome(options=options, service=service)
    found.downloads = tmp_path_factory.mktemp("downloads")
    found.execute_cdp_cmd(
        "Browser.setDownloadBehavior",
        {"behavior": "allow", "downloadPath": os.fspath(found.downloads)},
    )
    yield found
    found.quit()
