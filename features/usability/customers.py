"""Findings on customers: one-time buyers, guests, house accounts, and ids that match no order."""

from collections.abc import Mapping

from features.planning.profile import Profile
from features.usability.buyers import buyers_of
from features.usability.finding import Finding
from features.usability.house import house_accounts, lone_customers
from features.usability.id_forms import id_findings
from sources.notes import Said, Severity
from sources.params import SourceParams
from sources.tables.kept import Kept

MOST_ONCE = 0.5  # share of customers with one purchase day: above it there is little rhythm
NEARLY_ALL_ONCE = 0.9  # above it the id may not be a person's
ID_OF_AN_ORDER = " Is customer_id an order's id, or one that is new at every checkout?"
MOST_GUESTS = 0.2  # share of order lines without a customer


def customer_findings(
    checked: Mapping[str, Kept], rhythm: Profile, source: SourceParams
) -> list[Finding]:
    """Findings on the customers of `orders` and of the other tables."""
    buyers = buyers_of(checked["orders"].rows)
    return [
        *_bought_once(rhythm),
        *_guests(checked),
        *house_accounts(buyers, source),
        *lone_customers(buyers, source),
        *id_findings(checked, buyers["lines"], source),
    ]


def guest_share(table: Kept) -> float:
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
            "has one id." + ID_OF_AN_ORDER * (rhythm.one_time_share > NEARLY_ALL_ONCE),
            said=Said(
                "bought_once.nearly_all"
                if rhythm.one_time_share > NEARLY_ALL_ONCE
                else "bought_once",
                share=rhythm.one_time_share,
                usual=MOST_ONCE,
            ),
        )
    ]


def _guests(checked: Mapping[str, Kept]) -> list[Finding]:
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
                said=Said("guests", share=share),
            )
        )
    return findings
