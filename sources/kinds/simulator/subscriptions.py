"""Simulated subscriptions and their payments, for companies where leaving is a cancellation."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.kinds.simulator.people import Floats, Ints
from sources.kinds.simulator.tables import Maker

PLANS = (("basic", 9.0), ("plus", 19.0), ("premium", 39.0))
MONTH = 30.0  # days between payments
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
    """One order a month that was paid."""
    rng = maker.rng
    last = np.minimum(terms.ends, maker.days) - 1e-6
    count = np.maximum(np.floor((last - terms.starts) / MONTH).astype(np.int64) + 1, 0)
    who = np.repeat(np.arange(len(count)), count)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    month = np.arange(len(who)) - np.repeat(first, count)
    due = terms.starts[who] + MONTH * month
    paid = due + np.where(rng.random(len(due)) < FAILS, rng.uniform(1, 10, len(due)), 0.01)
    inside = (paid >= 0) & (paid < maker.days)
    who, due, paid, number = who[inside], due[inside], paid[inside], np.flatnonzero(inside)
    risen = np.where(due >= terms.changes[who], RISE, 1.0)
    seconds = (paid * 86400).astype(np.int64)
    return pa.table(
        {
            "customer_id": maker.customer_ids(who),
            "order_id": maker.ids(maker.people.number[0] * 1000 + number, "O", 12),
            "event_time": maker.times(seconds),
            "known_at": maker.known(seconds),
            "amount": np.round(terms.price[who] * risen, 2),
            "category": maker.words(np.zeros(len(who), np.int64), ("subscription",)),
        }
    )


def draw_terms(maker: Maker) -> Terms:
    """What a group of customers subscribes to: its subscriptions and payments agree."""
    people, rng = maker.people, maker.rng
    n = len(people.number)
    is_new = people.joined > 0
    starts = np.where(is_new, people.joined, -np.floor(rng.exponential(300.0, n)))
    months = np.ceil(np.maximum(people.leaves - starts, 1e-6) / MONTH)
    plan = np.minimum((people.rate > 1 / 8).astype(np.int64) + (people.rate > 1 / 4), 2)
    changes = np.where(rng.random(n) < CHANGED, maker.days / 2, np.inf)
    return Terms(
        starts=starts,
        ends=starts + MONTH * months,
        plan=plan,
        price=np.array([price for _, price in PLANS])[plan],
        changes=np.where(changes > starts, changes, np.inf),
    )
