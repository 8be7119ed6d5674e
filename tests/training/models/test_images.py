import pytest

torch = pytest.importorskip("torch")

from netsci_dst import registry  # noqa: E402
from netsci_dst.errors import RecipeError, UnknownName  # noqa: E402
from netsci_dst.training import wiring  # noqa: E402
from netsci_dst.training.tasks.build import build_model  # noqa: E402
from tests.support.sparse import sparsified  # noqa: E402

pytestmark = pytest.mark.torch

SMALL = {
    "convnet": {},
    "mlp-survival": {"hidden": (20, 10)},
    "vgg16": {"width": 0.1},
    "vgg16-cht": {"width": 0.1},
    "resnet50": {"width": 0.1},
    "resnet50-cht": {"width": 0.1},
    "resnet56": {"width": 0.5, "depth": 20},
}
SPARSE = {
    "convnet": 4,
    "mlp-survival": 3,
    "vgg16": 16,
    "vgg16-cht": 3,
    "resnet50": 54,
    "resnet50-cht": 3,
    "resnet56": 22,
}


def build(name, shape=(3, 32, 32), n_classes=10, seed=0, **options):
    return build_model(name, options, seed, input_shape=shape, n_classes=n_classes)


def count(model, weights_only=False):
    return sum(p.numel() for p in model.parameters() if p.ndim > 1 or not weights_only)


def test_parameters_are_those_the_papers_print():
    # Survival, table 5 and section 5.1; ResNet-50's number there counts weights, not biases.
    assert count(build("convnet")) == 94_538
    assert count(build("mlp-survival")) == 3_676_682
    assert count(build("resnet56")) == 855_770
    with torch.device("meta"):
        large = build("resnet50", (3, 224, 224), 1000)
    assert count(large, weights_only=True) == 25_502_912


def test_vgg16_has_sixteen_layers_of_the_published_widths():
    model = build("vgg16")
    shapes = [tuple(p.shape) for p in model.parameters() if p.ndim > 1]
    convolutions = [shape[0] for shape in shapes if len(shape) == 4]
    assert convolutions == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert [shape for shape in shapes if len(shape) == 2] == [(512, 512), (512, 512), (10, 512)]
    model = build("vgg16-cht", width=0.25, hidden=(1000,) * 3)
    shapes = [tuple(p.shape) for p in model.head.parameters() if p.ndim > 1]
    assert shapes == [(1000, 128), (1000, 1000), (1000, 1000), (10, 1000)]


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28)])
@pytest.mark.parametrize("name", SMALL)
def test_wiring_fits_and_sparse_layers_with_all_links_change_nothing(name, shape):
    model = build(name, shape, **SMALL[name]).eval()
    declared = wiring.of(model)
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    before = model(x)
    assert before.shape == (3, 10)
    names = declared.sparse_names()
    assert len(names) == SPARSE[name]
    parts = sparsified(model, names, "masked")
    torch.testing.assert_close(model(x), before, atol=1e-5, rtol=1e-4)
    topology = declared.topology(model, parts)
    assert {layer.name for layer in topology.layers} == set(names)
    assert topology.density == 1.0
    roles = [p.role for p in topology.populations]
    assert (roles[0], roles[-1]) == ("input", "output")
    everything = {m for m, part in model.named_modules() if hasattr(part, "weight")
                  and part.weight.ndim > 1}  # fmt: skip
    assert everything == set(declared.layers)


@pytest.mark.parametrize("name", SMALL)
def test_outputs_are_what_the_populations_do(name):
    model = build(name, **SMALL[name]).eval()
    declared = wiring.of(model)
    sizes = {p.name: p.size for p in declared.populations}
    seen = {}
    for population, path in declared.outputs.items():
        model.get_submodule(path).register_forward_hook(
            lambda m, args, out, key=population: seen.setdefault(key, out)
        )
    model(torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    assert set(seen) == set(sizes) - {"input"}
    for population, out in seen.items():
        assert out.shape[1] == sizes[population]
        assert population == "output" or (out >= 0).all()


def test_residual_streams_are_marked_and_joined_by_skips():
    declared = build("resnet56", depth=14).wiring()
    roles = {p.name: p.role for p in declared.populations}
    assert roles["stem"] == "residual"  # the first block adds to it
    assert all(roles[f"stages.stage{s}_block{b}"] == "residual" for s in (1, 2, 3) for b in (1, 2))
    assert ("stem", "stages.stage1_block1") in declared.skips
    assert ("stages.stage1_block2", "stages.stage2_block1") not in declared.skips
    fed = declared.feeding("stages.stage2_block1")
    assert fed == ["stages.stage2_block1.conv2", "stages.stage2_block1.shortcut"]
    roles = {p.name: p.role for p in build("resnet50", width=0.1).wiring().populations}
    assert roles["stem"] == "hidden"  # read by a convolution and a projection, added to nothing


def test_a_block_halves_the_image_and_adds_its_shortcut():
    from netsci_dst.training.models._resnet import Block

    block = Block(4, ((1, 2), (3, 2), (1, 8)), 2).eval()
    strides = [block.conv1.stride, block.conv2.stride, block.conv3.stride, block.shortcut.stride]
    assert strides == [(1, 1), (2, 2), (1, 1), (2, 2)]
    plain = Block(4, ((3, 4), (3, 4)), 1).eval()
    with torch.no_grad():
        plain.conv2.weight.zero_()
    x = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(plain(x), x.relu())
    assert block(x).shape == (2, 8, 3, 3)


def test_initial_weights_depend_on_the_seed_alone_and_leave_torch_as_it_was():
    state = torch.random.get_rng_state()
    for name in ("vgg16-cht", "resnet56", "mlp"):
        options = {"hidden": (5,)} if name == "mlp" else SMALL[name]
        torch.rand(3)
        first = build(name, seed=4, **options).state_dict()
        torch.rand(3)
        again = build(name, seed=4, **options).state_dict()
        other = build(name, seed=5, **options).state_dict()
        assert all(torch.equal(first[key], again[key]) for key in first)
        assert any(not torch.equal(first[key], other[key]) for key in first)
    torch.random.set_rng_state(state)
    build("convnet")
    assert torch.equal(torch.random.get_rng_state(), state)


def test_refusals():
    with pytest.raises(RecipeError, match="at least 18x18"):
        build("convnet", (3, 8, 8))
    with pytest.raises(RecipeError, match="needs images"):
        build("vgg16", (784,))
    with pytest.raises(RecipeError, match="6 n"):
        build("resnet56", depth=51)
    with pytest.raises(RecipeError, match="auto, imagenet or cifar"):
        build("resnet50", stem="tiny")
    with pytest.raises(UnknownName, match="width"):
        build("vgg16", widht=2)
    with pytest.raises(RecipeError, match="cannot be built with channels = 3"):
        build("convnet", channels=3)
    with pytest.raises(RecipeError, match="decided by the data"):
        build_model("convnet", {"n_classes": 3}, 0, input_shape=(3, 32, 32), n_classes=10)


def test_models_are_listed_without_torch():
    import subprocess
    import sys

    code = (
        "import sys; from netsci_dst import registry; names = registry.names('model'); "
        "print(len(names), 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    number, torch_loaded, transformers_loaded = out.stdout.split()
    assert int(number) == len(registry.names("model"))
    assert (torch_loaded, transformers_loaded) == ("False", "False")
