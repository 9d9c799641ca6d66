"""Findings on accounts that are not customers: tills, tests, resellers, and words for a guest."""

import re

import pandas as pd

from features.usability.finding import Finding
from sources.contract import ORDERS
from sources.cures import literal, own, pasted
from sources.notes import Said
from sources.params import SourceParams

SHARE = 0.05  # of all orders, and AT_LEAST times the median customer
AT_LEAST = 20
TIMES = 300  # times the median customer, whatever the share
# Ids that systems write where nobody is known: less is enough to be told.
NOBODY = re.compile(
    r"[-+]?0+|-1|(?P<same>[19])(?P=same){3,}|x{2,}|guest.*|anonym.*|unknown.*|not.?set|no.?name|"
    r"default|walk.?in.*|cash.*|retail customer|test.*|"
    r"гость.*|аноним.*|неизвестн.*|розничн.*|розница|частное лицо|физ.*лицо.*|покупатель|"
    r"без карты|тест.*"
)
NOBODY_SHARE = 0.01
NOBODY_TIMES = 5
LONE_SHARE = 0.2  # of the money
MOST_NAMED = 3
MOST_LEFT_OUT = 10


def house_accounts(rows: pd.DataFrame, source: SourceParams) -> list[Finding]:
    """Ids with far more orders than a person, and ids that mean nobody."""
    orders = rows.drop_duplicates(["customer_id", "order_id"])["customer_id"].value_counts()
    usual, total = float(orders.median()), int(orders.sum())
    is_house = (orders > SHARE * total) & (orders > AT_LEAST * usual)
    is_house |= orders > TIMES * usual
    many = orders[(orders > NOBODY_SHARE * total) & (orders > NOBODY_TIMES * usual)]
    nobody = [
        str(account) for account in many.index if NOBODY.fullmatch(str(account).strip().lower())
    ]
    is_house |= orders.index.isin(nobody)
    house = orders[is_house]
    if house.empty:
        return []
    named = ", ".join(f"{account} ({n:,})" for account, n in house.head(MOST_NAMED).items())
    written = f" {' and '.join(nobody)}: so systems write a guest." if nobody else ""
    return [
        Finding(
            "house_account",
            "warning",
            "orders",
            "customer_id",
            int(rows["customer_id"].isin(house.index).sum()),
            f"{len(house):,} customers with far more orders than a person: {named}; the median "
            f"customer has {usual:,.0f}. A till, a test or a reseller?{written}",
            "If it is no customer, make its rows those of guests; in params.yaml, below source: "
            + _left_out([str(account) for account in house.index[:MOST_LEFT_OUT]], source),
            said=Said(
                "house_account.nobody" if nobody else "house_account",
                customers=len(house),
                named=[
                    Said("orders_of", id=one, orders=int(n))
                    for one, n in house.head(MOST_NAMED).items()
                ],
                usual=usual,
                nobody=", ".join(nobody),
                line=_left_out([str(one) for one in house.index[:MOST_LEFT_OUT]], source),
            ),
        )
    ]


def lone_customers(rows: pd.DataFrame, source: SourceParams) -> list[Finding]:
    """Customers who bring so much of the money that totals depend on them."""
    if "amount" not in rows:
        return []
    money = rows.groupby("customer_id")["amount"].sum()
    money = money[money > 0].sort_values(ascending=False, kind="stable")
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
            int(rows["customer_id"].isin(lone.index).sum()),
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
