"""Missed leavers and false alarms: counts beside what chance explains, and what would have told."""

import numpy as np
import pandas as pd
import pytest

from models.judging.missed import ALARMS, MISSED, by_chance, judge_told
from models.judging.told_wrong import COLUMNS, Found, no_customers
from models.judging.would_have_told import would_have_told
from tests.snapshots import model_params


def list_of(rows=3000, seed=1, planted=0.0):
    """A list whose risks are right, but for customers with a high `secret` as far as planted."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(0.6, 2.0, rows)
    secret, noise = rng.random(rows), rng.random((rows, 20))
    odds = np.log(risk / (1 - risk)) + planted * (secret - 0.5)
    left = rng.random(rows) < 1 / (1 + np.exp(-odds))
    frame = pd.DataFrame(noise, columns=[f"noise_{n}" for n in range(20)])
    return frame.assign(
        customer_id=[f"{n:05}" for n in range(rows)],
        churn_risk=risk,
        risk_band=np.select([risk >= 0.5, risk >= 0.2], ["high", "medium"], "low"),
        left=left,
        secret=secret,
        rfm_segment=np.where(noise[:, 0] > 0.7, "loyal", "new"),
        lost=10.0,
    )


FEATURES = (*(f"noise_{n}" for n in range(20)), "secret")


def exact_range(chance):
    """The 95 % range of a sum of independent events, by convolution."""
    mass = np.ones(1)
    for p in chance:
        mass = np.convolve(mass, [1 - p, p])
    sums = np.cumsum(mass)
    return int(np.searchsorted(sums, 0.025)), int(np.searchsorted(sums, 0.975))


@pytest.mark.parametrize("mean", [0.01, 0.05, 0.3])
def test_the_range_by_chance_is_that_of_the_sum_of_these_events(mean):
    chance = np.random.default_rng(3).beta(mean * 5, (1 - mean) * 5, 150)
    told = by_chance(chance, pd.Series(range(150)))
    low, high = exact_range(chance)
    assert abs(told.low - low) <= 1 and abs(told.high - high) <= 1
    assert told.expected == pytest.approx(chance.sum())


def test_rows_of_one_customer_count_as_wholly_dependent():
    chance = np.full(200, 0.1)
    alone = by_chance(chance, pd.Series(range(200)))
    twice = by_chance(chance, pd.Series([*range(100), *range(100)]))
    assert twice.high - twice.low > 1.3 * (alone.high - alone.low)


def test_everybody_told_wrong_is_counted_once_and_beside_what_was_expected():
    rows = list_of()
    found = judge_told(rows)
    low, high = (rows[rows["risk_band"] == band] for band in ("low", "high"))
    missed, alarms = found[MISSED], found[ALARMS]
    assert (missed["told"], missed["wrong"]) == (len(low), int(low["left"].sum()))
    assert (alarms["told"], alarms["wrong"]) == (len(high), int((~high["left"]).sum()))
    assert missed["expected"] == pytest.approx(low["churn_risk"].sum())
    assert missed["value"] == 10.0 * missed["wrong"] and alarms["value"] is None
    for side in (missed, alarms):
        by_segment = [one for one in side["groups"] if one["by"] == "rfm_segment"]
        assert sum(one["wrong"] for one in by_segment) == side["wrong"]
        assert side["low"] <= side["wrong"] <= side["high"] and side["by_chance"]


def test_whom_a_contact_may_have_kept_is_no_false_alarm():
    rows = list_of()
    treated = pd.Series(np.arange(len(rows)) % 2 == 0)
    some, everybody = judge_told(rows, treated=treated), judge_told(rows)
    untreated = rows[(rows["risk_band"] == "high") & ~treated]
    assert some[ALARMS]["told"] == len(untreated)
    assert some[MISSED] == everybody[MISSED]


def test_a_group_that_leaves_more_than_chance_explains_stands_out():
    rows = list_of()
    worse = (rows["rfm_segment"] == "loyal") & (rows["risk_band"] == "low")
    rows.loc[worse, "left"] |= np.random.default_rng(5).random(worse.sum()) < 0.15
    groups = {one["group"]: one for one in judge_told(rows)[MISSED]["groups"]}
    assert groups["loyal"]["stands_out"] and groups["loyal"]["wrong"] > groups["loyal"]["high"]
    assert not groups["new"]["stands_out"]


def told_of(rows):
    return judge_told(rows, FEATURES)[MISSED]["would_have_told"]


def test_a_planted_feature_would_have_told_and_names_the_half_that_left():
    found = told_of(list_of(planted=4.0))
    first = found["found"][0]
    assert first["feature"] == "secret" and first["above"] and first["wrong"] > first["expected"]


def test_where_the_risks_are_right_nothing_would_have_told_but_once_in_twenty():
    lists = [told_of(list_of(rows=1500, seed=seed)) for seed in range(40)]
    assert sum(bool(found["found"]) for found in lists) <= 5


def test_a_feature_that_is_the_same_of_everybody_tells_nothing():
    rows = list_of().assign(same=1.0, unknown=np.nan)
    rows["some"] = rows["same"].where(rows["secret"] > 0.4)
    assert judge_told(rows, ("same", "unknown", "some"))[MISSED]["would_have_told"]["found"] == []


def test_with_few_who_left_nothing_is_said():
    rows = list_of(rows=40)
    assert would_have_told(rows, np.eye(1, 40)[0], rows["churn_risk"].to_numpy(), FEATURES) is None


def test_a_text_feature_tells_by_its_value():
    rows = list_of(planted=5.0).assign(town=lambda r: np.where(r["secret"] > 0.8, "far", "near"))
    (first, *_) = judge_told(rows, ("town",))[MISSED]["would_have_told"]["found"]
    assert first["feature"] == "town"
    assert (first["value"], first["above"]) in {("far", True), ("near", False)}


def test_of_a_release_that_has_closed_everybody_told_wrong_is_a_row():
    scores = list_of(rows=400).assign(
        untreated=lambda rows: rows["secret"] < 0.5,
        value_at_risk=lambda rows: 20.0 * rows["churn_risk"],
        reason=None,
        reason_direction=None,
        abc_class="A",
    )
    found = Found(model_params())
    assert found.customers().equals(no_customers())
    facts = {"release_id": "old", "as_of_date": "2024-01-10", "horizon_days": 28}
    found.add_release(facts, scores.drop(columns="lost"))
    rows = found.customers()
    assert list(rows.columns) == list(COLUMNS) and set(rows["list_id"]) == {"old"}
    (told,) = found.lists
    for kind in (MISSED, ALARMS):
        assert (rows["kind"] == kind).sum() == told[kind]["wrong"] > 0
    alarms = rows.loc[rows["kind"] == ALARMS, "customer_id"]
    assert set(alarms) <= set(scores.loc[scores["untreated"], "customer_id"])
    missed = rows[rows["kind"] == MISSED]
    assert missed["lost"].tolist() == pytest.approx([20.0] * len(missed))
    assert {one["by"] for one in told[MISSED]["groups"]} == {"rfm_segment", "abc_class"}
