from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import netsci_dst as nd
from netsci_dst.run import Run


def trained(out: Path, method: str = "chts", seed: int = 0, epochs: int = 3, **fields: Any) -> Run:
    """A real run on digits, small enough for a second of training."""
    wanted = {"model_options": {"hidden": [48, 48]}, "train_samples": 400, "threads": 1, **fields}
    if method != "dense":
        wanted.setdefault("sparsity", 0.9)
    return nd.train(data="digits", method=method, seed=seed, epochs=epochs, out=out, **wanted)


def renamed(run: Run, out: Path, **changes: Any) -> Run:
    """A copy of a run in another folder, with other words in its recipe."""
    import tomli_w

    shutil.copytree(run.path, out)
    if changes:
        text = tomli_w.dumps({**run.recipe, **changes}).encode()
        (out / "recipe.toml").write_bytes(text)
        copy = nd.load_run(out)
        copy.update_provenance({"recipe_sha256": hashlib.sha256(text).hexdigest()})
    return nd.load_run(out)


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Train a run of these options once, and return a copy of its own in a folder."""
    shelf, known = tmp_path_factory.mktemp("shelf"), {}

    def make(folder: Path, *, name: str | None = None, recipe: Any = None, **options: Any) -> Run:
        key = repr(sorted(options.items()))
        if key not in known:
            known[key] = trained(shelf / str(len(known)), **options)
        method, seed = options.get("method", "chts"), options.get("seed", 0)
        return renamed(known[key], folder / (name or f"{method}-{seed}"), **(recipe or {}))

    return make


@pytest.fixture(scope="session")
def plain_run(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run]) -> Run:
    """A run of which nothing is analysed."""
    return make_run(tmp_path_factory.mktemp("plain"), method="set")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run]) -> Run:
    """A run with the measures that pictures use."""
    made = make_run(tmp_path_factory.mktemp("analysed"))
    names = ["k_shell", "power_law", "modularity", "embedding", "asi", "credit_paths", "dormant"]
    nd.analyze(made, measures=[*names, "elm", "degrees"])
    return made


@pytest.fixture(scope="session")
def seeds(
    tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run], run: Run
) -> list[Run]:
    """Two sparse methods and dense, each with two seeds; the first is analysed."""
    folder = tmp_path_factory.mktemp("seeds")
    wanted = [("chts", 1), ("set", 0), ("set", 1), ("dense", 0), ("dense", 1)]
    return [run, *(make_run(folder, method=m, seed=s) for m, s in wanted)]


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
