"""Findings on values: money, currencies, repeated lines, columns without information."""

from zoneinfo import ZoneInfo

import pandas as pd

from features.usability.finding import Finding
from sources.contract import ORDERS, TABLES, TIME
from sources.cures import own, pasted
from sources.notes import Said
from sources.params import SourceParams
from sources.tables.check import Checked

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


def value_findings(checked: dict[str, Checked], source: SourceParams) -> list[Finding]:
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


def refund_shares(rows: pd.DataFrame) -> tuple[float, float]:
    """Share of the lines that are refunds, and of the money sold that went back."""
    amount = rows["amount"]
    sold = float(amount[amount > 0].sum())
    back = abs(float(amount[amount < 0].sum()))
    return float((amount < 0).mean()), back / sold if sold else 0.0


def _unknown_amounts(rows: pd.DataFrame, source: SourceParams) -> list[Finding]:
    unknown = rows["amount"].isna()
    share = float(unknown.mean())
    if share == 0:
        return []
    zero = f"coalesce(CAST({own('amount', ORDERS, source)} AS VARCHAR), '0')"
    line = pasted("derive", {"orders": {"amount": zero}}, source)
    orders, customers = (rows.loc[unknown, name].nunique() for name in ("order_id", "customer_id"))
    return [
        Finding(
            "unknown_amounts",
            "error" if share > MOST_UNKNOWN else "warning",
            "orders",
            "amount",
            int(unknown.sum()),
            f"{share:.1%} of the lines have no amount ({orders:,} orders of {customers:,} "
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
                customers=customers,
                usual=MOST_UNKNOWN,
                line=line,
            ),
        )
    ]


def _refunds(rows: pd.DataFrame) -> list[Finding]:
    lines, money = refund_shares(rows)
    if max(lines, money) <= MOST_REFUNDED:
        return []
    return [
        Finding(
            "refunds",
            "warning",
            "orders",
            "amount",
            int((rows["amount"] < 0).sum()),
            f"{lines:.1%} of the lines are negative, {money:.1%} of the money went back (usual: up "
            f"to {MOST_REFUNDED:.0%}). What customers are worth depends on it.",
            "Check the sign of amount, and that a cancelled order is not both there and refunded.",
            said=Said("refunds", lines=lines, money=money, usual=MOST_REFUNDED),
        )
    ]


def _flat_amounts(rows: pd.DataFrame) -> list[Finding]:
    amount = rows["amount"].dropna()
    if len(amount) < LEAST_ROWS or amount.nunique() > 1:
        return []
    return [
        Finding(
            "flat_amounts",
            "warning",
            "orders",
            "amount",
            len(amount),
            f"every amount is {amount.iloc[0]:g}: no customer is worth more than another.",
            "Map the column that holds the money, or leave amount out: then it is absent, not "
            "equal.",
            said=Said("flat_amounts", amount=float(amount.iloc[0])),
        )
    ]


def _outliers(rows: pd.DataFrame) -> list[Finding]:
    sizes = rows["amount"].abs()
    usual = float(sizes[sizes > 0].median())  # NaN without any, and then nothing is larger
    large = rows[sizes > OUTLIER_TIMES * usual]
    if large.empty:
        return []
    worst = large.iloc[int(large["amount"].abs().to_numpy().argmax())]
    return [
        Finding(
            "outliers",
            "warning",
            "orders",
            "amount",
            len(large),
            f"{len(large):,} lines are more than {OUTLIER_TIMES:,} times the median line "
            f"({usual:,.2f}); the largest is {worst['amount']:,.2f} (order {worst['order_id']}). "
            "One such line decides what its customer is worth.",
            "Look at these orders: a typing mistake, or a sale that a refund takes back?",
            said=Said(
                "outliers",
                lines=len(large),
                times=OUTLIER_TIMES,
                usual=usual,
                largest=float(worst["amount"]),
                order=worst["order_id"],
            ),
        )
    ]


def _unknown_currency(orders: Checked) -> list[Finding]:
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


def _midnights(rows: pd.DataFrame, timezone: str) -> list[Finding]:
    zoned = rows["event_time"].dt.tz_localize("UTC").dt.tz_convert(ZoneInfo(timezone))
    # Without their zone, in which some days begin at one o'clock. Dates alone are dates of UTC.
    clocks = (zoned.dt.tz_localize(None), rows["event_time"])
    at_midnight = any((times == times.dt.normalize()).all() for times in clocks)
    if len(rows) < LEAST_ROWS or not at_midnight:
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


def _equal_lines(rows: pd.DataFrame) -> list[Finding]:
    columns = [column for column in rows.columns if column != "line_id"]
    equal = rows.duplicated(columns)
    share = float(equal.mean())
    if share <= MANY_EQUAL:
        return []
    return [
        Finding(
            "equal_lines",
            "warning" if share > TWICE_EQUAL else "advice",
            "orders",
            None,
            int(equal.sum()),
            f"{share:.1%} of the lines equal another of their order in every column. Two scans of "
            "one product look like this, and so does a file delivered twice.",
            "If a line is never there twice, add orders to source.drop_repeated_rows.",
            said=Said("equal_lines", share=share),
        )
    ]


def _constant_columns(name: str, rows: pd.DataFrame) -> list[Finding]:
    contract = TABLES[name]
    findings = []
    for column in rows.columns:
        kind = contract.columns.get(column)
        told_elsewhere = column in NOT_LEARNED_FROM or kind == TIME
        if kind is None or column in contract.required or told_elsewhere:
            continue
        values = rows[column].dropna()
        if len(values) >= LEAST_ROWS and values.nunique() == 1:
            findings.append(
                Finding(
                    "constant_column",
                    "advice",
                    name,
                    column,
                    len(values),
                    f"every cell is {str(values.iloc[0])[:40]}: nothing can be learned from it",
                    "leave it out, or map the column that tells rows apart",
                    said=Said("constant_column", value=str(values.iloc[0])[:40]),
                )
            )
    return findings
