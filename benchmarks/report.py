"""Size, first picture and film of a report of 300 snapshots, and a comparison of 1,000 runs.

    python benchmarks/report.py [snapshots] [runs]

Targets on two cores with Chromium drawing in software: at most 12 MB, the first picture within
1.5 s, the slider at 15 frames a second or more.
"""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _report import write

from netsci_dst.reports import report
from netsci_dst.run import load_run

SIZES, LINKS = (784, 1568, 1568, 1568, 10), (14_000, 30_000, 30_000, 0)


def synthetic() -> Any:
    """Return the maker of runs from random numbers."""
    place = Path(__file__).parent / "_synthetic_run.py"
    spec = importlib.util.spec_from_file_location("synthetic", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def embed(run: Any) -> None:
    """Give every snapshot an embedding that drifts, faster than computing real ones would be."""
    from netsci_dst.reports import run_data as _data

    rng = np.random.default_rng(0)
    n = run.snapshots[-1].topology.n_nodes
    theta = rng.uniform(0, 2 * np.pi, n)
    arrays = {}
    for step in run.snapshots.steps:
        theta = (theta + rng.normal(0, 0.1, n)) % (2 * np.pi)
        r = 2 * np.log(rng.permutation(n) + 1) * 0.5 + np.log(n)
        arrays[step] = {"theta": theta, "r": r, "nodes": np.arange(n)}
    stored = _data.RunData.array

    def array(self: Any, measure: str, name: str, step: int) -> Any:
        return arrays[step][name] if measure == "embedding" else stored(self, measure, name, step)

    _data.RunData.array = array


def browser(folder: Path) -> Any:
    """Return Chromium without screen and without GPU."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--window-size=1440,900", f"--user-data-dir={folder}"),
    ):
        options.add_argument(flag)
    service = webdriver.chrome.service.Service(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def visit(driver: Any, page: Path) -> dict[str, float]:
    """Open a page; return when the first picture and when everything was there."""
    started = time.perf_counter()
    driver.get(page.as_uri())
    while driver.execute_script("return document.documentElement.dataset.ready") != "true":
        time.sleep(0.02)
    ready = time.perf_counter() - started
    paints = driver.execute_script(
        "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    return {"first_picture_s": round(paints / 1000, 3), "ready_s": round(ready, 3)}


def frames_per_second(driver: Any, seconds: float = 6.0) -> float:
    """Play with both pictures of the network in view and count frames."""
    driver.execute_script("document.querySelector('[data-section=film]').scrollIntoView()")
    time.sleep(1)
    driver.execute_script(
        "window.app = NS.apps.get('run0'); app.root.querySelector('[data-speed]').value = '25';"
        "app.timeline.go(0); app.timeline.frames = 0; app.timeline.play();"
    )
    time.sleep(seconds)
    return driver.execute_script("app.timeline.stop(); return app.timeline.frames") / seconds


def made(subject: Any, place: Path) -> tuple[Path, dict[str, Any]]:
    """Write a page; return it with the time of the clock, the processor's, and the size."""
    clock, processor = time.perf_counter(), time.process_time()
    page = report(subject, place, analyze=False)
    return page, {
        "made_s": round(time.perf_counter() - clock, 1),
        "made_processor_s": round(time.process_time() - processor, 1),
        "MB": round(page.stat().st_size / 1e6, 2),
    }


def one_run(folder: Path, snapshots: int) -> dict[str, Any]:
    """Report one run of many snapshots, each with an embedding."""
    run = synthetic().make_run(
        folder, sizes=SIZES, links=LINKS, grid=(28, 28), snapshots=snapshots, turnover=0.1
    )
    embed(run)
    page, out = made(run, folder / "one.html")
    opened, rates = [], []
    for i in range(3):
        driver = browser(folder / f"profile{i}")
        opened.append(visit(driver, page))
        rates.append(frames_per_second(driver))
        driver.quit()
    for key in opened[0]:
        out[key] = statistics.median(entry[key] for entry in opened)
    return {**out, "frames_per_second": round(statistics.median(rates), 1)}


def many_runs(folder: Path, count: int) -> dict[str, Any]:
    """Compare many small runs."""
    make = synthetic().make_run
    for k in range(count):
        small = {"sizes": (20, 16, 10), "links": (60,), "grid": None, "snapshots": 2}
        make(folder, **small, method=f"m{k % 8}", seed=k // 8, name=f"r{k}", evaluations=30)
    runs = [load_run(folder / f"r{k}") for k in range(count)]
    page, out = made(runs, folder / "many.html")
    driver = browser(folder / "profile-many")
    opened = visit(driver, page)
    filtering = driver.execute_script(
        "const t = performance.now(); NS.compare.query = 'm1'; NS.compare.apply();"
        "return (performance.now() - t) / 1000"
    )
    driver.quit()
    return {**out, **opened, "filter_s": round(filtering, 3)}


def main() -> None:
    """Measure and write the results."""
    snapshots = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # In this order: the one run's embeddings are put in by a patch.
        compared = many_runs(folder, count)
        results = {
            f"{snapshots} snapshots of 5,488 neurons and 74,000 links": one_run(folder, snapshots),
            f"{count} runs": compared,
        }
    for name, found in results.items():
        print(name, found)
    write("report", results)


if __name__ == "__main__":
    main()
