import json
import signal
import subprocess
import sys

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.cli import main
from netsci_dst.topology import Topology


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return stopped.value.code or 0, out, err


@pytest.fixture
def run(tmp_path):
    rng = np.random.default_rng(0)
    made = nd.Run.create(tmp_path / "run", {"method": "set", "data": "digits"}, {"seed": 0})
    for step in (0, 10):
        layers = [rng.random((20, 16)) < 0.2, rng.random((16, 12)) < 0.2]
        made.write_snapshot(nd.Snapshot(Topology.chain(layers), step, step / 10))
    made.append("metrics", [{"step": 10, "epoch": 1.0, "loss": 0.5, "accuracy": 0.9}])
    return made


def test_help_names_every_command(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == 0
    for name in (
        "train",
        "resume",
        "demo",
        "analyze",
        "report",
        "import",
        "export",
        "list",
        "info",
    ):
        assert f" {name} " in out


def test_help_and_list_import_neither_torch_nor_numpy():
    for arguments in (
        ["--help"],
        *(["list", k] for k in ("methods", "models", "data", "measures")),
    ):
        code = (
            "import sys; from netsci_dst.cli import main\n"
            f"try: main({arguments!r})\n"
            "except SystemExit as e: assert not e.code, e.code\n"
            "assert not {'torch', 'numpy'} & sys.modules.keys()"
        )
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", ["methods", "models", "data", "measures", "initialisers", "nulls"])
def test_list_says_what_each_thing_is_and_where_it_comes_from(capsys, kind):
    code, out, _ = call(capsys, "list", kind, "--json")
    entries = json.loads(out)
    assert code == 0
    assert len(entries) >= 2
    assert all(entry["summary"] for entry in entries)


def test_measures_have_a_tier_and_a_source(capsys):
    entries = json.loads(call(capsys, "list", "measures", "--json")[1])
    assert all(e["tier"] in ("cheap", "deep") and e["source"] for e in entries)
    names = {e["name"] for e in entries}
    assert {"power_law", "k_shell", "modularity", "credit_paths", "embedding", "asi"} <= names


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["list", "nonsense"], 2, "nonsense"),
        (["info", "nowhere"], 1, "nowhere does not exist"),
        (["analyze", "nowhere"], 1, "nowhere"),
        (["train", "--method", "chtz"], 2, "did you mean 'cht"),
        (["train", "--method", "SET"], 2, "did you mean 'set'"),
        (["train", "--sparsity", "0.9999", "--hidden", "16,8"], 2, "less than a link per layer"),
        (["train", "--data", "digit"], 2, "did you mean 'digits'"),
        (["train", "--sparsity", "1.5"], 2, "sparsity"),
        (["train", "--set", "epoch=3"], 2, "did you mean 'epochs'"),
        (["train", "--set", "epochs"], 2, "key=value"),
        (["train", "nowhere.toml"], 2, "nowhere.toml"),
        (["train", "--hidden", "a,b"], 2, "hidden"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_mistakes_get_one_line_and_the_right_exit_status(
    capsys, tmp_path, monkeypatch, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    found, out, err = call(capsys, *arguments)
    assert found == code
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert not list(tmp_path.rglob("*.toml"))


def test_debug_shows_the_traceback():
    with pytest.raises(nd.errors.RunError):
        main(["--debug", "info", "nowhere"])


def test_info_on_a_run(capsys, run):
    code, out, _ = call(capsys, "info", run.path, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["method"] == "set"
    assert facts["last"]["accuracy"] == 0.9
    assert [layer["links"] for layer in facts["layers"]] == [
        layer.n_links for layer in run.snapshots[-1].topology.layers
    ]
    assert "set" in call(capsys, "info", run.path)[1]


def test_analyze_writes_json_and_csv(capsys, run, tmp_path):
    code, out, _ = call(
        capsys, "analyze", run.path, "-m", "degrees,k_shell", "--csv", tmp_path / "v.csv", "--json"
    )
    assert code == 0
    rows = json.loads(out)
    assert {row["measure"] for row in rows} == {"degrees", "k_shell"}
    assert len((tmp_path / "v.csv").read_text().splitlines()) == len(rows) + 1
    assert "mean_degree" in call(capsys, "analyze", run.path, "-m", "degrees")[1]


def test_analyze_says_what_it_could_not_measure_and_where(capsys, run):
    run.write_snapshot(nd.Snapshot(Topology.chain([np.zeros((20, 16), bool)]), 20, 2.0))
    _, _, err = call(capsys, "analyze", run.path, "-m", "itop,modularity", "--steps", "all")
    (whole,) = (line for line in err.splitlines() if ": itop" in line)
    assert whole.startswith(f"{run.name}: itop: not applicable: ")
    assert "modularity at step 20: not applicable: the network has no links" in err
    empty = nd.Run.create(run.path + "-empty", {})
    empty.write_snapshot(nd.Snapshot(Topology.chain([np.zeros((20, 16), bool)])))
    assert "modularity at step 0: not" in call(capsys, "analyze", empty.path, "-m", "modularity")[2]


def test_analyze_takes_options_and_refuses_unknown_ones(capsys, run):
    code, _, err = call(capsys, "analyze", run.path, "-m", "dormant", "--option", "dormant.nix=1")
    assert code != 0
    assert "nix" in err
    code, _, err = call(capsys, "analyze", run.path, "-m", "kshell")
    assert code == 2
    assert "did you mean 'k_shell'" in err


def test_analyze_takes_a_plain_network(capsys, tmp_path):
    (tmp_path / "net.csv").write_text("a,b\n" + "\n".join(f"{i},{(i + 1) % 9}" for i in range(9)))
    code, out, _ = call(capsys, "analyze", tmp_path / "net.csv", "-m", "degrees", "--json")
    values = {row["quantity"]: row["value"] for row in json.loads(out)}
    assert code == 0
    assert values["mean_degree"] == 2


def test_analyze_prints_a_verdict_then_whole_cells(capsys, tmp_path):
    links = [(i, j) for i in range(150) for j in range(i + 1, 150)]
    (tmp_path / "full.csv").write_text("a,b\n" + "\n".join(f"{i},{j}" for i, j in links))
    measures = "degrees,k_shell,power_law_test"
    code, out, _ = call(capsys, "analyze", tmp_path / "full.csv", "-m", measures)
    assert code == 0
    assert "undirected network of 150 nodes and 11,175 links" in out
    assert "A power law of the degrees: no variation" in out
    lines = {tuple(line.split()[:2]): line.split()[2:] for line in out.splitlines()}
    assert lines["degrees", "links"] == ["11175"]
    assert lines["degrees", "mean_degree"] == ["149"]
    assert "…" not in out


def test_export_and_import(capsys, run, tmp_path):
    code, out, _ = call(capsys, "export", run.path, "-o", tmp_path / "t.graphml", "--step", 10)
    assert (code, out.strip()) == (0, str(tmp_path / "t.graphml"))
    code, _, err = call(capsys, "export", run.path, "-o", tmp_path / "t.npz", "--step", 7)
    assert code == 1
    assert "nearest is 10" in err
    code, out, _ = call(capsys, "import", tmp_path / "t.graphml", "-o", tmp_path / "back")
    assert code == 0
    back = nd.load_run(out.strip()).snapshots[0].topology
    assert back.layers[0].keys.tolist() == run.snapshots[-1].topology.layers[0].keys.tolist()


def test_verify_finds_damage(capsys, run):
    assert "match their checksums" in call(capsys, "verify", run.path)[1]
    file = run.store.path("snapshots/step-00000010.safetensors")
    with open(file, "r+b") as handle:
        handle.seek(-1, 2)
        handle.write(b"\xff")
    code, out, _ = call(capsys, "verify", run.path)
    assert code == 1
    assert "checksum" in out


def test_ctrl_c_says_how_to_go_on(capsys, tmp_path):
    pytest.importorskip("torch")
    out = tmp_path / "a run"
    words = ["train", "--method", "set", "--sparsity", 0.8, "--hidden", "32", "--epochs", 3000]
    process = subprocess.Popen(
        [sys.executable, "-m", "netsci_dst", *map(str, words), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()  # the first evaluation
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.splitlines()[-1] == f"stopped; go on with: netsci-dst resume '{out}'"
    assert nd.load_run(out).status == "interrupted"


def test_train_resume_lesion_sweep(capsys, tmp_path):
    pytest.importorskip("torch")
    common = ["--set", "model_options.hidden=[32]", "--set", "epochs=2", "--set", "sparsity=0.8"]
    out = tmp_path / "trained"
    code, text, err = call(
        capsys, "train", "--method", "set", "--hidden", "32", "--epochs", 2, "--sparsity", 0.8,
        "--out", out,
    )  # fmt: skip
    assert code == 0, err
    assert text.strip() == str(out)
    assert nd.load_run(out).status == "finished"
    code, _, err = call(capsys, "train", "--method", "set", "--out", out)
    assert code == 1
    assert "already holds a run" in err
    assert call(capsys, "resume", out)[0] == 0
    code, text, _ = call(capsys, "lesion", out, "--shares", "0,1", "--json")
    rows = json.loads(text)
    assert {row["order"] for row in rows} == {"degree", "coreness", "random"}
    assert all(row["accuracy"] < 0.5 for row in rows if row["share"] == 1)
    sweep = ["sweep", "--vary", "method=set,static", "--vary", "seed=0,1", *common]
    code, text, _ = call(capsys, *sweep, "--out", tmp_path / "sweep", "--json")
    runs = json.loads(text)
    assert code == 0
    assert len({r["run"] for r in runs}) == 4
    assert all(r["status"] == "finished" for r in runs)
    assert call(capsys, *sweep, "--out", tmp_path / "sweep")[0] == 0


def test_an_environment_report_names_versions_and_no_place(capsys):
    import os
    import platform

    code, shown, _ = call(capsys, "info", "--report")
    assert code == 0
    assert f"netsci-dst: {nd.__version__}" in shown
    assert platform.python_version() in shown
    for private in (platform.node(), os.getcwd(), os.path.expanduser("~")):
        assert private not in shown.replace("\n", " ").split()
        assert f"{private}/" not in shown
    found = json.loads(call(capsys, "info", "--report", "--json")[1])
    assert set(found) == {"versions", "machine"}


def test_the_report_of_a_run_says_with_what_it_was_made(capsys, run):
    found = json.loads(call(capsys, "info", str(run.path), "--report", "--json")[1])
    assert found["run"]["format"] == 1
    assert str(run.path) not in json.dumps(found)


def test_info_without_a_run_says_what_it_takes(capsys):
    code, _, err = call(capsys, "info")
    assert code == 2
    assert "name a run" in err
