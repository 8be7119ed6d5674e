import warnings

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")

from netsci_dst.training import Progress, train  # noqa: E402
from netsci_dst.training.integrations.tensorboard import TensorBoard  # noqa: E402


def test_scalars_are_those_of_the_run(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    seen = []

    class Counts(Progress):
        def evaluated(self, row):
            seen.append(row["accuracy"])

    run = train(
        data="digits",
        model_options={"hidden": [16]},
        method="set",
        sparsity=0.8,
        epochs=2,
        out=tmp_path / "run",
        progress=TensorBoard(tmp_path / "events", Counts()),
    )
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    written = [e.value for e in events.Scalars("metrics/accuracy")]
    assert written == pytest.approx(run.metrics["accuracy"].tolist())
    assert seen == run.metrics["accuracy"].tolist()
    itop = run.evolution.query("layer == 'all'")["itop"].tolist()
    assert [e.value for e in events.Scalars("evolution/all/itop")] == pytest.approx(itop)
