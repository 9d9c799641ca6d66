"""Simulated subscriptions and their payments, for companies where leaving is a cancellation."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.arrays import FloatArray as Floats
from core.arrays import IntArray as Ints
from sources.kinds.simulator.contacts import MONTH, paid_until
from sources.kinds.simulator.process import FAR
from sources.kinds.simulator.tables import Maker

PLANS = (("basic", 9.0), ("plus", 19.0), ("premium", 39.0))
RISE = 1.1  # what a price change multiplies the price by
CHANGED = 0.4  # share of subscriptions with a price change half-way through the data
FAILS = 0.03  # share of payments that come late


@dataclass(frozen=True)
class Terms:
    """One entry a customer: days, and what is paid a month before and after a price change."""

    starts: Floats
    ends: Floats  # at the end of the month that is paid for
    plan: Ints
    price: Floats
    changes: Floats  # beyond the end where the price never changes


def subscriptions(maker: Maker, terms: Terms) -> pa.Table:
    """One row a subscription; a new price is a new one that starts where the old one ends."""
    n = len(terms.starts)
    is_changed = terms.changes < np.minimum(terms.ends, maker.days)
    everyone, again = np.arange(n), np.flatnonzero(is_changed)
    who = np.concatenate([everyone, again])
    starts = np.concatenate([terms.starts, terms.changes[again]])
    ends = np.concatenate([np.where(is_changed, terms.changes, terms.ends), terms.ends[again]])
    price = np.concatenate([terms.price, np.round(terms.price[again] * RISE, 2)])
    is_over = ends < maker.days
    number = np.concatenate([maker.people.number * 2, maker.people.number[again] * 2 + 1])
    seconds = (starts * 86400).astype(np.int64)
    ended = maker.times(np.where(is_over, ends, 0) * 86400)
    return pa.table(
        {
            "customer_id": maker.customer_ids(who),
            "subscription_id": maker.ids(number, "P", 10),
            "started_at": maker.times(seconds),
            "ended_at": pc.if_else(pa.array(is_over), ended, None),
            "subscription_plan": maker.words(terms.plan[who], tuple(name for name, _ in PLANS)),
            "amount": price,
            "period_days": np.full(len(who), MONTH),
            "known_at": maker.times(seconds + 60),
        }
    )


def payments(maker: Maker, terms: Terms) -> pa.Table:
    """One order a month that was paid; a coupon takes its value off one of them."""
    rng = maker.streams["orders"]
    # What is drawn of a month is drawn whether or not the contract lasts so long.
    count = np.floor((maker.days - 1e-6 - terms.starts) / MONTH).astype(np.int64) + 1
    who = np.repeat(np.arange(len(count)), count)
    month = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
    due = terms.starts[who] + MONTH * month
    is_late, days_late = rng.random(len(due)) < FAILS, rng.uniform(1, 10, len(due))
    paid = due + np.where(is_late, days_late, 0.01)
    delay = maker.delays(len(due), rng)
    price = np.round(terms.price[who] * np.where(due >= terms.changes[who], RISE, 1.0), 2)
    off = _off(maker, who, due)
    rows = np.flatnonzero((paid >= 0) & (paid < maker.days) & (due < terms.ends[who] - 1e-6))
    seconds = (paid[rows] * 86400).astype(np.int64)
    return pa.table(
        {
            "customer_id": maker.customer_ids(who[rows]),
            "order_id": maker.numbered(who[rows], month[rows], "O"),
            "event_time": maker.times(seconds),
            "known_at": maker.times(seconds + delay[rows]),
            "amount": np.round(price - off, 2)[rows],
            "discount": off[rows],
            "category": maker.words(np.zeros(len(rows), np.int64), ("subscription",)),
        }
    )


def monthly_price(terms: Terms) -> Floats:
    """What customers pay a month after any change of price."""
    return np.where(np.isfinite(terms.changes), np.round(terms.price * RISE, 2), terms.price)


def _off(maker: Maker, who: Ints, due: Floats) -> Floats:
    """What coupons take off each payment."""
    contacts = maker.life.contacts()
    redeemed = contacts.redeemed < maker.days - 1e-3
    keys = who * FAR + due
    at = np.searchsorted(keys, contacts.who[redeemed] * FAR + contacts.redeemed[redeemed] - 1.0)
    value = np.zeros(len(who))
    value[at] = np.array([a.incentive_cost for a in maker.world.actions])[contacts.action[redeemed]]
    return value


def draw_terms(maker: Maker) -> Terms:
    """What a group of customers subscribes to: its subscriptions and payments agree."""
    people, rng = maker.people, maker.streams["terms"]
    plan = np.minimum((people.rate > 1 / 8).astype(np.int64) + (people.rate > 1 / 4), 2)
    changes = np.where(rng.random(len(plan)) < CHANGED, maker.days / 2, np.inf)
    return Terms(
        starts=people.began,
        ends=paid_until(people.began, maker.life.now(maker.days).leaves),
        plan=plan,
        price=np.array([price for _, price in PLANS])[plan],
        changes=np.where(changes > people.began, changes, np.inf),
    )
