import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.judging.held_out import HeldOutCurves
from models.judging.when import concordance, evaluate_when
from models.leaving import LAPSE
from models.next_purchase.hazard import Layout, NextPurchaseModel
from models.probability.curves import expected_days
from models.simple.rules import fit_baselines
from models.trees.inputs import Inputs
from tests.snapshots import HORIZON, simulate, trained

pytestmark = pytest.mark.xdist_group("trained")

GRID = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 30, 45, 60, 75, 90)
NAN = float("nan")


def brute_force(days, followup, sooner):
    """Harrell's concordance, pair by pair, by its own words."""
    right = pairs = 0
    for (day_a, _, a), (day_b, until_b, b) in itertools.permutations(
        zip(days, followup, sooner, strict=True), 2
    ):
        if np.isnan(day_a):
            continue  # the earlier one has to be a purchase
        came_later = day_a < until_b if np.isnan(day_b) else day_a < day_b
        same_day_not_seen = np.isnan(day_b) and until_b == day_a
        if came_later or same_day_not_seen:
            pairs += 1
            right += 1 if a > b else 0.5 if a == b else 0
    return right / pairs if pairs else NAN


customers = st.tuples(
    st.one_of(st.none(), st.integers(0, 6)), st.integers(0, 8), st.sampled_from([0.1, 0.5, 0.9])
)


@given(st.lists(customers, min_size=1, max_size=12))
def test_concordance_agrees_with_counting_the_pairs(rows):
    days = np.array([NAN if day is None else float(day) for day, _, _ in rows])
    # Who bought was followed past the purchase.
    followup = np.array(
        [
            until if np.isnan(day) else day + 1 + until
            for day, (_, until, _) in zip(days, rows, strict=True)
        ],
        float,
    )
    sooner = np.array([score for _, _, score in rows])
    found, expected = concordance(days, followup, sooner), brute_force(days, followup, sooner)
    assert found == (None if np.isnan(expected) else pytest.approx(expected))


def test_a_perfect_order_is_1_its_reverse_0_and_no_order_a_half():
    days = np.array([0.0, 3, 5, 9, NAN])
    followup = np.full(5, 30.0)
    rank = np.array([5.0, 4, 3, 2, 1])
    assert concordance(days, followup, rank) == 1
    assert concordance(days, followup, -rank) == 0
    assert concordance(days, followup, np.zeros(5)) == 0.5


@pytest.mark.slow
def test_of_many_rows_every_kth_is_taken_and_the_answer_is_about_the_same():
    rng = np.random.default_rng(1)
    rate = rng.uniform(0.02, 0.2, 9_000)
    days = np.floor(rng.exponential(1 / rate))
    every = concordance(days, np.full(9_000, 1e6), rate)
    part = concordance(days[:4_000], np.full(4_000, 1e6), rate[:4_000])
    assert every == pytest.approx(part, abs=0.02)


class Known(NextPurchaseModel):
    """A model that knows the daily hazard the data is drawn from: the column `hazard`."""

    def survival(self, snapshot):
        return (1 - snapshot["hazard"].to_numpy()[:, None]) ** np.array(self.grid, float)


@pytest.fixture(scope="module")
def model():
    layout = Layout(Inputs(()), HORIZON, GRID, (0.0,) * (len(GRID) - 1))
    return Known(booster=None, layout=layout, threads=1)


@pytest.fixture(scope="module")
def baselines():
    rows = simulate(customers=200)
    return fit_baselines(rows[rows["split"] == "train"], HORIZON)


MISSED_LATE = {"missed_early": 0.0, "missed_late": 1.0, "coverage": 0.0}


def planted(rows=4_000, followup=200.0, seed=1):
    """Rows whose day of next purchase is geometric with the row's own hazard."""
    rng = np.random.default_rng(seed)
    hazard = rng.uniform(0.05, 0.3, rows)
    days = rng.geometric(hazard) - 1.0
    frame = pd.DataFrame(
        {
            "hazard": hazard,
            "days_to_next_purchase": np.where(days < followup, days, NAN),
            "followup_days": followup,
            "frequency": rng.integers(0, 9, rows).astype(float),
            "recency": 50.0,
            "T": 60.0,
            "days_since_last_purchase": 10.0,
            "gap_mean": 1 / hazard,
            "orders_total": 9.0,
            "tenure_days": 200.0,
            "as_of_date": pd.Timestamp("2024-09-01"),
        }
    )
    return frame, (1 - hazard) ** HORIZON


@pytest.mark.slow
def test_the_true_distribution_misses_as_much_as_it_expects(model, baselines):
    rows, risk = planted()
    figures = evaluate_when(rows, model, baselines, risk)
    # A purchase of the day itself is never missed: up to a fifth is missed after the interval.
    early, late = (figures["interval"][f"missed_{side}"] for side in ("early", "late"))
    assert early["share"] == pytest.approx(early["expected"], abs=0.02)
    assert late["share"] == pytest.approx(late["expected"], abs=0.02)
    assert early["expected"] + late["expected"] == pytest.approx(0.2, abs=0.03)
    for day in figures["by_day"].values():
        assert day["ours"]["observed_over_expected"] == pytest.approx(1, abs=0.03)


@pytest.mark.slow
def test_misses_are_counted_on_the_side_they_lie(model, baselines):
    rows, risk = planted(rows=100)
    late = rows.assign(days_to_next_purchase=150.0)
    interval = evaluate_when(late, model, baselines, risk)["interval"]
    told = {name: {"rows": 100, "share": share} for name, share in MISSED_LATE.items()}
    assert told == {
        name: {"rows": interval[name]["rows"], "share": interval[name]["share"]} for name in told
    }
    assert interval["coverage"]["days"] == 90
    assert interval["open"] == 0
    early = rows.assign(hazard=0.03, days_to_next_purchase=0.0)
    slow = np.full(100, 0.97**HORIZON)
    interval = evaluate_when(early, model, baselines, slow)["interval"]
    assert interval["missed_early"]["share"] == 1.0
    assert interval["missed_late"]["share"] == 0.0


def test_a_miss_counts_only_rows_that_were_followed_long_enough(model, baselines):
    rows, risk = planted(rows=200)
    hazard = rows["hazard"]
    # The day by which nine of ten have bought; eight, where a tenth buy on the day itself.
    high = np.log(np.where(hazard > 0.1, 0.2, 0.1)) / np.log(1 - hazard)
    cut = rows.assign(followup_days=20.0)
    cut["days_to_next_purchase"] = cut["days_to_next_purchase"].where(lambda d: d < 20)
    interval = evaluate_when(cut, model, baselines, risk)["interval"]
    assert 0 < interval["missed_late"]["rows"] < 200
    assert interval["missed_late"]["rows"] == pytest.approx((high < 20).sum(), abs=6)
    never = rows.assign(followup_days=0.0, days_to_next_purchase=NAN)
    missed = evaluate_when(never, model, baselines, risk)["interval"]["missed_late"]
    assert missed == {"rows": 0, "share": None, "expected": None}


def test_folds_whose_curves_have_other_days_are_judged_on_days_that_all_reach():
    """Each fold learns its days from its own rows."""

    def bundle(*grid):
        layout = Layout(Inputs(()), HORIZON, grid, (0.0,) * (len(grid) - 1))
        known = Known(booster=None, layout=layout, threads=1)
        return SimpleNamespace(next_purchase=known, churn=SimpleNamespace(churn=LAPSE))

    rows, _ = planted(rows=60)
    rows["customer_id"] = [f"c{number}" for number in range(len(rows))]
    curves = HeldOutCurves((bundle(0, 7, 28, 60, 90), bundle(0, 5, HORIZON, 62)))
    assert curves.grid == (0, 7, 28, 60)
    truth = (1 - rows["hazard"].to_numpy()[:, None]) ** np.array(curves.grid, float)
    np.testing.assert_allclose(curves.survival(rows), truth, rtol=1e-9)


def test_a_day_is_judged_on_the_rows_followed_that_long(model, baselines):
    rows, risk = planted(rows=300)
    half = rows.assign(followup_days=np.where(rows.index < 100, 20.0, 40.0))
    seen = half["days_to_next_purchase"] < half["followup_days"]
    half["days_to_next_purchase"] = half["days_to_next_purchase"].where(seen)
    by_day = evaluate_when(half, model, baselines, risk)["by_day"]
    assert {day: facts["rows"] for day, facts in by_day.items()} == {
        "7": 300,
        "14": 300,
        "28": 200,
        "30": 200,
    }
    for day, facts in by_day.items():
        followed = half[half["followup_days"] >= int(day)]
        bought = (followed["days_to_next_purchase"] < int(day)).mean()
        assert facts["bought"] == pytest.approx(bought)


@pytest.mark.slow
def test_the_brier_score_of_the_true_curve_is_that_of_its_own_probabilities(model, baselines):
    rows, risk = planted(rows=20_000)
    by_day = evaluate_when(rows, model, baselines, risk)["by_day"]
    for day in (7, 14, 30):
        p = 1 - (1 - rows["hazard"]) ** day
        assert by_day[str(day)]["ours"]["brier"] == pytest.approx((p * (1 - p)).mean(), abs=0.004)
        assert by_day[str(day)]["ours"]["brier"] < by_day[str(day)]["bg_nbd"]["brier"]


def test_the_median_error_is_taken_over_those_who_bought(model, baselines):
    rows, risk = planted(rows=500)
    some = rows.assign(days_to_next_purchase=rows["days_to_next_purchase"].where(rows.index < 80))
    figures = evaluate_when(some, model, baselines, risk)["median_absolute_error"]
    assert figures["rows"] == 80
    median = np.log(0.5) / np.log(1 - some["hazard"])
    error = (median - some["days_to_next_purchase"]).abs().median()  # without the missing
    assert figures["ours"] == pytest.approx(error, abs=1e-6)
    nobody = rows.assign(days_to_next_purchase=NAN)
    assert evaluate_when(nobody, model, baselines, risk)["median_absolute_error"]["ours"] is None


class Crossing(Known):
    """Curves of a Weibull shape of each row's own: early ones and late ones cross."""

    def survival(self, snapshot):
        shape = snapshot["shape"].to_numpy()[:, None]
        return (1 - snapshot["hazard"].to_numpy()[:, None]) ** np.array(self.grid, float) ** shape


def test_the_order_is_that_of_the_whole_curve_and_not_of_one_day(model, baselines):
    rows, risk = planted(rows=80, followup=40.0)
    rows["shape"] = np.linspace(0.5, 1.5, len(rows))
    crossing = Crossing(model.booster, model.layout, model.threads)
    found = evaluate_when(rows, crossing, baselines, risk)["concordance"]["ours"]
    wait = expected_days(crossing.curve(rows, risk), model.grid)
    days, followup = (rows[name].to_numpy() for name in ("days_to_next_purchase", "followup_days"))
    assert found == pytest.approx(brute_force(days, followup, -wait))
    assert found != pytest.approx(brute_force(days, followup, 1 - risk))


def test_the_mean_days_are_the_area_under_what_is_known_of_a_curve():
    curves = np.array([[1.0, 1.0, 1.0], [1.0, 0.5, 0.0]])
    assert expected_days(curves, (0, 4, 10)).tolist() == [10.0, 3.0 + 1.5]
    beyond = np.array([[1.0, 0.5, NAN], [1.0, 0.0, NAN]])
    assert expected_days(beyond, (0, 4, 10)).tolist() == [3.0, 2.0]


@pytest.mark.slow
def test_a_fitted_model_orders_customers_better_than_their_own_gap():
    rows = simulate(customers=900, seed=8)
    test = rows[rows["split"] == "test"]
    everything = trained()
    risk = everything.evaluated.churn.predict(test)
    figures = evaluate_when(test, everything.evaluated.next_purchase, everything.baselines, risk)
    order = figures["concordance"]
    assert order["ours"] > order["own_mean_gap"]
    assert order["ours"] > 0.6


@pytest.mark.slow
def test_the_coverage_is_of_the_days_shown_and_beyond_the_reach_covers_no_purchase(
    model, baselines
):
    rows, risk = planted()
    coverage = evaluate_when(rows, model, baselines, risk)["interval"]["coverage"]
    assert coverage["rows"] == len(rows)
    assert coverage["days"] == model.reach_days
    told = model.predict(rows, risk)
    low = told["next_purchase_days_low"].fillna(np.inf)
    high = told["next_purchase_days_high"].fillna(np.inf)
    day = rows["days_to_next_purchase"].where(rows["days_to_next_purchase"] < 90, np.inf)
    assert coverage["share"] == pytest.approx(((low <= day) & (day <= high)).mean())
    assert coverage["share"] == pytest.approx(0.8, abs=0.04)
    assert coverage["expected"] == pytest.approx(0.8, abs=0.02)


@pytest.mark.slow
def test_rows_not_followed_to_the_reach_judge_the_interval_up_to_the_horizon(model, baselines):
    rows, risk = planted(followup=60.0)
    coverage = evaluate_when(rows, model, baselines, risk)["interval"]["coverage"]
    assert (coverage["days"], coverage["rows"]) == (HORIZON, len(rows))
    assert coverage["share"] == pytest.approx(coverage["expected"], abs=0.02)


@pytest.mark.slow
def test_the_integrated_brier_score_is_the_mean_over_time_of_those_followed(model, baselines):
    rows, risk = planted()
    found = evaluate_when(rows, model, baselines, risk)["integrated_brier"]
    assert found["until_day"] == 90
    days, hazard = rows["days_to_next_purchase"].fillna(np.inf), rows["hazard"]
    scores = [(((1 - (1 - hazard) ** t) - (days < t)) ** 2).mean() for t in GRID]
    assert found["ours"] == pytest.approx(np.trapezoid(scores, GRID) / 90, rel=0.02)
    assert found["ours"] < found["kaplan_meier"]
    half = rows["followup_days"].where(rows.index % 2 == 0, 20.0)
    seen = rows["days_to_next_purchase"].where(rows["days_to_next_purchase"] < half)
    cut = rows.assign(followup_days=half, days_to_next_purchase=seen)
    again = evaluate_when(cut, model, baselines, risk)["integrated_brier"]["ours"]
    assert again == pytest.approx(found["ours"], rel=0.05)
