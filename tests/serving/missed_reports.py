"""A report of who turned out otherwise than told, and its customers."""

import datetime as dt

import pandas as pd

from core.files import write_json
from models.judging.told_wrong import COLUMNS
from tests.serving.releases import AS_OF

OLD = AS_OF - dt.timedelta(days=60)


def counted(told, wrong, expected, low, high):
    return {"told": told, "wrong": wrong, "expected": expected, "low": low, "high": high}


def group(by, name, stands_out=False, **counts):
    return {"by": by, "group": name, **counts, "stands_out": stands_out}


def side(*counts, by_chance=True, value=None, groups=(), would_have_told=None):
    return {
        **counted(*counts),
        "by_chance": by_chance,
        "value": value,
        "groups": list(groups),
        "would_have_told": would_have_told,
    }


def missed_report():
    """A past list on which too many left, and test dates on which one feature would have told."""
    of_all = {"horizon_days": 30, "customers": 100, "rows": 100, "left": 20}
    groups = [
        group("reason", "frequency", **counted(40, 3, 2.9, 0, 6)),
        group("rfm_segment", "champions", stands_out=True, **counted(30, 9, 2.1, 0, 5)),
        group("abc_class", "A", **counted(30, 4, 3.0, 0, 6)),
    ]
    tell = {"feature": "orders_90d", "value": None, "above": False}
    found = [tell | {"told": 30, "wrong": 9, "expected": 5.5}]
    nothing = {"tested": 40, "found": []}
    calm = side(20, 8, 8.4, 4, 13, would_have_told=nothing)
    return {
        "lists": [
            {
                "list_id": "test_dates",
                "as_of_dates": ["2024-08-14", "2024-08-28"],
                **of_all,
                "missed_leavers": side(
                    60, 12, 11.1, 6, 18, would_have_told=nothing | {"found": found}
                ),
                "false_alarms": calm,
            },
            {
                "list_id": "abc",
                "as_of_dates": [OLD.isoformat()],
                **of_all,
                "missed_leavers": side(
                    60, 12, 5.5, 2, 10, by_chance=False, value=240.0, groups=groups
                ),
                "false_alarms": side(20, 8, 8.4, 4, 13),
            },
        ]
    }


def missed_files(folder, ids):
    """The report and its customers as stage `monitor` writes them: these were missed by "abc"."""
    rows = pd.DataFrame(
        {
            "list_id": "abc",
            "kind": "missed_leavers",
            "customer_id": ids,
            "as_of_date": pd.Timestamp(OLD),
            "churn_risk": [0.05 + 0.001 * place for place in range(len(ids))],
            "reason": ["frequency", "rhythm"] * (len(ids) // 2),
            "reason_direction": "down",
            "rfm_segment": "champions",
            "abc_class": ["A", None] * (len(ids) // 2),
            "lost": [10.0 * place for place in range(len(ids))],
        }
    )
    folder.mkdir(exist_ok=True)
    rows[list(COLUMNS)].astype(COLUMNS).to_parquet(folder / "missed.parquet")
    write_json(folder / "missed.json", missed_report())
    return missed_report(), folder / "missed.parquet"
