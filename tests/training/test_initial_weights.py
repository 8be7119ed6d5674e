"""Each method begins with the weights of its paper, on each kind of model."""

import math

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.recipe import load_recipe

KAIMING = ["static", "set", "rigl", "mest", "granet", "gmp", "dsr", "snfs"]
SWI = ["cht", "esml", "chts", "chtss", "chts-l3p"]


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    rng = np.random.default_rng(0)
    file = tmp_path_factory.mktemp("data") / "noise.npz"
    images = {f"x_{part}": rng.integers(0, 255, (n, 1, 20, 20)).astype(np.uint8)
              for part, n in (("train", 64), ("test", 16))}  # fmt: skip
    labels = {f"y_{part}": np.arange(n) % 4 for part, n in (("train", 64), ("test", 16))}
    np.savez(file, **images, **labels)
    return str(file)


def start(arrays, out, method, **changes):
    run = nd.train(
        data=arrays, model="mlp", method=method, sparsity=0.9, steps=2, update_steps=2,
        evaluate_steps=2, lr=1e-12, weight_decay=0.0, out=out,
        **{"model_options": {"hidden": [500, 300]}, **changes},
    )  # fmt: skip
    return run.snapshots[0].topology


def deviations(topology):
    for layer in topology.layers:
        used = layer.weights[layer.weights != 0]
        yield used.std(), layer.n_links, *layer.shape


@pytest.mark.parametrize("method", KAIMING)
def test_baselines_begin_with_kaiming_on_perceptrons(arrays, tmp_path, method):
    for found, _, n_source, _ in deviations(start(arrays, tmp_path / "run", method)):
        assert found == pytest.approx(math.sqrt(2 / n_source), rel=0.05)


@pytest.mark.parametrize("method", SWI)
def test_cannistraci_hebb_methods_begin_with_swi_on_perceptrons(arrays, tmp_path, method):
    for found, links, _, n_target in deviations(start(arrays, tmp_path / "run", method)):
        assert found == pytest.approx(math.sqrt(2 / (links / n_target)), rel=0.05)


def test_the_dense_baseline_begins_with_kaiming_on_perceptrons(arrays, tmp_path):
    from netsci_dst.training.trained_model import restore

    start(arrays, tmp_path / "run", "dense")
    model = restore(nd.load_run(tmp_path / "run")).model
    hidden = [layer.linear.weight for layer in model.hidden]
    for weight in hidden:
        assert weight.std().item() == pytest.approx(math.sqrt(2 / weight.shape[1]), rel=0.05)
    # The output layer keeps its own, uniform in ±1/sqrt(300).
    assert model.output.weight.std().item() == pytest.approx(1 / math.sqrt(3 * 300), rel=0.1)


@pytest.mark.parametrize("method", [*KAIMING, *SWI])
@pytest.mark.parametrize(
    "model", ["transformer", "llama-60m", "mlp-survival", "convnet", "resnet50", "vgg16"]
)
def test_other_models_keep_their_own(model, method):
    assert load_recipe(model=model, method=method).initial_weights == "model"


@pytest.mark.parametrize("model", ["vgg16-cht", "resnet50-cht"])
def test_the_heads_of_cht_are_relu_networks(model):
    assert load_recipe(model=model, method="cht").initial_weights == "swi"
    assert load_recipe(model=model, method="set").initial_weights == "kaiming"


def test_a_perceptron_of_another_activation_keeps_its_own():
    recipe = load_recipe(model="mlp", method="chts", model_options={"activation": "tanh"})
    assert recipe.initial_weights == "model"


def test_who_asks_gets_it_and_what_has_no_effect_is_refused():
    asked = {"weights_elsewhere": "swi"}
    recipe = load_recipe(model="transformer", method="chts", method_options=asked)
    assert recipe.initial_weights == "swi"
    with pytest.raises(nd.errors.RecipeError, match="set weights_elsewhere"):
        load_recipe(model="transformer", method="chts", method_options={"weights": "kaiming"})
    with pytest.raises(nd.errors.RecipeError, match="is one with ReLU"):
        load_recipe(model="mlp", method="chts", method_options=asked)


def test_sparsify_keeps_the_weights_of_the_model(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(30, 40), torch.nn.ReLU(), torch.nn.Linear(40, 5))
    before = model[0].weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nd.sparsify(model, optimizer, method="chts", sparsity=0.5, include="0", total_steps=10,
                update_every=4,
                out=tmp_path / "run", example_input=torch.zeros(2, 30))  # fmt: skip
    layer = nd.load_run(tmp_path / "run").snapshots[0].topology.layers[0]
    kept = before.t()[layer.keys // 40, layer.keys % 40].numpy()
    np.testing.assert_array_equal(layer.weights, kept)
