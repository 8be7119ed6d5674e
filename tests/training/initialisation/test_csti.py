"""CSTI against the definition done with numpy.corrcoef on the full matrix."""

import numpy as np
import pytest

from netsci_dst.errors import DataError
from netsci_dst.training.initialisation import draw_topology
from netsci_dst.training.initialisation.csti import absolute_correlation


@pytest.fixture
def features():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 16)) @ rng.normal(size=(16, 16))
    x[:, 7] = 3.0
    return x


def definition(features, n_source, n_target):
    live = features.std(axis=0) > 0
    matrix = np.zeros((features.shape[1],) * 2)
    matrix[np.ix_(live, live)] = abs(np.corrcoef(features[:, live].T))
    np.fill_diagonal(matrix, 0)
    size = len(matrix)
    copies = (-(-n_source // size), -(-n_target // size))
    return np.tile(matrix, copies)[:n_source, :n_target]


@pytest.mark.parametrize("shape", [(16, 16), (16, 32), (32, 32), (32, 16), (10, 40), (37, 5)])
def test_links_are_the_largest_correlations_of_the_tiled_matrix(features, shape):
    strength = definition(features, *shape)
    n_links = strength.size // 7
    keys = draw_topology("csti", *shape, n_links, rng=np.random.default_rng(0), features=features)
    chosen = np.zeros(strength.size, bool)
    chosen[keys] = True
    strength = strength.ravel()
    assert strength[chosen].min() >= strength[~chosen].max() - 1e-11
    assert strength[chosen].sum() == pytest.approx(np.sort(strength)[::-1][:n_links].sum())


def test_ties_at_the_threshold_are_drawn_evenly():
    # Two pairs of equal features: the four entries of each pair tie at correlation 1.
    rng = np.random.default_rng(0)
    one, two = rng.random((2, 50))
    features = np.stack([one, one, two, two], axis=1)
    counts = np.zeros(16)
    for seed in range(1000):
        keys = draw_topology("csti", 4, 4, 2, rng=np.random.default_rng(seed), features=features)
        counts[keys] += 1
    tied = [1, 4, 11, 14]
    assert counts[tied].sum() == 2000
    assert abs(counts[tied] - 500).max() < 80


def test_constant_features_and_the_diagonal_come_last(features):
    keys = draw_topology("csti", 16, 16, 15 * 14, rng=np.random.default_rng(0), features=features)
    source, target = np.divmod(keys, 16)
    assert not (source == target).any()
    assert 7 not in source
    assert 7 not in target


def test_images_are_flattened_and_pixels_may_be_integers():
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 3, 3), dtype=np.uint8)
    expected = abs(np.corrcoef(images.reshape(30, 9).T.astype(float)))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(absolute_correlation(images), expected, atol=1e-11)


def test_unusable_samples_are_refused():
    with pytest.raises(DataError, match="at least 2"):
        absolute_correlation(np.ones((1, 4)))
    with pytest.raises(DataError, match="NaN"):
        absolute_correlation(np.array([[1.0, np.nan], [0.0, 1.0]]))


@pytest.mark.parametrize("scale", [1e160, 1e-200, 1e300])
def test_the_scale_of_the_features_does_not_count(scale):
    features = np.random.default_rng(0).normal(size=(40, 6))
    np.testing.assert_array_equal(
        absolute_correlation(features * scale).round(9), absolute_correlation(features).round(9)
    )


@pytest.mark.parametrize("features", [np.ones((3, 0)), np.ones((0, 4)), 3.0, [["a"], ["b"]]])
def test_what_is_no_sample_of_features_is_refused(features):
    with pytest.raises(DataError, match=r"features|samples"):
        draw_topology("csti", 4, 4, 3, rng=np.random.default_rng(0), features=features)


def test_the_head_of_a_convolutional_network_takes_the_features_it_receives(tmp_path):
    torch = pytest.importorskip("torch")
    from netsci_dst.recipe import load_recipe
    from netsci_dst.training.build import Training, surroundings
    from netsci_dst.training.distributed import World

    rng = np.random.default_rng(0)
    images = {f"x_{part}": rng.integers(0, 255, (n, 3, 16, 16)).astype(np.uint8)
              for part, n in (("train", 700), ("test", 10))}  # fmt: skip
    labels = {f"y_{part}": np.arange(n) % 4 for part, n in (("train", 700), ("test", 10))}
    np.savez(tmp_path / "noise.npz", **images, **labels)
    recipe = load_recipe(
        data=str(tmp_path / "noise.npz"), model="vgg16-cht", method="cht", sparsity=0.9, steps=2,
        model_options={"width": 0.0625, "hidden": [48, 40, 40]}, device="cpu",
    )  # fmt: skip
    with surroundings(recipe, torch.device("cpu")):
        training = Training(recipe, World())
        plain = training.task.build(
            recipe.model, recipe.model_options, training.dataset, recipe.seed
        )
    plain.eval()
    x = torch.from_numpy(training.batches.calibration()).reshape(-1, 3, 16, 16)
    with torch.no_grad():  # written out: blocks of convolution, norm and ReLU, and the last pooling
        for names in plain.blocks:
            for name in names:
                x = plain.features[name](x)
                x = torch.relu(plain.features[f"norm_{name}"](x))
            last = names is plain.blocks[-1]
            x = torch.nn.functional.max_pool2d(x, x.shape[2:] if last else 2)
    strength = absolute_correlation(x.flatten(1).numpy())
    first = training.controller.layers[0].parameter
    u, v = (first.keys // first.n_target).numpy(), (first.keys % first.n_target).numpy()
    size = len(strength)
    here = strength[u % size, v % size]
    copies = np.add.outer(np.arange(first.n_source), np.zeros(first.n_target, int)) % size
    every = strength[copies, np.arange(first.n_target)[None, :] % size]
    assert here.min() >= np.sort(every.ravel())[-first.n_links] - 1e-6
