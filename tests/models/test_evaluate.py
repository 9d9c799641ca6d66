import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from models.judging.churn import _top_hundred, curves, evaluate_churn, feature_aucs
from models.judging.slices import judge_slices
from models.judging.verdict import grade, ranks
from models.probability.metrics import METRICS, VALUE_WEIGHTED
from tests.snapshots import model_params

RULES = ("recency_rule", "own_rhythm_rule", "rfm_logistic", "bg_nbd")
PARAMS = model_params(bootstrap_draws=40)


def rows(customers=600, dates=2, seed=1):
    """Test rows with a known true risk, and predictions: ours is the truth, the others blurred."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(customers)] * dates,
            "as_of_date": np.repeat(pd.date_range("2024-09-01", periods=dates), customers),
            "orders_total": rng.integers(1, 6, customers * dates).astype(float),
            "days_since_last_purchase": rng.integers(0, 60, customers * dates).astype(float),
            "tenure_days": rng.integers(0, 500, customers * dates).astype(float),
            "gap_mean": rng.uniform(3, 40, customers * dates),
            "amount_total": rng.exponential(100, customers * dates),
            "amount_90d": rng.exponential(30, customers * dates),
        }
    )
    true = rng.beta(1.2, 3, len(frame))
    frame["churned"] = (rng.random(len(frame)) < true).astype(float)

    def blurred(share):
        return np.where(rng.random(len(frame)) < share, rng.permutation(true), true)

    blur = dict(zip(RULES, (0.9, 0.5, 0.3, 0.1), strict=True))
    return frame, {"ours": true, **{name: blurred(share) for name, share in blur.items()}}


@pytest.fixture(scope="module")
def test_rows():
    return rows()


@pytest.fixture(scope="module")
def judged(test_rows):
    return evaluate_churn(*test_rows, 28, PARAMS)


@pytest.mark.slow
def test_the_grade_compares_with_the_best_of_all_simple_models(judged):
    simple = {name: judged["models"][name]["auc"]["value"] for name in RULES}
    assert judged["best_rule"] == max(simple, key=simple.get) == "bg_nbd"  # no rule of thumb
    found = judged["verdict"]
    assert found["ranks"] == ranks(judged["gains"]["bg_nbd"]["auc"]) == "clearly_better"
    assert judged["grade"] == grade(found)


@pytest.mark.slow
def test_a_model_that_is_the_rule_itself_gets_a_c(test_rows):
    frame, predictions = test_rows
    same = {**predictions, "ours": predictions["bg_nbd"]}
    assert evaluate_churn(frame, same, 28, PARAMS)["grade"] == "C"


def test_every_metric_of_every_model_lies_inside_its_interval(judged, test_rows):
    frame, predictions = test_rows
    y, one = frame["churned"].to_numpy(), np.ones(len(frame))
    for name, figures in judged["models"].items():
        assert set(figures) == {*METRICS, VALUE_WEIGHTED}
        for metric, figure in figures.items():
            if metric == VALUE_WEIGHTED:
                continue
            assert figure["value"] == pytest.approx(METRICS[metric](y, predictions[name], one))
            assert figure["low"] < figure["high"]
        assert figures["auc"]["low"] < figures["auc"]["value"] < figures["auc"]["high"]


def test_gains_are_ours_less_theirs(judged):
    for name in RULES:
        for metric, gain in judged["gains"][name].items():
            ours, theirs = (judged["models"][n][metric]["value"] for n in ("ours", name))
            assert gain["value"] == pytest.approx(ours - theirs)
    assert set(judged["gains"]) == set(RULES)


def test_each_date_is_judged_alone_and_the_worst_is_named(judged, test_rows):
    frame, predictions = test_rows
    assert list(judged["by_date"]) == ["2024-09-01", "2024-09-02"]
    areas = {}
    for date, figures in judged["by_date"].items():
        inside = (frame["as_of_date"] == date).to_numpy()
        area = roc_auc_score(frame["churned"][inside], predictions["ours"][inside])
        assert figures["ours"]["auc"] == pytest.approx(area)
        areas[date] = area
    assert judged["worst_date"] == min(areas, key=areas.get)


@pytest.mark.slow
def test_a_date_and_a_class_that_are_surely_off_are_told_and_no_others(test_rows):
    frame, predictions = test_rows
    second = (frame["as_of_date"] == "2024-09-02").to_numpy()
    rich = (frame["amount_total"] > frame["amount_total"].quantile(0.67)).to_numpy()
    for wrong, is_off, holds in (
        (second, "2024-09-02", {"2024-09-01"}),
        (rich, "highest_third", {"lowest_third", "middle_third"}),
    ):
        told = np.where(wrong, np.minimum(predictions["ours"] * 1.7, 0.99), predictions["ours"])
        found = evaluate_churn(frame, {**predictions, "ours": told}, 28, PARAMS)["verdict"]
        off = {part["part"] for part in found["parts"] if part["probabilities"] == "off"}
        assert is_off in off and not off & holds
        assert found["probabilities"] == "off"


@pytest.mark.slow
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_date_with_one_outcome_only_is_counted_and_orders_nobody(test_rows, outcome):
    frame, predictions = test_rows
    single = frame["as_of_date"].min()
    churned = frame["churned"].where(frame["as_of_date"] != single, outcome)
    found = evaluate_churn(frame.assign(churned=churned), predictions, 28, PARAMS)
    of_date = found["by_date"][str(single)[:10]]["ours"]
    assert of_date["auc"] is None and of_date["brier"] is not None
    assert found["worst_date"] != str(single)[:10]
    json.dumps(found, allow_nan=False)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_rows_of_one_outcome_have_no_ranking_no_curve_and_the_lowest_grade(test_rows, outcome):
    frame, predictions = test_rows
    single = frame.assign(churned=outcome)
    found = evaluate_churn(single, predictions, 28, PARAMS)
    assert found["models"]["ours"]["auc"] is None
    assert found["models"]["ours"]["brier"]["value"] >= 0
    assert (found["grade"], found["worst_date"]) == ("C", None)
    json.dumps(found, allow_nan=False)
    tables = curves(single["churned"].to_numpy(), predictions)
    assert tables["roc"]["ours"].isna().all()
    assert (feature_aucs(single, ["orders_total"]) == 0.5).all()


@pytest.mark.slow
@pytest.mark.parametrize("customers", [1, 2, 3])
def test_a_handful_of_customers_is_judged_without_a_number_that_is_none(customers):
    frame, predictions = rows(customers=customers, dates=1, seed=5)
    for churned in (0.0, 1.0, np.r_[1.0, np.zeros(customers - 1)]):
        found = evaluate_churn(frame.assign(churned=churned), predictions, 28, PARAMS)
        json.dumps(found, allow_nan=False)


@pytest.mark.slow
def test_slices_hold_those_they_say_and_small_ones_are_only_counted(test_rows):
    frame, predictions = test_rows
    changed = frame.assign(orders_total=np.where(frame.index < 12, 1.0, frame["orders_total"] + 1))
    slices = evaluate_churn(changed, predictions, 28, PARAMS)["slices"]
    expected = pytest.approx(predictions["ours"][:12].sum())
    one = {"rows": 12, "churners": int(frame["churned"][:12].sum()), "expected": expected}
    assert slices["purchases"]["one"] == one
    late = frame["days_since_last_purchase"] >= 28
    early = slices["lateness"]["not_yet_late"]
    assert early["rows"] == int((~late).sum())
    inside = (~late).to_numpy()
    area = roc_auc_score(frame["churned"][inside], predictions["ours"][inside])
    assert early["models"]["ours"]["auc"] == pytest.approx(area)


def test_every_customer_is_in_one_part_of_each_kind(test_rows):
    frame, predictions = test_rows
    region = np.where(frame.index % 3 == 0, None, np.where(frame.index % 2, "north", "south"))
    slices = judge_slices(frame.assign(attribute_region=region), predictions, 28, ["region"])
    assert set(slices) > {"tenure", "rfm_segment", "lifecycle_stage", "abc_class", "value"}
    for kind, parts in slices.items():
        assert sum(part["rows"] for part in parts.values()) == len(frame), kind
    groups = slices["region (not learned from)"]
    assert set(groups) == {"north", "south", "unknown"}
    assert groups["unknown"]["rows"] == len(frame) / 3


def test_an_attribute_of_many_numbers_is_judged_by_thirds(test_rows):
    frame, predictions = test_rows
    age = frame.assign(attribute_age=np.arange(len(frame), dtype=float))
    parts = judge_slices(age, predictions, 28, ["age"])["age (not learned from)"]
    assert {name: part["rows"] for name, part in parts.items()} == {
        "lowest_third": 399,
        "middle_third": 400,
        "highest_third": 401,
    }


def test_the_hundred_ranked_highest_are_counted_for_us_and_the_rule(judged, test_rows):
    frame, predictions = test_rows
    top = judged["top_hundred"]
    assert top["of"] == 100
    for name in ("ours", "bg_nbd"):
        highest = np.argsort(-predictions[name])[:100]
        assert top[name] == pytest.approx(frame["churned"].iloc[highest].sum(), abs=1)


def test_of_few_rows_the_upper_half_is_ranked_highest_and_not_everybody(test_rows):
    frame, predictions = test_rows
    few = {name: values[:60] for name, values in predictions.items()}
    churned = frame["churned"].to_numpy(float)[:60]
    top = _top_hundred(churned, few, "own_rhythm_rule")
    assert top["of"] == 30
    assert top["ours"] == churned[np.argsort(-few["ours"], kind="stable")[:30]].sum()


def test_the_counts_are_those_of_the_rows(judged, test_rows):
    frame, _ = test_rows
    assert judged["rows"] == 1200
    assert judged["customers"] == 600
    assert judged["churn_rate"] == pytest.approx(frame["churned"].mean())
    assert judged["horizon_days"] == 28


def test_the_roc_curve_is_scikit_learn_s(test_rows):
    frame, predictions = test_rows
    y = frame["churned"].to_numpy()
    drawn = curves(y, predictions)["roc"]
    for name, p in predictions.items():
        alarms, found, _ = roc_curve(y, p, drop_intermediate=False)
        expected = np.interp(drawn["false_positive_rate"], alarms, found)
        np.testing.assert_allclose(drawn[name], expected, atol=0.02)
    assert drawn.iloc[0].tolist()[0] == 0
    assert (drawn.iloc[-1] == 1).all()


def test_gains_reach_everyone_and_precision_ends_at_the_base_rate(test_rows):
    frame, predictions = test_rows
    y = frame["churned"].to_numpy()
    tables = curves(y, predictions)
    assert tables["gains"]["ours"].is_monotonic_increasing
    assert tables["gains"]["ours"].iloc[-1] == 1
    assert tables["gains"]["ours"].iloc[10] > tables["gains"]["share_contacted"].iloc[10]
    assert tables["precision_recall"]["ours"].iloc[-1] == pytest.approx(y.mean(), abs=0.02)


def test_the_calibration_table_and_the_histogram_hold_every_row_once(test_rows):
    frame, predictions = test_rows
    tables = curves(frame["churned"].to_numpy(), predictions)
    calibration, histogram = tables["calibration"], tables["score_histogram"]
    assert calibration["rows"].sum() == len(frame)
    assert len(calibration) == 10
    assert np.average(calibration["observed"], weights=calibration["rows"]) == pytest.approx(
        frame["churned"].mean(), abs=1e-4
    )
    assert histogram["left"].sum() == frame["churned"].sum()
    assert histogram["stayed"].sum() == (1 - frame["churned"]).sum()


def test_a_feature_that_knows_the_outcome_stands_out_whichever_way_it_points(test_rows):
    frame, _ = test_rows
    rng = np.random.default_rng(1)
    leak = 1 - frame["churned"] + rng.normal(0, 0.01, len(frame))
    table = frame.assign(leak=leak, noise=rng.normal(size=len(frame)), empty=np.nan)
    areas = feature_aucs(table, ["noise", "leak", "empty"])
    assert areas.index.tolist() == ["leak", "noise", "empty"]
    assert areas["leak"] == pytest.approx(1)
    assert areas["empty"] == 0.5
