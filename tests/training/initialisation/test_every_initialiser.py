"""What every initialiser promises: exact counts, valid increasing keys, the seed decides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst import registry
from netsci_dst.errors import NetsciError, RecipeError, UnknownName
from netsci_dst.training.initialisation import allocate, draw_topology, initial_weights

NAMES = ["uniform", "csti", "bsf", "bsw", "brf"]
FEATURES = np.random.default_rng(0).random((40, 9))


def test_all_are_registered():
    assert set(registry.names("initialiser")) >= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_exact_increasing_keys_of_any_layer(name, data):
    n_source = data.draw(st.integers(1, 25))
    n_target = data.draw(st.integers(1, 25))
    n_links = data.draw(st.integers(0, n_source * n_target))
    seed = data.draw(st.integers(0, 2**32))
    options = {"rng": np.random.default_rng(seed), "features": FEATURES}
    keys = draw_topology(name, n_source, n_target, n_links, **options)
    assert keys.dtype == np.int64
    assert keys.shape == (n_links,)
    assert (np.diff(keys) > 0).all()
    assert n_links == 0 or (keys[0] >= 0 and keys[-1] < n_source * n_target)
    options["rng"] = np.random.default_rng(seed)
    again = draw_topology(name, n_source, n_target, n_links, **options)
    np.testing.assert_array_equal(keys, again)


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_draws_other_links(name):
    features = np.tile(FEATURES, (1, 4))
    one, two = (
        draw_topology(name, 36, 72, 260, rng=np.random.default_rng(seed), features=features)
        for seed in (0, 1)
    )
    assert (one != two).any()


def test_wrong_requests_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(UnknownName, match="uniform"):
        draw_topology("unifrom", 3, 3, 3, rng=rng)
    with pytest.raises(UnknownName, match="beta"):
        draw_topology("bsw", 3, 3, 3, rng=rng, betta=0.1)
    with pytest.raises(RecipeError, match="do not fit"):
        draw_topology("uniform", 3, 3, 10, rng=rng)
    with pytest.raises(RecipeError, match="no room"):
        draw_topology("uniform", 0, 3, 0, rng=rng)
    with pytest.raises(RecipeError, match="input features"):
        draw_topology("csti", 3, 3, 3, rng=rng)
    with pytest.raises(RecipeError, match="beta of bsw"):
        draw_topology("bsw", 3, 3, 3, rng=rng, beta=1.5)
    with pytest.raises(RecipeError, match="r of brf"):
        draw_topology("brf", 3, 3, 3, rng=rng, r=-1)
    with pytest.raises(UnknownName, match="fixed"):
        draw_topology("brf", 3, 3, 3, rng=rng, degrees="fix")


def test_an_extension_that_breaks_its_promise_is_named(monkeypatch):
    entry = registry.Entry("initialiser", "broken", lambda *a, **k: np.array([3, 3, 1]), "")
    monkeypatch.setattr(registry, "get", lambda kind, name: entry)
    with pytest.raises(NetsciError, match="broken"):
        draw_topology("broken", 3, 3, 3, rng=np.random.default_rng(0))


def test_impossible_numbers_are_refused_in_one_line():
    rng = np.random.default_rng(0)
    for call in (
        lambda: draw_topology("uniform", 3, 4, 2.5, rng=rng),
        lambda: initial_weights("swi", 3, 0, 0, rng=rng),
        lambda: initial_weights("swi", 3, 4, -1, rng=rng),
        lambda: initial_weights("swi", 3, 4, 5, rng=rng, gain=float("inf")),
        lambda: allocate("er", [3, 4], 0.5),
        lambda: allocate("er", [(float("nan"), 2)], 0.5),
        lambda: allocate("er", [(2.5, 2)], 0.5),
    ):
        with pytest.raises(NetsciError) as caught:
            call()
        assert "\n" not in str(caught.value)
