"""Findings on accounts that are not customers: tills, tests and resellers."""

import pandas as pd

from features.usability.finding import Finding
from sources.contract import ORDERS
from sources.cures import literal, own, pasted
from sources.notes import Said
from sources.params import SourceParams

SHARE = 0.05  # of all orders, and AT_LEAST times the median customer
AT_LEAST = 20
TIMES = 300  # times the median customer, whatever the share
LONE_SHARE = 0.2  # of the money
MOST_NAMED = 3
MOST_LEFT_OUT = 10


def house_accounts(buyers: pd.DataFrame, source: SourceParams) -> list[Finding]:
    """Ids with far more orders than a person; `buyers` is of `buyers_of`."""
    orders = buyers["orders"].sort_values(ascending=False, kind="stable")
    usual, total = float(orders.median()), int(orders.sum())
    is_house = (orders > SHARE * total) & (orders > AT_LEAST * usual)
    is_house |= orders > TIMES * usual
    house = orders[is_house]
    if house.empty:
        return []
    named = ", ".join(f"{account} ({n:,})" for account, n in house.head(MOST_NAMED).items())
    return [
        Finding(
            "house_account",
            "warning",
            "orders",
            "customer_id",
            int(buyers.loc[house.index, "lines"].sum()),
            f"{len(house):,} customers with far more orders than a person: {named}; the median "
            f"customer has {usual:,.0f}. A till, a test or a reseller?",
            "If it is no customer, make its rows those of guests; in params.yaml, below source: "
            + _left_out([str(account) for account in house.index[:MOST_LEFT_OUT]], source),
            said=Said(
                "house_account",
                customers=len(house),
                named=[
                    Said("orders_of", id=one, orders=int(n))
                    for one, n in house.head(MOST_NAMED).items()
                ],
                usual=usual,
                line=_left_out([str(one) for one in house.index[:MOST_LEFT_OUT]], source),
            ),
        )
    ]


def lone_customers(buyers: pd.DataFrame, source: SourceParams) -> list[Finding]:
    """Customers who bring so much of the money that totals depend on them."""
    if "amount" not in buyers:
        return []
    money = buyers["amount"][buyers["amount"] > 0]
    money = money.sort_values(ascending=False, kind="stable")
    total, usual = float(money.sum()), float(money.median())
    lone = money[(money > LONE_SHARE * total) & (money > AT_LEAST * usual)]
    if lone.empty:
        return []
    named = ", ".join(f"{customer} ({share:.0%})" for customer, share in (lone / total).items())
    return [
        Finding(
            "lone_customer",
            "warning",
            "orders",
            "customer_id",
            int(buyers.loc[lone.index, "lines"].sum()),
            f"{named} of the money: the median customer has {usual / total:.2%}. Sums such as the "
            "expected value of all follow such a customer; classes of value and levels of the "
            "others are made without it.",
            "Look after such a customer by name, and read sums without it. If it is no customer, "
            "make its rows those of guests; in params.yaml, below source: "
            + _left_out([str(customer) for customer in lone.index[:MOST_LEFT_OUT]], source),
            said=Said(
                "lone_customer",
                named=[
                    Said("share_of", id=one, share=float(share))
                    for one, share in (lone / total).items()
                ],
                usual=usual / total,
                line=_left_out([str(one) for one in lone.index[:MOST_LEFT_OUT]], source),
            ),
        )
    ]


def _left_out(ids: list[str], source: SourceParams) -> str:
    column = own("customer_id", ORDERS, source)
    listed = ", ".join(literal(customer) for customer in ids)
    expression = f"CASE WHEN CAST({column} AS VARCHAR) NOT IN ({listed}) THEN {column} END"
    return pasted("derive", {"orders": {"customer_id": expression}}, source)
