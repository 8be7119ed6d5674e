import itertools
import json
import pickle

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from safetensors.numpy import save_file

from netsci_dst.errors import FormatError
from netsci_dst.exchange import export, from_checkpoint

SIZES = (6, 5, 4, 3)


@pytest.fixture
def matrices():
    rng = np.random.default_rng(0)
    pairs = list(itertools.pairwise(SIZES))
    sparse = [(rng.random(p) < 0.5) * rng.standard_normal(p) for p in pairs[:-1]]
    return [*(m.astype(np.float32) for m in sparse), np.ones(pairs[-1], np.float32)]


@pytest.fixture
def state(matrices):
    names = ["fc1", "fc2", "head"]
    found = {f"{n}.weight": np.ascontiguousarray(m.T) for n, m in zip(names, matrices)}
    return found | {f"{n}.bias": np.zeros(m.shape[1], np.float32) for n, m in zip(names, matrices)}


def check(run, matrices, names=("fc1", "fc2")):
    topology = run.snapshots[-1].topology
    assert [p.size for p in topology.populations] == list(SIZES)
    assert [layer.name for layer in topology.layers] == list(names)
    for layer, matrix in zip(topology.layers, matrices):
        assert np.array_equal(layer.to_scipy(weighted=True).toarray(), matrix)
    assert len(topology.dense) == 1
    assert topology.populations[0].role == "input"
    assert topology.populations[-1].role == "output"


def test_safetensors(tmp_path, state, matrices):
    save_file(state, tmp_path / "m.safetensors")
    check(from_checkpoint(tmp_path / "m.safetensors", tmp_path / "run"), matrices)


def test_safetensors_in_bfloat16(tmp_path, state, matrices):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    save_torch(
        {k: torch.from_numpy(v).bfloat16() for k, v in state.items()}, tmp_path / "m.safetensors"
    )
    rounded = [torch.from_numpy(m).bfloat16().float().numpy() for m in matrices]
    check(from_checkpoint(tmp_path / "m.safetensors", tmp_path / "run"), rounded)


@pytest.mark.parametrize("nested", [False, True])
def test_pytorch_state_dicts(tmp_path, state, matrices, nested):
    torch = pytest.importorskip("torch")
    tensors = {k: torch.from_numpy(v) for k, v in state.items()}
    torch.save({"state_dict": tensors, "epoch": 3} if nested else tensors, tmp_path / "m.pt")
    check(from_checkpoint(tmp_path / "m.pt", tmp_path / "run"), matrices)


def test_masks_of_torch_prune_keep_links_of_weight_zero(tmp_path):
    torch = pytest.importorskip("torch")
    from torch.nn.utils import prune

    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    prune.random_unstructured(model[0], "weight", 0.5)
    mask = model[0].weight_mask.numpy().T != 0
    with torch.no_grad():
        model[0].weight_orig[mask.T.nonzero()[0][0], mask.T.nonzero()[1][0]] = 0
    torch.save(model.state_dict(), tmp_path / "m.pt")
    topology = from_checkpoint(tmp_path / "m.pt", tmp_path / "run").snapshots[0].topology
    assert np.array_equal(topology.layers[0].to_scipy().toarray(), mask)


def test_nothing_is_unpickled(tmp_path):
    pytest.importorskip("torch")
    marker = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    (tmp_path / "m.pt").write_bytes(pickle.dumps(Attack()))
    np.savez(tmp_path / "m.npz", w=np.array([Attack()], dtype=object))
    for name in ("m.pt", "m.npz"):
        with pytest.raises(FormatError):
            from_checkpoint(tmp_path / name, tmp_path / "run")
    assert not marker.exists()


def test_hugging_face_folders_whole_and_in_shards(tmp_path, state, matrices):
    whole, shards = tmp_path / "whole", tmp_path / "shards"
    whole.mkdir()
    shards.mkdir()
    save_file(state, whole / "model.safetensors")
    check(from_checkpoint(whole, tmp_path / "a"), matrices)
    keys = list(state)
    places = {key: f"part{i % 2}.safetensors" for i, key in enumerate(keys)}
    for part in set(places.values()):
        save_file({k: state[k] for k in keys if places[k] == part}, shards / part)
    index = shards / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    check(from_checkpoint(shards, tmp_path / "b"), matrices)
    index.write_text(json.dumps({"weight_map": dict.fromkeys(keys, "../whole/model.safetensors")}))
    with pytest.raises(FormatError, match="outside its folder"):
        from_checkpoint(shards, tmp_path / "c")


def test_a_llama_folder_is_wired_by_name(tmp_path):
    rng = np.random.default_rng(0)
    width, inner = 8, 12
    shapes = dict.fromkeys(("q", "k", "v", "o"), (width, width)) | {
        "gate": (inner, width),
        "up": (inner, width),
        "down": (width, inner),
    }
    found = {"model.embed_tokens.weight": rng.random((20, width)).astype(np.float32)}
    for block in range(2):
        for part, shape in shapes.items():
            place = "self_attn" if part in "qkvo" else "mlp"
            weight = (rng.random(shape) < 0.5) * rng.random(shape)
            found[f"model.layers.{block}.{place}.{part}_proj.weight"] = weight.astype(np.float32)
    found["lm_head.weight"] = rng.random((20, width)).astype(np.float32)
    save_file(found, tmp_path / "model.safetensors")
    topology = (
        from_checkpoint(tmp_path / "model.safetensors", tmp_path / "run").snapshots[0].topology
    )
    assert len(topology.layers) == 14
    assert [d.name for d in topology.dense] == ["lm_head"]
    layer = topology.layer("model.layers.1.self_attn.q_proj")
    assert layer.target == topology.layer("model.layers.1.self_attn.k_proj").target
    assert len(topology.skips) == 4
    assert topology.population("stream.4").role == "residual"


def test_onnx(tmp_path, matrices):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    constants = [
        numpy_helper.from_array(np.ascontiguousarray(matrices[0].T), "fc1.weight"),
        numpy_helper.from_array(matrices[1], "fc2.weight"),
        numpy_helper.from_array(matrices[2], "head.weight"),
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "fc1.weight"], ["a"], transB=1),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "fc2.weight"], ["c"]),
        helper.make_node("Gemm", ["c", "head.weight"], ["y"]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [info("x", TensorProto.FLOAT, [1, 6])],
        [info("y", TensorProto.FLOAT, [1, 3])],
        constants,
    )
    onnx.save(helper.make_model(graph), str(tmp_path / "m.onnx"))
    check(from_checkpoint(tmp_path / "m.onnx", tmp_path / "run"), matrices)


def test_epoch_folders_become_a_sequence(tmp_path, matrices):
    for epoch in (0, 2, 10):
        folder = tmp_path / "nnstd" / f"epoch_{epoch}"
        folder.mkdir(parents=True)
        for i, matrix in enumerate(matrices, start=1):
            stored = scipy.sparse.csr_matrix(matrix) if i < 3 else matrix
            if i < 3:
                scipy.sparse.save_npz(folder / f"weight_l{i}.npz", stored)
            else:
                np.savez(folder / f"weight_l{i}.npz", stored)
    run = from_checkpoint(tmp_path / "nnstd", tmp_path / "run")
    assert run.snapshots.steps == [0, 2, 10]
    check(run, matrices, names=("weight_l1", "weight_l2"))


@pytest.mark.parametrize("turned", [False, True])
def test_mat_files_in_either_orientation(tmp_path, matrices, turned):
    stored = {f"W{i}": (m.T if turned else m) for i, m in enumerate(matrices, start=1)}
    stored["W2"] = scipy.sparse.csc_matrix(stored["W2"].astype(float))
    scipy.io.savemat(tmp_path / "m.mat", stored)
    check(from_checkpoint(tmp_path / "m.mat", tmp_path / "run"), matrices, names=("W1", "W2"))


def test_mat_files_of_version_7_3(tmp_path, matrices):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "m.mat", "w", userblock_size=512) as file:
        file["W1"] = matrices[0].T
        csc = scipy.sparse.csc_matrix(matrices[1])
        group = file.create_group("W2")
        group.attrs["MATLAB_sparse"] = np.uint64(csc.shape[0])
        group["data"], group["ir"], group["jc"] = csc.data, csc.indices, csc.indptr
        file["W3"] = matrices[2].T
    data = bytearray((tmp_path / "m.mat").read_bytes())
    data[:20] = b"MATLAB 7.3 MAT-file "
    (tmp_path / "m.mat").write_bytes(data)
    check(from_checkpoint(tmp_path / "m.mat", tmp_path / "run"), matrices, names=("W1", "W2"))


def test_convolutions_link_channels(tmp_path):
    rng = np.random.default_rng(1)
    kernel = (rng.random((4, 3, 3, 3)) < 0.2) * rng.standard_normal((4, 3, 3, 3))
    linear = (rng.random((5, 4 * 9)) < 0.2) * rng.standard_normal((5, 36))
    found = {"conv.weight": kernel.astype(np.float32), "fc.weight": linear.astype(np.float32)}
    save_file(found, tmp_path / "m.safetensors")
    topology = from_checkpoint(tmp_path / "m.safetensors", tmp_path / "run").snapshots[0].topology
    assert [p.size for p in topology.populations] == [3, 4, 5]
    counts = (kernel != 0).sum((2, 3)).T
    layer = topology.layers[0]
    assert np.array_equal(layer.to_scipy().toarray(), counts > 0)
    assert layer.multiplicity.tolist() == counts[counts > 0].tolist()
    joined = (linear.T.reshape(4, 9, 5) != 0).sum(1)
    assert topology.layers[1].multiplicity.tolist() == joined[joined > 0].tolist()


def test_a_threshold_and_dense_layers(tmp_path, state):
    dense = {k: v + 1.0 for k, v in state.items() if k.endswith("weight")}
    save_file(dense, tmp_path / "m.safetensors")
    with pytest.raises(FormatError, match="fully connected"):
        from_checkpoint(tmp_path / "m.safetensors", tmp_path / "a")
    kept = from_checkpoint(tmp_path / "m.safetensors", tmp_path / "b", keep_dense=True)
    assert kept.snapshots[0].topology.density == 1
    few = from_checkpoint(tmp_path / "m.safetensors", tmp_path / "c", threshold=1.0)
    expected = sum(
        int((np.abs(v) > 1).sum()) for k, v in dense.items() if not (np.abs(v) > 1).all()
    )
    assert few.snapshots[0].topology.n_links == expected


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.safetensors", b"\x00" * 20),
        ("m.pt", b"PK\x03\x04 not a zip"),
        ("m.onnx", b"\xff\xff"),
        ("m.mat", b"MATLAB 5.0 MAT-file" + b"\x00" * 200),
        ("m.npz", b"PK"),
        ("m.xyz", b""),
        ("m.graphml", b"<graphml"),
    ],
)
def test_unreadable_files_are_named(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=r"m\."):
        from_checkpoint(tmp_path / name, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_weights_that_are_nan_are_refused(tmp_path):
    save_file({"fc.weight": np.full((3, 3), np.nan, np.float32)}, tmp_path / "m.safetensors")
    with pytest.raises(FormatError, match="NaN"):
        from_checkpoint(tmp_path / "m.safetensors", tmp_path / "run")


def test_an_exported_state_dict_comes_back(tmp_path, state, matrices):
    pytest.importorskip("torch")
    save_file(state, tmp_path / "m.safetensors")
    snapshot = from_checkpoint(tmp_path / "m.safetensors", tmp_path / "a").snapshots[0]
    export(snapshot, tmp_path / "back.pt")
    back = from_checkpoint(tmp_path / "back.pt", tmp_path / "b").snapshots[0].topology
    for layer, matrix in zip(back.layers, matrices):
        assert np.array_equal(layer.to_scipy(weighted=True).toarray(), matrix)


def test_a_symmetric_weight_among_others_is_no_network(tmp_path):
    np.savez(tmp_path / "w.npz", fc1=np.eye(4), fc2=np.eye(4)[:, :2])
    run = from_checkpoint(tmp_path / "w.npz", tmp_path / "run")
    layers = run.snapshots[-1].topology.layers
    assert [(layer.name, layer.n_links) for layer in layers] == [("fc1", 4), ("fc2", 2)]
