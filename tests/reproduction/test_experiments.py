"""The experiments that ship, and those of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd
import pytest

from netsci_dst.cli._recipe_options import merge_settings
from netsci_dst.errors import RecipeError, UnknownName
from netsci_dst.recipe import shipped_recipe, shipped_recipes
from netsci_dst.reproduction import Experiment, experiments, load_experiment
from netsci_dst.reproduction._blocks import blocks_of
from netsci_dst.reproduction._experiment import Published
from netsci_dst.reproduction._plan import plan
from netsci_dst.reproduction._quantities import Quantity
from netsci_dst.reproduction._results import ResultTable
from netsci_dst.store import Store
from netsci_dst.training import load_recipe

SMALL = {
    "name": "small",
    "title": "t",
    "source": "s",
    "question": "q",
    "recipe": "chtss/mnist-mlp",
    "columns": ["accuracy"],
    "rows": [
        {"name": "a", "label": "A", "changes": {"method": "set"}},
        {"name": "b", "label": "B"},
    ],
}


@pytest.mark.parametrize("name", experiments())
@pytest.mark.parametrize("quick", [False, True])
def test_every_run_of_every_experiment_has_a_valid_recipe_of_its_own(name, quick):
    experiment = load_experiment(name)
    seen, asked = set(), set()
    for cell in experiment.cells(quick):
        seen.add(cell.folder)
        if experiment.kind == "training":
            recipe = load_recipe(shipped_recipe(experiment.recipe), **cell.changes())
            assert recipe.seed == cell.seed
            start = cell.row.start_from
            asked.add((cell.setting.name, start, recipe.model_dump_json()))
    count = sum(1 for _ in experiment.cells(quick))
    assert len(seen) == count > 0
    assert len(asked) in (0, count), "two rows ask for the same training"


def measured_quantities(names):
    """Return (measure, quantity, scope) of what measures say of a small network with layers."""
    import numpy as np

    from netsci_dst.analysis import analyze
    from netsci_dst.snapshots import Snapshot
    from netsci_dst.topology import Topology

    rng = np.random.default_rng(0)
    matrices = [rng.random(s) < 0.15 for s in ((36, 60), (60, 60), (60, 60))]
    activity = {f"hidden{i}": {"mean_abs": rng.random(60).astype(np.float32)} for i in (1, 2)}
    topology = Topology.chain(matrices, input_shape=(6, 6))
    frame = analyze(Snapshot(topology, 0, 0.0, activity), sorted(names))
    return set(frame[["measure", "quantity", "scope"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("name", experiments())
def test_columns_and_curves_are_known_quantities(name):
    experiment = load_experiment(name)
    asked = [Quantity(column) for column in (*experiment.columns, *experiment.curves)]
    measured = {(q.measure, q.of_measure, q.scope) for q in asked if q.measure is not None}
    if measured:
        assert measured <= measured_quantities({measure for measure, *_ in measured})


def test_published_figures_are_those_of_the_papers():
    table = load_experiment("chtss-table7")
    found = {row.name: row.published["all"]["accuracy"] for row in table.rows if row.published}
    assert found["chts-l3p"] == Published(value=98.81, error=0.04)
    assert found["set"] == Published(value=98.14, error=0.02)
    table = load_experiment("cht-tablea2")
    printed = [row for row in table.rows if row.published]
    found = {row.name: row.published["all"]["aae"].value for row in printed}
    printed_cht = {"cht": 95.45, "cht-program-2024": 95.45}
    assert found == {"dense": 96.33, "rigl": 93.69, "mest-ems": 93.28} | printed_cht


def test_a_smaller_setting_has_the_papers_figures_beside_it_and_no_difference():

    experiment = load_experiment("chtss-table14")
    line = {"setting": "all", "row": "s0.5-k6", "seed": 0, "verified": "ok", "perplexity": 11.5}
    for quick in (False, True):
        table = ResultTable.__new__(ResultTable)
        table.rows = pd.DataFrame([{**line, "quick": quick}])
        table.curves = pd.DataFrame()
        blocks = [b for b in blocks_of(experiment, table, quick, ["s0.5-k6"]) if b.kind == "table"]
        heads = [block.head for block in blocks]
        small = blocks[-1]
        assert small.head[:4] == ("", "runs", "perplexity", "paper, full size")
        assert "difference" not in small.head
        assert small.rows == (("begins at sparsity 0.5, k = 6", "1", "11.5", "27.62"),)
        assert ("paper" in heads[0]) == (not quick)  # what waits for a GPU stands above it


def test_every_setting_of_a_table_that_is_printed_has_its_figures():
    for name in experiments():
        experiment = load_experiment(name)
        printed = {setting for row in experiment.rows for setting in row.published}
        for setting in experiment.settings:
            if setting.gpu and printed:
                assert setting.name in printed, (name, setting.name)
    table = load_experiment("chtss-table12")
    found = {row.name: row.published["full"]["test_bleu"].value for row in table.rows}
    assert (found["rsensitivity"], found["chtss-ri-sampled"]) == (28.18, 31.86)
    table = load_experiment("chtss-table9")
    found = {row.name: row.published["95"]["perplexity"].value for row in table.rows}
    assert (found["fixed-0.1"], found["chtss-uniform-0.3"]) == (26.45, 25.12)
    table = load_experiment("chtss-brief-table2")
    found = {row.name: row.published["70"]["perplexity"].value for row in table.rows
             if row.published.get("70")}  # fmt: skip
    assert (found["dense"], found["chtss-brief"]) == (19.27, 19.92)


def test_changes_of_rows_lie_over_those_of_settings_over_those_of_all():
    experiment = Experiment(
        **{
            **SMALL,
            "changes": {"epochs": 7, "method_options": {"zeta": 0.1}, "lr": 0.5},
            "settings": [{"name": "x", "label": "X", "changes": {"epochs": 8, "sparsity": 0.5}}],
            "rows": [{"name": "a", "label": "A", "changes": {"sparsity": 0.6}}],
            "quick": {"changes": {"lr": 0.25, "epochs": 1, "sparsity": 0.7}},
        }
    )
    cell = next(experiment.cells())
    expected = {"method_options": {"zeta": 0.1}, "lr": 0.5, "epochs": 8, "sparsity": 0.6}
    assert cell.changes() == {**expected, "seed": 0}
    # The quick version is smaller in every setting, and keeps what its rows differ in.
    quick = next(experiment.cells(quick=True)).changes()
    assert quick == {**expected, "lr": 0.25, "epochs": 1, "seed": 0}
    assert cell.folder == "x-a-seed0"


def test_settings_may_run_only_some_rows_and_rows_fewer_seeds():
    experiment = Experiment(
        **{
            **SMALL,
            "settings": [{"name": "x", "label": "", "rows": ["b"]}, {"name": "y", "label": ""}],
            "rows": [{"name": "a", "label": "A", "seeds": 1}, {"name": "b", "label": "B"}],
            "seeds": 2,
        }
    )
    assert [cell.key for cell in experiment.cells()] == [
        ("x", "b", 0),
        ("x", "b", 1),
        ("y", "a", 0),
        ("y", "b", 0),
        ("y", "b", 1),
    ]
    assert [cell.key for cell in experiment.cells(at_least=2) if cell.row.name == "a"] == [
        ("y", "a", 0),
        ("y", "a", 1),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [{"name": "a", "label": "A"}] * 2}, "two rows have the same name"),
        ({"rows": [{"name": "a", "label": "A", "start_from": "c"}]}, "unknown row to start from"),
        (
            {
                "rows": [
                    {"name": "a", "label": "A", "seeds": 1},
                    {"name": "b", "label": "B", "start_from": "a"},
                ]
            },
            "b has more seeds than a",
        ),
        ({"rows": [{"name": "../a", "label": "A"}]}, "name"),
        (
            {"rows": [{"name": "a", "label": "A", "published": {"x": {"accuracy": 1}}}]},
            "unknown setting 'x'",
        ),
        (
            {"rows": [{"name": "a", "label": "A", "published": {"all": {"bleu": 1}}}]},
            "unknown column 'bleu'",
        ),
        ({"settings": [{"name": "x", "label": "", "gpu": ["c"]}]}, "unknown row 'c'"),
        (
            {
                "settings": [{"name": "x", "label": "", "gpu": ["a"]}],
                "rows": [
                    {"name": "a", "label": "A"},
                    {"name": "b", "label": "B", "start_from": "a"},
                ],
            },
            "b starts from a, which waits for a GPU",
        ),
        (
            {"settings": [{"name": "x", "label": "", "stands_for": "y"}]},
            "unknown setting to stand for 'y'",
        ),
        ({"kind": "link_prediction_time"}, "another kind has none"),
        ({"colums": ["accuracy"]}, "colums"),
    ],
)
def test_a_contradiction_is_refused_in_one_line(tmp_path, change, said):
    import tomli_w

    file = tmp_path / "mine.toml"
    file.write_text(tomli_w.dumps({**SMALL, **change}))
    with pytest.raises((RecipeError, UnknownName)) as error:
        load_experiment(file)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_missing_and_broken_files(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'chtss-table7'"):
        load_experiment("chtss-table-7")
    with pytest.raises(RecipeError, match="there is no experiment at"):
        load_experiment(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("a = [")
    with pytest.raises(RecipeError, match="is not valid TOML"):
        load_experiment(tmp_path / "bad.toml")


def test_the_published_size_of_a_table_is_that_of_the_recipe():
    experiment = load_experiment("chtss-table2")
    cells = {cell.key: cell for cell in experiment.cells()}
    recipe = load_recipe(shipped_recipe(experiment.recipe))
    assert (
        load_recipe(shipped_recipe(experiment.recipe), **cells["full", "chtss", 0].changes())
        == recipe
    )
    assert all(cell.needs_gpu == key[0].startswith("full") for key, cell in cells.items())


@pytest.mark.parametrize(
    "name", [n for n in experiments() if load_experiment(n).kind == "training"]
)
@pytest.mark.parametrize("quick", [False, True])
def test_a_row_is_repeated_by_what_its_page_says(name, quick):
    experiment = load_experiment(name)
    table = ResultTable(Store("memory://no-lines"))
    line = {"setting": "x", "row": "x", "seed": 0, "quick": quick, "verified": "ok"}
    line[experiment.best] = 0.5
    table.rows = pd.DataFrame([line])
    (commands,) = (b.rows for b in blocks_of(experiment, table, quick) if b.kind == "commands")
    cells = [cell for cell in experiment.cells(quick) if cell.seed == 0]
    assert len(commands) == len(cells)
    for cell, (_, of_reproduce, of_train) in zip(cells, commands):
        words = shlex.split(of_train)
        settings = [word for word in words if word != "--set" and not word.startswith("init_from")]
        typed = load_recipe(experiment.recipe, **merge_settings({}, settings))
        truth = load_recipe(shipped_recipe(experiment.recipe), **cell.changes())
        assert typed == truth
        asked = dict(zip(*[iter(of_reproduce.split())] * 2))
        assert asked["--rows"] == cell.row.name
        assert asked.get("--settings", cell.setting.name) == cell.setting.name


def test_recipes_are_found_by_name():
    assert "chtss/mnist-mlp" in shipped_recipes()
    assert load_recipe("chtss/mnist-mlp").model_options == {"hidden": [1568, 1568, 1568]}
    with pytest.raises(UnknownName, match="did you mean"):
        shipped_recipe("chtss/mnist-mpl")
    with pytest.raises(UnknownName, match="did you mean 'chtss/mnist-mlp'"):
        load_recipe("chtss/mnist-mpl")
    with pytest.raises(RecipeError, match="there is no recipe at"):
        load_recipe("chtss/mnist-mpl.toml")


@pytest.mark.parametrize("name", experiments())
def test_lines_of_the_results_kept_here_count_for_what_is_asked_now(name):
    """A new option or a changed row must not silently take back lines that took hours."""
    folder = Path(__file__).parents[2] / "docs" / "results" / name
    if not (folder / "results.csv").exists() and not (folder / "earlier.csv").exists():
        pytest.skip("no line of this experiment is kept here")
    store = Store(str(folder))
    table = ResultTable(store)
    tasks = plan(load_experiment(name), store)
    counting = table.only({key: task.digest for key, task in tasks.items()})
    assert len(counting.rows) == len(table.rows)
    # Lines of earlier settings are kept apart, each with the settings in which it differs.
    earlier = folder / "earlier.csv"
    assert len(table.rows) or earlier.exists()
    if earlier.exists():
        assert pd.read_csv(earlier)["differs"].notna().all()
