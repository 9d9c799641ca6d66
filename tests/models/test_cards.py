import numpy as np
import pandas as pd
import pytest

from benchmarks.zoo.card_checks import orders_cohere
from features.snapshot import group_of
from features.timeline import date_of
from models.cards.scored import with_next_categories
from models.cards.whole import rhythm_and_contact
from models.training.models import train_all
from tests.snapshots import (
    FEATURES,
    FIRST,
    HORIZON,
    VALUE_HORIZON,
    model_params,
    simulate,
    timeline,
    trained,
)
from tests.whole_cards import score_cards

pytestmark = pytest.mark.xdist_group("trained")

PROBABILITIES = [f"purchase_probability_{days}d" for days in (7, 14, 30, 60, 90)]


@pytest.fixture(scope="module")
def snapshot():
    rows = simulate()
    return rows[rows["split"] == "score"].reset_index(drop=True)


@pytest.fixture(scope="module")
def purchases(snapshot):
    """A purchase of every customer of the cohort, and of two who left long ago."""
    plan = timeline()
    days = plan.score - snapshot["days_since_last_purchase"]
    bought = pd.DataFrame({"customer_id": snapshot["customer_id"], "day": days})
    gone = pd.DataFrame({"customer_id": ["a-gone", "z-gone"], "day": [FIRST + 3, FIRST + 9]})
    earlier = bought.assign(day=FIRST)
    rows = pd.concat([earlier, bought, gone], ignore_index=True)
    rows["event_day"] = pd.to_datetime(rows["day"], unit="D").astype("datetime64[us]")
    return rows[["customer_id", "event_day"]].assign(orders=1)


def make(snapshot, purchases, **changes):
    everything = trained()
    models = (everything.served, everything.explainer, "version")
    return score_cards(snapshot, purchases, models, timeline(), model_params(**changes))


@pytest.fixture(scope="module")
def cards(snapshot, purchases):
    return make(snapshot, purchases)


@pytest.fixture(scope="module")
def scored(cards):
    return cards[cards["status"] == "scored"]


def test_no_card_tells_more_orders_or_value_than_its_own_curve_allows(scored):
    assert not list(orders_cohere(scored))
    risk, stays, lapses = (
        scored[name] for name in ("churn_risk", "value_if_stays", "value_if_lapses")
    )
    np.testing.assert_allclose(
        scored["expected_value"], (1 - risk) * stays + risk * lapses, rtol=1e-9
    )


def test_everyone_who_ever_bought_has_one_card(cards, purchases):
    assert cards["customer_id"].is_unique
    assert set(cards["customer_id"]) == set(purchases["customer_id"])


def test_who_is_not_in_the_cohort_has_left_already_and_is_given_no_risk(cards):
    gone = cards[cards["status"] == "already_churned"]
    assert gone["customer_id"].tolist() == ["a-gone", "z-gone"]
    told = ["churn_risk", "risk_rank", "expected_orders", "value_at_risk", *PROBABILITIES]
    assert gone[told].isna().all(axis=None)
    assert gone["last_purchase_date"].dt.strftime("%m-%d").tolist() == ["01-04", "01-10"]


def test_ranks_count_down_the_risk_and_the_cards_are_in_the_order_of_their_customers(cards, scored):
    assert cards["customer_id"].is_monotonic_increasing
    by_rank = scored.sort_values("risk_rank")
    assert by_rank["risk_rank"].tolist() == list(range(1, len(scored) + 1))
    assert by_rank["churn_risk"].is_monotonic_decreasing


def test_equal_risks_are_ranked_by_customer_id(snapshot, purchases):
    twins = pd.concat([snapshot.head(1)] * 3, ignore_index=True)
    twins["customer_id"] = ["c2", "c1", "c3"]
    cards = make(twins, purchases.assign(customer_id="c1"))
    assert cards.set_index("customer_id")["risk_rank"].to_dict() == {"c1": 1, "c2": 2, "c3": 3}


def test_the_rank_within_a_stage_follows_the_value_at_risk(scored):
    for _, stage in scored.groupby("lifecycle_stage"):
        by_rank = stage.sort_values("rank_in_stage")
        assert by_rank["rank_in_stage"].tolist() == list(range(1, len(stage) + 1))
        assert by_rank["value_at_risk"].is_monotonic_decreasing


def test_bands_follow_the_cuts(snapshot, purchases, scored):
    risk, band = scored["churn_risk"], scored["risk_band"]
    assert (risk[band == "high"] >= 0.5).all()
    assert risk[band == "medium"].between(0.2, 0.5, inclusive="left").all()
    assert (risk[band == "low"] < 0.2).all()
    assert set(band) == {"high", "medium", "low"}


def test_when_and_churn_tell_one_story(scored, snapshot):
    curve = scored[PROBABILITIES].to_numpy(np.float64)
    assert (np.diff(curve, axis=1) >= 0).all()
    # The horizon (28 days) lies between 14 and 30.
    stays = 1 - scored["churn_risk"]
    assert (scored["purchase_probability_14d"] <= stays + 1e-9).all()
    assert (scored["purchase_probability_30d"] >= stays - 1e-9).all()


def test_money_is_told_by_the_same_risk(scored):
    risk, stays, lapses = (
        scored[name] for name in ("churn_risk", "value_if_stays", "value_if_lapses")
    )
    np.testing.assert_allclose(scored["expected_value"], (1 - risk) * stays + risk * lapses)
    np.testing.assert_allclose(scored["value_at_risk"], risk * (stays - lapses))


def test_dates_are_whole_days_in_order_and_beyond_reach_there_is_none(scored):
    as_of = pd.Timestamp(date_of(timeline().score))
    low, median, high = (scored[f"next_purchase_date_{name}"] for name in ("low", "median", "high"))
    for first, second in ((low, median), (median, high)):
        both = first.notna() & second.notna()
        assert (first[both] <= second[both]).all()
        assert not (first.isna() & second.notna()).any()
    reach = pd.Timedelta(days=int(scored["next_purchase_reach_days"].iloc[0]))
    for dates in (low, median, high):
        known = dates.dropna()
        assert (known == known.dt.normalize()).all()
        assert known.between(as_of, as_of + reach).all()
    assert high.isna().any()
    assert high.notna().any()


def test_every_card_says_as_of_when_how_far_ahead_and_by_which_model(cards):
    plan = timeline()
    said = {
        "as_of_date": pd.Timestamp(date_of(plan.score)),
        "horizon_days": HORIZON,
        "value_horizon_days": VALUE_HORIZON,
        "churn_definition": "lapse",
        "model_version": "version",
        "data_until": pd.Timestamp(date_of(plan.data_until)),
    }
    for name, value in said.items():
        assert (cards[name] == value).all(), name


def test_the_last_purchase_is_the_day_the_features_count_from(scored, snapshot):
    silence = snapshot.set_index("customer_id")["days_since_last_purchase"]
    counted = (scored["as_of_date"] - scored["last_purchase_date"]).dt.days
    assert counted.tolist() == silence[scored["customer_id"]].tolist()


def test_cards_tell_the_usual_gap_and_the_last_contact_that_the_features_know(scored, snapshot):
    gap = snapshot.set_index("customer_id")["gap_mean"][scored["customer_id"]]
    told = scored.set_index("customer_id")["usual_gap_days"]
    pd.testing.assert_series_equal(told.dropna(), gap[gap > 0], check_names=False, rtol=1e-3)
    assert "last_contact_date" not in scored  # of data without contacts
    ago = [1.0 if row % 2 == 0 else None for row in range(len(snapshot))]
    found = rhythm_and_contact(snapshot.assign(days_since_contact=ago), timeline())
    assert found["last_contact_date"][0] == scored["as_of_date"].iloc[0] - pd.Timedelta(days=1)
    assert found["last_contact_date"].isna().tolist() == [day is None for day in ago]


def test_reasons_belong_to_their_customer(scored, snapshot):
    everything = trained()
    explained = everything.explainer.explain(everything.served.churn, snapshot)
    expected = dict(zip(snapshot["customer_id"], explained, strict=True))
    assert all(card.reasons == expected[card.customer_id] for card in scored.itertuples())
    assert scored["reasons"].map(len).max() <= 5


def test_a_share_of_reasons_goes_to_those_with_most_at_stake(snapshot, purchases, scored):
    some = make(snapshot, purchases, reasons_share=0.1)
    some = some[some["status"] == "scored"].set_index("customer_id")
    has = some["reasons"].notna()
    assert has.sum() == int(np.ceil(0.1 * len(some)))
    assert some.loc[has, "value_at_risk"].min() >= some.loc[~has, "value_at_risk"].max()
    whole = scored.set_index("customer_id")["reasons"]
    assert list(some.loc[has, "reasons"]) == list(whole[some.index[has]])


def test_the_order_of_the_rows_changes_no_card(snapshot, purchases, cards):
    shuffled = snapshot.sample(frac=1, random_state=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(
        make(shuffled, purchases).drop(columns="reasons"), cards.drop(columns="reasons")
    )


@pytest.mark.slow
def test_without_amounts_money_is_absent_and_the_rest_is_there(snapshot, purchases):
    rows = simulate()
    no_money = [name for name in rows.columns if name.startswith(("amount", "spend", "value"))]
    no_money = [name for name in no_money if name != "value_known"]
    features = [name for name in FEATURES if name not in no_money]
    everything = train_all(
        rows.drop(columns=no_money), timeline(), features, group_of(features), model_params()
    )
    cards = score_cards(
        snapshot.drop(columns=[n for n in no_money if n in snapshot]),
        purchases,
        (everything.served, everything.explainer, "version"),
        timeline(),
        model_params(),
    )
    absent = {"expected_spend", "expected_value", "value_at_risk", "value_if_stays", "abc_class"}
    assert not absent & set(cards.columns)
    assert cards.loc[cards["status"] == "scored", "expected_orders"].gt(0).all()


class Echo:
    """A model of categories that tells whom it was asked about."""

    def predict(self, snapshot, history, churn_risk, *_):
        told = zip(snapshot["customer_id"], churn_risk, strict=True)
        lists = [[{"category": f"for {who}", "probability": 1 - risk}] for who, risk in told]
        assert set(history["as_of_date"]) <= set(snapshot["as_of_date"])
        return pd.DataFrame(
            {"next_categories_new": [[]] * len(lists), "next_categories_any": lists},
            index=snapshot.index,
        )


def test_next_categories_are_told_with_the_risk_of_the_card(cards, snapshot):
    dates = [snapshot["as_of_date"].iloc[0], pd.Timestamp("1999-01-01")]
    told = with_next_categories(cards, snapshot, pd.DataFrame({"as_of_date": dates}), Echo())
    assert told["customer_id"].tolist() == cards["customer_id"].tolist()
    pd.testing.assert_frame_equal(told[list(cards.columns)], cards)
    scored = told[told["status"] == "scored"]
    for card in scored.to_dict("records"):
        [only] = card["next_categories_any"]
        assert only["category"] == f"for {card['customer_id']}"
        assert only["probability"] == 1 - card["churn_risk"]
        assert card["next_categories_new"] == []
    assert told.loc[told["status"] == "already_churned", "next_categories_any"].isna().all()
