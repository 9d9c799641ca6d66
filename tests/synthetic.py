"""A small shop with a planted truth: who leaves, when, and how it shows beforehand.

Customers buy at a rhythm of their own; some leave for good on a planted day and slow down in the
month before. Guests, refunds, categories, campaigns, consents, contacts and complaints are in it,
and everything is a function of the seed.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

START = pd.Timestamp("2024-01-01")
CATEGORIES = ("bread", "fruit", "milk", "wine", "soap")
OBJECTOR = "00007"  # refused profiling: never scored, listed or planned
COMPLAINER = "00011"  # has an open complaint
NEVER = 10**6


@dataclass(frozen=True)
class Shop:
    """How big, how long, and how customers leave: `leave_days` is the mean time to leaving."""

    customers: int = 450
    days: int = 300
    leave_days: float = 260.0
    seed: int = 11


def tables(shop: Shop) -> dict[str, pd.DataFrame]:
    """The tables of the contract, as a company would export them."""
    rng = np.random.default_rng(shop.seed)
    ids = [f"{number:05d}" for number in range(shop.customers)]
    joins = np.where(rng.random(shop.customers) < 0.6, 0, rng.integers(0, shop.days, len(ids)))
    stays = np.full(len(ids), NEVER)
    if shop.leave_days < NEVER:
        stays = 20 + rng.exponential(shop.leave_days, len(ids)).astype(int)
    visits = [
        (customer, day)
        for customer, join, stay in zip(ids, joins, stays, strict=True)
        for day in _visits(rng, int(join), int(stay), shop.days)
    ]
    return {
        "orders": _orders(rng, visits, shop.days),
        "events": _events(rng, ids, shop.days),
        "customers": pd.DataFrame(
            {
                "customer_id": ids,
                "name": [None if number % 3 else f"Name {number}" for number in range(len(ids))],
                "email": [f"{customer}@example.com" for customer in ids],
                "owner": ["Anna" if number % 2 else "Борис" for number in range(len(ids))],
            }
        ),
        "consents": _consents(rng, ids),
        "contacts": _contacts(ids, shop.days),
        "tickets": pd.DataFrame(
            {
                "customer_id": [COMPLAINER, ids[12]],
                "ticket_id": ["t1", "t2"],
                "opened_at": [_time(shop.days - 9, 10), _time(shop.days - 60, 10)],
                "closed_at": [None, _time(shop.days - 50, 10)],
                "kind": "complaint",
            }
        ),
    }


def weekly(customers: int, days: int) -> dict[str, pd.DataFrame]:
    """Orders alone, by customers who never miss their weekday: nobody ever leaves."""
    rows = [
        (f"{customer:05d}", f"o{customer}-{day}", _time(day, 12), 10.0 + customer % 7)
        for customer in range(customers)
        for day in range(customer % 7, days, 7)
    ]
    names = ["customer_id", "order_id", "event_time", "amount"]
    return {"orders": pd.DataFrame(rows, columns=names)}


def write(folder: Path, content: dict[str, pd.DataFrame]) -> None:
    """One CSV a table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in content.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def _visits(rng: np.random.Generator, join: int, stay: int, days: int) -> list[int]:
    """Days with a purchase. In the month before leaving the gaps are twice as long."""
    gap, day, visits = rng.uniform(4, 14), float(join), []
    while day < min(days, join + stay):
        visits.append(int(day))
        slower = 2.0 if day > join + stay - 30 else 1.0
        day += 1 + rng.gamma(3, slower * gap / 3)
    return visits


def _orders(rng: np.random.Generator, visits: list[tuple[str, int]], days: int) -> pd.DataFrame:
    rows = []
    for number, (customer, day) in enumerate(visits):
        guest = rng.random() < 0.04
        for line in range(1, 1 + int(rng.integers(1, 4))):
            category = CATEGORIES[int(rng.integers(len(CATEGORIES)))]
            amount = round(float(rng.gamma(4, 5)), 2)
            who = None if guest else customer
            row = [who, f"o{number}", _time(day, int(rng.integers(8, 20))), line, amount, category]
            rows.append(row)
            if rng.random() < 0.02 and day + 5 < days:
                rows.append([who, f"r{number}-{line}", _time(day + 5, 12), 1, -amount, category])
    names = ["customer_id", "order_id", "event_time", "line_id", "amount", "category"]
    return pd.DataFrame(rows, columns=names).assign(store="main")


def _events(rng: np.random.Generator, ids: list[str], days: int) -> pd.DataFrame:
    rows = []
    for day in range(20, days, 40):
        for customer in rng.choice(ids, len(ids) // 3, replace=False):
            rows.append((customer, _time(day, 9), "campaign_exposed"))
            if rng.random() < 0.3 and day + 3 < days:
                rows.append((customer, _time(day + 3, 15), "coupon_redeemed"))
    return pd.DataFrame(rows, columns=["customer_id", "event_time", "kind"])


def _consents(rng: np.random.Generator, ids: list[str]) -> pd.DataFrame:
    rows = [
        (customer, channel, _time(0, 8), bool(rng.random() < 0.85), "marketing")
        for customer in ids
        for channel in ("email", "app", "post", "phone")
    ]
    rows.append((OBJECTOR, "all", _time(30, 8), False, "profiling"))
    names = ["customer_id", "channel", "event_time", "granted", "purpose"]
    return pd.DataFrame(rows, columns=names)


def _contacts(ids: list[str], days: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ids[20:40],
            "contact_id": [f"k{number}" for number in range(20)],
            "event_time": [_time(days - 3, 10)] * 20,
            "action_id": "check_in_email",
            "channel": "email",
            "arm": ["treated", "holdout"] * 10,
        }
    )


def _time(day: int, hour: int) -> str:
    return (START + pd.Timedelta(days=day, hours=hour)).strftime("%Y-%m-%d %H:%M")
