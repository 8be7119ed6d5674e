"""State dicts as people save them: packed, masked, nested, in half precision, in any order."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from safetensors.numpy import save_file

from netsci_dst.errors import FormatError
from netsci_dst.exchange import from_checkpoint
from netsci_dst.exchange.checkpoints.checkpoint_steps import steps_of
from netsci_dst.exchange.checkpoints.read import read_weights

torch = pytest.importorskip("torch")
nn = torch.nn
RNG = np.random.default_rng(0)


def weights(path, **options):
    return {w.name: w for w in read_weights(path, **options).weights}


def sparse_values(*shape):
    values = (RNG.random(shape) < 0.4) * RNG.standard_normal(shape)
    return values.astype(np.float32)


def thinned(model):
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight *= torch.rand_like(weight) < 0.4
    return model


# --- half precision ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["safetensors", "pt", "npz", "onnx", "mat73"])
def test_float16_in_every_container(tmp_path, form):
    matrix = sparse_values(5, 6).astype(np.float16)
    path = tmp_path / f"m.{'mat' if form == 'mat73' else form}"
    if form == "safetensors":
        save_file({"fc.weight": matrix}, path)
    elif form == "pt":
        torch.save({"fc.weight": torch.from_numpy(matrix)}, path)
    elif form == "npz":
        np.savez(path, W=matrix)
    elif form == "mat73":
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            file["W"] = matrix.T
    else:
        onnx_model(path, [("Gemm", matrix.T)])
    found = read_weights(path).weights[0].matrix.toarray()
    assert found.dtype == np.float32
    assert np.array_equal(found if found.shape == matrix.shape else found.T, matrix)


@pytest.mark.parametrize("kind", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_types_that_numpy_lacks_are_widened_as_torch_does(tmp_path, kind):
    from safetensors.torch import save_file as save

    values = torch.arange(-60, 60).reshape(10, 12).float() / 7
    narrow = values.to(getattr(torch, kind))
    save({"fc.weight": narrow}, tmp_path / "m.safetensors")
    found = read_weights(tmp_path / "m.safetensors").weights[0].matrix.toarray()
    assert np.array_equal(found, narrow.float().numpy().T)


def test_a_weight_too_small_for_float32_stays_a_link(tmp_path):
    np.savez(tmp_path / "m.npz", W=np.array([[1e-60, 0, 0], [0, 1, 0]]))
    run = from_checkpoint(tmp_path / "m.npz", tmp_path / "run")
    assert run.snapshots[0].topology.n_links == 2
    np.savez(tmp_path / "m.npz", W=np.array([[1e60, 0, 0], [0, 1, 0]]))
    with pytest.raises(FormatError, match="beyond the range"):
        read_weights(tmp_path / "m.npz")


# --- names and order -----------------------------------------------------------------------------


def test_ten_comes_after_nine(tmp_path):
    sizes = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    state = {
        f"layers.{i}.weight": sparse_values(b, a)
        for i, (a, b) in enumerate(itertools.pairwise(sizes))
    }
    save_file(state, tmp_path / "m.safetensors")
    np.savez(tmp_path / "m.npz", **{f"W{i}": w.T for i, w in enumerate(state.values())})
    for name in ("m.safetensors", "m.npz"):
        topology = from_checkpoint(tmp_path / name, tmp_path / f"r{name}").snapshots[0].topology
        assert [p.size for p in topology.populations] == sizes


def test_a_file_that_sorts_its_names_is_put_in_the_order_that_fits(tmp_path):
    state = {
        "conv1.weight": sparse_values(6, 3, 3, 3),
        "layer1.conv1.weight": sparse_values(8, 6, 3, 3),
        "fc.weight": sparse_values(5, 8),
    }
    save_file(state, tmp_path / "m.safetensors")
    topology = from_checkpoint(tmp_path / "m.safetensors", tmp_path / "run").snapshots[0].topology
    assert [p.size for p in topology.populations] == [3, 6, 8, 5]


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (["epoch=1-val_loss=0.90.ckpt", "epoch=2-val_loss=0.71.ckpt"], [1, 2]),
        (["epoch=0-step=500.ckpt", "epoch=1-step=1000.ckpt"], [500, 1000]),
        (["checkpoint-500", "checkpoint-1000"], [500, 1000]),
        (["model_10.pt", "model_9.pt"], [10, 9]),
        (["resnet50_ep1.pth", "resnet50_ep20.pth"], [1, 20]),
        (["iter_200.pt", "iter_30.pt"], [200, 30]),
        (["acc0.91_3.pt", "acc0.95_4.pt"], [3, 4]),
        (["a/step_1/model.pt", "a/step_12/model.pt"], [1, 12]),
        (["before.pt", "after.pt"], [0, 1]),
        (["resnet50.pt"], [0]),
        (["loss=0.5.pt", "loss=0.25.pt"], [0, 1]),
        (["global_step1000/x.pt", "global_step2000/x.pt"], [1000, 2000]),
        (["v1.0-epoch03.pt", "v1.0-epoch11.pt"], [3, 11]),
    ],
)
def test_steps_out_of_names(names, steps):
    assert [taken.step for taken in steps_of([Path(name) for name in names])] == steps


def test_the_epoch_is_kept_beside_the_step():
    (taken,) = steps_of([Path("epoch=3-step=1200.ckpt")])
    assert taken == (1200, 3.0)


# --- orientation ---------------------------------------------------------------------------------


def test_gpt2_blocks_are_the_right_way_round_also_where_they_are_square(tmp_path):
    width = 6
    state = {
        "h.0.attn.c_attn.weight": sparse_values(width, 3 * width),
        "h.0.attn.c_attn.bias": np.zeros(3 * width, np.float32),
        "h.0.attn.c_proj.weight": sparse_values(width, width),
        "h.0.attn.c_proj.bias": np.zeros(width, np.float32),
    }
    save_file(state, tmp_path / "m.safetensors")
    found = weights(tmp_path / "m.safetensors")
    square = state["h.0.attn.c_proj.weight"]
    assert np.array_equal(found["h.0.attn.c_proj"].matrix.toarray(), square)
    # The same names with linear layers, as other code bases keep them.
    turned = {k: np.ascontiguousarray(v.T) for k, v in state.items()}
    save_file(turned, tmp_path / "n.safetensors")
    found = weights(tmp_path / "n.safetensors")
    assert np.array_equal(found["h.0.attn.c_proj"].matrix.toarray(), square)


@pytest.mark.parametrize("bias", [True, False])
def test_transposed_convolutions(tmp_path, bias):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 5, 3, bias=bias)
            self.up = nn.ConvTranspose2d(5, 7, 2, bias=bias)
            self.last = nn.Conv2d(7, 4, 1, bias=bias)

    model = thinned(Net())
    torch.save(model.state_dict(), tmp_path / "m.pt")
    topology = from_checkpoint(tmp_path / "m.pt", tmp_path / "run").snapshots[0].topology
    assert [p.size for p in topology.populations] == [3, 5, 7, 4]
    kernel = model.up.weight.detach().numpy()
    found = topology.layer("up").to_scipy().toarray()
    assert np.array_equal(found > 0, (kernel != 0).any((2, 3)))


# --- packed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kdim", [None, 6])
def test_attention_of_torch(tmp_path, kdim):
    model = thinned(nn.MultiheadAttention(8, 2, kdim=kdim, vdim=kdim))
    torch.save(model.state_dict(), tmp_path / "m.pt")
    found = weights(tmp_path / "m.pt")
    assert list(found) == ["q", "k", "v", "out_proj"]
    if kdim is None:
        parts = model.in_proj_weight.detach().numpy().reshape(3, 8, 8)
    else:
        parts = [getattr(model, f"{p}_proj_weight").detach().numpy() for p in "qkv"]
    for name, part in zip("qkv", parts):
        assert np.array_equal(found[name].matrix.toarray(), part.T)


@pytest.mark.filterwarnings("ignore")
def test_a_transformer_of_torch(tmp_path):
    model = thinned(nn.Transformer(8, 2, 2, 2, 12))
    torch.save(model.state_dict(), tmp_path / "m.pt")
    topology = from_checkpoint(tmp_path / "m.pt", tmp_path / "run").snapshots[0].topology
    crossed = topology.layer("decoder.layers.1.multihead_attn.k")
    assert crossed.source == "encoder.stream.4"
    assert topology.layer("decoder.layers.0.linear1").target == "decoder.layers.0.mlp"


@pytest.mark.parametrize(
    ("cell", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1), (nn.LSTMCell, 4), (nn.GRUCell, 3)]
)
def test_recurrent_cells_join_their_gates(tmp_path, cell, gates):
    model = thinned(cell(5, 6))
    torch.save(model.state_dict(), tmp_path / "m.pt")
    run = from_checkpoint(tmp_path / "m.pt", tmp_path / "run")
    topology = run.snapshots[0].topology
    for name, parameter in model.named_parameters():
        if parameter.dim() < 2:
            continue
        values = parameter.detach().numpy().reshape(gates, 6, -1)
        layer = topology.layer(name)
        assert np.array_equal(layer.to_scipy().toarray() > 0, (values != 0).any(0).T)
    assert len({k.target for k in topology.layers}) == 1
    assert [p.size for p in topology.populations] == [5, 6, 6]


def test_a_projected_lstm(tmp_path):
    model = thinned(nn.LSTM(5, 6, proj_size=2))
    torch.save(model.state_dict(), tmp_path / "m.pt")
    found = weights(tmp_path / "m.pt")
    assert found["weight_ih_l0"].matrix.shape == (5, 6)
    assert found["weight_hh_l0"].matrix.shape == (2, 6)
    assert found["weight_hr_l0"].matrix.shape == (6, 2)


# --- masks and parametrisations ------------------------------------------------------------------


@pytest.mark.parametrize("how", ["squashed", "with its sparsifier", "mask kept", "mask lost"])
def test_masks_of_torch_ao(tmp_path, how):
    from torch.ao.pruning import WeightNormSparsifier

    model = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4))
    sparsifier = WeightNormSparsifier(sparsity_level=0.5, sparse_block_shape=(1, 4))
    sparsifier.prepare(model, [{"tensor_fqn": "0.weight"}])
    sparsifier.step()
    expected = model[0].weight.detach().numpy().T.copy()
    kept = {"model": model.state_dict(), "sparsifier": {"state": dict(sparsifier.state)}}
    if how == "squashed":
        sparsifier.squash_mask()
        kept = model.state_dict()
    elif how.startswith("mask"):
        kept = kept["model"]
        if how == "mask kept":
            kept["0.parametrizations.weight.0.mask"] = model[0].parametrizations.weight[0].mask
    torch.save(kept, tmp_path / "m.pt")
    if how == "mask lost":
        with pytest.raises(FormatError, match="squash_mask"):
            weights(tmp_path / "m.pt")
        return
    found = weights(tmp_path / "m.pt")["0"].matrix
    assert found.nnz == 128
    assert np.allclose(found.toarray(), expected)


@pytest.mark.parametrize("old", [True, False])
def test_weight_norm(tmp_path, old):
    norm = nn.utils.weight_norm if old else nn.utils.parametrizations.weight_norm
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = norm(thinned(nn.Linear(6, 5)))
    torch.save(model.state_dict(), tmp_path / "m.pt")
    (found,) = read_weights(tmp_path / "m.pt").weights
    assert np.allclose(found.matrix.toarray(), model.weight.detach().numpy().T, atol=1e-6)


def test_pruned_attention(tmp_path):
    from torch.nn.utils import prune

    model = nn.MultiheadAttention(8, 2)
    prune.random_unstructured(model, "in_proj_weight", 0.5)
    torch.save(model.state_dict(), tmp_path / "m.pt")
    found = weights(tmp_path / "m.pt")
    assert sum(found[p].matrix.nnz for p in "qkv") == 96


def test_links_of_our_own_sparse_layers(tmp_path):
    first, second = sparse_values(7, 5), sparse_values(5, 4)
    first[-1] = 0  # an input without links is there all the same, if another layer feeds it
    first[0, 0] = second[-1, -1] = 1.0
    state = {}
    for name, matrix in (("a", first), ("b", second)):
        keys = np.flatnonzero(matrix)
        state[f"{name}.keys"] = torch.from_numpy(keys)
        state[f"{name}.values"] = torch.from_numpy(matrix.ravel()[keys])
        state[f"{name}.bias"] = torch.zeros(matrix.shape[1])
    torch.save(state, tmp_path / "m.pt")
    found = weights(tmp_path / "m.pt")
    assert np.array_equal(found["a"].matrix.toarray(), first[:-1])
    assert np.array_equal(found["b"].matrix.toarray(), second)
    del state["a.bias"]
    torch.save(state, tmp_path / "m.pt")
    with pytest.raises(FormatError, match="size its file does not tell"):
        read_weights(tmp_path / "m.pt")


# --- containers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: {"state_dict": s, "epoch": 3, "optimizer_states": [{"state": {0: s}}]},
        lambda s: {"net": s, "acc": torch.tensor(0.9)},
        lambda s: {"teacher": {"weights": s}, "optimizer": {"exp_avg": s}},
        lambda s: {"anything": {"deep": {"er": s}}},
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {"model": {f"_orig_mod.{k}": v for k, v in s.items()}, "scheduler": {"a": 1}},
        lambda s: {"model": s, "model_ema": s},
        lambda s: [s],
    ],
)
def test_a_state_dict_under_any_key(tmp_path, wrap):
    state = {k: torch.from_numpy(sparse_values(5, 5)) for k in ("a.weight", "b.weight")}
    torch.save(wrap(state), tmp_path / "m.pt")
    found = weights(tmp_path / "m.pt")
    assert list(found) == ["a", "b"]
    assert np.array_equal(found["b"].matrix.toarray(), state["b.weight"].numpy().T)


def test_two_models_side_by_side_keep_their_names(tmp_path):
    one = {"fc.weight": torch.from_numpy(sparse_values(5, 5))}
    torch.save({"generator": one, "critic": dict(one)}, tmp_path / "m.pt")
    assert list(weights(tmp_path / "m.pt")) == ["generator.fc", "critic.fc"]
    assert list(weights(tmp_path / "m.pt", include=["critic.*"])) == ["critic.fc"]


def test_plain_matrices_by_any_name(tmp_path):
    save_file({"W1": sparse_values(6, 5), "W2": sparse_values(5, 4)}, tmp_path / "m.safetensors")
    topology = from_checkpoint(tmp_path / "m.safetensors", tmp_path / "run").snapshots[0].topology
    assert [p.size for p in topology.populations] == [6, 5, 4]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("base.layer.lora_A.weight", "LoRA adapter"),
        ("layer.qweight", "GPTQ or AWQ"),
        ("layer.g_idx", "GPTQ"),
        ("layer.weight.absmax", "bitsandbytes"),
        ("layer.SCB", "bitsandbytes"),
        ("layer.weight_scale_inv", "scales apart"),
    ],
)
def test_what_is_not_the_weights_is_named(tmp_path, key, said):
    state = {"a.weight": sparse_values(4, 4), key: np.ones((4, 4), np.float32)}
    save_file(state, tmp_path / "m.safetensors")
    with pytest.raises(FormatError, match=said):
        from_checkpoint(tmp_path / "m.safetensors", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.filterwarnings("ignore")
def test_sparse_and_quantised_tensors(tmp_path):
    matrix = torch.from_numpy(sparse_values(5, 6))
    quantised = torch.quantize_per_tensor(matrix, 0.01, 0, torch.qint8)
    forms = {
        "coo": matrix.to_sparse(),
        "csr": matrix.to_sparse_csr(),
        "half": matrix.half().to_sparse(),
        "quantised": quantised,
    }
    for name, tensor in forms.items():
        torch.save({"fc.weight": tensor}, tmp_path / f"{name}.pt")
        (found,) = read_weights(tmp_path / f"{name}.pt").weights
        expected = tensor.dequantize() if name == "quantised" else tensor.to_dense()
        assert np.array_equal(found.matrix.toarray(), expected.float().numpy().T)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["meta", "nested", "complex", "object"])
def test_tensors_without_plain_numbers_are_named_in_one_line(tmp_path, kind):
    made = {
        "meta": lambda: torch.empty(4, 4, device="meta"),
        "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "complex": lambda: torch.ones(4, 4, dtype=torch.complex64),
        "object": lambda: torch.nn.Linear(2, 2),
    }[kind]()
    torch.save({"fc.weight": made} if kind != "object" else made, tmp_path / "m.pt")
    with pytest.raises(FormatError) as caught:
        from_checkpoint(tmp_path / "m.pt", tmp_path / "run")
    assert "\n" not in str(caught.value)


# --- ONNX ----------------------------------------------------------------------------------------


def onnx_model(path, layers, more=(), constants=(), inputs=3):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes, stored, value = [*more], [*constants], "x"
    for i, (operation, matrix) in enumerate(layers):
        name = matrix if isinstance(matrix, str) else f"w{i}.weight"
        if not isinstance(matrix, str):
            stored.append(numpy_helper.from_array(np.ascontiguousarray(matrix), name))
        nodes.append(helper.make_node(operation, [value, name], [f"y{i}"], f"/part{i}/{operation}"))
        value = f"y{i}"
    info = helper.make_tensor_value_info
    ends = info("x", TensorProto.FLOAT, [1, inputs]), info(value, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [ends[0]], [ends[1]], stored)
    onnx.save(helper.make_model(graph), str(path))


def test_onnx_constants_behind_other_nodes(tmp_path):
    pytest.importorskip("onnx")
    from onnx import helper, numpy_helper

    first, second, third = sparse_values(3, 4), sparse_values(5, 4), sparse_values(5, 6)
    more = [
        helper.make_node("Identity", ["first"], ["passed"]),
        helper.make_node("Transpose", ["second"], ["turned"], perm=[1, 0]),
        helper.make_node("Constant", [], ["third"], value=numpy_helper.from_array(third)),
        helper.make_node("Cast", ["third"], ["cast"], to=1),
    ]
    constants = [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")]
    layers = [("MatMul", "passed"), ("MatMul", "turned"), ("MatMul", "cast")]
    onnx_model(tmp_path / "m.onnx", layers, more, constants)
    topology = from_checkpoint(tmp_path / "m.onnx", tmp_path / "run").snapshots[0].topology
    assert [p.size for p in topology.populations] == [3, 4, 5, 6]
    for layer, matrix in zip(topology.layers, (first, second.T, third), strict=True):
        assert np.array_equal(layer.to_scipy(weighted=True).toarray(), matrix)
    assert [layer.name for layer in topology.layers][:2] == ["first", "second"]


@pytest.mark.parametrize("made", ["conv", "lstm", "mlp"])
def test_models_that_torch_exported(tmp_path, made):
    onnx = pytest.importorskip("onnx")
    from onnx import helper, numpy_helper

    if made == "lstm":
        cell = thinned(nn.LSTM(3, 4))
        w, r = (getattr(cell, f"weight_{k}_l0").detach().numpy()[None] for k in ("ih", "hh"))
        graph = helper.make_graph(
            [helper.make_node("LSTM", ["x", "W", "R"], ["y"], "/rnn/LSTM", hidden_size=4)],
            "g",
            [helper.make_tensor_value_info("x", 1, [1, 1, 3])],
            [helper.make_tensor_value_info("y", 1, None)],
            [numpy_helper.from_array(w, "W"), numpy_helper.from_array(r, "R")],
        )
        onnx.save(helper.make_model(graph), str(tmp_path / "m.onnx"))
        found = weights(tmp_path / "m.onnx")
        assert [w.matrix.shape for w in found.values()] == [(3, 4), (4, 4)]
        return
    if made == "conv":
        kernel, turned = sparse_values(6, 3, 3, 3), sparse_values(6, 5, 2, 2)
        onnx_model(tmp_path / "m.onnx", [("Conv", kernel), ("ConvTranspose", turned)])
        found = list(weights(tmp_path / "m.onnx").values())
        assert [w.matrix.shape for w in found] == [(3, 6), (6, 5)]
        return
    matrices = [sparse_values(3, 4), sparse_values(4, 2)]
    onnx_model(tmp_path / "m.onnx", [("Gemm", matrices[0]), ("MatMul", matrices[1])])
    assert [w.matrix.shape for w in weights(tmp_path / "m.onnx").values()] == [(3, 4), (4, 2)]


def test_string_weights_of_onnx_are_refused(tmp_path):
    pytest.importorskip("onnx")
    from onnx import helper

    text = helper.make_tensor("w0.weight", 8, [2, 2], [b"a", b"b", b"c", b"d"])
    onnx_model(tmp_path / "m.onnx", [("MatMul", "w0.weight")], constants=[text])
    with pytest.raises(FormatError, match="no real numbers"):
        from_checkpoint(tmp_path / "m.onnx", tmp_path / "run")


def test_matlab_cells_are_in_order(tmp_path):
    cells = np.empty((1, 11), dtype=object)
    for i in range(11):
        cells[0, i] = sparse_values(i + 3, i + 4).astype(float)
    scipy.io.savemat(tmp_path / "m.mat", {"W": cells})
    topology = from_checkpoint(tmp_path / "m.mat", tmp_path / "run").snapshots[0].topology
    assert [p.size for p in topology.populations] == list(range(3, 15))
