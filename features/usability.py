"""The data usability report: what the data holds, what is missing, and what that costs."""

from typing import Any

from features.engine import Engine
from features.profile import profile, purchase_days, return_curve
from features.timeline import date_of
from sources.check import Checked
from sources.tables import TABLES


def usability_report(checked: dict[str, Checked], engine: Engine) -> dict[str, Any]:
    """Counts, span, rhythm and findings.

    A finding has step, severity (warning or advice), table, column, rows, meaning and what to do.
    Raises DataGateError when there is nothing to learn from.
    """
    rhythm = profile(engine)
    curve = return_curve(purchase_days(engine), rhythm.data_until)
    orders = checked["orders"]
    return {
        "first_day": date_of(rhythm.data_from).isoformat(),
        "last_day": date_of(rhythm.data_until).isoformat(),
        "customers": rhythm.customers,
        "orders": int(orders.rows["order_id"].nunique()),
        "one_time_share": round(rhythm.one_time_share, 4),
        "guest_share": round(orders.counts["guests"] / orders.counts["rows_in"], 4),
        "refund_line_share": _refund_share(orders),
        "long_gap_days": rhythm.long_gap,
        "return_curve": curve.round(4).to_dict("records"),
        "tables": {name: table.counts for name, table in checked.items()},
        "findings": [*_row_findings(checked), *_missing_tables(checked)],
    }


def _refund_share(orders: Checked) -> float | None:
    if "amount" not in orders.rows:
        return None
    return round(float((orders.rows["amount"] < 0).mean()), 4)


def _row_findings(checked: dict[str, Checked]) -> list[dict[str, Any]]:
    findings = []
    for name, table in checked.items():
        counts = table.counts
        for text in table.findings:
            findings.append(
                _finding(
                    "warning",
                    name,
                    None,
                    counts["quarantined"],
                    text,
                    f"look at data/quarantine/{name}.parquet and mend the source",
                )
            )
        if counts["guests"]:
            findings.append(
                _finding(
                    "advice",
                    name,
                    "customer_id",
                    counts["guests"],
                    "rows without a customer: purchases of guests, left out of everything",
                    "identify more customers at the till or checkout",
                )
            )
        if counts["duplicates"]:
            findings.append(
                _finding(
                    "advice",
                    name,
                    None,
                    counts["duplicates"],
                    "rows repeated to the letter, counted once",
                    "look at how the source is exported",
                )
            )
        for column in table.ignored_columns:
            findings.append(
                _finding(
                    "advice",
                    name,
                    column,
                    counts["rows_in"],
                    "a column that the contract does not know, not read",
                    f"map it with source.columns.{name} or source.derive.{name} if it is useful",
                )
            )
        for column in table.rows.columns:
            empty = int(table.rows[column].isna().sum())
            if empty and column in TABLES[name].columns:
                findings.append(
                    _finding(
                        "advice",
                        name,
                        column,
                        empty,
                        "cells without a value",
                        "fill them at the source if they are known",
                    )
                )
    return findings


def _missing_tables(checked: dict[str, Checked]) -> list[dict[str, Any]]:
    return [
        _finding(
            "advice",
            name,
            None,
            0,
            f"no such table: {table.missing}",
            f"bring {name}.csv or {name}.parquet",
        )
        for name, table in TABLES.items()
        if name not in checked
    ]


def _finding(
    severity: str, table: str, column: str | None, rows: int, meaning: str, to_do: str
) -> dict[str, Any]:
    return {
        "step": "ingest",
        "severity": severity,
        "table": table,
        "column": column,
        "rows": rows,
        "meaning": meaning,
        "what_to_do": to_do,
    }
