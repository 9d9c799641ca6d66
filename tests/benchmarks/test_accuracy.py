"""The accuracy benchmark: who is asked, and what is kept of who was not."""

import json

import pytest

from benchmarks import accuracy
from pipelines.params import load_params


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Models that are asked, by data set, with nothing trained and nothing judged."""
    found, params = [], load_params()
    monkeypatch.setattr(accuracy, "load_params", lambda _: params)
    monkeypatch.setattr(accuracy, "ROOT", tmp_path)
    monkeypatch.setattr(accuracy, "OUT", tmp_path / "out" / "accuracy.json")
    monkeypatch.setattr(accuracy, "judge", lambda *_: ([], []))
    monkeypatch.setattr(accuracy, "print_tables", lambda *_: None)

    def measure(case, name, _params):
        found.append((case.name, name))
        return 1.0

    monkeypatch.setattr(accuracy, "measure", measure)
    return found


def test_who_answers_only_within_the_horizon_is_not_asked_beyond_it(asked):
    names = ["ours", "lifetimes_models", "xgboost_default"]
    accuracy.main(["--datasets", "cdnow", "cdnow_39_weeks", "--models", *names])
    assert asked == [("cdnow", name) for name in names] + [
        ("cdnow_39_weeks", name) for name in names[:2]
    ]
    (left_out,) = json.loads(accuracy.OUT.read_text())["not_run"]
    assert (left_out["dataset"], left_out["model"]) == ("cdnow_39_weeks", "xgboost_default")
    assert "beyond the outcomes that have closed" in left_out["reason"]
