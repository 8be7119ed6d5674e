"""Each method begins with the weights of its paper, on each kind of model."""

import math

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst import registry
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


@pytest.mark.parametrize("name", [n for n in registry.names("method") if n != "dense"])
@pytest.mark.parametrize("kind", ["perceptron", "convolutions", "attention"])
def test_sparsify_keeps_the_weights_of_every_model_by_every_method(kind, name):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    models = {
        "perceptron": (nn.Sequential(nn.Linear(20, 40), nn.ReLU(), nn.Linear(40, 4)), (8, 20)),
        "convolutions": (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4)),
            (4, 3, 8, 8),
        ),
        "attention": (nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), (2, 5, 16)),
    }
    model, shape = models[kind]
    x = torch.randn(*shape)
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    nd.sparsify(model, torch.optim.SGD(model.parameters(), 0.1), name, 0.8, total_steps=100,
                update_every=10, example_input=x, format="masked",
                loss=lambda: model(x).square().mean())  # fmt: skip
    absent = 0
    for key, value in model.named_parameters():
        kept = value.detach() != 0
        assert torch.equal(value.detach()[kept], before[key][kept]), key
        absent += int((~kept).sum()) if value.dim() > 1 else 0
        if (name, kind, key) == ("topkast", "perceptron", "0.weight"):
            # In use are the largest fifth, as Jayakumar et al. have it.
            n = int(kept.sum())
            assert n == round(0.2 * value.numel())
            assert before[key][kept].abs().min() >= before[key][~kept].abs().max()
    begins_dense = ("ac-dc", "optg", "powerprop")
    assert absent == 0 or name not in begins_dense
    assert absent > 0 or name in begins_dense
