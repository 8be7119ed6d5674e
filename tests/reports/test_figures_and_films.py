import shutil

import numpy as np
import pytest
from PIL import Image

import netsci_dst as nd
from netsci_dst.cli import main
from netsci_dst.errors import MissingDependency, NetsciError
from netsci_dst.reports.paper import draw, save
from netsci_dst.reports.run_data import RunData
from netsci_dst.reports.sections import training


def test_every_chart_has_a_twin_with_its_numbers(plain_run, tmp_path):
    paths = nd.reports.figures(plain_run, tmp_path / "f", "svg")
    names = {path.stem for path in paths}
    wanted = {"training-accuracy", "evolution-overlap", "degrees-ccdf", "adjacency"}
    assert wanted | {"input-map", "dormant", "network"} <= names
    assert all(path.read_text().startswith("<?xml") for path in paths)
    rows = (tmp_path / "f" / "training-accuracy.csv").read_text().splitlines()
    curves = sum(name in plain_run.metrics for name in ("accuracy", "train_accuracy"))
    assert len(rows) == 1 + curves * len(plain_run.metrics)
    without = {path.stem for path in paths if not path.with_suffix(".csv").exists()}
    assert without == {"network"}  # a drawing: no curve and no picture of numbers
    for path in paths:
        if path.stem not in without:
            assert len(path.with_suffix(".csv").read_text().splitlines()) > 1, path.stem


def test_only_the_figures_that_are_asked_for(plain_run, tmp_path):
    names = ["network", "degrees-ccdf"]
    paths = nd.reports.figures(plain_run, tmp_path, "png", only=names)
    assert [path.stem for path in paths] == names
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "degrees-ccdf.csv",
        "degrees-ccdf.png",
        "network.png",
    ]
    with pytest.raises(NetsciError, match=r"no figure 'disc' here; there are film, network"):
        nd.reports.figures(plain_run, tmp_path, only=["disc"])


def test_a_section_takes_its_options(seeds, tmp_path, capsys):
    asked = ["figures", *(r.path for r in seeds), "--only", "gain_over_dense", "-o", str(tmp_path)]

    def call(setting):
        with pytest.raises(SystemExit) as stopped:
            main([*asked, "--option", setting])
        return stopped.value.code or 0, capsys.readouterr().err

    for unit, said in (("points", "(points)"), ("percent", "(% of dense)")):
        assert call(f"gain_over_dense.unit={unit}")[0] == 0
        assert said in (tmp_path / "gain-over-dense.csv").read_text().splitlines()[0]
    for wrong, said in (
        ("gain_over_dense.units=1", "unit"),
        ("gain_over_dens.unit=1", "gain_over_dense"),
    ):
        code, told = call(wrong)
        assert code != 0
        assert said in told


@pytest.mark.parametrize("format", ["pdf", "svg"])
def test_the_same_chart_gives_the_same_bytes(plain_run, tmp_path, format, monkeypatch):
    chart = next(iter(training.training(RunData(plain_run))))
    paths = [tmp_path / f"{name}.{format}" for name in "ab"]
    for path, now in zip(paths, ("100000000", "200000000")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", now)  # the date that matplotlib writes
        save(draw(chart), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_another_format_is_refused(plain_run, tmp_path):
    with pytest.raises(NetsciError, match="pdf, svg, png"):
        nd.reports.figures(plain_run, tmp_path, "gif")


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_film_has_a_picture_per_snapshot(run, tmp_path, ending):
    path = nd.reports.film(run, tmp_path / f"film.{ending}", size=160)
    with Image.open(path) as film:
        assert film.n_frames == len(run.snapshots)
        film.seek(0)
        first = np.asarray(film.convert("RGB"), dtype=int)
        film.seek(film.n_frames - 1)
        last = np.asarray(film.convert("RGB"), dtype=int)
    assert np.abs(first - last).mean() > 0.1


def test_a_film_keeps_the_populations_apart(run, tmp_path):
    path = nd.reports.film(run, tmp_path / "film.gif", view="network", size=300)
    with Image.open(path) as film:
        seen = {tuple(c) for c in np.asarray(film.convert("RGB"), int).reshape(-1, 3).tolist()}
    for colour in ((56, 114, 184), (64, 152, 118), (214, 150, 52)):
        assert min(sum(abs(a - b) for a, b in zip(colour, other)) for other in seen) < 40


def test_mp4_needs_ffmpeg(run, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingDependency, match="ffmpeg"):
        nd.reports.film(run, tmp_path / "film.mp4")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_mp4_is_written(run, tmp_path):
    path = nd.reports.film(run, tmp_path / "film.mp4", size=160, view="disk")
    assert path.read_bytes()[4:8] == b"ftyp"


def test_wrong_wishes_are_refused(run, plain_run, tmp_path):
    with pytest.raises(NetsciError, match=r"\.gif, \.webp, \.mp4"):
        nd.reports.film(run, tmp_path / "film.avi")
    with pytest.raises(NetsciError, match="'disk', 'network' or 'both'"):
        nd.reports.film(run, tmp_path / "film.gif", view="disc")
    with pytest.raises(NetsciError, match="no embedding"):
        nd.reports.film(plain_run, tmp_path / "film.gif", view="disk")
