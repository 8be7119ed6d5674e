import os

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.errors import RunError, RunLocked
from netsci_dst.run_library import copy_run, delete_run, find_runs, is_run, summary, tag, tags
from netsci_dst.topology import Topology


def make(place, accuracy=0.9, **recipe):
    rng = np.random.default_rng(0)
    asked = {"method": "set", "data": "digits", "sparsity": 0.9, "seed": 0, **recipe}
    facts = {"status": "finished", "metric": "accuracy", "higher_is_better": True}
    run = nd.Run.create(place, asked, {**facts, "duration_s": 36.0})
    run.write_snapshot(nd.Snapshot(Topology.chain([rng.random((6, 5)) < 0.5]), 10, 1.0))
    rows = [{"step": 5, "epoch": 0.5, "accuracy": accuracy + 0.05}]
    run.append("metrics", [*rows, {"step": 10, "epoch": 1.0, "accuracy": accuracy}])
    return run


def test_runs_are_found_however_deep_and_never_inside_runs(tmp_path):
    for name in ("a", "deep/er/b", "deep/c"):
        make(tmp_path / name)
    make(tmp_path / "a/inner")
    found = [os.path.relpath(path, tmp_path) for path in find_runs(tmp_path)]
    assert found == ["a", "deep/c", "deep/er/b"]
    assert find_runs(tmp_path / "a") == [str(tmp_path / "a")]
    assert len(find_runs([f"{tmp_path}/deep/*", tmp_path / "deep"])) == 2


def test_runs_are_found_at_a_url():
    make("memory://library/x/one")
    make("memory://library/two")
    assert find_runs("memory://library") == ["memory://library/two", "memory://library/x/one"]


@pytest.mark.parametrize("name", ["nowhere", "nowhere/*", "empty"])
def test_a_place_without_runs_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=r"holds no run|does not exist|nothing matches"):
        find_runs(tmp_path / name)


def test_a_summary_has_the_last_and_the_best_metric(tmp_path):
    row = summary(make(tmp_path / "run", method_options={"zeta": 0.3}).path)
    assert (row["accuracy"], row["best"], row["epoch"]) == (0.9, pytest.approx(0.95), 1.0)
    assert (row["method"], row["snapshots"], row["hours"], row["tags"]) == ("set", 1, 0.01, [])


def test_a_damaged_run_is_a_row_too(tmp_path):
    run = make(tmp_path / "run")
    (tmp_path / "run/recipe.toml").write_text("changed = 1\n")
    row = summary(run.path)
    assert row["status"] == "damaged"
    assert "checksum" in row["error"]


def test_tags_are_kept_and_the_run_stays_whole(tmp_path):
    run = make(tmp_path / "run")
    assert tag(run, ["good", "paper"]) == ["good", "paper"]
    assert tag(run, ["best"], ["good", "unknown"]) == ["best", "paper"]
    assert tags(nd.load_run(run.path)) == ["best", "paper"]
    assert run.recipe["method"] == "set"


@pytest.mark.parametrize("name", ["", "two words", "a,b", "tab\t"])
def test_a_tag_is_one_word(tmp_path, name):
    with pytest.raises(RunError, match="no tag"):
        tag(make(tmp_path / "run"), [name])


@pytest.mark.parametrize("to", ["copy", "memory://copies/run"])
def test_a_copy_is_the_same_run(tmp_path, to):
    run = make(tmp_path / "run")
    copy = nd.load_run(copy_run(run.path, to if "://" in to else tmp_path / to))
    assert copy.provenance == run.provenance
    assert copy.metrics.equals(run.metrics)
    assert copy.snapshots[0].topology.n_links == run.snapshots[0].topology.n_links
    assert not copy.snapshots.verify()


def test_a_copy_overwrites_nothing(tmp_path):
    run = make(tmp_path / "run")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    for place in ("full", "run"):
        with pytest.raises(RunError, match="not empty"):
            copy_run(run.path, tmp_path / place)


def test_only_runs_are_deleted(tmp_path):
    run = make(tmp_path / "run")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    for place, why in (("thesis", "no run"), ("nowhere", "no run"), ("link", "link")):
        with pytest.raises(RunError, match=why):
            delete_run(tmp_path / place)
    delete_run(run.path)
    assert sorted(os.listdir(tmp_path)) == ["link", "thesis"]


def test_a_run_that_holds_others_or_is_being_written_stays(tmp_path):
    run = make(tmp_path / "run")
    make(tmp_path / "run/inner")
    with pytest.raises(RunError, match="other runs"):
        delete_run(run.path)
    delete_run(tmp_path / "run/inner")
    with run.writing(), pytest.raises(RunLocked):
        delete_run(run.path)
    assert is_run(run.path)


def test_a_run_whose_writer_was_killed_is_interrupted(tmp_path):
    run = make(tmp_path / "run")
    run.update_provenance({"status": "running"})
    with run.writing():
        assert summary(run.path)["status"] == "running"
    assert summary(run.path)["status"] == "interrupted"
    with run.writing():  # asking takes no lock away
        pass
