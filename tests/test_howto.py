"""The how-to pages do what they say."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import tomli_w

from netsci_dst import registry

HOWTO = Path(__file__).resolve().parents[1] / "docs" / "howto"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)


def test_the_measure_of_the_page_runs_and_is_stored_by_its_options(request):
    request.addfinalizer(lambda: registry.remove("measure", "top_degree_share"))
    from netsci_dst.analysis import analyze

    exec(compile(blocks("add_a_measure.md", "python")[0], "add_a_measure.md", "exec"), {})
    star = nx.star_graph(99)
    frame = analyze(star, "top_degree_share")
    assert frame["value"].tolist() == [99 / 198]
    frame = analyze(star, "top_degree_share", options={"top_degree_share": {"share": 0.02}})
    assert frame["value"].tolist() == [100 / 198]


def test_the_section_of_the_page_shows_up_everywhere(tmp_path, request):
    pytest.importorskip("torch")
    import netsci_dst as nd

    request.addfinalizer(lambda: registry.remove("section", "weights"))
    exec(compile(blocks("add_a_section.md", "python")[0], "add_a_section.md", "exec"), {})
    run = nd.train(
        data="digits", model_options={"hidden": [32]}, method="set", sparsity=0.8, epochs=1,
        train_samples=200, out=tmp_path / "run",
    )  # fmt: skip
    page = nd.report(run, tmp_path / "r.html", analyze=False).read_text()
    assert "Do a few weights carry all?" in page
    assert nd.reports.figures(run, tmp_path / "f", only=["weights"])[0].name == "weights.pdf"
    assert len(nd.show.weights(run, step=0).data[0].y) == run.snapshots[0].topology.n_links


def test_the_method_of_the_page_trains(tmp_path):
    pytest.importorskip("torch")
    from netsci_dst.training import train

    options = tomllib.loads(blocks("add_a_method.md", "toml")[0])
    options = {k: v for k, v in options.items() if k not in ("summary", "source")}
    run = train(
        data="digits",
        model="mlp",
        model_options={"hidden": [32, 32]},
        method="set",
        method_options=options,
        sparsity=0.8,
        epochs=2,
        out=tmp_path / "run",
    )
    links = np.unique(run.evolution.query("layer == 'all'")["links"])
    assert links.size == 1


def test_the_network_of_the_page_is_compacted_as_it_says(capsys):
    pytest.importorskip("torch")
    exec(compile(blocks("use_the_network.md", "python")[0], "use_the_network.md", "exec"), {})
    assert capsys.readouterr().out == blocks("use_the_network.md", "text")[0]


def test_the_network_of_the_page_runs_in_a_service_and_in_c(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from netsci_dst import runtime
    from netsci_dst.training import deploy, load_recipe, train
    from netsci_dst.training.data import load

    recipe = load_recipe(data="digits", method="chts", sparsity=0.9, epochs=1)
    run = train(recipe, out=tmp_path / "run")
    for name in ("network.safetensors", "digits.h"):
        deploy(run, tmp_path / name)
    pixels = np.asarray(load("digits").x_test)
    np.save(tmp_path / "pixels.npy", pixels)
    monkeypatch.chdir(tmp_path)
    found: dict = {}
    exec(compile(blocks("use_the_network.md", "python")[1], "use_the_network.md", "exec"), found)
    network = runtime.load(tmp_path / "network.safetensors")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (tmp_path / "main.c").write_text(blocks("use_the_network.md", "c")[0])
    command = [compiler, "-std=c99", "-O2", "main.c", "-o", "main", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    x = network.prepared(pixels).astype(np.float32)
    run_ = subprocess.run([tmp_path / "main"], input=x.tobytes(), capture_output=True, check=True)
    scores = np.frombuffer(run_.stdout, np.float32).reshape(found["scores"].shape)
    np.testing.assert_allclose(scores, found["scores"], atol=1e-5)


def test_the_page_about_ones_own_model_runs_as_it_stands(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    import netsci_dst as nd

    monkeypatch.chdir(tmp_path)
    found: dict = {}
    for block in blocks("own_model.md", "python"):
        exec(compile(block, "own_model.md", "exec"), found)
    assert nd.load_run("runs/mine").status == "finished"
    assert found["density"] == pytest.approx(0.1, abs=0.001)
    assert found["begin"] == 3
    pruned = nd.load_run("runs/pruned").snapshots[-1].topology
    assert pruned.layers[0].n_links == 819


@pytest.mark.filterwarnings("ignore:'pin_memory' argument")
def test_the_readmes_vision_transformer_trains_as_it_stands(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import netsci_dst as nd

    monkeypatch.chdir(tmp_path)
    text = (HOWTO.parents[1] / "README.md").read_text()
    section = text[text.index("## Your own model") :].partition("\n## ")[0]
    found: dict = {}
    for block in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(compile(block, "README.md", "exec"), found)
    for name in ("vit", "vit-trainer"):
        run = nd.load_run(f"runs/{name}")
        assert run.status == "finished"
        assert len(run.evolution) > 0
        layers = run.snapshots[-1].topology.layers
        links = sum(layer.n_links for layer in layers)
        positions = sum(layer.shape[0] * layer.shape[1] for layer in layers if layer.sparsity)
        assert links / positions == pytest.approx(0.1, abs=0.03)
    assert (tmp_path / "vit-sparse/model.safetensors").exists()


def test_the_removal_score_of_the_page_trains(request, tmp_path):
    pytest.importorskip("torch")
    from netsci_dst.training import train

    request.addfinalizer(lambda: registry.remove("removal", "magnitude_and_strength"))
    exec(compile(blocks("add_a_method.md", "python")[0], "add_a_method.md", "exec"), {})
    run = train(
        data="digits",
        model_options={"hidden": [32]},
        method="set",
        method_options={
            "removal": "magnitude_and_strength",
            "removal_options": {"share": 0.2},
        },
        sparsity=0.8,
        epochs=2,
        out=tmp_path / "run",
    )
    assert len(run.evolution) > 0
    assert run.recipe["method_options"]["removal_options"] == {"share": 0.2}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which the pages find what they name: runs, a recipe."""
    pytest.importorskip("torch")
    from netsci_dst.training import load_recipe, train

    folder = tmp_path_factory.mktemp("pages")
    options = {"hidden": [24, 16]}
    recipe = load_recipe(
        data="digits", model_options=options, method="chts", sparsity=0.8, epochs=1
    )
    train(recipe, out=folder / "runs" / "chts")
    for name in ("digits-chts", "mnist-chts"):
        shutil.copytree(folder / "runs" / "chts", folder / "runs" / name)
    (folder / "recipe.toml").write_text(tomli_w.dumps(recipe.to_table()))
    return folder


def python_of(page: str, heading: str = "") -> list[str]:
    text = (HOWTO.parents[1] / page).read_text()
    section = text[text.index(f"## {heading}") :].partition("\n## ")[0] if heading else text
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("README.md", "Five minutes"),
        ("docs/tutorial.md", ""),
        ("docs/personas.md", ""),
        ("docs/howto/any_network.md", ""),
        ("docs/howto/exchange.md", ""),
        ("docs/howto/cluster.md", "Machines that are taken away"),
    ],
)
def test_what_a_page_does_with_runs_and_networks_works(page, heading, place, monkeypatch):
    pytest.importorskip("plotly")
    monkeypatch.chdir(place)
    shutil.rmtree(place / "runs" / "mine", ignore_errors=True)
    found: dict = {}
    code = python_of(page, heading)
    assert code
    for block in code:
        exec(compile(block, page, "exec"), found)
    if "values" in found:
        assert {"run", "step", "scope", "measure", "value"} <= set(found["values"].columns)
    if page.endswith("exchange.md"):
        assert 0 < (found["model"].get_parameter("hidden.0.linear.weight") != 0).sum() < 24 * 64
    if page.endswith("cluster.md"):
        assert found["nd"].load_run("runs/mine").status == "finished"


# Blocks that no test above or elsewhere runs, with what they would need.
NOT_RUN = {
    "docs/howto/runs.md": "wandb, which only its own extra brings; tests/training/integrations",
    "docs/gallery.md": "two minutes of training: the build of the documentation runs it",
}


def test_every_page_with_python_is_run_or_says_what_it_would_need():
    pages = [HOWTO.parents[1] / "README.md", *sorted(HOWTO.parent.rglob("*.md"))]
    said = {str(p.relative_to(HOWTO.parents[1])) for p in pages if "```python" in p.read_text()}
    tests = (
        Path(__file__).read_text() + (Path(__file__).parent / "training/test_sweep.py").read_text()
    )
    for page in said - set(NOT_RUN):
        assert page in tests or Path(page).name in tests, page
