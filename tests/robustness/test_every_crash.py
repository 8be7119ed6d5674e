"""A stop at any write of a short run, an import or an analysis: all prefixes, exhaustively."""

import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import netsci_dst as nd
import netsci_dst.growing as growing
from netsci_dst import training
from netsci_dst.analysis import analyze
from netsci_dst.exchange import from_checkpoint
from netsci_dst.topology import Topology
from netsci_dst.verification import verify

sys.path.insert(0, str(Path(__file__).parent))
from crash_model import recorded

SETTINGS = {
    "data": "digits",
    "method": "set",
    "sparsity": 0.8,
    "steps": 8,
    "evaluate_steps": 2,
    "update_steps": 3,
    "snapshot_keep": 3,
    "model_options": {"hidden": [8, 6]},
    "train_samples": 64,
    "test_samples": 32,
    "device": "cpu",
}


@pytest.fixture(autouse=True)
def _fast_disk(monkeypatch):
    # So that a short run, too, fills and merges the tails of its tables; no power fails here.
    monkeypatch.setattr(growing, "LIMIT", 2)
    monkeypatch.setattr("os.fsync", lambda _: None)


def facts(run):
    metrics = run.metrics.drop(columns=["wall_s", "samples_per_s"])
    evolution = run.evolution.drop(columns=["wall_s"], errors="ignore")
    ends = [(entry["step"], entry["sha256"]) for entry in run.snapshots.index]
    weights = training.checkpoint.load(run.store, training.checkpoint.LAST)[0]
    last = {k: weights[k].tolist() for k in sorted(weights) if k.startswith("model")}
    return metrics.to_csv(), evolution.to_csv(), ends, repr(last)


def damage(run):
    return [finding.what for finding in verify(run, data=False) if finding.verdict == "damaged"]


def crash_everywhere(tmp_path, changes, go_on, stride=1):
    """Lay every prefix, with and without half of the next file, and go on from it."""
    count = 0
    for torn in (False, True):
        for n in range(torn, len(changes.made) + 1, stride):
            folder = tmp_path / f"{'torn' if torn else 'whole'}{n}"
            changes.lay(folder, n, torn)
            go_on(folder)
            assert not list(folder.rglob(".*.tmp-*")), (n, torn)
            count += 1
    return count


@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.stress)])
def test_a_training_stopped_at_any_write_ends_as_if_it_had_not_been(tmp_path, stride):
    with recorded(tmp_path / "run") as changes:
        expected = facts(training.train(out=tmp_path / "run", **SETTINGS))
    names = {name for name, _ in changes.made}
    assert {
        "recipe.toml",
        "provenance.json",
        "metrics-tail.parquet",
        "snapshots/index.json",
    } <= names
    assert any(data is None for _, data in changes.made)

    def go_on(folder):
        if (folder / "provenance.json").exists():
            opened = nd.load_run(folder)
            opened.metrics, opened.evolution, opened.snapshots[:]
            assert damage(opened) == []
            training.resume(folder)
        elif (folder / "recipe.toml").exists():
            training.resume(folder)
        else:
            training.train(out=folder, **SETTINGS)
        run = nd.load_run(folder)
        assert run.status == "finished"
        assert damage(run) == []
        assert facts(run) == expected, folder.name

    assert crash_everywhere(tmp_path, changes, go_on, stride) > 2 * len(changes.made) / stride - 2


def test_a_second_crash_after_any_first_is_survived(tmp_path):
    """What a resumed run writes is no less safe: stopped once, resumed, and stopped anywhere."""
    with recorded(tmp_path / "run") as changes:
        expected = facts(training.train(out=tmp_path / "run", **SETTINGS))
    half = len(changes.made) // 2
    changes.lay(tmp_path / "first", half, torn=False)
    with recorded(tmp_path / "first") as more:
        training.resume(tmp_path / "first")
    for n in range(0, len(more.made), 5):
        folder = tmp_path / f"second{n}"
        changes.made[half:] = more.made
        changes.lay(folder, half + n, torn=True)
        assert damage(nd.load_run(folder)) == []
        training.resume(folder)
        assert facts(nd.load_run(folder)) == expected


def test_an_import_stopped_at_any_write_goes_on(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"step_{i}.safetensors" for i in range(4)]
    for path in paths:
        weight = (rng.random((4, 5)) < 0.5) * rng.standard_normal((4, 5))
        save_file({"fc.weight": weight.astype(np.float32)}, path)
    with recorded(tmp_path / "run") as changes:
        whole = from_checkpoint(paths, tmp_path / "run")
    ends = [entry["sha256"] for entry in whole.snapshots.index]

    def go_on(folder):
        if (folder / "provenance.json").exists() and nd.load_run(folder).status == "imported":
            run = nd.load_run(folder)
            with run.writing():
                pass
        else:
            run = from_checkpoint(paths, folder)
        assert damage(run) == []
        assert [entry["sha256"] for entry in nd.load_run(folder).snapshots.index] == ends

    assert crash_everywhere(tmp_path, changes, go_on) >= 2 * len(changes.made)


def test_an_analysis_stopped_at_any_write_goes_on(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "run"
    with recorded(folder) as changes:
        run = nd.Run.create(folder, {"seed": 0}, {"seed": 0})
        for step in range(3):
            run.write_snapshot(nd.Snapshot(Topology.chain([rng.random((6, 5)) < 0.4]), step))
        begun = len(changes.made)
        for measures in ("degrees", "k_shell"):
            analyze(run, measures)
    expected = sorted(analyze(run, ["degrees", "k_shell"])["value"].tolist())
    for torn in (False, True):
        for n in range(begun, len(changes.made) + 1):
            place = tmp_path / f"{torn}{n}"
            changes.lay(place, n, torn)
            stopped = nd.load_run(place)
            assert damage(stopped) == []
            found = analyze(stopped, ["degrees", "k_shell"])
            assert sorted(found["value"].tolist()) == expected
            assert damage(nd.load_run(place)) == []
            assert not list(place.rglob(".*.tmp-*"))
