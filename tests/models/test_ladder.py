"""Down the ladder: what little data is scored by, and that nothing judges what it has seen."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit

import models.training.fitting
from benchmarks.zoo.card_checks import orders_cohere
from core.errors import DataGateError
from features.history.periods import histories
from features.planning.rungs import BY_DATE, OTHER_CUSTOMERS, PARAMETRIC
from features.snapshot import group_of, model_features
from features.timeline import date_of
from models.bundle import Bundle
from models.churn.enough import FULL, gate_distance, tree_distance, tree_weight
from models.churn.parametric import ENOUGH, HALF, QUARTER, SOME, fit_parametric, regression_weight
from models.judging.held_out import HeldOutBundle
from models.params import GateParams
from models.simple.btyd_orders import BtydOrders, btyd_inputs, fit_rhythm
from models.simple.pareto_nbd import ParetoNbd, _log_end, fit_pareto_nbd
from models.training.ladder import Rung, rung_of
from models.training.models import train_all
from models.training.until import Until
from tests.snapshots import HORIZON, model_params, simulate, simulate_purchases, timeline

PLANTED = {"r": 0.6, "alpha": 30.0, "s": 0.6, "beta": 200.0}


def pareto_histories(customers, seed=0):
    """Frequency, recency and T drawn from PLANTED, and whether each bought in the 30 days after."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(PLANTED["r"], 1 / PLANTED["alpha"], customers)
    life = rng.exponential(1 / rng.gamma(PLANTED["s"], 1 / PLANTED["beta"], customers))
    seen = rng.uniform(100, 400, customers)
    rows = []
    for own, dies, until in zip(rate, life, seen, strict=True):
        times = np.cumsum(rng.exponential(1 / own, int(own * 3 * (until + 30)) + 60))
        times = times[times < dies]
        before = times[times < until]
        last = before[-1] if len(before) else 0.0
        rows.append((len(before), last, until, ((times >= until) & (times < until + 30)).any()))
    frequency, recency, t, bought = np.array(rows, np.float64).T
    return (frequency, recency, t), bought


def test_pareto_nbd_finds_what_was_planted_and_tells_as_many_silent_as_are():
    triple, bought = pareto_histories(3_000)
    model = fit_pareto_nbd(*triple)
    assert model.r / model.alpha == pytest.approx(PLANTED["r"] / PLANTED["alpha"], rel=0.2)
    silent = model.p_no_purchase(30, *triple)
    assert silent.mean() == pytest.approx(1 - bought.mean(), abs=0.02)
    low, high = silent < np.quantile(silent, 0.3), silent > np.quantile(silent, 0.7)
    for part in (low, high):
        assert silent[part].mean() == pytest.approx(1 - bought[part].mean(), abs=0.03)


@pytest.mark.parametrize(("x", "t_x", "t"), [(0, 0, 90), (3, 80, 100), (60, 350, 360), (5, 9, 400)])
def test_the_likelihood_of_pareto_nbd_is_the_integral_that_defines_it(x, t_x, t):
    r, alpha, s, beta = PLANTED.values()
    died, _ = quad(
        lambda y: ((alpha + y) / (alpha + t)) ** -(r + x) * (beta + y) ** -(s + 1),
        t_x,
        t,
        epsabs=0,
        epsrel=1e-11,
    )
    exact = np.log((beta + t) ** -s + s * died) - (r + x) * np.log(alpha + t)
    (told,) = _log_end(np.array([r, alpha, s, beta]), *(np.array([float(v)]) for v in (x, t_x, t)))
    assert told == pytest.approx(exact, rel=1e-5)


@pytest.mark.slow
def test_pareto_nbd_is_the_same_in_hours_as_in_days_and_from_json():
    triple, _ = pareto_histories(300)
    days, hours = fit_pareto_nbd(*triple), fit_pareto_nbd(triple[0], *(24 * t for t in triple[1:]))
    one = days.p_no_purchase(30, *triple)
    other = hours.p_no_purchase(720, triple[0], *(24 * t for t in triple[1:]))
    assert np.allclose(one, other, atol=1e-3)
    assert ParetoNbd.from_dict(days.to_dict()) == days


@pytest.fixture(scope="module")
def world():
    """Snapshots of the closed dates of 300 customers and the rhythm of all that ever bought."""
    plan, purchases = timeline(), simulate_purchases(300)
    until = Until(simulate(300), plan, purchases)
    return until.closed(plan.data_until), until.rhythm(plan.data_until)


@pytest.mark.slow
def test_contributions_of_the_parametric_model_add_up_to_its_log_odds(world):
    rows, orders = world
    model = fit_parametric(rows, rows, orders, HORIZON)
    assert model.regression is not None
    parts = model.contributions(rows)
    assert np.allclose(parts.sum(axis=1), model.log_odds(rows))
    assert (parts.drop(columns="base").std() > 0).any()
    assert sum(model.importance.values()) == pytest.approx(1.0)
    assert type(model).from_dict(model.to_dict()) == model


@pytest.mark.slow
def test_the_regression_orders_customers_and_leaves_the_level_to_the_rhythm(world):
    rows, orders = world
    model = fit_parametric(rows, rows, orders, HORIZON)
    rhythm = orders.p_no_purchase(HORIZON, btyd_inputs(rows))
    assert expit(model.log_odds(rows)).mean() == pytest.approx(rhythm.mean(), abs=1e-6)
    assert np.corrcoef(model.log_odds(rows), rhythm)[0, 1] < 0.9999
    flipped = rows.assign(churned=1 - rows["churned"])
    other = fit_parametric(flipped, rows, orders, HORIZON)
    assert expit(other.log_odds(rows)).mean() == pytest.approx(rhythm.mean(), abs=1e-6)


def test_of_a_shop_of_one_season_the_level_is_that_of_the_dates_at_its_phase(world):
    rows, orders = world
    one_date = rows[rows["as_of_date"] == rows["as_of_date"].max()]
    many = one_date.assign(churned=(np.arange(len(one_date)) % 5 > 0).astype(float))
    told = expit(fit_parametric(many, None, orders, HORIZON).log_odds(many)).mean()
    assert told == pytest.approx(0.8, abs=0.01)
    assert expit(fit_parametric(many, many, orders, HORIZON).log_odds(many)).mean() < 0.7


def test_the_regression_reads_the_windows_it_learned_from_whatever_others_there_are(world):
    rows, orders = world
    model = fit_parametric(rows, rows, orders, HORIZON)
    windows = [name for name in model.reads if name.startswith("orders_") and name.endswith("d")]
    assert windows and set(model.reads) <= set(rows.columns)
    more = rows.assign(orders_89d=0.0, amount_89d=0.0)  # of a longer history
    assert np.array_equal(model.log_odds(more), model.log_odds(rows))
    assert np.array_equal(model.log_odds(rows[list(model.reads)]), model.log_odds(rows))


@pytest.mark.slow
def test_an_input_that_is_one_number_or_far_out_moves_nobody_out_of_bounds(world):
    rows, orders = world
    noise = np.where(np.arange(len(rows)) % 2 == 0, 20.1, 20.1 + 4e-15)
    alike = rows.assign(orders_total=noise, gap_mean=np.nan)
    model = fit_parametric(alike, alike, orders, HORIZON)
    other = alike.head(5).assign(orders_total=[1, 2, 50, 1_000, 10**9])
    told = [model, fit_parametric(rows, rows, orders, HORIZON)]
    assert all((np.abs(one.log_odds(other)) < 30).all() for one in told)


def test_the_regression_comes_in_slowly_and_by_half_where_all_outcomes_are_of_one_window():
    weights = [regression_weight(customers) for customers in range(1_000)]
    assert weights[0] == 0.0
    assert weights[int(SOME)] == QUARTER
    assert weights[int(ENOUGH) :] == pytest.approx([HALF] * (1_000 - int(ENOUGH)))
    assert 0 <= min(np.diff(weights)) <= max(np.diff(weights)) < 0.005
    assert regression_weight(400, 1.0) == HALF / 2


def test_trees_come_in_as_the_data_grows_and_one_customer_more_makes_no_other_model():
    params = model_params()
    gate = params.gates

    def weight(times):
        n = int(times * gate.min_churners)
        customers = int(times * gate.min_customers)
        left = np.r_[np.ones(n), np.zeros(max(n, customers - n))]
        rows = pd.DataFrame({"churned": left, "as_of_date": np.arange(len(left)) // customers})
        return tree_weight(rows, params)

    assert weight(1.0) == 0.0
    assert weight(FULL) == 1.0
    assert weight(3.0) == pytest.approx(0.5, abs=0.03)
    assert weight(0.5) == 0.0


def test_bg_nbd_and_pareto_nbd_are_told_by_the_mean_of_their_log_odds(world):
    rows, orders = world
    triple = btyd_inputs(rows)
    both = orders.p_no_purchase(HORIZON, triple)
    alone = orders.bg_nbd.p_no_purchase(HORIZON, *triple)
    pareto = orders.pareto_nbd.p_no_purchase(HORIZON, *triple)
    assert (both >= np.minimum(alone, pareto) - 1e-3).all()
    assert (both <= np.maximum(alone, pareto) + 1e-3).all()
    assert BtydOrders.from_dict(orders.to_dict()) == orders


def test_the_rhythm_is_learned_from_who_bought_before_the_date_gone_or_not():
    plan, purchases = timeline(), simulate_purchases(300)
    day = plan.test[0]
    found = histories(purchases, day)
    early = purchases[purchases["event_day"] < pd.Timestamp(date_of(day))]
    assert set(found.index) == set(early["customer_id"])
    one = early[early["customer_id"] == found.index[0]]
    days = (pd.Timestamp(date_of(day)) - one["event_day"]).dt.days
    expected = (len(one) - 1, days.max() - days.min(), days.max(), one["orders"].sum())
    assert tuple(found.iloc[0][["frequency", "recency", "T", "orders_total"]]) == expected
    later = purchases.assign(orders=purchases["orders"] + 5)
    later = pd.concat([early, later[later["event_day"] >= pd.Timestamp(date_of(day))]])
    pd.testing.assert_frame_equal(histories(later, day), found)
    assert fit_rhythm(found).orders_per_purchase_day == pytest.approx(1.0)


GATES = GateParams(min_customers=50, min_churners=10)


def trained(days, customers=400, change=None):
    plan, snapshots = timeline(days), simulate(customers, days)
    if change is not None:
        snapshots = change(snapshots)
    features = model_features(snapshots)
    made = train_all(
        snapshots,
        plan,
        features,
        group_of(features),
        model_params(gates=GATES),
        purchases=simulate_purchases(customers, days),
    )
    return plan, snapshots, made


@pytest.mark.slow
@pytest.mark.parametrize("days", [60, 75])
def test_where_other_customers_judge_nobody_is_told_by_a_model_that_saw_them(days):
    plan, snapshots, made = trained(days)
    assert plan.rung == OTHER_CUSTOMERS
    asked = snapshots[snapshots["customer_id"] == sorted(snapshots["customer_id"])[0]]
    asked = asked[asked["outcome_known"]]

    def turned(rows):
        mine = rows["customer_id"] == asked["customer_id"].iloc[0]
        left = rows["churned"].where(~mine | rows["churned"].isna(), 1 - rows["churned"])
        return rows.assign(churned=left)

    _, _, other = trained(days, change=turned)
    one, two = (HeldOutBundle([e.bundle for e in m.judged]).churn for m in (made, other))
    assert np.array_equal(one.predict(asked), two.predict(asked))
    # What is served has seen everybody.
    others = snapshots[snapshots["outcome_known"]]
    assert not np.array_equal(made.served.churn.predict(others), other.served.churn.predict(others))


@pytest.mark.slow
def test_a_bundle_below_the_trees_is_coherent_and_reads_back_as_it_was(tmp_path):
    plan, snapshots, made = trained(280, customers=45)
    assert plan.rung == BY_DATE
    assert made.tree_weight == 0
    now = snapshots[snapshots["split"] == "score"].reset_index(drop=True)
    served = made.served
    served.save(tmp_path)
    again = Bundle.load(tmp_path)
    risk = served.churn.predict(now)
    assert np.array_equal(again.churn.predict(now), risk)
    money, when = served.value.predict(now, risk), served.next_purchase.predict(now, risk)
    pd.testing.assert_frame_equal(again.value.predict(now, risk), money)
    pd.testing.assert_frame_equal(again.next_purchase.predict(now, risk), when)
    check_coherent(plan, served, now)
    distance = gate_distance(snapshots[snapshots["outcome_known"]], model_params(gates=GATES))
    rung = rung_of(plan, made.tree_weight, distance)
    assert rung.number == PARAMETRIC
    rung.save(tmp_path)
    assert Rung.load(tmp_path) == rung


@pytest.mark.slow
def test_a_bundle_between_trees_and_rhythm_is_coherent_and_reads_back_as_it_was(tmp_path):
    plan, snapshots, made = trained(280, customers=150)
    assert 0 < made.tree_weight < 1
    now = snapshots[snapshots["split"] == "score"].reset_index(drop=True)
    made.served.save(tmp_path)
    again = Bundle.load(tmp_path)
    risk = made.served.churn.predict(now)
    assert np.array_equal(again.churn.predict(now), risk)
    pd.testing.assert_frame_equal(
        again.value.predict(now, risk), made.served.value.predict(now, risk)
    )
    check_coherent(plan, made.served, now)
    parts = made.served.churn.contributions(now).sum(axis=1)
    assert np.allclose(expit(parts), made.served.churn.raw(now))


def check_coherent(plan, bundle, now):
    """One story: the curve goes through the risk, and money follows from it."""
    risk = bundle.churn.predict(now)
    when = bundle.next_purchase
    curve = when.curve(now, risk)
    assert np.allclose(curve[:, list(when.grid).index(plan.horizon_days)], risk, atol=2e-6)
    assert (np.diff(curve, axis=1) <= 1e-12).all()
    told = when.predict(now, risk)
    days = told[[f"next_purchase_days_{end}" for end in ("low", "median", "high")]].to_numpy()
    assert not (days[:, 0] > days[:, 1]).any()
    assert not (days[:, 1] > days[:, 2] + 1).any()
    money, _ = bundle.tell(now, risk)
    days = {"horizon_days": plan.horizon_days, "value_horizon_days": plan.value_horizon_days}
    cards = pd.concat([money, told], axis=1)
    cards = cards.assign(churn_risk=risk, churn_definition="lapse", **days)
    assert not list(orders_cohere(cards))
    stays, lapses = money["value_if_stays"], money["value_if_lapses"]
    assert np.allclose(money["expected_value"], (1 - risk) * stays + risk * lapses, rtol=1e-9)
    assert np.allclose(money["value_at_risk"], risk * (stays - lapses))
    assert (stays >= lapses).all()
    assert (money["expected_orders"] >= (1 - risk) - 1e-9).all()  # who stays buys at least once
    assert (money["expected_orders_in_value_horizon"] >= money["expected_orders"]).all()


@pytest.mark.slow
def test_where_trees_cannot_learn_when_the_rhythm_tells_it_and_churn_keeps_its_trees(monkeypatch):
    def refused(*_):
        raise DataGateError("49 of 49 training rows were followed")

    monkeypatch.setattr(models.training.fitting, "choose_next_purchase", refused)
    plan, snapshots, made = trained(280, customers=150)
    assert made.served.churn.boosters
    assert made.served.trees is None
    check_coherent(plan, made.served, snapshots[snapshots["split"] == "score"])


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("customers", [60, 230, 260, 600])
def test_what_keeps_trees_out_is_named_wherever_they_have_no_part(customers):
    rows = Until(simulate(customers), timeline()).train
    params = model_params(gates=GateParams(min_customers=200, min_churners=50))
    missing = {what for what, (have, need) in tree_distance(rows, params).items() if have < need}
    assert bool(missing) == (tree_weight(rows, params) == 0)
