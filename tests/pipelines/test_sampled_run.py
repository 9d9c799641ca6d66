"""A run whose models learn from a sample: said on the model card, and everybody is scored."""

import json

import pandas as pd
import pytest

from features.sample import Sample
from tests.pipelines.roads import through
from tests.synthetic import Shop, tables


@pytest.mark.slow
def test_models_learn_from_a_sample_and_everybody_is_scored(tmp_path):
    ended = through(tmp_path, tables(Shop(customers=400)), {"model": {"max_rows": 1_200}}, "score")
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
