"""The pages in a real browser: what a reader does, and that nothing complains or phones out."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import urlsplit

import pytest

import netsci_dst as nd

pytestmark = pytest.mark.browser

HOSTILE = "<script>window.hacked=1<∕script> \"quotes\" 'single' 😀 & $x$ {{7*7}} "


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    return nd.report(run, tmp_path_factory.mktemp("page") / "one.html", analyze=False)


@pytest.fixture(scope="module")
def many(run, plain_run, make_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    runs = [run, plain_run]
    for method, seed in (("set", 1), ("rigl", 0), ("rigl", 1), ("dense", 0)):
        runs.append(make_run(folder, method=method, seed=seed, snapshots=3))
    return nd.report(runs, folder / "many.html", analyze=False)


@pytest.fixture
def visit(browser):
    """Open a page; afterwards it must have neither complained nor asked a server for anything."""
    browser.get_log("browser")
    browser.get_log("performance")

    def go(path, fragment=""):
        browser.get(path.as_uri() + fragment)
        until(browser, "document.documentElement.dataset.ready === 'true'")
        return browser

    yield go
    complaints = [e for e in browser.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]
    assert complaints == []
    asked = set()
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.add(urlsplit(message["params"]["request"]["url"]).scheme)
        assert message["method"] != "Network.webSocketCreated"
    assert asked <= {"file", "data", "blob"}


def until(browser, condition, seconds=20):
    end = time.monotonic() + seconds
    while not browser.execute_script(f"return Boolean({condition})"):
        assert time.monotonic() < end, f"never came true: {condition}"
        time.sleep(0.05)


def app(expression):
    return f"NS.apps.get('run0').{expression}"


def drawn(browser, selector):
    """Return the picture on a canvas as text."""
    return browser.execute_script(
        "return document.querySelector(arguments[0]).toDataURL()", selector
    )


def show(browser, selector):
    browser.execute_script(
        "document.querySelector(arguments[0])"
        ".scrollIntoView({block: 'center', behavior: 'instant'})",
        selector,
    )


def test_the_page_shows_every_section(visit, page):
    browser = visit(page)
    titles = browser.execute_script(
        "return [...document.querySelectorAll('h2')].map(h => h.innerText)"
    )
    for title in ("Training", "Degree distribution", "k-shells", "Input maps", "Paths and hubs"):
        assert title in titles
    for selector in ("[data-chart='training-accuracy']", "[data-live=ccdf]", "[data-live=kshell]"):
        show(browser, selector)
        until(browser, f'document.querySelector("{selector} .main-svg .trace")')


def test_the_slider_moves_every_view(visit, page, run):
    browser = visit(page)
    show(browser, "[data-view=network]")
    until(browser, app("views.every(v => !v.stale)"))
    canvases = ["[data-view=network] canvas", "[data-view=disk] canvas"]
    before = [drawn(browser, c) for c in canvases]
    said = browser.execute_script("return document.querySelector('[data-when]').textContent")
    browser.execute_script(
        "const s = document.querySelector('[data-time]'); s.value = 0;"
        "s.dispatchEvent(new Event('input'))"
    )
    time.sleep(0.5)
    assert all(drawn(browser, c) != b for c, b in zip(canvases, before))
    now = browser.execute_script("return document.querySelector('[data-when]').textContent")
    assert (said, now) == ("epoch 5 · step 500", "epoch 0 · step 0")
    show(browser, "[data-live=ccdf]")
    until(browser, "document.querySelector('[data-live=ccdf] .canvas').data")
    points = browser.execute_script(
        "return document.querySelector('[data-live=ccdf] .canvas').data[0].y.length"
    )
    degrees = run.snapshots[0].topology.degrees
    assert points == len(set(degrees[degrees > 0].tolist()))


def test_it_plays_to_the_end_and_stops(visit, page):
    browser = visit(page)
    browser.execute_script("document.querySelector('[data-speed]').value = '25'")
    browser.find_element("css selector", "[data-play]").click()
    until(browser, app("playing"))
    until(browser, f"{app('t')} > 0")
    until(browser, f"!{app('playing')}")
    assert browser.execute_script(f"return {app('t')}") == 5
    assert browser.find_element("css selector", "[data-play]").get_attribute("aria-label") == "Play"


def test_hovering_a_neuron_says_who_it_is_and_lights_its_links(visit, page, run):
    from selenium.webdriver import ActionChains

    browser = visit(page)
    show(browser, "[data-view=network]")
    until(browser, app("views.every(v => !v.stale)"))
    before = drawn(browser, "[data-view=disk] canvas")
    topology = run.snapshots[-1].topology
    hub = int(topology.degrees.argmax())
    canvas = browser.find_element("css selector", "[data-view=network] canvas")
    x, y, w, h = browser.execute_script(
        f"const v = {app('views')}[0]; return [v.x[{hub}], v.y[{hub}], v.width, v.height]"
    )
    ActionChains(browser).move_to_element_with_offset(canvas, x - w / 2, y - h / 2).perform()
    until(browser, f"{app('hovered')} === {hub}")
    said = browser.execute_script("return document.querySelector('[data-who]').textContent")
    population = topology.graph_populations[topology.node_population[hub]].name
    assert said.startswith(population)
    assert f"{topology.degrees[hub]} links" in said
    time.sleep(0.3)
    assert drawn(browser, "[data-view=disk] canvas") != before
    neighbours = browser.execute_script(f"return {app('frames.neighbours(5, ')}{hub}).size")
    assert neighbours == topology.degrees[hub]


def test_the_keyboard_walks_through_neurons(visit, page):
    from selenium.webdriver.common.keys import Keys

    browser = visit(page)
    show(browser, "[data-view=network]")
    until(browser, app("views.every(v => !v.stale)"))
    canvas = browser.find_element("css selector", "[data-view=network] canvas")
    browser.execute_script("arguments[0].focus()", canvas)
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    said = browser.execute_script("return document.querySelector('[data-who]').textContent")
    assert said.startswith("hidden1 · neuron 0")
    canvas.send_keys(Keys.ESCAPE)
    assert browser.execute_script(f"return {app('hovered')}") is None


def test_layers_can_be_hidden(visit, page):
    browser = visit(page)
    show(browser, "[data-view=network]")
    until(browser, app("views.every(v => !v.stale)"))
    before = drawn(browser, "[data-view=network] canvas")
    toggle = browser.find_element("css selector", "[data-toggles] .toggle")
    toggle.click()
    time.sleep(0.3)
    assert toggle.get_attribute("aria-pressed") == "false"
    hidden = drawn(browser, "[data-view=network] canvas")
    assert hidden != before
    toggle.click()
    time.sleep(0.3)
    browser.execute_script(app("hover(null)"))
    time.sleep(0.2)
    assert drawn(browser, "[data-view=network] canvas") != hidden


def test_colours_and_the_theme_can_be_changed(visit, page):
    browser = visit(page)
    show(browser, "[data-view=network]")
    until(browser, app("views.every(v => !v.stale)"))
    seen = {drawn(browser, "[data-view=disk] canvas")}
    for choice in ("core", "community"):
        browser.execute_script(
            "const s = document.querySelector('[data-colour-by]'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('change'))",
            choice,
        )
        time.sleep(0.3)
        seen.add(drawn(browser, "[data-view=disk] canvas"))
    assert len(seen) == 3
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = browser.execute_script(colour)
    browser.find_element("id", "theme").click()
    assert browser.execute_script(colour) != light


def download(browser, selector, ending):
    for old in browser.downloads.iterdir():
        old.unlink()
    browser.execute_script(f'document.querySelector("{selector}").click()')
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = [p for p in browser.downloads.iterdir() if p.suffix == ".csv"]
        if found and found[0].stat().st_size:
            assert found[0].name.endswith(ending)
            return found[0].read_text().splitlines()
        time.sleep(0.05)
    raise AssertionError("nothing was downloaded")


def test_the_numbers_can_be_downloaded(visit, page, run):
    browser = visit(page)
    rows = download(browser, "[data-chart='training-accuracy'] [data-csv]", "accuracy.csv")
    assert rows[0] == "series,epoch,accuracy,error"
    assert len(rows) == 1 + 2 * len(run.metrics)
    rows = download(browser, "[data-view=network] [data-csv]", "step500.csv")
    topology = run.snapshots[-1].topology
    assert len(rows) == 1 + topology.n_nodes
    into = [int(row.split(",")[2]) for row in rows[1:]]
    out = [int(row.split(",")[3]) for row in rows[1:]]
    assert [a + b for a, b in zip(into, out)] == topology.degrees.tolist()
    rows = download(browser, "[data-images=adjacency] [data-csv]", "step500.csv")
    assert len(rows) == 1 + topology.n_links


def test_it_prints_to_pdf(visit, page):
    browser = visit(page)
    until(browser, "window.Plotly")
    browser.execute_script(
        "window.blank = null; addEventListener('beforeprint', () => {"
        "blank = [...document.querySelectorAll('.plot .canvas')].filter(c => !c.data).length})"
    )
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 30_000
    assert browser.execute_script("return window.blank") == 0


@pytest.mark.parametrize("width", [390, 900, 1440])
def test_nothing_sticks_out_at_any_width(visit, page, many, width):
    for path in (page, many):
        browser = visit(path)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        time.sleep(0.3)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        assert wide <= width


def test_runs_can_be_filtered_and_opened(visit, many):
    browser = visit(many)
    rows = "return document.querySelectorAll('table.compare tbody tr').length"
    assert browser.execute_script(rows) == 4
    box = browser.find_element("css selector", "[data-filter]")
    box.send_keys("rigl")
    assert browser.execute_script(rows) == 1
    shown = browser.execute_script("return document.querySelector('[data-shown]').textContent")
    assert shown == "2 of 6 runs"
    rows = download(browser, "[data-table-csv]", "runs.csv")
    assert len(rows) == 3
    show(browser, "[role=tab][data-run=run1]")
    browser.execute_script("document.querySelector('[role=tab][data-run=run1]').click()")
    until(browser, "NS.apps.get('run1')?.frames")
    assert browser.execute_script("return document.getElementById('run0').hidden")
    assert not browser.execute_script("return document.getElementById('run1').hidden")
    browser.execute_script("document.getElementById('run1').scrollIntoView()")
    bars = "[...document.querySelectorAll('.timebar')].filter(b => !b.hidden).length"
    until(browser, f"{bars} === 1")


def test_networks_train_side_by_side(visit, many):
    browser = visit(many)
    show(browser, "[data-together]")
    assert browser.execute_script("return document.querySelectorAll('[data-gallery]').length") == 6
    browser.execute_script(
        "const s = document.querySelector('[data-together] [data-time]'); s.value = 0;"
        "s.dispatchEvent(new Event('input'))"
    )
    canvases = "document.querySelectorAll('[data-gallery] canvas')"
    until(browser, f"{canvases}.length === 6")
    show(browser, "[data-gallery=run0]")
    time.sleep(0.5)
    before = drawn(browser, "[data-gallery=run0] canvas")
    browser.find_element("css selector", "[data-together] [data-play]").click()
    until(browser, "document.querySelector('[data-together] [data-time]').value === '100'", 60)
    time.sleep(0.5)
    assert drawn(browser, "[data-gallery=run0] canvas") != before
    browser.execute_script("document.querySelector('[data-open=run2]').click()")
    until(browser, "NS.apps.get('run2')?.frames")


def test_the_tables_are_the_same_before_and_after_the_script(visit, many):
    browser = visit(many)
    cells = "return [...document.querySelectorAll('table.compare td')].map(c => c.textContent)"
    made = browser.execute_script(cells)
    browser.execute_script("NS.compare.apply()")
    assert browser.execute_script(cells) == made


def test_hostile_names_show_as_text(visit, make_run, tmp_path):
    name = (HOSTILE + "n" * 300)[:120]
    title = (HOSTILE + "t" * 300)[:300]
    runs = [
        make_run(tmp_path, snapshots=2, name=name, method="<img src=x onerror=window.hacked=2>"),
        make_run(tmp_path, snapshots=2, seed=1, method="=cmd()"),
    ]
    for chosen in (runs, runs[:1]):
        browser = visit(nd.report(chosen, tmp_path / "r.html", title=title, analyze=False))
        assert browser.title == " ".join(title.split())
        assert browser.execute_script("return window.hacked") is None
        heading = browser.execute_script("return document.querySelector('.run-name').textContent")
        assert heading == name
        for selector in ("[data-chart='training-loss']", "[data-live=kshell]"):
            show(browser, selector)
            until(browser, f'document.querySelector("{selector} .main-svg")')
        assert browser.execute_script("return document.images.length") == 0


def test_a_run_without_analysis_is_shown(visit, plain_run, tmp_path):
    browser = visit(nd.report(plain_run, tmp_path / "r.html", analyze=False))
    text = browser.execute_script("return document.body.innerText")
    assert "--measures embedding" in text
    show(browser, "[data-images=inputs]")
    until(browser, "document.querySelector('[data-images=inputs] canvas')")


def test_a_general_network_is_shown(visit, tmp_path):
    import networkx as nx

    run = nd.Run.create(tmp_path / "net", {})
    run.write_snapshot(nd.Snapshot(nd.Topology.network(nx.barabasi_albert_graph(80, 2, seed=0))))
    browser = visit(nd.report(run, tmp_path / "r.html", analyze=False))
    show(browser, "[data-view=network]")
    until(browser, app("views.every(v => !v.stale)"))


def test_a_live_page_grows_in_place(browser, make_run, tmp_path):
    import threading

    from netsci_dst.reports.watching import Watcher, make_server

    run = make_run(tmp_path, snapshots=2)
    watcher = Watcher(run.path, every=0.1)
    watcher.refresh()
    server = make_server(watcher)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        browser.get_log("browser")
        browser.get(f"http://127.0.0.1:{server.server_address[1]}/")
        until(browser, "document.documentElement.dataset.ready === 'true'")
        browser.execute_script("window.kept = true; scrollTo({top: 700, behavior: 'instant'})")
        run.write_snapshot(nd.Snapshot(run.snapshots[-1].topology, 900, 9.0))
        watcher.refresh()
        until(browser, "NS.apps.get('run0')?.frames?.count === 3")
        assert browser.execute_script("return window.kept")
        assert browser.execute_script("return scrollY") == 700
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []
    finally:
        browser.get("about:blank")
        server.shutdown()
        thread.join()
        server.server_close()
