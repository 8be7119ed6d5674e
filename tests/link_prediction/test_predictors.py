"""Every predictor against enumeration of paths, for every kind of input."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from netsci_dst import link_prediction as lp
from netsci_dst import registry
from netsci_dst.errors import TopologyError
from netsci_dst.link_prediction import _cpu
from netsci_dst.link_prediction._bipartite import bipartite

_spec = importlib.util.spec_from_file_location("paths", Path(__file__).with_name("_paths.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

KINDS = ["ch3_l3p", "ch2_l3p", "ra_l3", "cn_l3", "ch2_l3n", "ch3_l3n"]
# Densities on both sides of every change of kernel.
LAYERS = [((9, 14), 0.05), ((14, 9), 0.15), ((25, 25), 0.03), ((25, 18), 0.3), ((7, 30), 0.6)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "density"), LAYERS)
def test_scores_and_ranking_equal_enumeration_of_paths(kind, shape, density):
    layer = reference.random_layer(np.random.default_rng(3), shape, density)
    expected = reference.brute_force(layer, kind)
    scores = getattr(lp, kind)(layer)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, expected, rtol=1e-11, atol=0)
    # Links that tie on paper tie exactly, without any tolerance.
    _, exact = np.unique(scores, return_inverse=True)
    np.testing.assert_array_equal(exact.reshape(shape), reference.ranks(expected))


@pytest.mark.parametrize("kind", ["ch3_l3p", "ch2_l3n"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_small_layer(kind, data):
    shape = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    layer = data.draw(arrays(bool, shape))
    np.testing.assert_allclose(
        getattr(lp, kind)(layer), reference.brute_force(layer, kind), rtol=1e-11, atol=0
    )


def test_worked_example():
    # One path u0-v1-u1-v2; v1 has no link outside {u0, u1}, u1 none outside {v1, v2}.
    layer = np.array([[1, 1, 0], [0, 1, 1]])
    np.testing.assert_array_equal(lp.ch3_l3p(layer), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(lp.cn_l3(layer), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(lp.ra_l3(layer), [[0, 0, 0.5], [0.5, 0, 0]])
    np.testing.assert_array_equal(lp.ch2_l3p(layer), [[0, 0, 2], [2, 0, 0]])
    np.testing.assert_array_equal(lp.ch2_l3n(layer), [[0, 0, 4], [4, 0, 0]])
    np.testing.assert_array_equal(lp.ch3_l3n(layer), [[0, 0, 2], [2, 0, 0]])


@pytest.mark.parametrize("kind", KINDS)
def test_all_kernels_agree(kind, monkeypatch):
    layer = reference.random_layer(np.random.default_rng(8), (150, 210), 0.1)
    rule = registry.get("link predictor", kind).metadata["rule"]
    monkeypatch.setattr(_cpu, "_DENSE", 0.0)
    monkeypatch.setattr(_cpu, "_DENSE_NODES", 0.0)
    expected = _cpu.matrix(bipartite(layer), rule)
    row_by_row = np.zeros_like(expected)
    monkeypatch.setattr(_cpu, "_LARGEST_KEPT", 0)
    _cpu.row_kernel(bipartite(layer), rule)(0, 150, row_by_row)
    np.testing.assert_allclose(row_by_row, expected, rtol=1e-11)
    monkeypatch.setattr(_cpu, "_LARGEST_KEPT", 10**6)
    monkeypatch.setattr(_cpu, "_DENSE", 2.0)
    monkeypatch.setattr(_cpu, "_DENSE_NODES", 2.0)
    np.testing.assert_allclose(_cpu.matrix(bipartite(layer), rule), expected, rtol=1e-11)


def test_threads_give_the_same_bits(monkeypatch):
    from netsci_dst.link_prediction import _threads

    layer = reference.random_layer(np.random.default_rng(5), (300, 280), 0.05)
    one = [predictor(layer, threads=1) for predictor in (lp.ch3_l3p, lp.ch2_l3n)]
    pool, used = _threads.ThreadPoolExecutor, []
    monkeypatch.setattr(_threads, "_WORTH_A_THREAD", 1)
    monkeypatch.setattr(_threads, "ThreadPoolExecutor", lambda n: used.append(n) or pool(n))
    for predictor, expected in zip((lp.ch3_l3p, lp.ch2_l3n), one):
        used.clear()
        np.testing.assert_array_equal(predictor(layer, threads=3), expected)
        assert set(used) == {3}


@pytest.mark.parametrize("convert", [sp.csr_matrix, sp.coo_array, np.float32, bool, "weights"])
def test_any_array_of_links_is_taken(convert):
    rng = np.random.default_rng(0)
    layer = reference.random_layer(rng, (12, 10), 0.3)
    if convert == "weights":
        given_form = sp.csc_array(layer * rng.normal(size=layer.shape))
        given_form.data[0] = 0.0
        layer = (given_form.toarray() != 0).astype(int)
    else:
        given_form = layer.astype(convert) if convert in (np.float32, bool) else convert(layer)
    np.testing.assert_array_equal(lp.ch3_l3p(given_form), lp.ch3_l3p(layer))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.torch
def test_dense_products_equal_the_kernels(kind):
    torch = pytest.importorskip("torch")
    from netsci_dst.link_prediction import _tensors

    layer = reference.random_layer(np.random.default_rng(2), (40, 33), 0.15)
    expected = getattr(lp, kind)(layer)
    rule = registry.get("link predictor", kind).metadata["rule"]
    wide = _tensors.device_scores(torch.from_numpy(layer).double(), rule)
    np.testing.assert_allclose(wide.numpy(), expected, rtol=1e-11)
    single = _tensors.device_scores(torch.from_numpy(layer), rule)
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), expected, rtol=2e-6)


@pytest.mark.torch
def test_dense_products_in_small_chunks(monkeypatch):
    torch = pytest.importorskip("torch")
    from netsci_dst.link_prediction import _tensors

    layer = torch.from_numpy(reference.random_layer(np.random.default_rng(2), (31, 23), 0.2))
    whole = [lp.ch3_l3p(layer.double()), lp.ch2_l3n(layer.double())]
    monkeypatch.setattr(_tensors, "_CHUNK", 400)
    for predictor, expected in zip(("ch3_l3p", "ch2_l3n"), whole):
        rule = registry.get("link predictor", predictor).metadata["rule"]
        torch.testing.assert_close(_tensors.device_scores(layer.double(), rule), expected)


@pytest.mark.torch
def test_tensor_in_tensor_out():
    torch = pytest.importorskip("torch")
    layer = torch.from_numpy(reference.random_layer(np.random.default_rng(2), (9, 8), 0.3))
    for dtype, result in [
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
        (torch.bool, torch.float32),
        (torch.bfloat16, torch.float32),
    ]:
        for predictor in (lp.ch3_l3p, lp.spm):
            scores = predictor(layer.to(dtype))
            assert scores.dtype == result
        np.testing.assert_allclose(
            lp.ch2_l3n(layer.to(dtype)).numpy(), lp.ch2_l3n(layer.numpy()), rtol=1e-6
        )


def test_empty_and_full_layers_have_no_scores():
    for layer in (np.zeros((4, 5)), np.ones((4, 5)), np.zeros((0, 5)), np.eye(1)):
        for kind in [*KINDS, "spm"]:
            scores = getattr(lp, kind)(layer)
            assert scores.shape == layer.shape
            assert not scores.any()


def test_bad_input_is_refused():
    with pytest.raises(TopologyError, match="matrix of numbers"):
        lp.ch3_l3p(np.ones(4))
    with pytest.raises(TopologyError, match="NaN"):
        lp.ch3_l3p(np.array([[np.nan, 1.0]]))
    with pytest.raises(TopologyError, match="matrix of numbers"):
        lp.ch2_l3n(np.array([["a"]]))


def test_known_to_the_registry():
    assert set(registry.names("link predictor")) >= {*KINDS, "spm"}
