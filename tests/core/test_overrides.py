"""Changes to recipes: merged deeply, and another method keeps what is the experiment's."""

import itertools

import pytest

from netsci_dst import registry
from netsci_dst.errors import RecipeError
from netsci_dst.overrides import with_method
from netsci_dst.recipe import dropped_settings, load_recipe, shipped_recipes
from netsci_dst.recipe_differences import same_but_seed, what_differs

pytest.importorskip("torch")


def test_a_nested_option_changes_alone():
    recipe = load_recipe(
        "chtss/llama-60m", method_options={"density_options": {"k": 3.0}}
    ).resolved_method()
    own = load_recipe("chtss/llama-60m").resolved_method()
    assert recipe.density_options == {**own.density_options, "k": 3.0}
    assert own.density_options["end"] == 0.8


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_change_of_any_nested_option_leaves_its_group(name):
    recipe = load_recipe(name)
    for group, options in recipe.method_options.items():
        if isinstance(options, dict):
            for key, value in options.items():
                changed = load_recipe(recipe, method_options={group: {key: value}})
                assert changed.method_options == recipe.method_options
    for group in ("model_options", "data_options", "task_options"):
        for key, value in getattr(recipe, group).items():
            assert load_recipe(recipe, **{group: {key: value}}) == recipe


def test_options_of_a_part_that_is_exchanged_go_with_it():
    base = {"method": "chts", "method_options": {
        "initialiser": "bsw", "initialiser_options": {"beta": 0.5}}}  # fmt: skip
    recipe = load_recipe(base, method_options={"initialiser": "brf"})
    assert recipe.method_options["initialiser_options"] == {}
    kept = load_recipe(base, method_options={"initialiser": "bsw"})
    assert kept.method_options["initialiser_options"] == {"beta": 0.5}


def test_another_method_keeps_what_is_the_experiments():
    llama = load_recipe("chtss/llama-60m")
    for method in ("set", "rigl", "cht", "mest", "granet", "chts"):
        assert load_recipe(llama, method=method).resolved_method().zeta == 0.1, method
    for method in ("granet", "gmp", "chts-gmp"):
        found = load_recipe(llama, method=method).resolved_method()
        assert found.density_options["end"] == 0.8, method
    curvature = load_recipe("chtss/llama-60m-curvature", method_options={"initial_sparsity": 0.3})
    for method in ("granet", "gmp", "chts-gmp"):
        found = load_recipe(curvature, method=method).resolved_method()
        assert (found.density_options, found.initial_sparsity) == ({"end": 0.8}, 0.3), method
    # Powerpropagation and OptG begin dense, by definition.
    assert load_recipe(curvature, method="powerprop").resolved_method().initial_sparsity == 0.0
    assert load_recipe(llama, method="cht").resolved_method().initialiser == "brf"
    # SET begins at random in every table.
    assert load_recipe(llama, method="set").resolved_method().initialiser == "uniform"
    survival = load_recipe("survival/cifar10-mlp", method="rigl").resolved_method()
    assert survival.allocation == "erk"
    assert survival.zeta == 0.5
    assert survival.zeta_schedule == "cosine"
    assert survival.update_end == 1.0
    assert survival.regrowth == "gradient"


def test_what_is_dropped_is_named():
    assert dropped_settings("chtss/llama-60m", "chtss") == []
    assert dropped_settings("chtss/llama-60m", None) == []
    dropped = dropped_settings("chtss/llama-60m", "set")
    assert "method_options.initialiser" in dropped
    assert "method_options.removal_softness_options.start" in dropped
    assert "method_options.zeta" not in dropped
    table, dropped = with_method({"method": "set", "sparse_layers": ["a"]}, "dense")
    assert dropped == ["sparse_layers"]
    assert "sparse_layers" not in table


def test_every_recipe_takes_every_method():
    recipes = [load_recipe(name) for name in shipped_recipes()]
    fit = [one for one in recipes if one.init_from is None and one.sparsity >= 0.5]
    for recipe, method in itertools.product(fit, registry.names("method")):
        changed = load_recipe(recipe, method=method)
        kept = changed.resolved_method()
        assert kept.name == method
        assert load_recipe(changed.to_table()).to_table() == changed.to_table()


def test_a_method_in_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        "summary = 'Mine.'\nsource = 'me'\nremoval = 'magnitude'\nregrowth = 'random'\nzeta = 0.2\n"
    )
    recipe = load_recipe(method=str(file), method_options={"percolation": True})
    assert recipe.method == "mine"
    file.unlink()  # The recipe says it all.
    method = load_recipe(recipe.to_table()).resolved_method()
    assert (method.name, method.zeta, method.percolation) == ("mine", 0.2, True)
    # Parts of it can be exchanged still, with their options.
    table = load_recipe(recipe.to_table(), method_options={"removal_softness": "delta"}).to_table()
    other = load_recipe(table, method_options={"removal": "mest", "removal_softness": "none"})
    assert other.resolved_method().removal == "mest"
    assert other.resolved_method().percolation
    with pytest.raises(RecipeError, match="there is no method at"):
        load_recipe(method=str(file))
    file.write_text("zeta = ")
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(method=str(file))
    file.write_text("zetta = 0.2")
    with pytest.raises(ValueError, match="did you mean 'zeta'"):
        load_recipe(method=str(file))


def test_runs_are_seeds_of_one_another_only_if_nothing_but_the_seed_differs():
    one = load_recipe(method="set", seed=1)
    assert same_but_seed(one, load_recipe(method="set", seed=7))
    assert same_but_seed(one, load_recipe(method="set", seed=7).to_table())
    assert same_but_seed(one, load_recipe(method="set", threads=3, device="cpu"))
    for change in (
        {"sparsity": 0.9},
        {"lr": 0.1},
        {"data": "mnist"},
        {"epochs": 7},
        {"method_options": {"zeta": 0.2}},
        {"model_options": {"hidden": [3]}},
    ):
        other = load_recipe(method="set", seed=7, **change)
        assert not same_but_seed(one, other)
        assert len(what_differs(one, other)) == 2, change
    static = [load_recipe(method="static", seed=s, init_from=f"runs/a-seed{s}") for s in (0, 1)]
    assert same_but_seed(*static)
    assert not same_but_seed(static[0], static[1].but(init_from="runs/b-seed1"))
