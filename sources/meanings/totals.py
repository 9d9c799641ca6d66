"""Order totals repeated on each line of the order, which a sum would count once per line.

order_id  order_total  product
1         22.61        tea            the order brought 22.61, and not 45.22
1         22.61        coffee
"""

import re

import pandas as pd

from sources.contract import ORDERS
from sources.cures import own, pasted
from sources.notes import Note, Said
from sources.params import SourceParams

SHARED = re.compile(r"\bOVER\b", re.IGNORECASE)  # an expression that shares a total already
LEAST_ORDERS = 20  # with several lines: fewer say nothing
MOST_EQUAL = 0.9  # share of the orders with several lines whose lines all have one amount
MOST_BY_CHANCE = 0.5  # chance that two orders have one amount: prices that are all alike
VARIED = 0.5  # share of those orders in which something else differs from line to line


def repeated_totals(
    raw: pd.DataFrame, rows: pd.DataFrame, params: SourceParams
) -> tuple[Note, ...]:
    """A note where nearly every order of several lines has one amount on all of them.

    `rows` are the lines with an amount above 0, `raw` the same as the source has them.
    """
    if "amount" not in rows or SHARED.search(params.derive.get("orders", {}).get("amount", "")):
        return ()
    several = rows[rows.duplicated("order_id", keep=False)]
    by_order = several.groupby("order_id", sort=False)["amount"]
    equal = by_order.nunique() == 1
    if len(equal) < LEAST_ORDERS or equal.mean() < MOST_EQUAL:
        return ()
    totals = by_order.first()[equal]
    if (totals.value_counts(normalize=True) ** 2).sum() > MOST_BY_CHANCE:
        return ()
    repeated = several[several["order_id"].isin(totals.index)]
    summed, once = float(rows["amount"].sum()), float(totals.sum())
    once += float(rows.loc[~rows.index.isin(repeated.index), "amount"].sum())
    is_varied = _varies_by_line(raw.loc[repeated.index], repeated)
    meaning = (
        f"{len(totals):,} of {len(equal):,} orders with several lines have one amount on all of "
        f"them (order {totals.index[0]}: {totals.iloc[0]:,.2f} each). That looks like the order's "
        f"total: counted once for each order, the sum is {once:,.0f} and not {summed:,.0f}."
    )
    otherwise = (
        ""
        if is_varied
        else (
            " Nothing tells the lines apart: if each is one more piece at the price, all is well."
        )
    )
    return (
        Note(
            "total_on_each_line",
            "error" if is_varied else "warning",
            "amount",
            len(repeated),
            meaning + otherwise,
            "Share the total among the lines; in params.yaml, below source: "
            + pasted("derive", {"orders": {"amount": _shared(raw, params)}}, params),
            Said(
                "total_on_each_line" if is_varied else "total_on_each_line.alike",
                orders=len(totals),
                several=len(equal),
                order=totals.index[0],
                amount=float(totals.iloc[0]),
                once=once,
                summed=summed,
                line=pasted("derive", {"orders": {"amount": _shared(raw, params)}}, params),
            ),
        ),
    )


def _varies_by_line(raw: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Whether a column, such as the product, differs between the lines of most orders."""
    columns = [c for c in raw.columns if c not in ("customer_id", "order_id", "line_id", "amount")]
    by_order = raw[columns].astype("str").groupby(rows["order_id"], sort=False)
    return bool(columns) and bool(((by_order.nunique() > 1).mean() >= VARIED).any())


def _shared(raw: pd.DataFrame, params: SourceParams) -> str:
    amount, number = own("amount", ORDERS, params), own("order_id", ORDERS, params)
    cells = raw["amount"].dropna()
    if pd.to_numeric(cells, errors="coerce").notna().all():
        return f"{amount} / count(*) OVER (PARTITION BY {number})"
    # A number as people write it (1 234,56) is a text to SQL: it stays on one line of the order.
    first = f"row_number() OVER (PARTITION BY {number}) = 1"
    return f"CASE WHEN {first} THEN {amount} ELSE '0' END"
