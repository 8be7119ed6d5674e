"""Open the built documentation in a browser without a network: formulas, search, no request out."""

import json
import sys
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By

ROOT = Path(__file__).resolve().parents[1] / "docs" / "_build" / "html"
PAGES = ("index", "science/power_laws", "gallery", "reference/api/analysis_power_laws")
HERE = ("file:", "data:", "blob:", "chrome", "about:")


def browser() -> webdriver.Chrome:
    """Return a headless Chromium for which no name resolves."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    return webdriver.Chrome(options=options)


def asked(driver: webdriver.Chrome) -> set[str]:
    """Return the addresses outside this machine that were asked for."""
    told = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [one["params"] for one in told if one["method"] == "Network.requestWillBeSent"]
    return {one["request"]["url"] for one in sent if not one["request"]["url"].startswith(HERE)}


def main() -> int:
    """Print what is wrong and return 1, or return 0."""
    wrong: list[str] = []
    driver = browser()
    try:
        formulas = 0
        for page in PAGES:
            driver.get((ROOT / f"{page}.html").as_uri())
            drawn = [math.rect for math in driver.find_elements(By.TAG_NAME, "math")]
            formulas += len(drawn)
            if any(one["width"] < 1 or one["height"] < 1 for one in drawn):
                wrong.append(f"{page}: a formula is not drawn")
        if not formulas:
            wrong.append("there is no formula on any page")
        driver.get((ROOT / "search.html").as_uri() + "?q=fit_power_law")
        found: list[str] = []
        for _ in range(50):
            found = [e.text for e in driver.find_elements(By.CSS_SELECTOR, "#search-results li a")]
            if found:
                break
            time.sleep(0.2)
        if not any("fit_power_law" in text for text in found):
            wrong.append(f"the search for fit_power_law found {found[:5]}")
        wrong += [f"{url} was asked for" for url in sorted(asked(driver))]
    finally:
        driver.quit()
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{formulas} formulas drawn, {len(found)} pages found by the search, {len(wrong)} faults")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
