"""Findings on who: one-time buyers, guests, house accounts, and ids that do not meet."""

import pandas as pd

from features.profile import Profile
from features.usability.finding import Finding, Severity
from sources.check import Checked

MOST_ONCE = 0.5  # share of customers with one purchase day: above it there is little rhythm
MOST_GUESTS = 0.2  # share of order lines without a customer
HOUSE_SHARE = 0.05  # of all orders, and HOUSE_AT_LEAST times the median customer
HOUSE_AT_LEAST = 20
HOUSE_TIMES = 300  # times the median customer, whatever the share
MOST_ABSENT = 0.5  # share of a table's customers that never ordered
OTHER_FORM = 0.01  # share of customers whose id fits another one but for its form


def customer_findings(checked: dict[str, Checked], rhythm: Profile) -> list[Finding]:
    """What the customers are like, in `orders` and beside it."""
    orders = checked["orders"]
    return [
        *_bought_once(rhythm),
        *_guests(checked),
        *_house_accounts(orders.rows),
        *_two_forms(orders.rows),
        *_not_in_orders(checked),
    ]


def guest_share(table: Checked) -> float:
    """Share of the rows without a customer."""
    return table.counts["guests"] / table.counts["rows_in"]


def _bought_once(rhythm: Profile) -> list[Finding]:
    if rhythm.one_time_share <= MOST_ONCE:
        return []
    return [
        Finding(
            "bought_once",
            "warning",
            "orders",
            "customer_id",
            round(rhythm.one_time_share * rhythm.customers),
            f"{rhythm.one_time_share:.0%} of the customers bought on one day only (usual: up to "
            f"{MOST_ONCE:.0%}). They have no rhythm of their own, and most never meant to come "
            "back.",
            "Read the figures for customers with two and more purchases; check that one person "
            "has one id.",
        )
    ]


def _guests(checked: dict[str, Checked]) -> list[Finding]:
    findings = []
    for name, table in checked.items():
        share = guest_share(table)
        if share == 0:
            continue
        severity: Severity = "warning" if share > MOST_GUESTS else "advice"
        findings.append(
            Finding(
                "guests",
                severity,
                name,
                "customer_id",
                table.counts["guests"],
                f"rows without a customer ({share:.1%}): what guests did, left out of everything. "
                "A customer who buys as a guest next time seems to leave",
                "identify more customers at the till or checkout",
            )
        )
    return findings


def _house_accounts(rows: pd.DataFrame) -> list[Finding]:
    orders = rows.drop_duplicates(["customer_id", "order_id"])["customer_id"].value_counts()
    usual, total = float(orders.median()), int(orders.sum())
    is_house = (orders > HOUSE_SHARE * total) & (orders > HOUSE_AT_LEAST * usual)
    is_house |= orders > HOUSE_TIMES * usual
    house = orders[is_house]
    if house.empty:
        return []
    named = ", ".join(f"{customer} ({n:,})" for customer, n in house.head(3).items())
    return [
        Finding(
            "house_account",
            "warning",
            "orders",
            "customer_id",
            int(rows["customer_id"].isin(house.index).sum()),
            f"{len(house):,} customers with far more orders than a person: {named}; the median "
            f"customer has {usual:,.0f}. A till, a test or a reseller?",
            "If it is no customer, leave its customer_id empty at the source: its rows are guests.",
        )
    ]


def _two_forms(rows: pd.DataFrame) -> list[Finding]:
    """Ids of `orders` that are one id in two forms: 00123 and 123."""
    ids = pd.Series(rows["customer_id"].unique())
    twice = ids[plain(ids).duplicated(keep=False).to_numpy()]
    if len(twice) <= OTHER_FORM * len(ids):
        return []
    return [
        Finding(
            "id_forms",
            "warning",
            "orders",
            "customer_id",
            int(rows["customer_id"].isin(twice).sum()),
            f"{len(twice):,} of {len(ids):,} customer ids differ from another one in form only "
            f"({', '.join(sorted(twice, key=lambda one: (one.strip('0'), one))[:2])}): one "
            "customer seems to be two, of whom one leaves.",
            "Write the ids in one form, with source.derive.orders.customer_id.",
        )
    ]


def _not_in_orders(checked: dict[str, Checked]) -> list[Finding]:
    """Tables whose customers do not order, or whose ids only look as if."""
    buyers = pd.Series(checked["orders"].rows["customer_id"].unique())
    plain_buyers = set(plain(buyers))
    findings = []
    for name, table in checked.items():
        if name == "orders":
            continue
        ids = pd.Series(table.rows["customer_id"].dropna().unique())
        strangers = ids[~ids.isin(buyers)]
        alike = strangers[plain(strangers).isin(plain_buyers).to_numpy()]
        rows = int(table.rows["customer_id"].isin(strangers).sum())
        if len(alike) > OTHER_FORM * len(ids):
            pair = buyers[plain(buyers) == plain(alike.head(1)).iloc[0]].iloc[0]
            findings.append(
                Finding(
                    "id_forms",
                    "warning",
                    name,
                    "customer_id",
                    int(table.rows["customer_id"].isin(alike).sum()),
                    f"{len(alike):,} of {len(ids):,} customers have their id in another form than "
                    f"in orders ({alike.iloc[0]} here, {pair} there): their rows count for nobody.",
                    f"Write the ids as in orders, with source.derive.{name}.customer_id.",
                )
            )
        elif len(strangers) > MOST_ABSENT * len(ids):
            findings.append(
                Finding(
                    "not_in_orders",
                    "warning",
                    name,
                    "customer_id",
                    rows,
                    f"{len(strangers):,} of {len(ids):,} customers never ordered "
                    f"({strangers.iloc[0]}, for example): their rows count for nobody.",
                    "Check that the two tables have the same kind of id and the same period.",
                )
            )
    return findings


def plain(ids: pd.Series) -> "pd.Series[str]":
    """Ids without what systems add or lose on the way: case, zeros in front, .0 at the end."""
    bare: pd.Series[str] = (
        ids.astype("str")
        .str.lower()
        .str.replace(r"\.0$", "", regex=True)
        .str.replace(r"[\s_-]", "", regex=True)
        .str.replace(r"^([a-z]*)0+(?=.)", r"\1", regex=True)
    )
    return bare
