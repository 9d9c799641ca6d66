"""Small tables without a fault, to which a test adds one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.rows import Rows
from features.params import TaskParams
from features.planning.profile import Profile
from features.usability.finding import as_records
from features.usability.report import as_json, usability_report
from pipelines.reports.usability_words import words_of
from sources.params import SourceParams
from sources.tables.kept import Kept
from tests.features.world import day, on_duckdb

START = pd.Timestamp("2023-03-06")  # a Monday
DAYS = 300
CUSTOMERS = 50


def orders(customers=CUSTOMERS, days=DAYS, each=8):
    """`each` orders of every customer, spread over the days; no two lines are equal."""
    number = np.arange(customers * each)
    return pd.DataFrame(
        {
            "customer_id": [f"c{one % customers + 1}" for one in number],
            "order_id": [f"o{one}" for one in number],
            "line_id": "1",
            "event_time": START
            + pd.to_timedelta(np.linspace(0, days - 1, len(number)).astype(int), "D")
            + pd.to_timedelta(9 + number % 8, "h"),
            "amount": 10.0 + number % 97,
        }
    )


def rows_of_days(counts, start=START):
    """Orders of which `counts` says how many there are on each day from `start` on."""
    days = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(days))
    return pd.DataFrame(
        {
            "customer_id": [f"c{one % CUSTOMERS + 1}" for one in number],
            "order_id": [f"o{one}" for one in number],
            "event_time": start + pd.to_timedelta(days, "D") + pd.Timedelta(hours=12),
            "amount": 10.0 + number % 97,
        }
    )


def checked(**tables):
    """Frames as the check hands them on; `guests` is how many rows of orders had no customer."""
    guests = tables.pop("guests", 0)
    return {
        name: Kept(
            rows=Rows.of(rows),
            counts={
                "rows_in": len(rows) + (guests if name == "orders" else 0),
                "kept": len(rows),
                "quarantined": 0,
                "duplicates": 0,
                "guests": guests if name == "orders" else 0,
            },
            ignored_columns=(),
            findings=(),
            currency="USD",
        )
        for name, rows in tables.items()
    }


def kept(tables):
    """Checked tables as the report takes them."""
    return {name: table.kept() for name, table in tables.items()}


def rhythm(**changes):
    """The profile of data that is long enough and has a rhythm of 20 days."""
    usual = {
        "data_from": day(START),
        "data_until": day(START) + DAYS - 1,
        "customers": CUSTOMERS,
        "one_time_share": 0.1,
        "long_gap": 20.0,
    }
    return Profile(**(usual | changes))


@dataclass(frozen=True)
class Seen:
    """Findings by check."""

    findings: list

    def checks(self):
        return {finding["check"] for finding in self.findings}

    def of(self, check):
        (found,) = (finding for finding in self.findings if finding["check"] == check)
        return found


def seen(findings):
    """Findings as the report has them."""
    return Seen(records(findings))


def records(findings):
    """The findings as JSON, once each that has words in Russian has been said in them."""
    for one in findings:
        words = words_of(one, "ru")
        assert one.said is None or words.language == "ru", one
    return as_records(findings)


def report_of(tables, **settings):
    """The report on frames, as stage `ingest` writes it."""
    return as_json(found_in(tables, **settings))


def found_in(tables, engine=None, horizon_days=28, churn="lapse", **source):
    """The report on frames, as stage `ingest` makes it, with its findings."""
    frames = {} if engine else {n: pd.concat(one.rows.parts()) for n, one in tables.items()}
    params = SourceParams(kind="files", **source)
    task = TaskParams(
        churn=churn,
        horizon_days=horizon_days,
        active_within_days="auto",
        value_horizon_days="auto",
    )
    return usability_report(tables, engine or on_duckdb(frames), params, task)
