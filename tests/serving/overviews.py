"""The overview of a small release, as stage `release` writes it."""

import datetime as dt

from features.timeline import closed_months, date_of, day_of
from tests.serving.release_reports import AS_OF

MONEY = ("revenue", "average_order", "value_so_far", "unpriced_orders")


def month(number: int, starts: int, ends: int, money: bool) -> dict:
    """One month: figures move a little, and what needs a history is not known at first."""
    known = number > 0
    line = {
        "starts": date_of(starts).isoformat(),
        "ends": date_of(ends - 1).isoformat(),
        "customers_active": 120 + number if known else None,
        "customers_new": 8 + number if known else None,
        "customers_at_start": 120 if known else None,
        "churn_rate": 0.2 + number / 100 if known else None,
        "retention_rate": 0.8 - number / 100 if known else None,
        "repeat_of": 110 if known else None,
        "repeat_rate": 0.5 if known else None,
        "orders": 240 + number,
        "frequency": 2.0 + number / 10 if known else None,
        "revenue": 4_800.0 + 100 * number,
        "unpriced_orders": 0,
        "average_order": 20.0 + number,
        "value_so_far": 40.0 * (number + 1),
        "nps": 12.0 if number == 4 else None,
        "nps_answers": 50 if number == 4 else None,
        "csat": None,
        "csat_answers": None,
        "csat_tickets": 4.25,
        "csat_tickets_answers": 9,
    }
    return line if money else line | dict.fromkeys(MONEY)


def overview_report(rows: list[dict], as_of: dt.date = AS_OF, money: bool = True) -> dict:
    """Five months; the customers of `rows` are in it: they move, and have owners."""
    first = as_of - dt.timedelta(days=180)
    periods = closed_months(day_of(first), day_of(as_of))
    listed = [row for row in rows if row["status"] in ("scored", "rule")]
    owners = sorted({row["owner"] or "" for row in listed})
    cells = [(recency, value) for recency in range(5, 0, -1) for value in range(1, 6)]
    return {
        "as_of_date": as_of.isoformat(),
        "data_from": first.isoformat(),
        "horizon_days": 30,
        "active_within_days": 30,
        "churn_definition": "lapse",
        "customers": len(listed),
        "repeat_days": 30,
        "currency": None,
        "months": [month(n, *period, money) for n, period in enumerate(periods)],
        "scales": {"csat_tickets": 5.0},
        "cohorts": {
            "period": "month",
            "rows": [
                {
                    "starts": date_of(starts).isoformat(),
                    "ends": date_of(ends - 1).isoformat(),
                    "customers": 20 + n,
                    "is_left_censored": n == 0,
                    "shares": [0.9 - 0.1 * k for k in range(len(periods) - n - 1)],
                }
                for n, (starts, ends) in enumerate(periods)
            ],
        },
        "expected_value": {"customers": len(listed), "total": 5_000.0, "mean": 152.0, "days": 90}
        if money
        else None,
        "value_at_risk": {
            "rfm_segment": [at_stake("loyal", 90, 900.5, money), at_stake("new", 40, 100.0, money)],
            "abc_class": [at_stake(name, 30, 300.0, money) for name in "ABC"],
            "owner": [at_stake(name or None, 40, 250.0, money) for name in owners],
        },
        "rfm": {
            "since": (as_of - dt.timedelta(days=98)).isoformat(),
            "cells": [
                {
                    "recency": recency,
                    "value": value,
                    "customers": recency * value,
                    "expected_value": 100.0 * recency if money else None,
                    "value_at_risk": 10.0 * recency if money else None,
                    "before": recency * value - (1 if value > 3 else -1),
                }
                for recency, value in cells
            ],
            "moves": [
                {"before": "loyal", "now": "at_risk", "customers": 7},
                {"before": None, "now": "new", "customers": 5},
                {"before": "loyal", "now": "loyal", "customers": 50},
                {"before": "new", "now": None, "customers": 3},
            ],
        },
        "pareto": {
            "days": 90,
            "customers": 100,
            "revenue": 10_000.0,
            "points": [
                {"customer_share": share / 10, "revenue_share": (share / 10) ** 0.5}
                for share in range(11)
            ],
            "classes": [
                {
                    "abc_class": name,
                    "customers": customers,
                    "customer_share": customers / 100,
                    "revenue": 10_000.0 * share,
                    "revenue_share": share,
                    "least": least,
                }
                for name, customers, share, least in (
                    ("A", 40, 0.8, 90.0),
                    ("B", 30, 0.15, 20.0),
                    ("C", 30, 0.05, 0.0),
                )
            ],
        }
        if money
        else None,
        "movers": {"days": 90, "customers": moved(listed)} if money else None,
        "relationship": {
            "since": (as_of - dt.timedelta(days=98)).isoformat(),
            "customers": 100,
            "mean": 61.5,
            "bins": [1, 2, 3, 4, 10, 20, 30, 20, 8, 2],
            "compared": 90,
            "declined": 12,
            "by_owner": [
                {"owner": n or None, "customers": 33, "mean": 60.0, "compared": 30, "declined": 4}
                for n in owners
            ],
        },
        "absent": {"csat": "no_answers"}
        if money
        else dict.fromkeys(("pareto", "movers"), "no_money"),
    }


def at_stake(name: str | None, customers: int, value_at_risk: float, money: bool) -> dict:
    return {
        "name": name,
        "customers": customers,
        "high": customers // 4,
        "value_at_risk": value_at_risk if money else None,
        "expected_value": 10 * value_at_risk if money else None,
    }


def moved(listed: list[dict]) -> list[dict]:
    """Every other customer has grown, the first most; the others have shrunk."""
    return [
        {
            "customer_id": row["customer_id"],
            "owner": row["owner"],
            "way": "growing" if number % 2 == 0 else "shrinking",
            "spent": 1_000.0 - number if number % 2 == 0 else 10.0,
            "before": 10.0 if number % 2 == 0 else 1_000.0 - number,
            "year_ago": None,
        }
        for number, row in enumerate(listed[:30])
    ]
