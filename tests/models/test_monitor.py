"""Monitoring: what was planted is found, and nothing where nothing was."""

import numpy as np
import pandas as pd
import pytest

from models.judging.realised import JUDGED, falls_short, realised
from models.probability.metrics import METRICS, customer_weights, interval
from models.watching.advice import advice, drift, latest_judged
from tests.models.test_drift import PARAMS
from tests.snapshots import model_params, simulate, trained

pytestmark = pytest.mark.xdist_group("trained")


def scores(n=3_000, seed=1, factor=1.0, noise=0.0):
    """Customers who leave with `factor` times the odds they are scored with, blurred by noise."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1, 1.5, n)
    true = 1 / (1 + np.exp(-logit)) * factor
    said = 1 / (1 + np.exp(-(logit + rng.normal(0, noise, n) if noise else logit)))
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:05d}" for i in range(n)],
            "churn_risk": said,
            "left": rng.random(n) < true,
            "untreated": np.arange(n) % 2 == 0,
        }
    )


NOTHING = {"retrain": False, "reasons": [], "newly_closed": True}


def promised():
    """What an evaluation on other customers of the same kind says."""
    rows = scores(seed=99)
    weights = customer_weights(rows["customer_id"], 100, 1)
    y, p = rows["left"].to_numpy(float), rows["churn_risk"].to_numpy(float)
    return {name: interval(METRICS[name], y, p, weights) for name in JUDGED}


def release(rows, day="2024-08-01"):
    groups = realised(rows, model_params(bootstrap_draws=100), PARAMS)
    return {"as_of_date": day, "promised": promised(), "groups": groups}


def no_drift():
    return {
        "score": {"psi": 0.01, "level": "steady"},
        "drifted": {"features": 0, "gain_share": 0.0},
        "features": [],
    }


def keys(told):
    return [one["message_key"].removeprefix("monitor.reason.") for one in told["reasons"]]


def test_a_release_that_came_to_what_it_promised_gives_no_reason():
    told = advice(no_drift(), release(scores()), True, PARAMS)
    assert told == NOTHING
    assert advice(no_drift(), None, True, PARAMS)["retrain"] is False


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_planted_miscalibration_is_a_reason(factor):
    told = advice(no_drift(), release(scores(factor=factor)), True, PARAMS)
    assert told["retrain"] and "calibration" in keys(told)
    (reason,) = [one for one in told["reasons"] if one["message_key"].endswith("calibration")]
    assert reason["values"]["value"] == pytest.approx(factor, abs=0.12)


def test_calibration_is_judged_on_the_untreated_alone():
    rows = scores()
    # Actions kept a half of the treated: all together left too few, the untreated did not.
    saved = ~rows["untreated"] & (np.arange(len(rows)) % 4 == 1)
    rows["left"] &= ~saved
    one = release(rows)
    assert one["groups"]["all"]["observed_over_expected"]["value"] < 0.85
    assert "calibration" not in keys(advice(no_drift(), one, True, PARAMS))


def test_a_release_that_ranks_worse_than_promised_is_a_reason():
    told = advice(no_drift(), release(scores(noise=2.5)), True, PARAMS)
    assert {"auc", "capture_at_10"} <= set(keys(told))


def test_too_few_outcomes_are_counted_and_not_judged():
    rows = scores(n=60)
    told = realised(rows, model_params(), PARAMS)
    assert told["untreated"].keys() == {"customers", "left", "expected_to_leave"}
    assert told["untreated"]["customers"] == 30
    assert told["all"]["left"] == int(rows["left"].sum())


def test_figures_are_those_of_the_same_metrics_everywhere():
    rows = scores()
    y, p = rows["left"].to_numpy(float), rows["churn_risk"].to_numpy(float)
    told = realised(rows, model_params(), PARAMS)["all"]
    for name in JUDGED:
        assert told[name]["value"] == pytest.approx(METRICS[name](y, p, np.ones(len(y))))
        if name != "calibration_error":  # resampling adds chance to a mean of distances
            assert told[name]["low"] <= told[name]["value"] <= told[name]["high"]


def test_a_figure_falls_short_when_the_gap_is_beyond_both_intervals():
    def figure(value, half):
        return {"value": value, "low": value - half, "high": value + half}

    assert falls_short(figure(0.80, 0.03), figure(0.86, 0.04))  # 0.06 against 0.05
    assert not falls_short(figure(0.82, 0.03), figure(0.86, 0.04))
    assert not falls_short(figure(0.90, 0.01), figure(0.86, 0.01))
    assert falls_short(figure(0.2, 0.01), figure(0.1, 0.01), is_better_high=False)


@pytest.mark.slow
def test_only_the_newest_release_that_could_be_judged_counts():
    old, new = release(scores(factor=0.5), "2024-06-01"), release(scores(), "2024-07-01")
    few = {**release(scores(n=30)), "as_of_date": "2024-08-01"}
    assert latest_judged([new, few, old]) is new
    assert latest_judged([{"closed": False}]) is None


def test_customers_like_those_learned_from_are_steady():
    bundle, rows = trained().served, simulate(customers=1_500)
    latest = rows[rows["as_of_date"] == rows["as_of_date"].max()].reset_index(drop=True)
    told = drift(bundle.churn, latest[::2], latest[1::2].reset_index(drop=True), PARAMS)
    assert {one["feature"] for one in told["features"]} == set(bundle.churn.features)
    assert sum(one["gain_share"] for one in told["features"]) == pytest.approx(1)
    assert told["drifted"] == {"features": 0, "gain_share": 0.0}
    assert told["score"]["level"] != "drifted"
    assert advice(told, None, True, PARAMS) == NOTHING


def test_without_a_closed_outcome_there_is_nothing_to_have_drifted_from():
    bundle, rows = trained().served, simulate()
    told = drift(bundle.churn, rows.iloc[:0], rows, PARAMS)
    assert told == {"score": None, "features": [], "drifted": None}
    assert advice(told, None, True, PARAMS) == NOTHING


def test_a_planted_drift_of_what_the_trees_live_on_is_a_reason():
    bundle = trained().served
    rows = simulate()
    known = rows[rows["outcome_known"]]
    now = known[known["as_of_date"] == known["as_of_date"].max()].reset_index(drop=True)
    calm = drift(bundle.churn, known, now, PARAMS)
    strongest = str(bundle.churn.importance()["feature"].iloc[0])
    planted = now.assign(**{strongest: now[strongest] * 20 + 100})
    told = drift(bundle.churn, known, planted, PARAMS)
    assert told["features"][0]["feature"] == strongest
    assert told["features"][0]["level"] == "drifted"
    assert told["drifted"]["gain_share"] >= calm["drifted"]["gain_share"]
    assert "features" in keys(advice(told, None, True, PARAMS))
    assert told["score"]["psi"] > calm["score"]["psi"]
    asked, idle = (advice(told, None, newly, PARAMS) for newly in (True, False))
    assert (asked["retrain"], idle["retrain"]) == (True, False)
    assert asked["reasons"] == idle["reasons"] != []
