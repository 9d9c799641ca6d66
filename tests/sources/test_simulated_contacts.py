"""Contacts of simulated companies: drawn from what was known, acting only on what lies ahead."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.contract import TABLES
from sources.kinds.simulator.contacts import ABOUT_TO, live
from sources.kinds.simulator.people import draw_people, response_chances
from sources.kinds.simulator.process import clock
from sources.kinds.simulator.worlds import (
    INDEPENDENT,
    LOST_CAUSE,
    MISSPECIFIED,
    PERSUADABLE,
    RESPONSE_SHARES,
    RESPONSES,
    SHOP,
    SLEEPING_DOG,
    SUBSCRIPTION,
    SURE_THING,
    WORLDS,
)
from sources.kinds.simulator.writing import START, group

DAYS, CUSTOMERS = 400, 1500


@cache
def tables(world, withheld_from=1e6, days=DAYS, customers=CUSTOMERS):
    """All tables of a company, by name; contacts from a day on are planned and withheld."""
    made = group(world, days, 3, (0, customers), withheld_from=withheld_from)
    return {name: table.to_pandas() for name, table in made.items()}


def strong(world):
    """The same world where contacts are many and always work: what they change is seen."""
    actions = tuple(replace(action, keeps=1.0, repels=1.0) for action in world.actions)
    return replace(world, actions=actions, contacted=0.8)


def day_of(times):
    return (times - pd.Timestamp(START)) / pd.Timedelta(days=1)


def shown_before(table, name, day):
    """The rows that a table shows before a day, without what is written into them later."""
    contract = TABLES[name]
    shown = table[day_of(table[contract.time]) < day].reset_index(drop=True)
    for time, others in contract.later.items():
        if time in shown:
            is_later = day_of(shown[time]) >= day
            shown[[time, *(other for other in others if other in shown)]] = shown[
                [time, *(other for other in others if other in shown)]
            ].mask(is_later)
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
@settings(max_examples=4, deadline=None)
@given(day=st.sampled_from([31, 95, 215, 365]))
def test_all_that_tables_show_before_a_contact_is_the_same_without_it(world, day):
    world = strong(world)
    treated, withheld = tables(world), tables(world, withheld_from=float(day))
    for place, table in treated.items():
        kind, name = place.split("/")
        if kind == "tables":
            pd.testing.assert_frame_equal(
                shown_before(table, name, day), shown_before(withheld[place], name, day), obj=name
            )


def test_what_comes_after_a_contact_is_not_the_same_without_it():
    treated, withheld = tables(strong(SHOP)), tables(strong(SHOP), withheld_from=95.0)
    for name in ("tables/orders", "tables/events", "tables/contacts", "truth/phases"):
        assert not treated[name].equals(withheld[name]), name


def with_word(contacts, consents):
    """Each contact's newest word on its channel, or None; an objection is a no to all."""
    rows = consents.assign(on=np.where(consents["channel"] == "all", "all", consents["channel"]))
    pairs = contacts.merge(rows, on="customer_id", suffixes=("", "_said"))
    pairs = pairs[(pairs["event_time_said"] <= pairs["event_time"])]
    pairs = pairs[(pairs["on"] == pairs["channel"]) | (pairs["on"] == "all")]
    newest = pairs.sort_values("event_time_said").groupby("contact_id")["granted"].last()
    return newest.reindex(contacts["contact_id"])


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
def test_who_is_contacted_has_agreed_to_the_channel_of_the_action(world):
    contacts = tables(world)["tables/contacts"]
    assert set(contacts["channel"]) == {"email", "phone"}
    assert with_word(contacts, tables(world)["tables/consents"]).eq(True).all()


@pytest.mark.slow
def test_contacts_go_to_who_bought_lately_and_some_of_them_are_gone():
    made = tables(SHOP, days=730, customers=10_000)
    contacts, orders = made["tables/contacts"], made["tables/orders"]
    bought = orders[orders["amount"] > 0].sort_values("event_time")
    pairs = pd.merge_asof(
        contacts.sort_values("event_time"),
        bought[["customer_id", "event_time"]].assign(bought=bought["event_time"]),
        on="event_time",
        by="customer_id",
    )
    ago = (pairs["event_time"] - pairs["bought"]) / pd.Timedelta(days=1)
    # Purchases are written on their day, at a time of their own.
    assert ago.notna().mean() > 0.99
    assert ago.max() < SHOP.listed_days + 1
    left = made["truth/customers"].set_index("customer_id")["left_day_untreated"]
    is_gone = left.loc[contacts["customer_id"]].to_numpy() < day_of(contacts["event_time"])
    assert 0.1 < is_gone.mean() < 0.3


def test_caps_count_withheld_contacts_as_made():
    contacts = tables(SHOP, days=730, customers=10_000)["tables/contacts"]
    contacts = contacts.sort_values(["customer_id", "event_time"])
    day = day_of(contacts["event_time"])
    third = day.groupby(contacts["customer_id"]).diff(SHOP.max_contacts).dropna()
    assert (third >= SHOP.max_contacts_days).all()
    # Whether the last one was made does not change whether the next one comes.
    after = day.groupby(contacts["customer_id"]).diff(-1).notna()
    early = day < 600
    rates = after[early].groupby(contacts["arm"][early]).mean()
    assert rates["treated"] == pytest.approx(rates["holdout"], abs=0.02)


def test_arms_are_random_within_who_may_be_treated_and_all_chances_are_logged():
    made = tables(SHOP, days=730, customers=10_000)
    contacts, truth = made["tables/contacts"], made["truth/customers"]
    others = contacts[~contacts["persistent_control"]]
    control = contacts[contacts["persistent_control"]]
    expected = np.where(contacts["persistent_control"], 0.0, SHOP.treated)
    assert (contacts["propensity"] == expected).all()
    assert (others["arm"] == "treated").mean() == pytest.approx(SHOP.treated, abs=0.01)
    assert set(control["arm"]) == {"holdout"}
    assert control["customer_id"].nunique() == pytest.approx(
        SHOP.persistent_control * contacts["customer_id"].nunique(), rel=0.2
    )
    product = contacts["propensity"] * contacts["action_propensity"]
    assert np.allclose(contacts["contact_propensity"], product)
    assert set(np.round(SHOP.contacted / contacts["action_propensity"])) == {1, 2, 3}
    satisfaction = truth.set_index("customer_id")["satisfaction"]
    by_arm = satisfaction.loc[others["customer_id"]].groupby(others["arm"].to_numpy()).mean()
    assert abs(by_arm["treated"] - by_arm["holdout"]) < 0.05
    assert (contacts.loc[contacts["arm"] == "holdout", "cost"] == 0).all()


def test_a_redeemed_coupon_takes_its_value_off_an_order():
    made = tables(SHOP, days=730, customers=10_000)
    events, orders = made["tables/events"], made["tables/orders"]
    redeemed = events[events["kind"] == "coupon_redeemed"].assign(
        day=lambda rows: rows["event_time"].dt.floor("D")
    )
    bought = orders[orders["amount"] > 0].assign(day=lambda rows: rows["event_time"].dt.floor("D"))
    bought = bought.assign(undiscounted=bought["amount"] + bought["discount"])
    by_day = bought.groupby(["customer_id", "day"])[["discount", "undiscounted"]].sum()
    index = pd.MultiIndex.from_frame(redeemed[["customer_id", "day"]])
    assert index.isin(by_day.index).all()
    share = by_day["discount"].sum() / by_day["undiscounted"].sum()
    off = by_day.loc[index]
    value = (off["discount"] - share * off["undiscounted"]).mean()
    assert value == pytest.approx(SHOP.actions[1].incentive_cost, abs=0.25)


def test_a_coupon_takes_its_value_off_a_payment_of_a_subscription():
    made = tables(SUBSCRIPTION)
    redeemed = (made["tables/events"]["kind"] == "coupon_redeemed").sum()
    discount = made["tables/orders"]["discount"]
    assert set(discount) == {0.0, 2.0}
    # A payment that comes late may do so after the data ends.
    assert 0.9 * redeemed <= (discount > 0).sum() <= redeemed


@pytest.mark.slow
def test_responses_have_the_planted_shares_and_depend_on_traits_only_where_they_should():
    rng = np.random.default_rng(5)
    traits = rng.standard_normal((200_000, 4))
    shares = [*RESPONSE_SHARES.values()]
    assert response_chances(SHOP, traits).mean(axis=0) == pytest.approx(shares, abs=0.004)
    assert (response_chances(INDEPENDENT, traits) == shares).all()
    people = draw_people(SHOP, np.arange(100_000), DAYS, rng)
    mean = pd.DataFrame(
        {"content": people.satisfaction, "deals": people.deals, "opens": people.opens}
    ).groupby(people.response)
    assert mean["content"].mean().idxmin() == LOST_CAUSE
    assert mean["content"].mean().idxmax() == SURE_THING
    assert mean["deals"].mean().idxmax() == PERSUADABLE
    assert mean["opens"].mean().idxmin() == SLEEPING_DOG


def effect(life, kind):
    """Share who left within 60 days of the first contact, treated minus holdout; its error."""
    people, contacts, phases = life.people, life.contacts(), life.phases
    _, first = np.unique(contacts.who, return_index=True)
    first = first[people.response[contacts.who[first]] == RESPONSES.index(kind)]
    first = first[~people.is_control[contacts.who[first]]]
    who, day = contacts.who[first], contacts.day[first]
    first = first[people.would_leave[who] > day]
    who, day = contacts.who[first], contacts.day[first]
    last = np.searchsorted(phases.who, who, side="right") - 1
    left = phases.leaves[last] - day < ABOUT_TO
    treated = contacts.is_treated[first]
    # Later contacts act on both arms alike; what they did is a small part of it.
    rates = left[treated].mean(), left[~treated].mean()
    error = np.sqrt(
        sum(r * (1 - r) / n for r, n in zip(rates, (treated.sum(), (~treated).sum()), strict=True))
    )
    return rates[0] - rates[1], error


@pytest.mark.slow
def test_actions_do_what_was_planted_and_only_to_whom_it_was():
    rng = np.random.default_rng(7)
    people = draw_people(SHOP, np.arange(200_000), DAYS, rng)
    life = live(SHOP, people, clock(START, DAYS, 0.0), rng)
    kept, error = effect(life, "persuadable")
    assert kept < -5 * error
    driven, error = effect(life, "sleeping_dog")
    assert driven > 3 * error
    for nothing in ("sure_thing", "lost_cause"):
        found, error = effect(life, nothing)
        assert abs(found) < 3.5 * error + 0.002


@pytest.mark.slow
def test_in_the_misspecified_world_those_who_seem_to_leave_were_contacted():
    made = tables(MISSPECIFIED, days=730, customers=10_000)
    contacts, truth = made["tables/contacts"], made["truth/customers"].set_index("customer_id")
    assert contacts["propensity"].isna().all()
    assert set(contacts["arm"]) == {"treated"}
    left = truth.loc[contacts["customer_id"], "left_day_untreated"].to_numpy()
    random = tables(SHOP, days=730, customers=10_000)
    other = random["tables/contacts"]
    others = random["truth/customers"].set_index("customer_id")
    others_left = others.loc[other["customer_id"], "left_day_untreated"].to_numpy()
    leaving = (left - day_of(contacts["event_time"]).to_numpy()) < ABOUT_TO
    as_random = (others_left - day_of(other["event_time"]).to_numpy()) < ABOUT_TO
    assert leaving.mean() > as_random.mean() + 0.1
