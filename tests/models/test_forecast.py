"""The sales forecast: its sums, its shape, its interval, and its judgement on past dates."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from features.timeline import date_of
from models.customers.segments import segments
from models.judging.forecast import _errors, backtest, forecast_metrics
from models.judging.run import Evaluated
from models.probability.metrics import customer_weights
from models.value.forecast import (
    AMOUNTS,
    by_period,
    forecast,
    last_year,
    period_ends,
)
from models.value.forecast_interval import spreads
from models.value.past import PAST_COLUMNS, Past
from pipelines.reports.card_forecast import forecast_text
from tests.snapshots import (
    HORIZON,
    VALUE_HORIZON,
    model_params,
    simulate,
    simulate_purchases,
    timeline,
    trained,
)

pytestmark = pytest.mark.xdist_group("trained")


@cache
def past():
    return Past(simulate(), simulate_purchases(), timeline())


@cache
def evaluated():
    made = trained()
    return Evaluated(made.evaluated, made.baselines, made.past, made.past_baselines)


@cache
def judged():
    return backtest(past(), evaluated(), model_params())


def now():
    return past().rows(timeline().score)


def expected_at(day):
    rows = past().rows(day)
    bundle = trained().served
    return bundle.value.predict(rows, bundle.churn.predict(rows))


def cards():
    """What is expected of the customers of the snapshot, in its order."""
    return expected_at(timeline().score)


def test_months_are_thirty_days_and_a_shorter_time_is_one_period():
    assert period_ends(90) == (30, 60, 90)
    assert period_ends(365)[-1] == 360
    assert period_ends(28) == (28,)


def test_the_periods_add_up_to_what_the_cards_say():
    score, until = timeline().score, timeline().data_until
    told = expected_at(score)
    cells = by_period(told, past(), until, (HORIZON, VALUE_HORIZON))
    np.testing.assert_allclose(cells["orders"][:, 0], told["expected_orders"])
    over_value = told["expected_orders_in_value_horizon"]
    np.testing.assert_allclose(cells["orders"].sum(axis=1), over_value)
    np.testing.assert_allclose(cells["spend"][:, 0], told["expected_spend"])
    np.testing.assert_allclose(cells["spend"].sum(axis=1), told["expected_value"])


def test_sums_are_those_of_the_customers():
    told, plan = forecast(past(), now(), cards(), []), timeline()
    ends = period_ends(plan.learned_value_days)
    cells = by_period(cards(), past(), plan.data_until, ends)
    segment = segments(now())["rfm_segment"].to_numpy()
    for what, of_customers in cells.items():
        found = [period[what]["expected"] for period in told["periods"]]
        np.testing.assert_allclose(found, of_customers.sum(axis=0))
        for row in told["segments"]:
            theirs = of_customers[segment == row["rfm_segment"]]
            assert row["customers"] == len(theirs)
            np.testing.assert_allclose(row[what], theirs.sum(axis=0))


@pytest.mark.slow
def test_the_forecast_ends_where_what_was_learned_ends():
    plan = replace(timeline(), value_horizon_days=365, extrapolated_from=VALUE_HORIZON)
    told = forecast(replace(past(), timeline=plan), now(), cards(), [])
    usual = forecast(past(), now(), cards(), [])
    assert told["total"] == usual["total"]


def test_the_shape_is_that_of_earlier_cohorts():
    """The earlier cohort bought on its fourth day and on no other: so do those of today."""
    plan = timeline()
    first = plan.as_of_days()[0]
    customers = past().rows(first)["customer_id"]
    fourth = pd.Timestamp(date_of(first + 3))
    bought = pd.DataFrame({"customer_id": customers, "event_day": fourth, "orders": 1})
    alone = replace(plan, train=(first,), validation=(), test=(), unused=())
    told = expected_at(plan.score)[list(AMOUNTS["orders"])]
    one = Past(past().snapshots, bought, alone)
    cells = by_period(told, one, plan.data_until, (3, 10, HORIZON))
    orders = told["expected_orders"].sum()
    np.testing.assert_allclose(cells["orders"].sum(axis=0), [0, orders, 0], atol=1e-9)


@pytest.mark.slow
def test_what_happens_later_changes_nothing_of_a_past_forecast():
    day = timeline().test[0]
    later = past().purchases.assign(event_day=pd.Timestamp(date_of(day)), orders=50, amount=9_999.0)
    other = replace(past(), purchases=pd.concat([past().purchases, later], ignore_index=True))
    ends, told = (30, VALUE_HORIZON), expected_at(day)
    for what, cells in by_period(told, past(), day, ends).items():
        np.testing.assert_allclose(by_period(told, other, day, ends)[what], cells)
    orders = np.array([300.0, 200.0])
    assert spreads(other, day, ends, orders) == spreads(past(), day, ends, orders)


def test_a_season_is_told_from_a_year_of_purchases_on():
    told = past().season(timeline().data_until)
    assert told == {"is_told": False, "days_seen": told["days_seen"], "days_needed": 365}
    assert 0 < told["days_seen"] <= 280
    days = past().purchases["event_day"] - pd.Timedelta(days=365)
    longer = past().purchases.assign(event_day=days)
    both = replace(past(), purchases=pd.concat([longer, past().purchases], ignore_index=True))
    assert both.season(timeline().data_until)["is_told"]
    nobody = replace(past(), purchases=past().purchases.iloc[:0])
    assert nobody.season(400) == {"is_told": False, "days_seen": 0, "days_needed": 365}


def test_a_shop_of_one_season_is_not_said_to_go_without_it():
    # It goes by no calendar: its dates lie at the same phase of every year.
    yearly = replace(past(), timeline=replace(timeline(), is_seasonal=True))
    assert yearly.season(timeline().data_until)["is_told"]


def test_a_year_earlier_is_told_where_the_data_reaches_back():
    plan = timeline()
    assert last_year(past(), plan.score, (30,)) is None
    long = replace(plan, data_from=plan.score - 365 - plan.active_within_days)
    then = pd.Timestamp(date_of(plan.score - 365))
    days = [-plan.active_within_days - 1, -1, 5, 5]
    rows = pd.DataFrame(
        {
            "customer_id": ["silent", "active", "active", "silent"],
            "event_day": [then + pd.Timedelta(days=d) for d in days],
            "orders": [1, 1, 2, 7],
        }
    )
    told = last_year(Past(past().snapshots, rows, long), plan.score, (30,))
    assert told is not None and told["orders"].tolist() == [2.0]


def test_refunds_that_timelines_do_not_know_are_taken_off():
    snapshots = simulate()
    kept = snapshots.assign(spend_in_horizon=snapshots["spend_in_horizon"] * 0.9)
    assert past().net_share == pytest.approx(1.0)
    one = replace(past(), snapshots=kept)
    assert one.net_share == pytest.approx(0.9)
    day = timeline().test[0]
    customers = list(past().rows(day)["customer_id"])
    full, net = (p.bought(day, (30,), customers)["spend"].sum() for p in (past(), one))
    assert net == pytest.approx(0.9 * full)


@pytest.mark.slow
def test_what_was_sold_is_what_the_labels_say():
    entries = {(e["as_of_date"], e["reaches"]): e for e in judged()}
    for day in timeline().test:
        rows = past().rows(day)
        entry = entries[date_of(day).isoformat(), "within_horizon"]
        assert entry["days"] == HORIZON
        assert entry["total"]["orders"]["sold"] == rows["orders_in_horizon"].sum()
        assert entry["total"]["spend"]["sold"] == pytest.approx(rows["spend_in_horizon"].sum())
        ours = entry["total"]["orders"]["ours"] / entry["total"]["orders"]["sold"] - 1
        assert entry["errors"]["orders"]["ours"]["total_error"]["value"] == pytest.approx(ours)
        assert abs(ours) < 0.2
    assert "value_horizon" in {reaches for _, reaches in entries}


def test_errors_are_zero_for_the_truth_and_ten_per_cent_for_ten_per_cent_more():
    sold = np.array([10.0, 20, 30, 0])
    parts = np.array([[True, True, False, False], [False, False, True, True]])
    weights = customer_weights(pd.Series(list("abcd")), 50, 1)
    weights = weights[(weights @ sold) > 0]
    exact = _errors(sold, sold, parts, weights)
    assert exact == {name: {"value": 0, "low": 0, "high": 0} for name in exact}
    more = _errors(1.1 * sold, sold, parts, weights)
    for name in ("total_error", "segment_error"):
        assert [*more[name].values()] == pytest.approx([0.1, 0.1, 0.1])
    # Segments that miss in opposite directions cancel in the total only.
    crossed = _errors(np.array([20.0, 20, 20, 0]), sold, parts, weights)
    assert crossed["total_error"]["value"] == pytest.approx(0)
    assert crossed["segment_error"]["value"] == pytest.approx(20 / 60)


def test_metrics_are_means_of_absolute_errors():
    def entry(error):
        figure = {"value": error, "low": error, "high": error}
        errors = {"orders": {"ours": {"total_error": figure}}}
        return {"reaches": "within_horizon", "errors": errors}

    found = forecast_metrics([entry(-0.1), entry(0.3)])
    ours = {"total_error": pytest.approx(0.2), "dates": 2}
    assert found == {"within_horizon": {"orders": {"ours": ours}}}


@pytest.mark.parametrize("turned", [False, True])
def test_dates_may_disagree_on_what_can_be_judged(turned):
    """The first date has no last year, the second sold nothing, the last has all there is."""

    def entry(**errors):
        told = {name: {"total_error": {"value": error}} for name, error in errors.items()}
        return {"reaches": "within_horizon", "errors": {"orders": told}}

    entries = [entry(ours=0.1), entry(), entry(ours=-0.3, last_year=0.5)]
    found = forecast_metrics(entries[::-1] if turned else entries)
    assert found["within_horizon"]["orders"] == {
        "ours": {"total_error": pytest.approx(0.2), "dates": 2},
        "last_year": {"total_error": 0.5, "dates": 1},
    }


@pytest.mark.slow
def test_a_run_whose_dates_disagree_on_a_last_year_is_judged():
    """The history begins so that the last test date alone looks back a year."""
    plan = timeline()
    days = tuple(sorted({*plan.validation, *plan.test}))
    start = days[-1] - 365 - plan.active_within_days
    both = replace(past(), timeline=replace(plan, test=days, data_from=start))
    judged = backtest(both, evaluated(), model_params())
    near = [one for one in judged if one["reaches"] == "within_horizon"]
    with_year = ["last_year" in one["errors"]["orders"] for one in near]
    # Nobody bought so long ago: the figure is there, and says so.
    assert with_year == [False] * (len(days) - 1) + [True]
    metrics = forecast_metrics(judged)["within_horizon"]["orders"]
    assert metrics["ours"]["dates"] == len(days) and metrics["last_year"]["dates"] == 1
    told = forecast_text(judged, past().season(timeline().data_until))
    assert "does not reach back a year" in told and near[0]["as_of_date"] in told
    assert "a season shows from 365 on" in told
    even = {"is_told": False, "days_seen": 1_460, "days_needed": 365}
    assert "1,460 days of history show no season." in forecast_text(judged, even)


@pytest.mark.slow
def test_where_nothing_was_sold_there_is_no_error_and_the_card_says_so():
    plan = timeline()
    day = plan.test[-1]
    until = pd.Timestamp(date_of(day))
    silent = past().purchases[past().purchases["event_day"] < until]
    judged = backtest(replace(past(), purchases=silent), evaluated(), model_params())
    last = next(one for one in judged if one["as_of_date"] == date_of(day).isoformat())
    assert last["total"]["orders"]["sold"] == 0 and last["errors"] == {"orders": {}, "spend": {}}
    assert "nothing was sold" in forecast_text(judged, past().season(timeline().data_until))
    json.dumps(judged, allow_nan=False)
    forecast_metrics(judged)


def test_an_interval_is_taken_over_the_draws_in_which_something_was_sold():
    sold = np.array([10.0, 0.0])
    both = np.array([[True, True]])
    weights = np.array([[1.0, 1.0], [0.0, 2.0], [2.0, 0.0]])
    found = _errors(np.array([5.0, 5.0]), sold, both, weights)
    assert found["total_error"] == {
        "value": 0.0,
        "low": pytest.approx(-0.4875),
        "high": pytest.approx(-0.0125),
    }
    assert _errors(sold, sold, both, weights[1:2])["total_error"] == {"value": 0.0}


@pytest.mark.slow
def test_segments_and_periods_add_up_to_the_total():
    told = forecast(past(), now(), cards(), judged())
    ends = period_ends(VALUE_HORIZON)
    assert len(told["periods"]) == len(ends)
    assert told["customers"] == sum(one["customers"] for one in told["segments"])
    for what in ("orders", "spend"):
        periods = [period[what]["expected"] for period in told["periods"]]
        assert told["total"][what]["expected"] == pytest.approx(sum(periods))
        by_segment = np.sum([one[what] for one in told["segments"]], axis=0)
        np.testing.assert_allclose(by_segment, periods)
    close = replace(past(), timeline=replace(timeline(), value_horizon_days=HORIZON))
    near = forecast(close, now(), cards(), [])
    assert near["total"]["orders"]["expected"] == pytest.approx(cards()["expected_orders"].sum())


def test_without_amounts_only_orders_are_forecast():
    snapshots = simulate()
    money = [
        n for n in snapshots if n.startswith(("amount", "spend", "value")) and "known" not in n
    ]
    bare = Past(snapshots.drop(columns=money), past().purchases.drop(columns="amount"), timeline())
    told = forecast(bare, bare.rows(timeline().score), cards()[[*AMOUNTS["orders"]]], [])
    assert set(told["total"]) == {"starts", "ends", "orders"}
    assert set(told["segments"][0]) == {"rfm_segment", "customers", "orders"}


def test_of_other_dates_only_who_was_there_and_what_was_spent_is_read():
    read = [name for name in PAST_COLUMNS if name in past().snapshots]
    assert len(read) == 3
    thin = Past(past().snapshots[read], past().purchases, timeline())
    assert forecast(thin, now(), cards(), judged()) == forecast(past(), now(), cards(), judged())
