"""The benchmark of GPUs, at toy size on a CPU: what it calls exists, and its checks hold."""

import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("transformers")
FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def gpu():
    sys.path.insert(0, str(FOLDER))
    try:
        import gpu

        yield gpu
    finally:
        sys.path.remove(str(FOLDER))


def test_its_parts_run_at_toy_size(gpu, monkeypatch):
    monkeypatch.setattr("netsci_dst.training.evolution.draws.compiled", lambda tensor: False)
    monkeypatch.setattr(gpu, "METHODS", ("rigl", "cht"))
    found = gpu.measure(torch.device("cpu"), True)
    assert set(found) == {*gpu.PARTS, "masked_over_dense"}
    assert not [name for name, part in found.items() if "failed" in part]
    assert len(found["masked_over_dense"]) == 4
    assert max(found["predictor_errors"].values()) < 1e-6
    assert all(one["alike"] == 1.0 for one in found["updates_against_cpu"].values())
    assert all(one["update_s"] > 0 for one in found["updates"].values())
    assert all(found["graphs_against_single_steps"].values())
    assert set(found["links_alone_against_cpu"].values()) == {1.0}
    for part in ("mlp_steps", "llama_steps", "translation_steps", "million_neurons"):
        assert all(one["step_s"] > 0 for one in found[part].values())


def test_without_a_gpu_it_says_so(gpu, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    gpu.main()
    assert "no GPU here" in capsys.readouterr().out


def test_a_part_that_fails_says_why(gpu, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "PARTS", {"one": lambda device, toy: 1 / 0, "other": lambda *_: {}})
    kept = []
    found = gpu.measure(torch.device("cpu"), True, keep=lambda results: kept.append(list(results)))
    assert "ZeroDivisionError" in found["one"]["failed"]
    assert found["other"] == {}
    assert len(kept) == 2
    assert "failed" in capsys.readouterr().out
