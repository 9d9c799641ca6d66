"""A run whose models learn from a sample: said on the model card, and everybody is scored."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features import reading
from features.sample import Sample
from models.cards.beside import beside_others, of_earlier, of_everybody
from models.customers.relationship import compared_with
from pipelines import plan, score
from pipelines.reading import read_snapshot, read_timeline
from tests.elsewhere import elsewhere
from tests.pipelines.roads import through
from tests.synthetic import Shop, tables

SETTINGS = {
    "model": {"max_rows": 1_200},
    "actions": {"budget": 150, "capacities": {"email": 20}, "margin_rate": 0.3},
}
PLANNED = ("plan", "win_back")
OF_PLAN = ("data/plan.json", "reports/plan.md", "reports/plan.ru.md")


def same(again, before):
    """Compare two tables; the names of their columns with records or lists."""
    told = [name for name in before if before[name].dtype == object]
    pd.testing.assert_frame_equal(again.drop(columns=told), before.drop(columns=told))
    for name in told:
        assert as_json(again[name]) == as_json(before[name])
    return set(told)


@pytest.mark.slow
def test_models_learn_from_a_sample_and_everybody_is_scored(tmp_path, monkeypatch):
    ended = through(tmp_path, tables(Shop(customers=400)), SETTINGS, "plan")
    assert ended.stage is None, ended.error or ended.crash
    evaluation = json.loads((tmp_path / "reports/evaluation.json").read_text())
    told = evaluation["sample"]
    sample = Sample(told["share"])
    assert 900 < told["rows"] < 1_500
    curve = told["learning_curve"]["points"]
    assert curve[-1]["customers"] <= told["customers"] < 400
    assert "## What more customers would bring" in (tmp_path / "reports/model_card.md").read_text()

    cards = pd.read_parquet(tmp_path / "data/scores.parquet")
    assert sample.has(cards["customer_id"]).mean() < 0.9
    scored = cards[cards["churn_risk"].notna()]
    files = sorted((tmp_path / "data/snapshots").glob("*.parquet"))
    rows = pd.concat([pd.read_parquet(file) for file in files])
    now = rows[rows["split"] == "score"]
    assert set(scored["customer_id"]) == set(now["customer_id"])
    # On the test dates only the sample's customers are judged.
    test = rows[(rows["split"] == "test") & sample.has(rows["customer_id"])]
    assert evaluation["churn"]["customers"] == test["customer_id"].nunique()

    # Part by part it makes the same cards; and of everybody it reads all that it needs.
    forecast = (tmp_path / "reports/forecast.json").read_text()
    judged_on = json.loads(forecast)["backtest_of"]
    assert judged_on == {"customers": told["customers"], "share": told["share"]}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reading, "PART_CUSTOMERS", 70)
    for module in (score, plan):
        monkeypatch.setattr(module, "workers", lambda engine, parts: elsewhere)
    score.main()
    again = pd.read_parquet(tmp_path / "data/scores.parquet")
    assert {"reasons", "next_categories_any", "category_risks"} <= same(again, cards)
    assert (tmp_path / "reports/forecast.json").read_text() == forecast
    # And the same plan, with one price for all.
    before = {name: (tmp_path / name).read_text() for name in OF_PLAN}
    planned, asked = (pd.read_parquet(tmp_path / f"data/{name}.parquet") for name in PLANNED)
    assert planned["intended_action"].nunique() > 2
    plan.main()
    assert pq.read_metadata(tmp_path / "data/plan.parquet").num_row_groups > 2
    again = [pd.read_parquet(tmp_path / f"data/{name}.parquet") for name in PLANNED]
    assert same(again[0], planned) == {"why", "blocked"} and same(again[1], asked) == set()
    assert {name: (tmp_path / name).read_text() for name in OF_PLAN} == before
    assert not list((tmp_path / "data").glob(".gates-*"))
    timeline = read_timeline()
    now, then = (read_snapshot(day) for day in (timeline.score, compared_with(timeline)))
    few, fewer = of_everybody(now.columns), of_earlier(then.columns)
    assert len(fewer) < len(few) / 2 and len(few) < len(now.columns) / 2
    pd.testing.assert_frame_equal(
        beside_others(now[few], then[fewer], timeline), beside_others(now, then, timeline)
    )


def as_json(cells):
    return cells.to_json(orient="values", double_precision=15)
