"""Make the pictures beside this file from analysed runs, with Chromium.

    python docs/images/make.py RUN OTHER…

RUN is shown in its own report and film; all together in the comparison.
"""

from __future__ import annotations

import base64
import io
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import networkx as nx
from PIL import Image

import netsci_dst as nd

HERE = Path(__file__).parent
PAUSE = 2.5


def browser(folder: Path) -> Any:
    """Return Chromium without screen."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        f"--user-data-dir={folder}",
    ):
        options.add_argument(flag)
    service = webdriver.chrome.service.Service(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def shoot(
    driver: Any,
    page: Path,
    name: str,
    width: int,
    height: int,
    *,
    script: str = "",
    scale: float = 1,
) -> None:
    """Save what a screen of this size shows, as WebP or PNG by the name's ending."""
    size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(page.as_uri())
    while driver.execute_script("return document.documentElement.dataset.ready") != "true":
        time.sleep(0.1)
    time.sleep(PAUSE)
    driver.execute_script(script or "void 0")
    time.sleep(PAUSE)
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    image = Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB")
    if name.endswith(".png"):
        image.quantize(200, dither=Image.Dither.NONE).save(HERE / name, optimize=True)
    else:
        image.save(HERE / name, quality=82, method=6)
    print(name, (HERE / name).stat().st_size)


def main() -> None:
    """Write the film, the first screens and the views."""
    paths = sys.argv[1:]
    run = paths[0]
    film = nd.reports.film(run, HERE / "film.webp", view="both", fps=2.5, size=380)
    print("film.webp", film.stat().st_size)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        one = nd.report(run, folder / "one.html", analyze=False)
        many = nd.report(
            paths, folder / "many.html", title="Sparse training on digits", analyze=False
        )
        characters = nx.les_miserables_graph()
        characters.graph["name"] = "Les Misérables"
        net = nd.report(characters, folder / "net.html")
        driver = browser(folder / "profile")
        try:
            shoot(driver, one, "report.png", 1400, 900)
            film_view = (
                "document.querySelector('.of-film').scrollIntoView({block: 'center', "
                "behavior: 'instant'}); const a = NS.apps.get('run0'); const f = a.frames; "
                "let hub = 0; for (let i = 0; i < f.size; i++) "
                "if (f.degree(a.t, i) > f.degree(a.t, hub)) hub = i; "
            )
            shoot(driver, one, "network.webp", 1280, 800, script=film_view + "a.hover(hub);")
            dark = "NS.theme.set(true);" + film_view
            shoot(driver, one, "dark.webp", 1280, 800, script=dark)
            at = "document.querySelector('{}').scrollIntoView({{behavior: 'instant'}});"
            shoot(driver, one, "degrees.webp", 1400, 900, script=at.format("#run0-degrees"))
            shoot(driver, one, "adjacency.webp", 1400, 900, script=at.format("#run0-adjacency"))
            shoot(driver, one, "tablet.webp", 1024, 900)
            shoot(driver, one, "phone.webp", 420, 900)
            shoot(driver, many, "comparison.webp", 1400, 900)
            shoot(driver, many, "comparison-dark.webp", 1400, 900, script="NS.theme.set(true)")
            shoot(driver, many, "comparison-phone.webp", 420, 900)
            shoot(driver, net, "les-miserables.webp", 1400, 900)
            shoot(driver, net, "les-miserables-dark.webp", 1024, 900, script="NS.theme.set(true)")
            shoot(driver, net, "les-miserables-phone.webp", 420, 900)
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
