import numpy as np
import pandas as pd
import pytest

from features.timeline import date_of
from models.customers.relationship import (
    HELD_BY,
    RELATIONSHIP_LEVELS,
    UNKNOWN,
    compared_with,
    held_by,
    relationship_level,
    second_purchase,
    suggested_level,
)
from tests.snapshots import model_params, simulate, timeline, trained
from tests.whole_cards import score_cards

pytestmark = pytest.mark.xdist_group("trained")


def one(**columns):
    """A customer without contacts, tickets, answers or anything that holds them, as changed."""
    usual = {
        "contacts_30d": 0.0,
        "contacts_90d": 0.0,
        "contacts_365d": 9.0,
        "contact_response_rate": 0.0,
        "tickets_90d": 0.0,
        "tickets_365d": 5.0,
        "days_since_survey": 91.0,
        "orders_total": 20.0,
        "orders_per_purchase_day": 1.0,
        "gap_variation": 0.9,
        "weekday_top_share": 0.3,
        "store_top_share": 0.6,
        "category_repeat_share": 0.9,
        "discounted_orders_share_total": 0.9,
        "discount_share_total": 0.1,
        "coupons_redeemed_total": 0.0,
        "csat_mean": 4.0,
        "complaints_open": 0.0,
    }
    return pd.DataFrame({**usual, **columns}, index=[0])


def among_others(**columns):
    """The customer first, then two whom nothing holds."""
    return pd.concat([one(**columns), one(), one()], ignore_index=True)


@pytest.mark.parametrize(
    ("columns", "level"),
    [
        ({}, "basic"),
        ({"tickets_90d": 1.0}, "reactive"),
        ({"days_since_survey": 90.0}, "accountable"),
        ({"days_since_survey": np.nan}, "basic"),
        ({"contacts_90d": 1.0, "tickets_90d": 3.0}, "accountable"),
        ({"contacts_90d": 1.0, "contact_response_rate": 1.0}, "accountable"),
        ({"contacts_90d": 2.0}, "proactive"),
        ({"contacts_90d": 2.0, "contact_response_rate": 1.0}, "proactive"),
        ({"contacts_90d": 3.0, "contact_response_rate": 0.49}, "proactive"),
        ({"contacts_90d": 3.0, "contact_response_rate": 0.5}, "partnership"),
    ],
)
def test_the_relationship_level_is_the_first_rule_that_holds(columns, level):
    assert relationship_level(one(**columns)).tolist() == [level]
    assert level in RELATIONSHIP_LEVELS


def test_without_contacts_the_level_is_unknown_whatever_else_is_there():
    rows = one(tickets_90d=3.0, days_since_survey=1.0)
    without = rows.drop(columns=[name for name in rows if name.startswith("contacts_")])
    assert relationship_level(without).tolist() == [UNKNOWN]


def test_what_a_missing_table_would_tell_is_not_made_up():
    """No tickets: basic and reactive are one; no answers: nobody is a partner."""
    no_tickets = ["tickets_90d", "tickets_365d"]
    assert relationship_level(one().drop(columns=no_tickets)).tolist() == [UNKNOWN]
    asked = one(contacts_90d=1.0).drop(columns=no_tickets)
    assert relationship_level(asked).tolist() == ["accountable"]
    often = one(contacts_90d=5.0).drop(columns=["contact_response_rate", "days_since_survey"])
    assert relationship_level(often).tolist() == ["proactive"]


def test_a_young_data_set_counts_over_the_window_it_has():
    rows = one(contacts_30d=2.0).drop(columns=["contacts_90d", "contacts_365d", "tickets_365d"])
    assert relationship_level(rows).tolist() == ["proactive"]


def test_the_level_that_value_suggests_follows_multiples_of_the_mean():
    """The mean is 3 and the sum 39: five, two and one times the mean belong above the limit."""
    amounts = pd.Series([15.0, 6.0, 5.9, 3.0, 2.9, 2.0, 1.3, 1.2, 1.0, 0.7, 0.0, -4.0, np.nan])
    assert amounts.clip(lower=0).fillna(0).mean() == pytest.approx(3.0)
    assert suggested_level(amounts).tolist() == [
        "partnership",
        *["proactive", "accountable", "accountable"],
        *["reactive", "reactive", "reactive", "reactive"],
        *["basic"] * 5,
    ]


def test_a_lone_customer_with_much_of_the_revenue_moves_nobody_elses_level():
    amounts = pd.Series(np.random.default_rng(3).gamma(1.0, 100.0, 500))
    levels = suggested_level(pd.concat([amounts, pd.Series([amounts.sum()])], ignore_index=True))
    assert levels.iloc[-1] == "partnership"
    assert levels.iloc[:-1].tolist() == suggested_level(amounts).tolist()


def test_customers_of_equal_value_get_one_level_and_no_value_is_basic():
    assert set(suggested_level(pd.Series([7.0] * 30))) == {"accountable"}
    assert set(suggested_level(pd.Series([0.0, -1.0, np.nan]))) == {"basic"}


@pytest.mark.parametrize("seed", range(5))
def test_few_can_be_worth_many_times_the_mean(seed):
    amounts = pd.Series(np.random.default_rng(seed).pareto(1.1, 3000))
    shares = suggested_level(amounts).value_counts(normalize=True)
    assert shares.get("partnership", 0.0) <= 1 / 5
    assert shares.get("partnership", 0.0) + shares.get("proactive", 0.0) <= 1 / 2


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({}, "nothing_clear"),
        ({"discount_share_total": 0.2}, "discounts"),
        ({"discount_share_total": 0.19}, "nothing_clear"),
        ({"discount_share_total": 0.2, "discounted_orders_share_total": 0.5}, "discounts"),
        ({"discount_share_total": 0.9, "discounted_orders_share_total": 0.4}, "nothing_clear"),
        ({"coupons_redeemed_total": 5.0}, "discounts"),
        ({"coupons_redeemed_total": 4.0}, "nothing_clear"),
        ({"csat_mean": 4.4}, "service"),
        ({"csat_mean": 4.39}, "nothing_clear"),
        ({"csat_mean": 5.0, "complaints_open": 1.0}, "nothing_clear"),
        ({"nps_last": 9.0, "csat_mean": np.nan}, "service"),
        ({"nps_last": 8.5, "csat_mean": np.nan}, "service"),
        ({"nps_last": 8.0, "csat_mean": np.nan}, "nothing_clear"),
        ({"gap_variation": 0.5}, "habit"),
        ({"gap_variation": 0.51}, "nothing_clear"),
        ({"gap_variation": np.nan}, "nothing_clear"),
        ({"weekday_top_share": 0.5}, "habit"),
        ({"store_top_share": 0.9}, "convenience"),
        ({"store_top_share": 0.89}, "nothing_clear"),
        ({"store_top_share": 1.0, "category_repeat_share": 0.49}, "nothing_clear"),
        ({"gap_variation": 0.1, "store_top_share": 1.0}, "habit"),
        ({"gap_variation": 0.1, "csat_mean": 5.0}, "service"),
        ({"csat_mean": 5.0, "discount_share_total": 0.5}, "discounts"),
        ({"gap_variation": 0.1, "orders_total": 12.0}, "habit"),
        ({"gap_variation": 0.1, "orders_total": 11.0}, "unknown"),
        ({"gap_variation": 0.1, "orders_total": 20.0, "orders_per_purchase_day": 1.7}, "unknown"),
        ({"csat_mean": 5.0, "orders_total": 2.0}, "service"),
        ({"csat_mean": 5.0, "orders_total": 1.0}, "unknown"),
        ({"orders_total": np.nan, "orders_per_purchase_day": np.nan}, "unknown"),
    ],
)
def test_what_holds_the_customer_is_the_first_trait_there_is(columns, name):
    assert held_by(among_others(**columns))[0] == name
    assert name in HELD_BY


def test_a_trait_that_most_have_tells_nobody_from_another():
    """Two of four at a discount: it holds them. Three of four: it is how everybody buys."""
    held, free = one(discount_share_total=0.4), one()
    half = pd.concat([held, held, free, free], ignore_index=True)
    assert held_by(half).tolist() == ["discounts"] * 2 + ["nothing_clear"] * 2
    most = pd.concat([held, held, held, free], ignore_index=True)
    assert set(held_by(most)) == {"nothing_clear"}


def test_without_any_trait_in_the_data_nothing_is_clear():
    kept = ["orders_total", "orders_per_purchase_day", "gap_variation"]
    assert set(held_by(among_others()[kept])) == {"nothing_clear"}
    stores = among_others(store_top_share=1.0)[[*kept, "store_top_share"]]
    assert held_by(stores)[0] == "convenience"


def test_the_second_purchase_is_the_cards_own_probability_at_the_furthest_day_reached():
    cards = pd.DataFrame(
        {
            "purchase_probability_7d": [0.1, 0.2, np.nan],
            "purchase_probability_60d": [0.5, 0.6, np.nan],
            "purchase_probability_90d": [np.nan] * 3,
        }
    )
    made = second_purchase(cards, pd.Series([True, False, False]))
    assert made["second_purchase_probability"].tolist()[:1] == [0.5]
    assert made["second_purchase_days"].tolist()[:1] == [60]
    assert made.iloc[1:].isna().all(axis=None)
    out_of_reach = second_purchase(cards.drop(columns=list(cards)[:2]), pd.Series([True] * 3))
    assert out_of_reach.isna().all(axis=None)


def full(rows):
    """The simulated snapshots with what the relationship is told from."""
    rng = np.random.default_rng(6)
    count = len(rows)
    return rows.assign(
        gap_variation=rng.uniform(0.4, 1.2, count),
        orders_per_purchase_day=1.0,
        orders_total=rows["orders_total"].where(rows["customer_id"] > "c00020", 1.0),
        contacts_90d=rng.integers(0, 4, count).astype(float),
        contact_response_rate=rng.random(count),
        tickets_90d=rng.integers(0, 2, count).astype(float),
        nps_last=rng.integers(0, 11, count).astype(float),
    )


def related(rows, plan):
    """Cards with the relationship, from the rows of all dates as a run reads two of them."""
    since, everything = compared_with(plan), trained()
    now, earlier = (
        rows[rows["as_of_date"].isin([] if day is None else [pd.Timestamp(date_of(day))])]
        for day in (plan.score, since)
    )
    now, earlier = now.reset_index(drop=True), earlier.reset_index(drop=True)
    models = (everything.served, everything.explainer, "version")
    plain = score_cards(now, purchases(now, plan), models, plan, model_params())
    return score_cards(now, purchases(now, plan), models, plan, model_params(), earlier), plain


def purchases(now, plan):
    bought = now[["customer_id"]].assign(event_day=pd.Timestamp(date_of(plan.score - 1)))
    gone = pd.DataFrame({"customer_id": ["gone"], "event_day": [pd.Timestamp("2024-01-03")]})
    return pd.concat([bought, gone])


@pytest.fixture(scope="module")
def cards():
    rows = full(simulate())
    return *related(rows, timeline()), rows


def test_the_cards_keep_their_rows_and_fields(cards):
    after, before, _ = cards
    pd.testing.assert_frame_equal(after[list(before.columns)], before)
    gone = after[after["status"] == "already_churned"]
    added = [name for name in after.columns if name not in before.columns]
    assert len(added) == 9
    assert gone[added].isna().all(axis=None)


def test_the_change_is_against_the_latest_date_ninety_days_before(cards):
    after, _, rows = cards
    score = pd.Timestamp(date_of(timeline().score))
    earlier = [day for day in rows["as_of_date"].unique() if (score - day).days >= 90]
    compared = after[after["relationship_strength_change"].notna()]
    assert set(compared["relationship_strength_since"]) == {max(earlier)}
    assert max(earlier) > score - pd.Timedelta(days=105)
    there = set(rows.loc[rows["as_of_date"] == max(earlier), "customer_id"])
    assert set(compared["customer_id"]) <= there
    assert (after["relationship_strength_since"].notna() == after.index.isin(compared.index)).all()


def test_one_time_buyers_get_the_second_purchase_and_the_others_a_strength(cards):
    after, _, rows = cards
    now = rows[rows["split"] == "score"].set_index("customer_id")["orders_total"]
    scored = after[after["status"] == "scored"]
    once = scored["customer_id"].map(now).eq(1)
    assert once.sum() > 0
    told = scored["second_purchase_probability"]
    assert told[once].equals(scored.loc[once, "purchase_probability_90d"])
    assert told[~once].isna().all()
    assert set(scored.loc[once, "second_purchase_days"]) == {90}
    assert (scored["relationship_strength"].isna() == once).all()
    assert scored.loc[~once, "relationship_strength"].between(0, 100).all()


def test_the_order_of_the_rows_changes_no_card(cards):
    after, _, rows = cards
    again, _ = related(rows.sample(frac=1, random_state=3), timeline())
    same = ["reasons"]  # lists, which a frame does not compare
    pd.testing.assert_frame_equal(again.drop(columns=same), after.drop(columns=same))


def test_the_earlier_date_is_the_latest_that_is_far_enough():
    plan = timeline()
    last = max(day for day in plan.as_of_days() if day < plan.score)
    assert plan.before_score(plan.score - last) == last
    assert plan.before_score(plan.score - last + 1) == last - 14
    assert plan.before_score(plan.score - plan.train[0] + 1) is None


def test_without_an_earlier_date_there_is_no_change(cards):
    *_, rows = cards
    plan = timeline()
    late = [day for day in plan.train if day > plan.score - 90]
    short = type(plan)(**{**plan.__dict__, "train": tuple(late), "validation": (), "test": ()})
    short = type(plan)(**{**short.__dict__, "unused": ()})
    made, _ = related(rows, short)
    unknown = ["relationship_strength_change", "relationship_strength_since"]
    assert made[[*unknown, "relationship_declined"]].isna().all(axis=None)
    assert made["relationship_strength"].notna().any()
