"""The pages in a real browser: what a reader does, and that nothing complains or phones out."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import urlsplit

import numpy as np
import pytest

import netsci_dst as nd

pytestmark = pytest.mark.browser

HOSTILE = "<script>window.hacked=1<∕script> \"quotes\" 'single' 😀 & $x$ {{7*7}} "


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    return nd.report(run, tmp_path_factory.mktemp("page") / "one.html", analyze=False)


@pytest.fixture(scope="module")
def many(seeds, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    return nd.report(seeds, folder / "many.html", analyze=False)


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


DRAWN = (
    app("parts.size")
    + " && ['network', 'disk'].every(k => { const v = "
    + app("parts")
    + ".get(k); return !v || !v.stale; })"
)


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
    for selector in ("training-accuracy", "degrees-ccdf", "k-shells"):
        selector = f"[data-figure='{selector}']"
        show(browser, selector)
        until(browser, f'document.querySelector("{selector} .main-svg .trace")')


def test_nothing_moves_for_ever_in_a_page_that_is_left_alone(visit, page):
    endless = """return [...document.querySelectorAll("*")].filter((one) => {
        const style = getComputedStyle(one);
        return style.animationName !== "none" && style.animationIterationCount === "infinite";
    }).length"""
    driver = visit(page)
    assert driver.execute_script("return document.querySelectorAll('.skeleton').length") > 0
    assert driver.execute_script(endless) == 0


def test_the_slider_moves_every_view(visit, page, run):
    browser = visit(page)
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)
    canvases = ["[data-figure=network] canvas", "[data-figure=disk] canvas"]
    before = [drawn(browser, c) for c in canvases]
    said = browser.execute_script("return document.querySelector('[data-when]').textContent")
    browser.execute_script(
        "const s = document.querySelector('[data-time]'); s.value = 0;"
        "s.dispatchEvent(new Event('input'))"
    )
    time.sleep(0.5)
    assert all(drawn(browser, c) != b for c, b in zip(canvases, before))
    now = browser.execute_script("return document.querySelector('[data-when]').textContent")
    last = run.snapshots.steps[-1]
    assert (said, now) == (f"epoch 3 · step {last}", "epoch 0 · step 0")
    show(browser, "[data-figure=degrees-ccdf]")
    until(browser, "document.querySelector('[data-figure=degrees-ccdf] .canvas').data")
    points = browser.execute_script(
        "return document.querySelector('[data-figure=degrees-ccdf] .canvas').data[0].y.length"
    )
    degrees = run.snapshots[0].topology.degrees
    assert points == len(set(degrees[degrees > 0].tolist()))


def test_it_plays_to_the_end_and_stops(visit, page, run):
    browser = visit(page)
    browser.execute_script("document.querySelector('[data-speed]').value = '25'")
    browser.find_element("css selector", "[data-play]").click()
    until(browser, app("playing"))
    until(browser, f"{app('t')} > 0")
    until(browser, f"!{app('playing')}")
    assert browser.execute_script(f"return {app('t')}") == len(run.snapshots) - 1
    assert browser.find_element("css selector", "[data-play]").get_attribute("aria-label") == "Play"


def test_hovering_a_neuron_says_who_it_is_and_lights_its_links(visit, page, run):
    from selenium.webdriver import ActionChains

    browser = visit(page)
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)
    before = drawn(browser, "[data-figure=disk] canvas")
    topology = run.snapshots[-1].topology
    hub = int(topology.degrees.argmax())
    canvas = browser.find_element("css selector", "[data-figure=network] canvas")
    x, y, w, h = browser.execute_script(
        f"const v = {app('parts')}.get('network');"
        f"return [v.x[{hub}], v.y[{hub}], v.width, v.height]"
    )
    ActionChains(browser).move_to_element_with_offset(canvas, x - w / 2, y - h / 2).perform()
    until(browser, f"{app('hovered')} === {hub}")
    said = browser.execute_script("return document.querySelector('[data-who]').textContent")
    population = topology.graph_populations[topology.node_population[hub]].name
    assert said.startswith(population)
    assert f"{topology.degrees[hub]} links" in said
    time.sleep(0.3)
    assert drawn(browser, "[data-figure=disk] canvas") != before
    last = len(run.snapshots) - 1
    neighbours = browser.execute_script(f"return {app(f'frames.neighbours({last}, ')}{hub}).size")
    assert neighbours == topology.degrees[hub]


def test_the_keyboard_walks_through_neurons(visit, page):
    from selenium.webdriver.common.keys import Keys

    browser = visit(page)
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)
    canvas = browser.find_element("css selector", "[data-figure=network] canvas")
    browser.execute_script("arguments[0].focus()", canvas)
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    said = browser.execute_script("return document.querySelector('[data-who]').textContent")
    assert said.startswith("hidden1 · neuron 0")
    canvas.send_keys(Keys.ESCAPE)
    assert browser.execute_script(f"return {app('hovered')}") is None


def test_layers_can_be_hidden(visit, page):
    browser = visit(page)
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)
    before = drawn(browser, "[data-figure=network] canvas")
    toggle = browser.find_element("css selector", "[data-toggles] .toggle")
    toggle.click()
    time.sleep(0.3)
    assert toggle.get_attribute("aria-pressed") == "false"
    hidden = drawn(browser, "[data-figure=network] canvas")
    assert hidden != before
    toggle.click()
    time.sleep(0.3)
    browser.execute_script(app("hover(null)"))
    time.sleep(0.2)
    assert drawn(browser, "[data-figure=network] canvas") != hidden


def test_colours_and_the_theme_can_be_changed(visit, page):
    browser = visit(page)
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)
    seen = {drawn(browser, "[data-figure=disk] canvas")}
    for choice in ("core", "community"):
        browser.execute_script(
            "const s = document.querySelector('[data-control=colour]');"
            "s.value = arguments[0]; s.dispatchEvent(new Event('input'))",
            choice,
        )
        time.sleep(0.3)
        seen.add(drawn(browser, "[data-figure=disk] canvas"))
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
    rows = download(browser, "[data-figure='training-accuracy'] [data-csv]", "accuracy.csv")
    assert rows[0] == "measure,scope,series,epoch,accuracy (%)"
    assert rows[1].startswith("accuracy,,test,")
    assert len(rows) == 1 + 2 * len(run.metrics)
    step = f"step{run.snapshots.steps[-1]}.csv"
    rows = download(browser, "[data-figure=network] [data-csv]", step)
    topology = run.snapshots[-1].topology
    assert len(rows) == 1 + topology.n_nodes
    into = [int(row.split(",")[2]) for row in rows[1:]]
    out = [int(row.split(",")[3]) for row in rows[1:]]
    assert [a + b for a, b in zip(into, out)] == topology.degrees.tolist()
    rows = download(browser, "[data-figure=adjacency] [data-csv]", step)
    assert len(rows) == 1 + topology.n_links


def test_it_prints_to_pdf(visit, page):
    browser = visit(page)
    until(browser, "window.Plotly")
    browser.execute_script(
        "window.blank = null; addEventListener('beforeprint', () => {"
        "blank = [...document.querySelectorAll('.plot:not(.none) .canvas')]"
        ".filter(c => !c.data).length})"
    )
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 30_000
    assert browser.execute_script("return window.blank") == 0


@pytest.mark.parametrize("width", [390, 420, 1024, 1400])
def test_nothing_sticks_out_at_any_width(visit, page, many, width):
    for path in (page, many):
        browser = visit(path)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        time.sleep(0.3)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        assert wide <= width


def choose(browser, text):
    browser.execute_script(
        "const f = document.querySelector('[data-filter]'); f.value = arguments[0];"
        "f.dispatchEvent(new Event('input'))",
        text,
    )


def test_the_filter_acts_on_all_of_the_page(visit, many):
    browser = visit(many)
    rows = "return document.querySelectorAll('table.compare tbody tr').length"
    assert browser.execute_script(rows) == 3
    said = "return document.querySelector('[data-verdict]').textContent"
    before = browser.execute_script(said)
    choose(browser, "chts seed")
    assert browser.execute_script(rows) == 1
    shown = browser.execute_script("return document.querySelector('[data-shown]').textContent")
    assert shown == "2 of 6 runs; 4 hidden"
    now = browser.execute_script(said)
    assert now != before
    assert "set" not in now
    cards = "return [...document.querySelectorAll('[data-gallery]')].filter(c => !c.hidden).length"
    assert browser.execute_script(cards) == 2
    tabs = "return [...document.querySelectorAll('[role=tab]')].filter(t => !t.hidden).length"
    assert browser.execute_script(tabs) == 2
    pairs = "return document.querySelector('[data-figure=compare-wins] .stage').textContent"
    assert "dense" not in browser.execute_script(pairs)
    assert len(download(browser, "[data-runs-csv]", "runs.csv")) == 3
    rows = download(browser, "[data-figure=compare-curve] [data-csv]", ".csv")
    assert {row.split(",")[3] for row in rows[1:]} == {"chts"}
    choose(browser, "no such run")
    assert "No run matches" in browser.execute_script(said)


def test_the_curves_csv_holds_every_evaluation(visit, many, seeds):
    browser = visit(many)
    rows = download(browser, "[data-figure=compare-curve] [data-csv]", ".csv")
    assert rows[0] == "measure,scope,run,method,seed,epoch,accuracy (%)"
    assert len(rows) == 1 + sum(len(run.metrics) for run in seeds)
    mine = [row.split(",") for row in rows[1:] if row.split(",")[2] == seeds[0].name]
    assert [float(row[5]) for row in mine] == seeds[0].metrics["epoch"].tolist()
    assert [float(row[6]) for row in mine] == pytest.approx(
        (100 * seeds[0].metrics["accuracy"]).tolist(), rel=1e-6
    )


def test_a_run_of_a_comparison_can_be_opened(visit, many):
    browser = visit(many)
    show(browser, "[role=tab][data-run=run1]")
    browser.execute_script("document.querySelector('[role=tab][data-run=run1]').click()")
    until(browser, "NS.apps.get('run1')?.frames")
    assert browser.execute_script("return document.getElementById('run0').hidden")
    assert not browser.execute_script("return document.getElementById('run1').hidden")
    browser.execute_script("document.getElementById('run1').scrollIntoView()")
    bars = "[...document.querySelectorAll('.timebar')].filter(b => !b.hidden).length"
    until(browser, f"{bars} === 1")


def test_runs_beside_the_page_open_too(visit, seeds, tmp_path):
    page = nd.report(seeds, tmp_path / "r.html", analyze=False, inside=2, beside=True)
    assert len(list((tmp_path / "r_runs").iterdir())) == 4
    browser = visit(page)
    browser.execute_script("document.querySelector('[role=tab][data-run=run3]').click()")
    until(browser, "NS.apps.get('run3')")
    name = browser.execute_script("return document.querySelector('#run3 .run-name').textContent")
    assert name == browser.execute_script(
        "return document.querySelector('[role=tab][data-run=run3]').title"
    )


def test_networks_train_side_by_side(visit, many):
    browser = visit(many)
    show(browser, "[data-together]")
    cards = browser.execute_script("return document.querySelectorAll('[data-gallery]').length")
    assert cards == 4
    browser.execute_script(
        "const s = document.querySelector('[data-together] [data-time]'); s.value = 0;"
        "s.dispatchEvent(new Event('input'))"
    )
    until(browser, f"document.querySelectorAll('[data-gallery] canvas').length === {cards}")
    show(browser, "[data-gallery=run0]")
    time.sleep(0.5)
    before = drawn(browser, "[data-gallery=run0] canvas")
    browser.find_element("css selector", "[data-together] [data-play]").click()
    until(browser, "document.querySelector('[data-together] [data-time]').value === '100'", 60)
    time.sleep(0.5)
    assert drawn(browser, "[data-gallery=run0] canvas") != before
    browser.execute_script("document.querySelector('[data-open=run2]').click()")
    until(browser, "NS.apps.get('run2')?.frames")


def test_words_and_tables_are_the_same_before_and_after_the_script(visit, many):
    browser = visit(many)
    # But for measured times, the sixth column, whose halves may be rounded apart.
    columns = "table.compare td:not(:nth-child(6))"
    cells = f"return [...document.querySelectorAll('{columns}')].map(c => c.textContent)"
    said = "return [...document.querySelectorAll('[data-verdict] p')].map(c => c.textContent)"
    made = browser.execute_script(cells), browser.execute_script(said)
    browser.execute_script("NS.compare.apply()")
    assert (browser.execute_script(cells), browser.execute_script(said)) == made


def test_columns_of_structure_are_folded_away_with_their_heads(visit, many):
    browser = visit(many)
    browser.execute_script("document.getElementById('tables')?.scrollIntoView()")
    until(browser, "document.querySelector('table.compare')")
    shown = (
        "return [...document.querySelectorAll('table.compare tr')].map(row =>"
        " [...row.children].filter(cell => getComputedStyle(cell).display !== 'none').length)"
    )
    folded = browser.execute_script(shown)
    assert len(set(folded)) == 1
    browser.execute_script(
        "[...document.querySelectorAll('button')]"
        ".find(b => b.textContent === 'More columns').click()"
    )
    unfolded = browser.execute_script(shown)
    assert len(set(unfolded)) == 1
    assert unfolded[0] > folded[0]


def test_the_first_screen_explains_its_short_names(visit, many):
    browser = visit(many)
    key = browser.execute_script("return document.querySelector('.hero-wide .key').textContent")
    assert all(name in key for name in ("AAE", "ANP", "ITOP"))


def test_statistics_of_the_page_are_those_of_python(visit, many):
    from netsci_dst.reports.comparison.statistics import difference, t_quantile

    browser = visit(many)
    for freedom in (1, 2, 3.7, 10, 55.2):
        found = browser.execute_script("return NS.stats.t(arguments[0])", freedom)
        assert found == pytest.approx(t_quantile(freedom), rel=1e-9)
    a, b = {0: 0.9, 1: 0.95, 2: 0.91}, {5: 0.8, 6: 0.86}
    made = browser.execute_script(
        "const map = (o) => new Map(Object.entries(o));"
        "const d = NS.stats.difference(map(arguments[0]), map(arguments[1]));"
        "return [d.mean, d.half, d.apart]",
        {str(k): v for k, v in a.items()},
        {str(k): v for k, v in b.items()},
    )
    mine = difference(a, b)
    assert made == pytest.approx([mine.mean, mine.half, mine.told_apart], rel=1e-9)


def test_numbers_of_the_page_are_written_as_python_writes_them(visit, page):
    from netsci_dst.reports import numbers

    browser = visit(page)
    for value in (0.0, 1.0, 12345.6, 0.000123456, 3.2e9, -4.5, 1234567, 2.5e-7):
        assert browser.execute_script("return NS.number(arguments[0])", value) == (
            numbers.significant(value)
        )
    for value, error, percent in (
        (0.8431, 0.0181, True),
        (0.181, 0.000256, False),
        (96.4, 12.3, False),
        (0.97, 0.0, True),
        (0.125, 0.11, True),
        (0.0645, 0.0125, False),
        (np.mean([0.061, 0.068]), 0.0245, False),
    ):
        assert browser.execute_script(
            "return NS.withError(...arguments)", value, error, percent
        ) == numbers.with_error(value, error, percent=percent)
    for value in (0.5, 0.99999, 1e-9, 1.0):
        assert browser.execute_script("return NS.percent(arguments[0])", value) == (
            numbers.percent(value)
        )


def test_what_is_chosen_survives_a_reload(visit, page, run):
    browser = visit(page)
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)
    browser.execute_script(
        f"{app('timeline')}.go(1); {app('hover')}.call({app('root')} && NS.apps.get('run0'), 70);"
        "NS.apps.get('run0').hold(true);"
        "const s = document.querySelector('[data-control=scope]'); s.value = 'hidden1';"
        "s.dispatchEvent(new Event('input'))"
    )
    address = browser.current_url
    assert f"step={run.snapshots.steps[1]}" in address
    assert "neuron=hidden1.6" in address
    browser.refresh()
    until(browser, "document.documentElement.dataset.ready === 'true'")
    assert browser.execute_script(f"return [{app('t')}, {app('hovered')}]") == [1, 70]
    assert browser.execute_script(f"return {app('choice')}.call(NS.apps.get('run0'), 'scope')") == (
        "hidden1"
    )


def test_arrows_step_through_snapshots_and_escape_clears(visit, page):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = visit(page)
    last = browser.execute_script(f"return {app('t')}")
    ActionChains(browser).send_keys(Keys.ARROW_LEFT).perform()
    assert browser.execute_script(f"return {app('t')}") == last - 1
    browser.execute_script("NS.apps.get('run0').hover(3); NS.apps.get('run0').hold(true)")
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert browser.execute_script(f"return {app('hovered')}") is None
    assert "neuron=" not in browser.current_url


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_pictures_are_saved_at_any_size(visit, page, kind):
    browser = visit(page)
    browser.execute_script(
        "const s = document.getElementById('size'); s.value = '1600x900';"
        "s.dispatchEvent(new Event('change'))"
    )
    for key in ("training-loss", "network"):
        for old in browser.downloads.iterdir():
            old.unlink()
        show(browser, f"[data-figure='{key}']")
        time.sleep(0.5)
        browser.execute_script(
            f"document.querySelector(\"[data-figure='{key}'] [data-picture={kind}]\").click()"
        )
        end = time.monotonic() + 15
        found = []
        while not found and time.monotonic() < end:
            found = [p for p in browser.downloads.iterdir() if p.suffix == f".{kind}"]
            time.sleep(0.1)
        assert found, key
        time.sleep(0.3)
        if kind == "svg":
            text = found[0].read_text()
            assert 'width="1600"' in text
            assert 'height="900"' in text
        else:
            from PIL import Image

            with Image.open(found[0]) as image:
                assert image.width / image.height == pytest.approx(1600 / 900, rel=0.01)
                assert image.width >= 1600


def test_a_comparison_ends_before_the_tenth_screen_of_a_phone(visit, many):
    browser = visit(many)
    size = {"width": 420, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    time.sleep(0.5)
    high = browser.execute_script("return document.documentElement.scrollHeight")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert high < 8000


def test_hostile_names_show_as_text(visit, make_run, tmp_path):
    name = (HOSTILE + "n" * 300)[:120]
    title = (HOSTILE + "t" * 300)[:300]
    runs = [
        make_run(tmp_path, name=name, recipe={"method": "<img src=x onerror=window.hacked=2>"}),
        make_run(tmp_path, seed=1, recipe={"method": "=cmd()"}),
    ]
    for chosen in (runs, runs[:1]):
        file = tmp_path / f"{len(chosen)}.html"
        browser = visit(nd.report(chosen, file, title=title, analyze=False))
        assert browser.title == " ".join(title.split())
        assert browser.execute_script("return window.hacked") is None
        heading = browser.execute_script(
            "return [...document.querySelectorAll('.run-name')].map(h => h.textContent)"
        )
        assert name in heading
        if len(chosen) > 1:
            browser.execute_script("document.querySelector('[role=tab]').click()")
            until(browser, "NS.apps.get('run0')")
            until(browser, app("frames"))
        for selector in ("[data-figure='training-loss']", "[data-figure='degrees-ccdf']"):
            show(browser, selector)
            until(browser, f'document.querySelector("{selector} .main-svg")')
        assert browser.execute_script("return document.images.length") == 0


def test_a_run_without_analysis_is_shown(visit, plain_run, tmp_path):
    browser = visit(nd.report(plain_run, tmp_path / "r.html", analyze=False))
    text = browser.execute_script("return document.body.innerText")
    assert "--measures embedding" in text
    show(browser, "[data-figure=input-map]")
    until(browser, "document.querySelector('[data-figure=input-map] canvas')")


def test_a_general_network_is_shown(visit, tmp_path):
    import networkx as nx

    run = nd.Run.create(tmp_path / "net", {})
    run.write_snapshot(nd.Snapshot(nd.Topology.network(nx.barabasi_albert_graph(80, 2, seed=0))))
    browser = visit(nd.report(run, tmp_path / "r.html", analyze=False))
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)


def test_a_live_page_grows_in_place(browser, make_run, tmp_path):
    import threading

    from netsci_dst.reports.watching import Watcher, make_server

    run = make_run(tmp_path)
    watcher = Watcher(run.path, every=0.1)
    watcher.refresh()
    server = make_server(watcher)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        browser.get_log("browser")
        browser.get(server.url)
        until(browser, "document.documentElement.dataset.ready === 'true'")
        before = len(run.snapshots)
        browser.execute_script("window.kept = true; scrollTo({top: 700, behavior: 'instant'})")
        run.write_snapshot(nd.Snapshot(run.snapshots[-1].topology, 900, 9.0))
        watcher.refresh()
        until(browser, f"NS.apps.get('run0')?.frames?.count === {before + 1}")
        assert browser.execute_script("return window.kept")
        assert browser.execute_script("return scrollY") == 700
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []
    finally:
        browser.get("about:blank")
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def network_page(tmp_path_factory):
    import networkx as nx

    return nd.report(nx.les_miserables_graph(), tmp_path_factory.mktemp("net") / "les.html")


def test_a_row_of_the_node_table_is_chosen_in_the_drawing(visit, network_page):
    browser = visit(network_page)
    find = "document.querySelector('[data-figure=node-table] input')"
    browser.execute_script(
        f"const f = {find}; f.value = 'valj'; f.dispatchEvent(new Event('input'))"
    )
    rows = "return [...document.querySelectorAll('table.nodes tbody tr')].map(r => r.innerText)"
    (row,) = browser.execute_script(rows)
    assert row.startswith("Valjean\t36")
    browser.execute_script("document.querySelector('table.nodes tbody tr').click()")
    said = browser.execute_script("return document.querySelector('[data-who]').textContent")
    assert said.startswith("Valjean · degree 36")
    assert browser.execute_script(
        "return document.querySelector('table.nodes tr.chosen').innerText"
    ).startswith("Valjean")
    assert "neuron=" in browser.current_url
    rows = download(browser, "[data-figure=node-table] .tools button", "nodes.csv")
    assert len(rows) == 78
    assert rows[0].startswith("name,degree,strength,coreness,community,")


def test_a_network_is_coloured_by_anything_and_named(visit, network_page):
    browser = visit(network_page)
    show(browser, "[data-figure=network]")
    until(browser, DRAWN)
    seen = set()
    for name in ("community", "coreness", "betweenness"):
        browser.execute_script(
            "const s = document.querySelector('[data-control=colour]');"
            "s.value = arguments[0]; s.dispatchEvent(new Event('input'))",
            name,
        )
        time.sleep(0.4)
        seen.add(drawn(browser, "[data-figure=network] canvas"))
    assert len(seen) == 3
    browser.execute_script(
        "const s = document.querySelector('[data-control=names]');"
        "s.checked = false; s.dispatchEvent(new Event('input'))"
    )
    time.sleep(0.4)
    assert drawn(browser, "[data-figure=network] canvas") not in seen


@pytest.mark.parametrize("width", [420, 1024, 1400])
def test_a_network_fits_any_width(visit, network_page, width):
    browser = visit(network_page)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    time.sleep(0.4)
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_a_live_section_from_outside_draws_itself(visit, run, tmp_path):
    import importlib.util

    from netsci_dst import registry

    (tmp_path / "halves.py").write_text(
        '"""Half of every degree."""\n'
        "from netsci_dst.reports import Chart, Control, section\n\n\n"
        '@section("halves", title="Halves", after="degrees")\n'
        "def halves(run):\n"
        '    """Show half of every degree."""\n'
        '    yield Control("order", "Part", {"2": "half", "3": "third"}, value="2")\n'
        '    yield Chart("halves", "Halves", "neuron", "degree / part", (), live=True)\n'
    )
    (tmp_path / "halves.js").write_text(
        'NS.chart("halves", (app) => () => {\n'
        "  const { frames, t } = app, part = Number(app.choice('order'));\n"
        "  const y = Array.from({ length: frames.size }, (_, i) => frames.degree(t, i) / part);\n"
        "  return { data: [{ type: 'scatter', y }], layout: {} };\n"
        "});\n"
    )
    spec = importlib.util.spec_from_file_location("halves", tmp_path / "halves.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    try:
        browser = visit(nd.report(run, tmp_path / "r.html", analyze=False))
        show(browser, "[data-figure=halves]")
        data = "document.querySelector('[data-figure=halves] .canvas').data"
        until(browser, data)
        degrees = run.snapshots[-1].topology.degrees
        assert browser.execute_script(f"return {data}[0].y") == (degrees / 2).tolist()
        browser.execute_script(
            "const s = document.querySelector('[data-section=halves] select');"
            "s.value = '3'; s.dispatchEvent(new Event('input'))"
        )
        time.sleep(0.5)
        shown = browser.execute_script(f"return {data}[0].y")
        assert shown == pytest.approx((degrees / 3).tolist())
    finally:
        registry.remove("section", "halves")
