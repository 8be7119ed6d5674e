from pathlib import Path

import pytest

from netsci_dst import registry
from netsci_dst.errors import NetsciError, RecipeError, UnknownName
from netsci_dst.methods import method, register_method
from netsci_dst.recipe import Recipe, load_recipe, recorded_recipe

RECIPES = Path(__file__).resolve().parents[2] / "netsci_dst" / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_valid(path):
    recipe = load_recipe(path)
    registry.get("model", recipe.model)
    registry.get("data", recipe.data)
    assert path.read_text().startswith("# ")  # where in which paper
    if recipe.data in ("cifar10", "cifar100", "imagenet"):  # also where data is a folder of them
        assert recipe.augment


def test_every_field_says_what_it_is():
    for name, field in Recipe.model_fields.items():
        assert field.description, name


def test_a_resolved_recipe_is_complete_and_repeats_itself(tmp_path):
    import tomli_w

    recipe = load_recipe(method="chts", method_options={"removal_softness": "none", "zeta": 0.1})
    table = recipe.to_table()
    assert table["method_options"]["removal_softness"] == "none"
    assert set(table["method_options"]) == set(type(method("set")).model_fields) - {"name"}
    file = tmp_path / "recipe.toml"
    file.write_text(tomli_w.dumps(table))
    again = load_recipe(file)
    assert again.resolved_method() == recipe.resolved_method()
    assert again.to_table() == table


def _with(method, options):
    return f"method = '{method}'\n[method_options]\n{options}"


IDLE = [
    ("static", {"zeta": 0.45}),
    ("gmp", {"percolation": True}),
    ("gmp", {"density_criterion": "mest"}),
    ("set", {"regrowth_delta": 0.5}),
    ("set", {"density_criterion": "mest"}),
    ("set", {"early_stop_scope": "network"}),
    ("set", {"head_layers": ["a"]}),
    ("mest-ems", {"zeta": 0.2}),
    ("dsr", {"removal_softness": "exponent"}),
    ("topkast", {"initialiser": "brf"}),
    ("dense", {"initialiser": "brf"}),
    ("rigl", {"phases": [{"start": 0.5, "regrowth": "random", "delta": 0.5}]}),
]


@pytest.mark.parametrize(("name", "options"), IDLE)
def test_an_option_of_no_effect_is_refused(name, options):
    field = "phases.delta" if "phases" in options else next(iter(options))
    with pytest.raises(RecipeError, match=rf"method_options\.{field} .*no effect here"):
        load_recipe(method=name, method_options=options)
    # The complete table of a method names every option; those are its own choice.
    table = load_recipe(method=name).to_table()
    assert load_recipe(table).to_table() == table
    # Runs of earlier versions may say it.
    assert recorded_recipe({"method": name, "method_options": options}).method == name


@pytest.mark.parametrize(
    "changes",
    [
        {"lr_schedule": "constant", "lr_end": 0.1},
        {"lr_milestones": (0.1,)},
        {"lr_model_dimension": 8},
        {"lr_schedule": "noam", "iterative_warmup_steps": 3},
        {"betas": (0.8, 0.9)},
        {"optimizer": "adam", "momentum": 0.5},
        {"init_from": "run", "method_options": {"initialiser": "brf"}},
    ],
)
def test_a_setting_of_no_effect_is_refused(changes):
    with pytest.raises(RecipeError, match=rf"{list(changes)[-1]}[ .].*no effect here"):
        load_recipe(**changes)


def test_changes_are_merged():
    first = load_recipe(method="set", method_options={"zeta": 0.1, "update_end": 0.5})
    second = load_recipe(first, method_options={"zeta": 0.2}, seed=4)
    assert second.method_options == {"zeta": 0.2, "update_end": 0.5}
    assert second.seed == 4
    assert load_recipe(first, method="rigl").resolved_method().zeta == 0.1


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("lr = 'fast'", RecipeError, "lr = 'fast'"),
        ("learning_rate = 1", UnknownName, "learning_rate"),
        ("lr = ", RecipeError, "not valid TOML"),
        ("batch_size = 0", RecipeError, "greater than or equal to 1"),
        ("nesterov = true\noptimizer = 'adam'", RecipeError, "nesterov"),
        ("[method_options]\nregrowth = 'gradients'", RecipeError, "did you mean 'gradient'"),
        ("[method_options]\nremoval_options = { alpha = 1 }", RecipeError, "alpha"),
        ("[method_options]\ninitial_sparsity = 0.5", RecipeError, "no use"),
        ("method = 'granet'\n[method_options]\ninitial_sparsity = 'none'", RecipeError, "needs"),
        ("[method_options]\nregrowth = 'none'", RecipeError, "says no regrowth"),
        ("lr = inf", RecipeError, "finite"),
        ("optimizer = 'adam'\nbetas = [2, 0.9]", RecipeError, "less than 1"),
        ("lr_schedule = 'multistep'\nlr_milestones = [2, -1]", RecipeError, "less than or equal"),
        (_with("chtss", "density_options = { k = 0 }"), RecipeError, "greater than 0"),
        (_with("chtss", "density_options = { k = 'six' }"), RecipeError, "valid number"),
        (_with("chtss", "density_options = { equal_flops = 'no' }"), RecipeError, "valid boolean"),
        (_with("granet", "density_options = { end = nan }"), RecipeError, "finite"),
        (_with("granet", "density_options = { end = 1.5 }"), RecipeError, "less than or equal"),
        (_with("granet", "density_criterion = 'global_threshold'"), RecipeError, "ranks no single"),
        (_with("granet", "prune_from_history = true"), RecipeError, "cannot be removed"),
        (_with("cht", "new_weights_options = { gain = -1 }"), RecipeError, "greater than 0"),
        (_with("set", "removal = 'blend'\nremoval_options = { alpha = 2 }"), RecipeError, "alpha"),
        (_with("chts", "removal_softness_options = { start = -1 }"), RecipeError, "start = -1"),
        (_with("chts", "regrowth_options = { sub_ranking = true }"), RecipeError, "delta below 1"),
        (
            _with("chts", "initialiser = 'brf'\ninitialiser_options = { r = 'a' }"),
            RecipeError,
            "r =",
        ),
        (
            _with("deepr", "removal = 'magnitude'\nregrowth = 'random'"),
            RecipeError,
            "per-step hook",
        ),
        (_with("deepr", "step_hook_options = { temperature = -1 }"), RecipeError, "temperature"),
        (_with("topkast", "step_hook_options = { margin = -0.5 }"), RecipeError, "margin"),
        (_with("topkast", "initialiser = 'bsw'"), RecipeError, "largest of all weights"),
        (_with("static", "density = 'ems'"), RecipeError, "needs a removal"),
    ],
)
def test_wrong_recipes_say_what_is_wrong(tmp_path, text, error, said):
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(error, match=said) as caught:
        load_recipe(file)
    assert "\n" not in str(caught.value)


def test_unreadable_recipes(tmp_path):
    with pytest.raises(RecipeError, match="no recipe at"):
        load_recipe(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="cannot read"):
        load_recipe(tmp_path / "binary.toml")


def test_a_method_of_ones_own(request):
    request.addfinalizer(lambda: registry.remove("method", "mine"))
    register_method("mine", {"removal": "snip", "regrowth": "random"}, "What I like.")
    assert method("mine", zeta=0.5).removal == "snip"
    assert load_recipe(method="mine").resolved_method().name == "mine"


@pytest.mark.parametrize("name", registry.names("method"))
def test_shipped_methods_resolve(name):
    options = method(name)
    assert options.name == name
    assert registry.get("method", name).summary
    assert registry.get("method", name).source


def test_options_at_the_top_of_a_recipe_are_sent_to_their_group(tmp_path):
    for text, said in (
        ('removal = "magnitude"', "removal is an option of the method: method_options.removal"),
        ("hidden = [3]", "hidden is an option of the model: model_options.hidden"),
        ("zetta = 0.3", "did you mean 'zeta'"),
    ):
        (tmp_path / "r.toml").write_text(f'data = "digits"\n{text}\n')
        with pytest.raises(NetsciError, match=said):
            load_recipe(tmp_path / "r.toml")
