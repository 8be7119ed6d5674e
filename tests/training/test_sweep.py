"""Sweeps: resumable, in parallel, and the same whoever trains."""

import hashlib
import itertools
import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import netsci_dst as nd
import netsci_dst.training.sweep as sweeping
from netsci_dst.errors import RecipeError
from netsci_dst.training.sweep import plan, sweep

from ._runs import facts, same

COMMON = {
    "data": "digits",
    "sparsity": 0.8,
    "steps": 12,
    "evaluate_steps": 6,
    "update_steps": 4,
    "model_options": {"hidden": [16, 8]},
}
VARY = {"method": ["set", "chts"], "seed": [0, 1]}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    runs = sweep(COMMON, tmp_path_factory.mktemp("alone"), VARY)
    assert [run.status for run in runs] == ["finished"] * 4
    return runs


def equal(a, b):
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        assert one.recipe == other.recipe
        assert other.status == "finished", other.reason
        same(facts(nd.load_run(one.path)), facts(nd.load_run(other.path)))


def test_every_combination_once_and_each_its_own(alone):
    assert [(r.recipe.method, r.recipe.seed) for r in alone] == [
        ("set", 0),
        ("set", 1),
        ("chts", 0),
        ("chts", 1),
    ]
    ends = {nd.load_run(run.path).snapshots.index[-1]["sha256"] for run in alone}
    assert len(ends) == 4


def here(run, threads=None):
    raise AssertionError("trained in the process that asked for others")


def test_two_processes_train_the_same_runs(tmp_path, alone, monkeypatch):
    monkeypatch.setattr(sweeping, "train_one", here)  # the others import their own
    equal(alone, sweep(COMMON, tmp_path, VARY, jobs=2))


def test_dask_workers_in_processes_of_their_own_train_the_same_runs(tmp_path, alone, monkeypatch):
    monkeypatch.setattr(sweeping, "train_one", here)
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        workers = {worker.process.pid for worker in cluster.workers.values()}
        assert len(workers) == 2
        assert os.getpid() not in workers
        equal(alone, sweep(COMMON, tmp_path, VARY, scheduler=cluster.scheduler_address))


def test_two_threads_of_a_worker_train_one_after_the_other(tmp_path, monkeypatch):
    # Training sets the random state and the threads of its whole process.
    distributed = pytest.importorskip("distributed")
    meeting, met = threading.Barrier(2), []

    def wait_for_another(run, threads=None):
        try:
            meeting.wait(timeout=0.3)
            met.append(run.path)
        except threading.BrokenBarrierError:
            meeting.reset()
        return run

    monkeypatch.setattr(sweeping, "train_one", wait_for_another)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
    ) as cluster:
        runs = sweep(COMMON, tmp_path, VARY, scheduler=cluster.scheduler_address)
    assert len(runs) == 4
    assert not met


def snippet_of_the_docs():
    """Return the first Python block of the page on clusters."""
    page = Path(__file__).parents[2] / "docs" / "howto" / "cluster.md"
    block, *_ = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return block


def test_the_documented_slurm_cluster_writes_a_valid_job_script(monkeypatch):
    dask_jobqueue = pytest.importorskip("dask_jobqueue")
    import dask

    asked = []
    monkeypatch.setattr(
        dask_jobqueue.SLURMCluster, "scale", lambda self, n=None, **jobs: asked.append(jobs)
    )
    here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    names = {}
    with dask.config.set({"jobqueue.slurm.scheduler-options": here}):
        exec(compile(snippet_of_the_docs(), "docs/howto/cluster.md", "exec"), names)
    with names["cluster"] as cluster:
        script, address = cluster.job_script(), cluster.scheduler_address
        assert asked == [{"jobs": 20}]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    lines = script.splitlines()
    assert lines[0].startswith("#!")
    asked_of_slurm = [line.split(maxsplit=1)[1] for line in lines if line.startswith("#SBATCH")]
    assert {"-n 1", "--cpus-per-task=4", "--mem=15G", "-t 04:00:00"} <= set(asked_of_slurm)
    (command,) = (shlex.split(line) for line in lines if address in line)
    assert command[0] == sys.executable
    options = dict(itertools.pairwise(command))
    # A process for each core: runs in threads of one process would wait for each other.
    assert (options["--nworkers"], options["--nthreads"]) == ("4", "1")


def test_a_stopped_sweep_goes_on_and_leaves_what_is_finished(tmp_path, alone, monkeypatch):
    real, done = sweeping.train_one, []

    def until_second(run, threads=None):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(run.path)
        return real(run, threads)

    monkeypatch.setattr(sweeping, "train_one", until_second)
    with pytest.raises(KeyboardInterrupt):
        sweep(COMMON, tmp_path, VARY)
    monkeypatch.undo()
    finished = {path: nd.load_run(path).provenance["finished"] for path in done}
    equal(alone, sweep(COMMON, tmp_path, VARY))
    assert {p: nd.load_run(p).provenance["finished"] for p in done} == finished


def test_a_failed_run_stops_no_other(tmp_path):
    runs = sweep({**COMMON, "evaluate_steps": 1}, tmp_path, {"lr": [1e18, 0.01]})
    assert [run.status for run in runs] == ["failed", "finished"]
    assert "not finite at step" in runs[0].reason


def test_a_folder_of_another_request_is_refused(tmp_path):
    vary = {"seed": [0]}
    assert sweep(COMMON, tmp_path, vary)[0].status == "finished"
    again = sweep({**COMMON, "steps": 13}, tmp_path, vary)[0]
    assert again.status == "failed"
    assert "another steps" in again.reason


def test_a_run_older_than_a_setting_goes_on(tmp_path):
    vary = {"seed": [0]}
    (first,) = sweep(COMMON, tmp_path, vary)
    recipe = Path(first.path) / "recipe.toml"
    older = [k for k in recipe.read_text().splitlines() if not k.startswith("augment_border")]
    recipe.write_text("\n".join(older))
    mark = hashlib.sha256(recipe.read_bytes()).hexdigest()
    nd.load_run(first.path).update_provenance({"recipe_sha256": mark})
    assert "augment_border" not in nd.load_run(first.path).recipe
    assert sweep(COMMON, tmp_path, vary)[0].status == "finished"
    again = sweep({**COMMON, "augment_border": "reflect"}, tmp_path, vary)[0]
    assert "another augment_border" in again.reason


@pytest.mark.parametrize("vary", [{}, {"seed": []}, {"seed": [1, 1]}])
def test_what_cannot_be_varied_is_refused(tmp_path, vary):
    with pytest.raises(RecipeError):
        plan(COMMON, tmp_path, vary)


def test_options_of_the_method_go_by_their_short_name():
    from netsci_dst.training.sweep import plan

    runs = plan({"method": "set"}, "runs", {"zeta": [0.1, 0.2], "sparsity": [0.9], "seed": [0, 1]})
    assert [run.recipe.resolved_method().zeta for run in runs] == [0.1, 0.1, 0.2, 0.2]


def test_sweeps_called_at_once_share_the_runs(tmp_path):
    vary = {"seed": [0, 1]}
    run = plan(COMMON, tmp_path, vary)[0]
    nd.train(run.recipe, out=run.path)
    nd.load_run(run.path).update_provenance({"status": "running"})
    with nd.load_run(run.path).store.lock():
        ended = sweep(COMMON, tmp_path, vary)
    assert [one.status for one in ended] == ["elsewhere", "finished"]
    assert [one.status for one in sweep(COMMON, tmp_path, vary)] == ["finished", "finished"]


def test_the_command_says_what_varied_methods_drop_and_takes_options_without_group(
    capsys, tmp_path
):
    from netsci_dst.cli import main

    asked = ["sweep", "chtss/llama-60m-curvature", "--grid", "method=granet,chtss", "--dry-run"]
    with pytest.raises(SystemExit):  # data that are not at hand are told, run by run
        main([*asked, "--set", "zeta=0.2", "--out", str(tmp_path)])
    said = capsys.readouterr().err
    assert "method granet does without the recipe's" in said
    assert "density_options.k" in said
    assert "method chtss does without" not in said
    assert not list(tmp_path.iterdir())
