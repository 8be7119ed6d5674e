"""Density, ζ and variants of the named methods are those of their papers."""

import numpy as np
import pytest

pytest.importorskip("torch")

from netsci_dst import registry
from netsci_dst.methods import method
from netsci_dst.recipe import load_recipe, shipped_recipes
from netsci_dst.training.schedules import learning_rate


def mean_density(options, sparsity, n=20_000):
    """Integrate the schedule by its own printed formula's meaning: density over training."""
    schedule = registry.get("density schedule", options.density).target
    first = 1 - options.initial_sparsity
    progress = np.array(
        [schedule(t, **options.density_options).progress for t in (np.arange(n) + 0.5) / n]
    )
    return float(np.mean(first + ((1 - sparsity) - first) * progress))


@pytest.mark.parametrize("sparsity", [0.7, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("base", [None, "chtss/llama-60m", "chtss/multi30k-transformer"])
def test_density_decay_methods_train_with_the_same_mean_density(sparsity, base):
    means = [
        mean_density(load_recipe(base, method=name, sparsity=sparsity).resolved_method(), sparsity)
        for name in ("chtss", "granet", "gmp", "chts-gmp", "chtss-brief")
    ]
    # The cubic's integral in closed form: (s_i - s_f)(t_f - t_0) / 4 above the final density.
    end = 0.8 if base == "chtss/llama-60m" else 0.75
    expected = (1 - sparsity) + (sparsity - 0.5) * end / 4
    assert means == pytest.approx([expected] * 5, rel=0.03)


def test_one_end_of_the_decay_for_all_methods_of_an_experiment():
    for base, end in (("chtss/llama-60m", 0.8), ("chtss/llama-1b", 0.8), (None, 0.75)):
        for name in ("chtss", "granet", "gmp"):
            options = load_recipe(base, method=name).resolved_method()
            assert options.density_options.get("end", 0.75) == end, (base, name)
        assert load_recipe(base, method="chtss").resolved_method().update_end == end


@pytest.mark.parametrize("size", ["60m", "130m", "1b"])
@pytest.mark.parametrize("name", ["set", "rigl", "cht", "chts", "mest-ems"])
def test_methods_of_fixed_density_are_the_same_from_either_recipe_of_llama(size, name):
    one = load_recipe(f"chtss/llama-{size}", method=name).to_table()
    assert one == load_recipe(f"chtss/llama-{size}-chts", method=name).to_table()
    assert one["method_options"]["update_end"] == method(name).update_end


def test_zeta_is_constant_or_falls_as_the_papers_say():
    constant = ("set", "cht", "cht-program-2024", "chts-2024", "esml", "mest")
    for name in constant:
        options = method(name)
        assert (options.zeta_schedule, options.update_end) == ("constant", 1.0), name
    for name in ("rigl", "granet", "chts", "chtss", "chts-l3p", "chts-gmp", "cht-program-2025"):
        options = method(name)
        assert (options.zeta_schedule, options.update_end) == ("cosine", 0.75), name
    for name in shipped_recipes():
        options = load_recipe(name).resolved_method()
        if name.startswith("chts-24/") and options.removal:
            assert (options.zeta_schedule, options.update_end) == ("constant", 1.0), name
        if name.startswith("survival/") and options.removal:
            assert (options.zeta, options.zeta_schedule, options.update_end) == (0.5, "cosine", 1.0)


def test_the_dense_transformer_trains_by_noam():
    dense = load_recipe("chtss/multi30k-transformer", method="dense")
    noam = dense.but(lr_schedule="noam", iterative_warmup_steps=20)
    here, there = (learning_rate(recipe, 5000, 100, 100) for recipe in (dense, noam))
    assert [here(step) for step in range(1, 5001)] == [there(step) for step in range(1, 5001)]
    sparse = learning_rate(load_recipe("chtss/multi30k-transformer"), 5000, 100, 100)
    assert sparse(101) == pytest.approx(there(101) / 20)


def test_brief_differs_from_chtss_in_what_the_brief_paper_says():
    from netsci_dst.recipe_differences import differences

    said = {setting for setting, *_ in differences("chtss", "chtss-brief")}
    assert said == {
        "initialiser_elsewhere",
        "removal_softness",
        "removal_softness_options.start",
        "removal_softness_options.end",
    }
