"""The data usability report of a ready table: what it can be used for, and what it cannot show."""

import re
from typing import Any

import pandas as pd

from features.usability.finding import Finding, most_severe_first
from features.usability.ready_columns import column_findings
from sources.contract import AT_STAKE, COLUMN, READY
from sources.notes import Said
from sources.params import SourceParams
from sources.ready.check import Ready

UNDATED = "undated_label"
NO_HISTORY = "no_history"  # what a ready table cannot show
MONEY = re.compile(
    r"charge|amount|revenue|price|spen[dt]|monetary|payment|income|value|mrr|arpu"
    r"|сумм|выруч|плат[еёа]|доход|чек|оборот",
    re.IGNORECASE,
)


def as_facts(ready: Ready, params: SourceParams) -> dict[str, Any]:
    """What stage `snapshot` needs to know of the table beside its rows."""
    return {
        "label": {
            "column": params.label,
            "as_of": params.as_of,
            "value": params.value,
            "has_unknown": bool(_newest(ready.rows)["churned"].isna().any()),
        },
        "written_on": ready.written_on,
        "left_out": {one.name: one.why for one in ready.left_out},
    }


def table_report(ready: Ready, params: SourceParams) -> dict[str, Any]:
    """The report in the form of features/usability/report.py, without what purchases would show."""
    rows = ready.rows
    dates = rows["as_of_date"].dropna()
    known = rows["churned"].notna()
    first = ready.written_on if dates.empty else f"{dates.min():%Y-%m-%d}"
    last = ready.written_on if dates.empty else f"{dates.max():%Y-%m-%d}"
    features = [str(name) for name in rows if str(name).startswith(COLUMN)]
    return {
        "ready_table": {
            "label": params.label,
            "as_of": params.as_of,
            "value": params.value,
            "dates": int(dates.nunique()),
            "labelled": int(known.sum()),
            "left": int(rows["churned"].sum()),
            "left_share": round(float(rows["churned"].mean()), 4),
            "unlabelled": int((~known).sum()),
            "columns": len(features),
            "columns_left_out": len(ready.left_out),
        },
        "first_day": first,
        "last_day": last,
        "currency": ready.currency,
        "own_kinds": [],
        "customers": int(rows["customer_id"].nunique()),
        "long_gap_days": None,
        "tables": {READY: ready.counts},
        "findings": most_severe_first(
            [
                *_of_the_label(rows, params),
                *_of_the_money(ready, features, params),
                *column_findings(ready, params),
                *_of_rows(ready),
                _no_history(),
            ]
        ),
    }


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest date; without dates, all."""
    dates = rows["as_of_date"]
    return rows if dates.isna().all() else rows[dates == dates.max()]


def _of_the_label(rows: pd.DataFrame, params: SourceParams) -> list[Finding]:
    found = []
    known, newest = rows["churned"].notna(), _newest(rows)
    if params.as_of is None:
        found.append(
            Finding(
                UNDATED,
                "warning",
                READY,
                params.label,
                int(known.sum()),
                "the label has no date, so nothing shows that what the columns hold was known "
                "before the customer left: a column that was filled in or changed afterwards makes "
                "the model look better than it is, and models are judged on other customers, not "
                "on "
                "a later time",
                "name the column of the dates with source.as_of where there is one; else leave out "
                "with model.excluded_attributes what may have changed when customers left",
                said=Said("undated_label"),
            )
        )
    if newest["churned"].notna().all():
        left = int(newest["churned"].sum())
        found.append(
            Finding(
                "everybody_scored",
                "warning",
                READY,
                params.label,
                len(newest),
                "no row is without a label, so everybody is scored"
                + (" (of the newest date)" if params.as_of else "")
                + f", also the {left:,} of whom the label says that they left",
                "bring the customers of today too, with an empty label: they alone are then scored",
                said=Said("everybody_scored", left=left),
            )
        )
    older = int((~known).sum()) - int(newest["churned"].isna().sum())
    if older:
        found.append(
            Finding(
                "unknown_outcomes",
                "advice",
                READY,
                params.label,
                older,
                "rows of earlier dates without a label: nothing is learned from them, and "
                "customers "
                "are scored on the newest date",
                "fill in the label where it is known by now",
                said=Said("unknown_outcomes"),
            )
        )
    return found


def _of_the_money(ready: Ready, features: list[str], params: SourceParams) -> list[Finding]:
    rows = ready.rows
    if AT_STAKE in rows:
        return _of_money_there(ready, str(params.value))
    if params.value is not None:  # in several currencies, which a note of the check says
        return []
    names = [
        name.removeprefix(COLUMN)
        for name in features
        if pd.api.types.is_numeric_dtype(rows[name]) and MONEY.search(name.removeprefix(COLUMN))
    ]
    cure = f", such as value: {names[0]}" if names else ""
    return [
        Finding(
            "no_value",
            "warning",
            READY,
            None,
            0,
            "no column of money is named, so that no value at risk and no gain can be computed, "
            "and the plan has nothing to weigh the costs of actions against: it contacts nobody",
            "name the column of the money that leaves with a customer, below source: in "
            f"params.yaml{cure}",
            step="plan",
            said=Said("no_value.named" if names else "no_value", column=next(iter(names), "")),
        )
    ]


def _of_money_there(ready: Ready, column: str) -> list[Finding]:
    found = []
    if ready.currency is None:
        found.append(
            Finding(
                "currency_unknown",
                "warning",
                READY,
                column,
                len(ready.rows),
                "Nothing says in which currency the amounts are, so they cannot be weighed "
                "against what actions cost: the plan has no gains.",
                "Name it in params.yaml, for example source.currency: EUR.",
                step="plan",
                said=Said("currency_unknown"),
            )
        )
    empty = int(ready.rows[AT_STAKE].isna().sum())
    if empty:
        found.append(
            Finding(
                "empty_cells",
                "advice",
                READY,
                column,
                empty,
                "cells without a value",
                "fill them at the source if they are known",
                said=Said("empty_cells"),
            )
        )
    return found


def _of_rows(ready: Ready) -> list[Finding]:
    counts = ready.counts
    found = [
        Finding(
            "quarantined",
            "warning",
            READY,
            None,
            counts["quarantined"],
            text,
            f"look at data/quarantine/{READY}.parquet and mend the source",
        )
        for text in ready.findings
    ]
    if counts["duplicates"]:
        found.append(
            Finding(
                "duplicates",
                "advice",
                READY,
                None,
                counts["duplicates"],
                "rows repeated to the letter, counted once",
                "look at how the source is exported",
                said=Said("duplicates"),
            )
        )
    return found


def _no_history() -> Finding:
    return Finding(
        NO_HISTORY,
        "advice",
        READY,
        None,
        0,
        "a table with a label holds no purchases: there is no next purchase, no likely category, "
        "no "
        "expected orders, no segment and no relationship of a customer, and no sales forecast",
        "bring the purchases themselves (docs/your-data.md) if these are needed",
        step="score",
        said=Said("no_history"),
    )
