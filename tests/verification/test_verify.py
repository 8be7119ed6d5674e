"""`verify` reads everything that is ever read from a run, and finds every flipped bit of it."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import netsci_dst as nd
from netsci_dst.cli._app import main
from netsci_dst.exchange import from_checkpoint, import_run
from netsci_dst.verification import verify, verify_all

NOT_READ = {"lock", "report.html"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    pytest.importorskip("torch")
    run = nd.train(
        out=tmp_path_factory.mktemp("trained") / "run",
        data="digits",
        method="set",
        sparsity=0.8,
        steps=6,
        evaluate_steps=3,
        model_options={"hidden": [6, 5]},
        train_samples=64,
        test_samples=32,
        device="cpu",
    )
    nd.analyze(run, measures=["degrees", "k_shell"])
    return run


def files(run):
    found = sorted(path for path in Path(run.path).rglob("*") if path.is_file())
    return [path for path in found if path.name not in NOT_READ]


def damage(run, data=False):
    (entry,) = verify_all([run.path], data)
    return entry["verdict"] == "damaged"


def test_a_whole_run_is_whole(trained):
    found = verify(trained)
    assert {finding.verdict for finding in found} == {"ok"}
    said = "\n".join(finding.what for finding in found)
    for word in ("snapshots match", "checkpoints match", "analysis: ", "metrics", "the data are"):
        assert word in said


def test_every_flipped_bit_of_every_file_is_found(trained):
    rng = np.random.default_rng(0)
    kinds = set()
    for file in files(trained):
        data = file.read_bytes()
        kinds.add(file.parent.name + file.suffix)
        places = {0, len(data) - 1, *rng.integers(0, len(data), 12).tolist()}
        for place in places:
            damaged = bytearray(data)
            damaged[place] ^= 1 << int(rng.integers(8))
            file.write_bytes(damaged)
            assert damage(trained) or is_harmless(trained, file, data), (file, place)
        file.write_bytes(data)
    assert {"checkpoint.safetensors", "snapshots.safetensors", "analysis.parquet"} <= kinds


def is_harmless(run, file, healthy):
    """Whether a flip that is not found changes nothing: a byte that no reader looks at."""
    damaged, found = file.read_bytes(), everything(run)
    file.write_bytes(healthy)
    expected = everything(run)
    file.write_bytes(damaged)
    return found == expected


def everything(run):
    again = nd.load_run(run.path)
    known = nd.analysis.results(again)
    arrays = [
        {name: values.tolist() for name, values in known.arrays(measure).items()}
        for measure in known.measures
    ]
    tables = [again.metrics.to_csv(), again.evolution.to_csv(), known.values.to_csv()]
    links = [taken.topology.layers[0].keys.tolist() for taken in again.snapshots]
    return again.recipe, again.provenance, tables, links, arrays


def test_a_missing_file_is_found(trained, tmp_path):
    for name in ("recipe.toml", "snapshots/step-00000003.safetensors"):
        copy = tmp_path / name.replace("/", "-")
        shutil.copytree(trained.path, copy)
        (copy / name).unlink()
        assert damage(nd.load_run(copy))


def test_links_and_pipes_are_named(trained, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(trained.path, copy)
    (copy / "analysis" / "more.parquet").symlink_to("/etc/passwd")
    os.mkfifo(copy / "checkpoint" / "pipe")
    said = [finding.what for finding in verify(nd.load_run(copy), False)]
    assert any("more.parquet is a symbolic link" in what for what in said)
    assert any("pipe is a pipe" in what for what in said)


def test_snapshots_that_were_exchanged_are_found(trained, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(trained.path, copy)
    first, last = (copy / f"snapshots/step-0000000{i}.safetensors" for i in (3, 6))
    one, other = first.read_bytes(), last.read_bytes()
    first.write_bytes(other)
    last.write_bytes(one)
    assert damage(nd.load_run(copy))


def test_many_runs_at_once(trained, tmp_path, capsys):
    other = tmp_path / "other"
    shutil.copytree(trained.path, other)
    with (other / "checkpoint/best.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    with pytest.raises(SystemExit) as ended:
        main(["verify", trained.path, str(other), str(tmp_path / "none"), "--no-data", "--json"])
    assert ended.value.code == 1
    found = json.loads(capsys.readouterr().out)
    assert [entry["verdict"] for entry in found] == ["ok", "damaged", "damaged"]
    assert any("best.safetensors" in finding["what"] for finding in found[1]["findings"])
    assert "does not exist" in found[2]["findings"][0]["what"]


def test_a_checkpoint_is_checked_without_torch(trained):
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from netsci_dst.store import Store\n"
        "from netsci_dst.verification.checkpoints import check_checkpoints\n"
        f"print(check_checkpoints(Store({trained.path!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "2 checkpoints match" in done.stdout, done.stderr


# --- imports -------------------------------------------------------------------------------------


@pytest.fixture
def checkpoints(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for i in range(6):
        weight = (rng.random((5, 6)) < 0.5) * rng.standard_normal((5, 6))
        paths.append(tmp_path / f"step_{10 * i}.safetensors")
        save_file({"fc.weight": weight.astype(np.float32)}, paths[-1])
    return paths


class Killed(BaseException):
    pass


def stop_after(monkeypatch, n):
    write = nd.Run.write_snapshot
    count = [0]

    def counted(run, *args):
        if count[0] == n:
            raise Killed
        count[0] += 1
        write(run, *args)

    monkeypatch.setattr(nd.Run, "write_snapshot", counted)


@pytest.mark.parametrize("way", ["again", "resume"])
@pytest.mark.parametrize("n", [0, 1, 4])
def test_a_killed_import_is_not_taken_for_whole_and_goes_on(
    tmp_path, checkpoints, monkeypatch, n, way
):
    whole = from_checkpoint(checkpoints, tmp_path / "whole", threshold=0.1)
    assert {f.verdict for f in verify(whole)} == {"ok"}
    # A process that dies can note nothing.
    monkeypatch.setattr(import_run, "BaseException", Exception, raising=False)
    with monkeypatch.context() as patch:
        stop_after(patch, n)
        with pytest.raises(Killed):
            from_checkpoint(checkpoints, tmp_path / "run", threshold=0.1)
    stopped = nd.load_run(tmp_path / "run")
    assert stopped.status == "importing"
    assert any(f"{n} of 6 checkpoints" in f.what for f in verify(stopped) if f.verdict == "damaged")
    if way == "again":
        again = from_checkpoint(checkpoints, tmp_path / "run", threshold=0.1)
    else:
        with pytest.raises(SystemExit) as ended:
            main(["resume", str(tmp_path / "run")])
        assert ended.value.code in (0, None)
        again = nd.load_run(tmp_path / "run")
    assert again.status == "imported"
    assert {f.verdict for f in verify(again)} == {"ok"}
    assert [e["sha256"] for e in again.snapshots.index] == [
        e["sha256"] for e in whole.snapshots.index
    ]


def test_another_import_into_the_same_folder_is_refused(tmp_path, checkpoints):
    from_checkpoint(checkpoints, tmp_path / "run")
    for options in ({}, {"threshold": 0.5}):
        with pytest.raises(nd.errors.RunError, match="already holds a run"):
            from_checkpoint(checkpoints, tmp_path / "run", **options)


def test_changed_and_missing_checkpoints_are_told(tmp_path, checkpoints):
    run = from_checkpoint(checkpoints, tmp_path / "run")
    shutil.copy(checkpoints[0], checkpoints[1])
    checkpoints[2].unlink()
    said = [f.what for f in verify(run) if f.verdict == "differs"]
    assert any(f"{checkpoints[1]} has changed" in what for what in said)
    assert any("1 imported file not at hand" in what for what in said)
    assert not [f for f in verify(run, data=False) if f.verdict != "ok"]


def test_a_wrong_checkpoint_among_right_ones_stops_and_is_named(tmp_path, checkpoints):
    checkpoints[3].write_bytes(b"no checkpoint")
    with pytest.raises(nd.errors.FormatError, match="step_30"):
        from_checkpoint(checkpoints, tmp_path / "run")
    assert nd.load_run(tmp_path / "run").status == "failed"
    shutil.copy(checkpoints[0], checkpoints[3])
    assert len(from_checkpoint(checkpoints, tmp_path / "run").snapshots) == 6
