"""The benchmark of actions: its parts, and three ways of solving one plan."""

import json

import pytest

from benchmarks.actions import __main__ as command
from benchmarks.actions import allocation
from benchmarks.actions.problem import made
from benchmarks.actions.solving import greedy, highs, ours
from benchmarks.measuring import NotPossibleError


@pytest.mark.slow
def test_the_ways_solve_the_same_plan_and_none_gains_more_than_the_bound():
    problem = made(300)
    best = ours(problem)
    assert set(best["binding"]) == {"budget", "phone", "post"}  # a plan that has to choose
    assert highs(problem)["gain"] == pytest.approx(best["gain"], rel=2e-5)
    assert 0 < greedy(problem)["gain"] < best["gain"] <= best["bound"]


def test_each_size_is_a_row_and_other_parts_of_the_file_stay(monkeypatch, tmp_path, capsys):
    def run(way, customers):
        if way == "highs":
            raise NotPossibleError("out of memory")
        found = {"gain": {"ours": 99.0, "greedy": 80.0}[way], "seconds": 1.5, "peak_mb": 90}
        curve = {"curve_seconds": 2.0, "curve_points": 60}
        return found | ({"bound": 100.0, "binding": ["budget"], **curve} if way == "ours" else {})

    out = tmp_path / "actions.json"
    out.write_text('{"policies": [1]}')
    monkeypatch.setattr(command, "OUT", out)
    monkeypatch.setattr(allocation, "_run", run)
    command.main(["--parts", "allocation", "--customers", "10", "1000000"])
    written = json.loads(out.read_text())
    assert written["policies"] == [1]
    small, large = written["allocation"]
    assert (small["customers"], small["actions"], small["peak_mb"]) == (10, 8, 90)
    assert small["gap"] == pytest.approx(0.01)
    assert small["peers"]["greedy"]["gap"] == pytest.approx(0.2)
    assert small["peers"]["highs"] == {"reason": "out of memory"}
    assert large["peers"]["highs"] == {"reason": "too large"}
    assert "| 1,000,000 | 1.50 | 1.0e-02 | 90 | 2.00 | 2.0e-01 | too large |" in (
        capsys.readouterr().out
    )
