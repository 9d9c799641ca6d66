"""A log of contacts whose effects are planted, with what the customers bought."""

import functools

import numpy as np
import pandas as pd

from actions.effects.measuring import Known
from features.planning.timeplan import Timeline

START = pd.Timestamp("2024-01-01")
FIRST, DAYS = 19723, 400
CUSTOMERS = 3_000
ROUNDS = (60, 120, 180, 240, 360)  # days of contacts; the last has not closed
ACTIONS = ("call", "mail")
KEEPS = 0.9  # share of those about to leave whom a call keeps
HARM = 0.3  # share of the treated who leave because of the action that harms


@functools.cache
def log(harms=False, by_chance=True):
    """Contacts, purchases and snapshots of customers who buy every twelfth day until they leave."""
    rng = np.random.default_rng(101)
    ids = np.array([f"c{number:05d}" for number in range(CUSTOMERS)])
    leaves = rng.exponential(500.0, CUSTOMERS)
    spend = np.exp(rng.normal(3.0, 1.0, CUSTOMERS))
    contacts = []
    for day in ROUNDS:
        who = rng.permutation(CUSTOMERS)[: CUSTOMERS // 2]
        action = rng.integers(2, size=len(who))
        chance = np.full(len(who), 0.7)
        if not by_chance:  # somebody sees who is about to leave, and calls them
            chance = np.where(leaves[who] - day < 90, 0.95, 0.4)
        treated = rng.random(len(who)) < chance
        left = leaves[who] - day
        works = rng.random(len(who)) < (HARM if harms else KEEPS)
        if harms:
            leaves[who] = np.where(treated & works & (left > 0), day, leaves[who])
        else:
            kept = treated & works & (left > 0) & (left < 120) & (action == 0)
            leaves[who] = np.where(kept, day + 300, leaves[who])
        contacts.append(
            pd.DataFrame(
                {
                    "customer_id": ids[who],
                    "event_time": START + pd.Timedelta(days=day, hours=9),
                    "action_id": np.array(ACTIONS)[action],
                    "channel": "email",
                    "arm": np.where(treated, "treated", "holdout"),
                    "propensity": 0.7,
                    "cost": 1.0,
                }
            )
        )
    grid = rng.uniform(0, 12, CUSTOMERS)[:, None] + 12 * np.arange(DAYS // 12)
    who, place = np.nonzero((grid < leaves[:, None]) & (rng.random(grid.shape) < 0.8))
    purchases = pd.DataFrame(
        {
            "customer_id": ids[who],
            "event_day": START + pd.to_timedelta(np.floor(grid[who, place]), unit="D"),
            "orders": 1,
            "amount": spend[who] * rng.gamma(4.0, 0.25, len(who)),
        }
    )
    table = pd.concat(contacts, ignore_index=True)
    table["contact_id"] = table.index.astype("str")
    return table, purchases, snapshots(ids, grid, who, place, spend)


def snapshots(ids, grid, who, place, spend):
    bought = np.zeros(grid.shape, bool)
    bought[who, place] = True
    frames = []
    for day in range(30, DAYS + 1, 30):
        before = bought & (grid < day)
        last = np.where(before, grid, -np.inf).max(axis=1)
        frames.append(
            pd.DataFrame(
                {
                    "customer_id": ids,
                    "as_of_date": START + pd.Timedelta(days=day),
                    "split": "score" if day == 390 else "train",
                    "days_since_last_purchase": np.floor(day - last),
                    "orders_30d": (before & (grid >= day - 30)).sum(axis=1).astype(float),
                    "amount_mean": spend,
                }
            )[np.isfinite(last) & (day - last < 60)]
        )
    return pd.concat(frames, ignore_index=True)


def timeline():
    return Timeline(
        horizon_days=28, active_within_days=60, value_horizon_days=90, data_from=FIRST,
        data_until=FIRST + DAYS - 1, train=(), validation=(), test=(), unused=(),
        score=FIRST + 390, value_train=(), value_test=(), choices=(),
    )  # fmt: skip


def known(**changes):
    contacts, purchases, rows = log(**changes)
    today = rows[rows["split"] == "score"]
    risk = (today["days_since_last_purchase"] / 60).clip(0.05, 0.95)
    cards = today[["customer_id"]].assign(
        churn_risk=risk, value_if_stays=400.0, value_if_lapses=100.0
    )
    return Known({"contacts": contacts}, rows, purchases, cards, timeline())
