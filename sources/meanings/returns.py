"""Returned goods whose quantity is negative while their amount is not.

quantity  amount
1         22.61
-1        22.61     no second purchase, but the first one's money given back: -22.61
"""

import pandas as pd

from sources.contract import ORDERS
from sources.cures import own, pasted
from sources.notes import Note, Said
from sources.params import SourceParams

TURNED = 0.5  # share of the lines sold from which a quantity below 0 is how the source writes sales
SIGNED = "[-−–(]"  # in a number as people write it


def unsigned_returns(
    raw: pd.DataFrame, rows: pd.DataFrame, params: SourceParams
) -> tuple[Note, ...]:
    """A note on lines whose quantity is below 0 and whose amount is not.

    `rows` are the lines with an amount above 0, `raw` the same as the source has them.
    """
    if "amount" not in rows or "quantity" not in rows:
        return ()
    back = rows["quantity"] < 0
    if not back.any():
        return ()
    count, sum_of = int(back.sum()), float(rows["amount"].sum())
    if back.mean() > TURNED:
        return (_turned(raw, rows[back], params),)
    first = rows[back].iloc[0]
    right = sum_of - 2 * float(rows.loc[back, "amount"].sum())
    return (
        Note(
            "unsigned_returns",
            "error",
            "amount",
            count,
            f"{count:,} lines have a quantity below 0 and an amount above 0 (first: order "
            f"{first['order_id']}, quantity {first['quantity']:g}, amount {first['amount']:,.2f}), "
            "so that goods that came back count as purchases. With their amounts taken off, what "
            f"was sold and not given back is {right:,.2f}, and not {sum_of:,.2f}.",
            "Give such lines a negative amount; in params.yaml, below source: "
            + pasted("derive", {"orders": {"amount": _signed(raw, params)}}, params),
        ),
    )


def _turned(raw: pd.DataFrame, back: pd.DataFrame, params: SourceParams) -> Note:
    """Where most lines have a quantity below 0, the quantity counts what left the stock."""
    quantity = own("quantity", ORDERS, params)
    turned = f"-{quantity}"
    if not _is_plain("quantity", raw, params):
        text = f"CAST({quantity} AS VARCHAR)"
        turned = (
            f"CASE WHEN regexp_matches({text}, '{SIGNED}') "
            f"THEN regexp_replace({text}, '[-−–()]', '', 'g') ELSE '-' || {text} END"
        )
    return Note(
        "turned_quantities",
        "warning",
        "quantity",
        len(back),
        f"{len(back):,} of {len(raw):,} lines with an amount above 0 have a quantity below 0. So "
        "many are no returns: the quantity seems to be what left the stock.",
        "If so, turn its sign; in params.yaml, below source: "
        + pasted("derive", {"orders": {"quantity": turned}}, params),
        Said(
            "turned_quantities",
            lines=len(back),
            of=len(raw),
            line=pasted("derive", {"orders": {"quantity": turned}}, params),
        ),
    )


def _signed(raw: pd.DataFrame, params: SourceParams) -> str:
    amount, quantity = (own(column, ORDERS, params) for column in ("amount", "quantity"))
    is_back = f"{quantity} < 0"
    if not _is_plain("quantity", raw, params):
        is_back = f"regexp_matches(CAST({quantity} AS VARCHAR), '{SIGNED}')"
    if _is_plain("amount", raw, params):
        return f"CASE WHEN {is_back} THEN -abs({amount}) ELSE {amount} END"
    # A number as people write it (1 234,56) is a text to SQL: it gets the sign it lacks.
    text = f"CAST({amount} AS VARCHAR)"
    lacks = f"NOT regexp_matches({text}, '{SIGNED}')"
    return f"CASE WHEN {is_back} AND {lacks} THEN '-' || {text} ELSE {text} END"


def _is_plain(column: str, raw: pd.DataFrame, params: SourceParams) -> bool:
    """Whether all that the column holds are numbers to SQL too."""
    if column in params.numbers.get(ORDERS.name, {}):
        return False
    return bool(pd.to_numeric(raw[column].dropna(), errors="coerce").notna().all())
