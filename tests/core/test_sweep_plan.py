"""The plan of a sweep: which runs it will have, also those that have not begun."""

import pytest

from netsci_dst.sweep_plan import NAME, plan_beside, write_plan


def test_a_run_finds_the_plan_of_its_sweep(tmp_path):
    write_plan(tmp_path, [f"{tmp_path}/a", f"{tmp_path}/b"], 2)
    plan = plan_beside(str(tmp_path / "a"))
    assert plan.runs == ("a", "b")
    assert plan.jobs == 2
    assert plan_beside(str(tmp_path / "c")) is None
    assert plan_beside(str(tmp_path / "other" / "a")) is None


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '{"runs": 3, "jobs": 1}', "[" * 100_000])
def test_a_damaged_plan_is_no_plan(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert plan_beside(str(tmp_path / "a")) is None
