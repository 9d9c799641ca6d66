"""Findings on values: money, currencies, repeated lines, columns without information."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.rows import Rows
from features.usability.adding_up import in_one_array
from features.usability.finding import Finding
from sources.contract import ORDERS, TABLES, TIME
from sources.cures import own, pasted
from sources.notes import Said
from sources.params import SourceParams
from sources.tables.kept import Kept

MOST_UNKNOWN = 0.03  # share of the lines without an amount
MOST_REFUNDED = 0.1  # share of the lines, or of the money
OUTLIER_TIMES = 1_000  # times the median line
MANY_EQUAL = 0.05  # share of lines that repeat another: more than scans of one product twice
TWICE_EQUAL = 0.4  # nearly every line stands there twice
NOT_LEARNED_FROM = {
    "amount",
    "currency",
    "line_id",
    "propensity",
    "action_propensity",
    "contact_propensity",
    "persistent_control",
    "is_exploration",
    "period_days",
    "purpose",
}  # constant and yet of use
LEAST_ROWS = 20  # fewer rows may well hold one value only by chance


def value_findings(checked: Mapping[str, Kept], source: SourceParams) -> list[Finding]:
    """Findings on the values."""
    rows = checked["orders"].rows
    findings = [*_equal_lines(rows), *_midnights(rows, source.timezone)]
    findings += _unknown_currency(checked["orders"])
    if "amount" in rows:
        findings += [
            *_unknown_amounts(rows, source),
            *_refunds(rows),
            *_flat_amounts(rows),
            *_outliers(rows),
        ]
    for name, table in checked.items():
        findings += _constant_columns(name, table.rows)
    return findings


def refund_shares(rows: Rows) -> tuple[float, float]:
    """Share of the lines that are refunds, and of the money sold that went back."""
    refunds, sold, back = 0, 0.0, 0.0
    for part in rows.parts(["amount"]):
        amount = part["amount"]
        refunds += int((amount < 0).sum())
        sold += float(amount[amount > 0].sum())
        back -= float(amount[amount < 0].sum())
    return refunds / len(rows), back / sold if sold else 0.0


def _unknown_amounts(rows: Rows, source: SourceParams) -> list[Finding]:
    unknown = sum(int(part["amount"].isna().sum()) for part in rows.parts(["amount"]))
    if unknown == 0:
        return []
    share, orders, customers = unknown / len(rows), 0, set[str]()
    for part in rows.parts(["amount", "order_id", "customer_id"]):
        empty = part[part["amount"].isna()]
        orders += empty["order_id"].nunique()  # all lines of an order lie in one part
        customers.update(empty["customer_id"])
    zero = f"coalesce(CAST({own('amount', ORDERS, source)} AS VARCHAR), '0')"
    line = pasted("derive", {"orders": {"amount": zero}}, source)
    return [
        Finding(
            "unknown_amounts",
            "error" if share > MOST_UNKNOWN else "warning",
            "orders",
            "amount",
            unknown,
            f"{share:.1%} of the lines have no amount ({orders:,} orders of {len(customers):,} "
            f"customers; up to {MOST_UNKNOWN:.0%} change little). They are purchases all the same: "
            "who leaves and when the next one comes is told from them too. In sums of money each "
            "counts as the customer's usual purchase; of customers without any known amount the "
            "money is unknown.",
            "Bring the amounts. If an empty one means that nothing was paid, write 0; in "
            f"params.yaml, below source: {line}",
            said=Said(
                "unknown_amounts",
                share=share,
                orders=orders,
                customers=len(customers),
                usual=MOST_UNKNOWN,
                line=line,
            ),
        )
    ]


def _refunds(rows: Rows) -> list[Finding]:
    lines, money = refund_shares(rows)
    if max(lines, money) <= MOST_REFUNDED:
        return []
    return [
        Finding(
            "refunds",
            "warning",
            "orders",
            "amount",
            round(lines * len(rows)),
            f"{lines:.1%} of the lines are negative, {money:.1%} of the money went back (usual: up "
            f"to {MOST_REFUNDED:.0%}). What customers are worth depends on it.",
            "Check the sign of amount, and that a cancelled order is not both there and refunded.",
            said=Said("refunds", lines=lines, money=money, usual=MOST_REFUNDED),
        )
    ]


def _flat_amounts(rows: Rows) -> list[Finding]:
    lines, amount = _one_value(rows, "amount")
    if lines < LEAST_ROWS:
        return []
    return [
        Finding(
            "flat_amounts",
            "warning",
            "orders",
            "amount",
            lines,
            f"every amount is {amount:g}: no customer is worth more than another.",
            "Map the column that holds the money, or leave amount out: then it is absent, not "
            "equal.",
            said=Said("flat_amounts", amount=float(amount)),
        )
    ]


def _outliers(rows: Rows) -> list[Finding]:
    sizes = in_one_array(rows, ["amount"], lambda part: part["amount"].abs()[lambda s: s > 0])
    if len(sizes) == 0:
        return []
    largest, usual = float(sizes.max()), float(np.median(sizes, overwrite_input=True))
    if largest <= OUTLIER_TIMES * usual:
        return []
    lines, found = 0, []
    for part in rows.parts(["amount", "event_time", "order_id"]):
        part_sizes = part["amount"].abs()
        lines += int((part_sizes > OUTLIER_TIMES * usual).sum())
        found.append(part[part_sizes == largest])
    worst = pd.concat(found).sort_values(["event_time", "order_id"], kind="stable").iloc[0]
    return [
        Finding(
            "outliers",
            "warning",
            "orders",
            "amount",
            lines,
            f"{lines:,} lines are more than {OUTLIER_TIMES:,} times the median line "
            f"({usual:,.2f}); the largest is {worst['amount']:,.2f} (order {worst['order_id']}). "
            "One such line decides what its customer is worth.",
            "Look at these orders: a typing mistake, or a sale that a refund takes back?",
            said=Said(
                "outliers",
                lines=lines,
                times=OUTLIER_TIMES,
                usual=usual,
                largest=float(worst["amount"]),
                order=worst["order_id"],
            ),
        )
    ]


def _unknown_currency(orders: Kept) -> list[Finding]:
    if "amount" not in orders.rows or orders.currency is not None:
        return []
    return [
        Finding(
            "currency_unknown",
            "advice",
            "orders",
            "amount",
            len(orders.rows),
            "Nothing says in which currency the amounts are, so they cannot be weighed against "
            "what actions cost: the plan has no gains.",
            "Name it in params.yaml, for example source.currency: EUR.",
            said=Said("currency_unknown"),
        )
    ]


def _midnights(rows: Rows, timezone: str) -> list[Finding]:
    if len(rows) < LEAST_ROWS or not _are_midnights(rows, timezone):
        return []
    return [
        Finding(
            "midnights",
            "advice",
            "orders",
            "event_time",
            len(rows),
            "every order is at midnight: there is no time of day, and orders of one day have no "
            "order among themselves",
            "Bring the time if it is known; days are enough for everything else.",
            said=Said("midnights"),
        )
    ]


def _are_midnights(rows: Rows, timezone: str) -> bool:
    here, in_utc = True, True
    for part in rows.parts(["event_time"]):
        times = part["event_time"]
        zoned = times.dt.tz_localize("UTC").dt.tz_convert(ZoneInfo(timezone))
        # Without their zone, in which some days begin at one o'clock. Dates alone are dates of UTC.
        clock = zoned.dt.tz_localize(None)
        here = here and bool((clock == clock.dt.normalize()).all())
        in_utc = in_utc and bool((times == times.dt.normalize()).all())
        if not here and not in_utc:
            return False
    return True


def _equal_lines(rows: Rows) -> list[Finding]:
    columns = [column for column in rows.columns if column != "line_id"]
    # Equal lines are of one order, and so in one part.
    equal = sum(int(part.duplicated().sum()) for part in rows.parts(columns))
    share = equal / len(rows)
    if share <= MANY_EQUAL:
        return []
    return [
        Finding(
            "equal_lines",
            "warning" if share > TWICE_EQUAL else "advice",
            "orders",
            None,
            equal,
            f"{share:.1%} of the lines equal another of their order in every column. Two scans of "
            "one product look like this, and so does a file delivered twice.",
            "If a line is never there twice, add orders to source.drop_repeated_rows.",
            said=Said("equal_lines", share=share),
        )
    ]


def _constant_columns(name: str, rows: Rows) -> list[Finding]:
    contract = TABLES[name]
    findings = []
    for column in rows.columns:
        kind = contract.columns.get(column)
        told_elsewhere = column in NOT_LEARNED_FROM or kind == TIME
        if kind is None or column in contract.required or told_elsewhere:
            continue
        cells, value = _one_value(rows, column)
        if cells >= LEAST_ROWS:
            findings.append(
                Finding(
                    "constant_column",
                    "advice",
                    name,
                    column,
                    cells,
                    f"every cell is {str(value)[:40]}: nothing can be learned from it",
                    "leave it out, or map the column that tells rows apart",
                    said=Said("constant_column", value=str(value)[:40]),
                )
            )
    return findings


def _one_value(rows: Rows, column: str) -> tuple[int, Any]:
    """How many cells are filled, and with what, where all hold one value; else 0 and None."""
    filled, value = 0, None
    for part in rows.parts([column]):
        cells = part[column].dropna()
        value = cells.iloc[0] if filled == 0 and len(cells) else value
        if (cells != value).any():
            return 0, None
        filled += len(cells)
    return filled, value
