"""Relationship with a customer: its level, the level that value suggests, and what holds it.

Rules that a manager can check by hand; docs/segments.md explains each with numbers. What the data
does not show is `unknown`, never the lowest level. No model learns from these fields.
"""

from typing import Literal, get_args

import numpy as np
import pandas as pd

from features.planning.timeplan import Timeline
from features.timeline import date_of
from models.customers.segments import abc_class, longest_window
from models.customers.strength import RECENT_DAYS, STARTS_AT, csat_top, satisfaction, strength
from models.lone import is_lone
from models.words import PURCHASE_PROBABILITY

# From the least to the most, after Kotler (Marketing Management, "levels of relationship
# marketing"): sells and does no more; invites the customer to call; checks back after the sale;
# makes suggestions from time to time; works with the customer all along.
RelationshipLevel = Literal["basic", "reactive", "accountable", "proactive", "partnership"]
HeldBy = Literal["discounts", "service", "habit", "convenience", "nothing_clear", "unknown"]
RELATIONSHIP_LEVELS = get_args(RelationshipLevel)
HELD_BY = get_args(HeldBy)
UNKNOWN = "unknown"

CONTINUOUS, REPEATED = 3, 2  # contacts within RECENT_DAYS: one a month, and more than one
ANSWERS = 0.5  # of the contacts: a partner answers at least this share
# Multiples of the cohort's mean amount. At most one customer in k can have k times the mean
# (Markov's inequality), so a high multiple also means few customers, as in Kotler's table.
PARTNER_MULTIPLE, PROACTIVE_MULTIPLE, ACCOUNTABLE_MULTIPLE = 5.0, 2.0, 1.0
# By chance, eleven gaps look as even as EVEN_GAPS once in 64, and twelve purchase days fall on one
# weekday as often as SAME_WEEKDAY once in 40: with fewer days, chance looks like habit.
FEWEST_PURCHASE_DAYS = 12
EVEN_GAPS, SAME_WEEKDAY = 0.5, 0.5
ONE_STORE, BOUGHT_AGAIN = 0.9, 0.5
DISCOUNTED_ORDERS, DISCOUNT, COUPONS_PER_ORDER = 0.5, 0.2, 0.25
CONTENT = 85.0  # satisfaction, of 100: 4.4 of 5, or a promoter's 9 of 10
COMMON = 0.5  # a trait shared by more of the cohort does not distinguish customers


def relationship(snapshot: pd.DataFrame, earlier: pd.DataFrame, timeline: Timeline) -> pd.DataFrame:
    """The fields of the relationship with everybody at the score date, on the snapshot's index.

    They are relationship_level, suggested_level (where there are amounts), held_by,
    relationship_strength, its change relationship_strength_change and relationship_declined since
    the as-of date relationship_strength_since. `snapshot` holds the rows of the score date,
    `earlier` those of the day that `compared_with` gives, none where it gives none: the columns
    that `of_everybody` and `of_earlier` name are enough.
    """
    since = compared_with(timeline)
    columns = pd.DataFrame({"relationship_level": relationship_level(snapshot)})
    amounts = longest_window(snapshot, "amount")
    if amounts is not None:
        columns["suggested_level"] = suggested_level(amounts)
    columns["held_by"] = held_by(snapshot)
    columns = columns.join(strength(snapshot, earlier))
    columns["relationship_declined"] = columns["relationship_declined"].astype("boolean")
    start = pd.NaT if since is None else pd.Timestamp(date_of(since))
    dates = pd.Series(start, index=columns.index, dtype="datetime64[us]")
    is_compared = columns["relationship_strength_change"].notna()
    return columns.assign(relationship_strength_since=dates.where(is_compared))


def compared_with(timeline: Timeline) -> int | None:
    """The as-of day since when the strength of a relationship is told to have changed."""
    return timeline.before_score(RECENT_DAYS)


def relationship_level(snapshot: pd.DataFrame) -> "pd.Series[str]":
    """The first rule that holds, over the last RECENT_DAYS days (fewer in a young data set).

    partnership: contacted CONTINUOUS times or more, and answers at least half of all contacts;
    proactive: contacted REPEATED times or more; accountable: contacted once, or answered a survey;
    reactive: opened a ticket; else basic. Without the table contacts every level is unknown;
    without tickets basic and reactive cannot be told apart, and are unknown; without answers a
    partner cannot be told from proactive, and is proactive.
    """
    contacts = longest_window(snapshot, "contacts", RECENT_DAYS)
    if contacts is None:
        return pd.Series(UNKNOWN, index=snapshot.index, dtype="str")
    answers = _column(snapshot, "contact_response_rate") >= ANSWERS
    is_asked = _column(snapshot, "days_since_survey") <= RECENT_DAYS
    tickets = longest_window(snapshot, "tickets", RECENT_DAYS)
    called = pd.Series(False, index=snapshot.index) if tickets is None else tickets > 0
    names = np.select(
        [
            (contacts >= CONTINUOUS) & answers,
            contacts >= REPEATED,
            (contacts > 0) | is_asked,
            called,
        ],
        ["partnership", "proactive", "accountable", "reactive"],
        UNKNOWN if tickets is None else "basic",
    )
    return pd.Series(names, index=snapshot.index)


def suggested_level(amounts: "pd.Series[float]") -> "pd.Series[str]":
    """The level that is worth its cost, by net amount (n,), after Kotler's table.

    Class C is basic. The others go by their amount over the cohort's mean: partnership from 5,
    proactive from 2, accountable from 1, reactive below. An unknown or negative amount counts as
    zero; a lone customer (models/lone.py) is left out of the mean.
    """
    brought = amounts.clip(lower=0.0).fillna(0.0)
    mean = brought[~is_lone(brought)].mean()
    multiple = brought / mean if mean > 0 else brought
    names = np.select(
        [
            abc_class(amounts) == "C",
            multiple >= PARTNER_MULTIPLE,
            multiple >= PROACTIVE_MULTIPLE,
            multiple >= ACCOUNTABLE_MULTIPLE,
        ],
        ["basic", "partnership", "proactive", "accountable"],
        "reactive",
    )
    return pd.Series(names, index=amounts.index)


def held_by(snapshot: pd.DataFrame) -> "pd.Series[str]":
    """What holds the customer: the first trait of discounts, service, habit, convenience.

    What costs us money comes first, then what we do, then what the customer does anyway. A trait
    that more than half of the cohort have is ignored. A customer without any trait is
    nothing_clear, or unknown with fewer than FEWEST_PURCHASE_DAYS purchase days. A one-time buyer
    is not held yet: unknown.
    """
    days = snapshot["orders_total"] / snapshot["orders_per_purchase_day"]
    is_known = days >= FEWEST_PURCHASE_DAYS
    found = {
        "discounts": is_known & _by_discounts(snapshot),
        "service": (snapshot["orders_total"] >= STARTS_AT) & _by_service(snapshot),
        "habit": is_known & _by_habit(snapshot),
        "convenience": is_known & _by_convenience(snapshot),
    }
    traits = {
        name: trait if trait.sum() <= COMMON * len(trait) else trait & False
        for name, trait in found.items()
    }
    names = np.select([*traits.values(), is_known], [*traits, "nothing_clear"], UNKNOWN)
    return pd.Series(names, index=snapshot.index)


def second_purchase(cards: pd.DataFrame, is_one_time: "pd.Series[bool]") -> pd.DataFrame:
    """Columns second_purchase_probability and second_purchase_days, for one-time buyers only.

    The probability is the card's own purchase probability at the furthest reported day within the
    curve: for a one-time buyer the next purchase is the second. Unknown where no reported day is
    within the curve.
    """
    reach = {
        int(str(name).removeprefix(PURCHASE_PROBABILITY).removesuffix("d")): str(name)
        for name in cards.columns
        if str(name).startswith(PURCHASE_PROBABILITY) and cards[name].notna().any()
    }
    furthest = max(reach, default=None)
    known = _column(cards, reach[furthest]) if furthest else _column(cards, "")
    days = pd.Series(furthest, index=cards.index, dtype="Int64")
    return pd.DataFrame(
        {
            "second_purchase_probability": known.where(is_one_time),
            "second_purchase_days": days.where(is_one_time),
        }
    )


def _by_discounts(snapshot: pd.DataFrame) -> "pd.Series[bool]":
    """Half of the orders discounted and a fifth off all prices; or a coupon on a quarter."""
    is_usual = _column(snapshot, "discounted_orders_share_total") >= DISCOUNTED_ORDERS
    is_large = _column(snapshot, "discount_share_total") >= DISCOUNT
    coupons = _column(snapshot, "coupons_redeemed_total") / snapshot["orders_total"]
    return (is_usual & is_large) | (coupons >= COUPONS_PER_ORDER)


def _by_service(snapshot: pd.DataFrame) -> "pd.Series[bool]":
    """The customer says that they are content; an open complaint counts as zero."""
    return satisfaction(snapshot, csat_top(snapshot)) >= CONTENT


def _by_habit(snapshot: pd.DataFrame) -> "pd.Series[bool]":
    """Gaps far more even than chance, or half of the purchase days on one day of the week."""
    is_even = _column(snapshot, "gap_variation") <= EVEN_GAPS
    return is_even | (_column(snapshot, "weekday_top_share") >= SAME_WEEKDAY)


def _by_convenience(snapshot: pd.DataFrame) -> "pd.Series[bool]":
    """One store and, where categories are known, mostly the same categories again."""
    is_one = _column(snapshot, "store_top_share") >= ONE_STORE
    if "category_repeat_share" not in snapshot:
        return is_one
    return is_one & (snapshot["category_repeat_share"] >= BOUGHT_AGAIN)


def _column(snapshot: pd.DataFrame, name: str) -> "pd.Series[float]":
    """The column; unknown for everyone where the data does not have it."""
    if name in snapshot:
        return snapshot[name]
    return pd.Series(np.nan, index=snapshot.index)
