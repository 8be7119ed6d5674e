"""The time that is left of a sweep counts the runs that have not begun."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from netsci_dst.reports.sections.compare_progress import compare_progress, not_begun, sweep_left
from netsci_dst.sweep_plan import write_plan


def run(path, status, step, wall_s, duration_s=None) -> Any:
    frame = pd.DataFrame({"step": [step], "wall_s": [wall_s]})
    facts = {"total_steps": 100, "duration_s": duration_s}
    of = SimpleNamespace(path=str(path), status=status)
    return SimpleNamespace(
        run=of,
        finished=status == "finished",
        name=path.name,
        method="set",
        metrics=frame,
        evolution=pd.DataFrame(),
        provenance=facts,
    )


@pytest.mark.parametrize(("jobs", "left"), [(1, 90 + 3 * 110), (2, 90 + 3 * 110 / 2)])
def test_time_left_of_a_sweep(tmp_path, jobs, left):
    names = ["a", "b", "c", "d", "e"]
    write_plan(tmp_path, [f"{tmp_path}/{name}" for name in names], jobs)
    runs = [run(tmp_path / "a", "finished", 100, 100.0, 100.0)]
    assert sweep_left(runs) == 100 * 4 / jobs
    runs.append(run(tmp_path / "b", "running", 25, 30.0))  # 120 s in all, 90 left
    assert not_begun(runs) == 3
    assert sweep_left(runs) == pytest.approx(left)
    of: Any = SimpleNamespace(runs=runs)
    words, _ = compare_progress(of)
    assert "3 of the sweep have not begun, about " in str(words)
    assert not_begun([run(tmp_path / "elsewhere" / "a", "running", 1, 1.0)]) == 0
