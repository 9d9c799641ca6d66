"""Where leaving means that a subscription ends: the models, their cards and their judgement."""

import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from core.digits import TOLD, to_digits
from core.errors import DataGateError
from features.timeline import date_of
from models.bundle import Bundle
from models.cards.whole import nobody
from models.churn.enough import check_gates
from models.churn.reason_rows import restored
from models.judging.plots import Costs
from models.judging.run import Evaluated, judge
from models.probability.profit import Offer
from models.simple.rules import BASELINES, TENURE_RULE, Baselines, fit_baselines
from models.training.models import train_all
from models.value.fitting import fit_value
from models.value.leavers import Horizons, LeaverShare
from tests.snapshots import (
    FEATURES,
    HORIZON,
    PLANS,
    TERMS,
    VALUE_HORIZON,
    groups_with_terms,
    model_params,
    simulate,
    timeline,
    trained,
    trained_on_subscribers,
)
from tests.whole_cards import score_cards

pytestmark = pytest.mark.xdist_group("trained")

PARAMS = model_params()
COSTS = Costs({"letter": Offer(incentive_cost=1.0, contact_cost=0.5)}, margin_rate=0.3)
PLAN = timeline(churn="cancellation")


@pytest.fixture(scope="module")
def rows():
    return simulate(churn="cancellation")


@pytest.fixture(scope="module")
def split(rows):
    return {name: part.reset_index(drop=True) for name, part in rows.groupby("split")}


@pytest.fixture(scope="module")
def everything():
    return trained_on_subscribers()


@pytest.fixture(scope="module")
def judged(rows, everything):
    return judge(rows, PLAN, evaluated(everything), COSTS, PARAMS)


def evaluated(made):
    return Evaluated(made.evaluated, made.baselines, made.past, made.past_baselines)


@pytest.fixture(scope="module")
def cards(split, everything):
    ids = [*split["score"]["customer_id"], "ended"]
    day = pd.Timestamp(date_of(PLAN.score - 9)).as_unit("us")
    purchases = pd.DataFrame({"customer_id": ids, "event_day": day, "orders": 1})
    models = (everything.served, everything.explainer, "version")
    return score_cards(split["score"], purchases, models, PLAN, PARAMS)


@pytest.mark.slow
def test_who_cancels_is_found_by_the_plan(everything, split):
    test = split["test"]
    found = roc_auc_score(test["churned"], everything.evaluated.churn.predict(test))
    truth = roc_auc_score(test["churned"], -test["subscription_plan"].map(PLANS).astype(float))
    assert found > truth - 0.05
    assert everything.served.churn.importance()["feature"][0] == "subscription_plan"


def test_everything_saved_says_what_leaving_means_and_predicts_the_same(
    everything, split, tmp_path
):
    everything.served.save(tmp_path)
    everything.baselines.save(tmp_path)
    again, score = Bundle.load(tmp_path), split["score"]
    assert again.churn.churn == again.next_purchase.churn == "cancellation"
    assert again.value.horizons == Horizons(HORIZON, VALUE_HORIZON, "cancellation")
    assert again.value.shares == everything.served.value.shares
    risk = again.churn.predict(score)
    np.testing.assert_array_equal(risk, everything.served.churn.predict(score))
    for name in ("next_purchase", "value"):
        first, second = (getattr(b, name).predict(score, risk) for b in (again, everything.served))
        assert_frame_equal(first, second, check_exact=True)
    assert Baselines.load(tmp_path) == everything.baselines


def test_files_of_a_lapse_say_nothing_of_it(tmp_path):
    made = trained()
    made.served.save(tmp_path)
    made.baselines.save(tmp_path)
    for path in tmp_path.glob("*.json"):
        content = json.loads(path.read_text())
        assert not {"churn", "vocabulary"} & set(content), path.name
        assert "churn" not in content.get("horizons", {})


def test_the_next_purchase_is_not_bent_to_the_risk_of_cancelling(everything, split):
    when, score = everything.served.next_purchase, split["score"]
    sure, never = (when.predict(score, np.full(len(score), risk)) for risk in (0.99, 0.01))
    assert_frame_equal(sure, never)
    survival = to_digits(when.survival(score), TOLD)
    np.testing.assert_array_equal(when.curve(score, np.ones(len(score))), survival)
    lapse = trained().served.next_purchase
    at_horizon = lapse.curve(score, np.full(len(score), 0.3))[:, lapse.grid.index(HORIZON)]
    np.testing.assert_allclose(at_horizon, 0.3)


def test_money_of_who_cancels_is_measured_and_not_nothing(everything, split):
    model, closed = everything.served.value, pd.concat([split["train"], split["validation"]])
    left = closed[closed["churned"] == 1]
    stayed = closed[closed["churned"] == 0]
    for name, column in (("orders", "orders_in_horizon"), ("spend", "spend_in_horizon")):
        raw = left[column].mean() / stayed[column].mean()
        assert model.shares[name].level == pytest.approx(raw, abs=0.15), name
    # Up to the end of the subscription, half a horizon of two on average, and nothing later.
    assert model.shares["value"].level == pytest.approx(0.5 * HORIZON / VALUE_HORIZON, abs=0.08)
    assert {share.power for share in model.shares.values()} == {0.0}


def test_the_figures_of_a_card_are_one_story(everything, split):
    model, score = everything.served.value, split["score"]
    risk = np.random.default_rng(5).random(len(score))
    found = model.predict(score, risk)
    stays, leaves = found["value_if_stays"], found["value_if_lapses"]
    np.testing.assert_allclose(found["value_at_risk"], risk * (stays - leaves))
    np.testing.assert_allclose(found["expected_value"], (1 - risk) * stays + risk * leaves)
    certain, staying = (model.predict(score, np.full(len(score), r)) for r in (1.0, 0.0))
    for name, part in (("expected_orders", "orders"), ("expected_spend", "spend")):
        share = model.shares[part].level
        assert 0 < share < 1
        np.testing.assert_allclose(certain[name], share * staying[name])


def test_over_the_horizon_itself_the_share_of_the_spend_is_that_of_the_value(split):
    same = Horizons(HORIZON, HORIZON, "cancellation")
    train = split["train"]
    model = fit_value(
        train, split["validation"], FEATURES, same, PARAMS, train["churned"].to_numpy()
    )
    assert model.shares["value"] == model.shares["spend"] != LeaverShare(0.5)
    assert model.shares["spend"].level > 0.2


def test_who_stays_may_buy_nothing_within_the_horizon(split):
    quiet = [split[name].assign(orders_in_horizon=0.0) for name in ("train", "validation")]
    horizons = Horizons(HORIZON, VALUE_HORIZON, "cancellation")
    model = fit_value(*quiet, FEATURES, horizons, PARAMS)
    expected = model.predict(split["test"], np.zeros(len(split["test"])))["expected_orders"]
    np.testing.assert_allclose(expected, 0.0, atol=1e-3)


def test_the_few_who_left_are_drawn_to_half_of_the_horizon(split):
    staying = split["train"].assign(churned=0.0)
    horizons = Horizons(HORIZON, VALUE_HORIZON, "cancellation")
    risk = np.full(len(staying), 0.1)
    model = fit_value(staying, split["validation"], FEATURES, horizons, PARAMS, risk)
    assert {model.shares[name] for name in ("orders", "spend")} == {LeaverShare(0.5)}
    over = LeaverShare(0.5 * HORIZON / VALUE_HORIZON)
    assert {model.shares[name] for name in ("far_orders", "value")} == {over}


def test_the_cards_say_what_leaving_means_and_who_has_left(cards, tmp_path):
    assert set(cards["churn_definition"]) == {"cancellation"}
    gone = cards[cards["status"] == "already_churned"]
    assert gone["customer_id"].tolist() == ["ended"]
    assert gone["churn_risk"].isna().all()
    scored = cards[cards["status"] == "scored"]
    assert scored["churn_risk"].between(0, 1).all()
    assert (scored["value_at_risk"] >= 0).all()
    cards.to_parquet(tmp_path / "cards.parquet")  # text and numbers in one column of reasons
    kept = pd.read_parquet(tmp_path / "cards.parquet")["reasons"].dropna()
    regions = {
        restored(reason)["value"]
        for reasons in kept
        for reason in reasons
        if reason["feature"] == "attribute_region"
    }
    assert regions
    assert regions <= {"north", "south", "Ёлкино"}


def test_nobody_to_score_is_told_by_the_subscriptions():
    assert "no customer has a subscription that runs then" in str(nobody(PLAN))
    assert "no customer bought in the 60 days before" in str(nobody(timeline()))


def test_the_baselines_have_the_tenure_and_not_the_forecast_of_purchases(everything, split):
    predicted = everything.baselines.predict(split["test"])
    assert list(predicted) == [TENURE_RULE, *(name for name in BASELINES if name != "bg_nbd")]
    assert predicted.gt(0).all(axis=None)
    assert predicted.lt(1).all(axis=None)


def test_the_tenure_rule_follows_the_tenure_alone(everything, split):
    row = split["test"].iloc[[0, 0]].assign(subscription_tenure_days=[20.0, 250.0])
    young, old = everything.baselines.predict(row)[TENURE_RULE]
    assert young > old  # the basic plan's customers are soon gone
    other = row.assign(days_since_last_purchase=99.0, subscription_plan="premium")
    assert everything.baselines.predict(other)[TENURE_RULE].tolist() == [young, old]


def test_without_a_tenure_the_silence_is_the_rule(split):
    bare = split["train"].drop(columns=TERMS)
    made = fit_baselines(bare, HORIZON, "cancellation")
    names = ["recency_rule", "own_rhythm_rule", "rfm_logistic"]
    assert list(made.predict(split["test"].drop(columns=TERMS))) == names


@pytest.mark.slow
def test_the_judgement_has_no_bg_nbd_for_who_leaves_and_has_it_for_who_buys(judged):
    assert set(judged.churn["models"]) == {
        "ours", TENURE_RULE, "recency_rule", "own_rhythm_rule", "rfm_logistic",
    }  # fmt: skip
    assert judged.next_purchase["by_day"]["7"]["bg_nbd"]["brier"] > 0
    json.dumps([judged.churn, judged.next_purchase, judged.value], allow_nan=False)


@pytest.mark.slow
def test_the_tenure_can_be_the_best_rule(rows, everything):
    # One row in ten says the reverse: what never errs would stop the run as a leak.
    short = (rows["churned"] == 1) ^ (np.arange(len(rows)) % 10 == 0)
    known = rows.assign(subscription_tenure_days=np.where(short, 1.0, 900.0))
    made = fit_baselines(known[known["split"] == "train"], HORIZON, "cancellation")
    both = Evaluated(everything.evaluated, made, everything.past, everything.past_baselines)
    figures = judge(known, PLAN, both, COSTS, PARAMS).churn
    assert figures["best_rule"] == TENURE_RULE
    assert figures["grade"] == "C"


def test_plots_have_every_column_that_is_drawn(judged):
    for name in ("roc", "precision_recall", "gains"):
        assert {*BASELINES, "ours", TENURE_RULE} <= set(judged.plots[name])
        assert judged.plots[name]["bg_nbd"].isna().all()


@pytest.mark.slow
def test_a_subscriber_who_never_bought_is_judged_and_scored_too(rows, everything):
    history = ["days_since_last_purchase", "gap_mean", "silence_over_gap_mean", "tenure_days"]
    totals = ["orders_total", "orders_30d", "orders_90d", "amount_total", "amount_30d"]
    nothing = [*history, *totals, "amount_90d", "frequency", "recency", "T", "monetary_value"]
    changed = rows.copy()
    changed.loc[changed["customer_id"].str.endswith("7"), nothing] = np.nan
    baselines = fit_baselines(changed[changed["split"] == "train"], HORIZON, "cancellation")
    test = changed[changed["split"] == "test"]
    assert np.isfinite(baselines.predict(test)).all(axis=None)
    assert np.isfinite(baselines.expected_orders(test, 28)).all()
    assert np.isfinite(baselines.days_to_next_purchase(test)).all()
    both = Evaluated(everything.evaluated, baselines, everything.past, baselines)
    figures = judge(changed, PLAN, both, COSTS, PARAMS)
    json.dumps([figures.churn, figures.next_purchase, figures.value], allow_nan=False)
    score = changed[changed["split"] == "score"]
    bought = pd.DataFrame({"customer_id": ["x"], "event_day": pd.Timestamp("2024-03-01")})
    models = (everything.served, everything.explainer, "version")
    made = score_cards(score, bought, models, PLAN, PARAMS)
    never = made["customer_id"].str.endswith("7")
    assert set(made.loc[never, "lifecycle_stage"]) == {"new"}
    assert made["last_purchase_date"].notna().sum() == 1


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (0.0, "had a running subscription at the end of the horizon.*Lengthen task.horizon_days"),
        (1.0, "none whose customer had a running subscription.*Shorten task.horizon_days in"),
    ],
)
def test_one_outcome_only_is_told_in_the_words_of_subscriptions(split, outcome, message):
    one_sided = split["train"].assign(churned=outcome)
    with pytest.raises(DataGateError, match=message) as told_models:
        check_gates(one_sided, "training dates", PARAMS, churn="cancellation")
    assert "bought" not in str(told_models.value)
    assert "active_within_days" not in str(told_models.value)


def test_test_dates_on_which_nobody_cancelled_are_told_in_those_words_too(rows):
    loyal = rows.assign(churned=rows["churned"].where(rows["split"] != "test", 0.0))
    with pytest.raises(DataGateError, match="had a running subscription at the end"):
        train_all(loyal, PLAN, [*FEATURES, *TERMS], groups_with_terms(), PARAMS)


def test_the_rules_of_the_past_are_those_of_cancellations_too(everything):
    assert everything.past_baselines.churn == everything.past.churn.churn == "cancellation"
    assert everything.evaluated.value.horizons == everything.past.value.horizons
