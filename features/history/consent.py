"""Consent: the newest answer of each customer, on profiling and on each channel."""

import ibis
import ibis.expr.types as ir
from ibis import _

from features.history.facts import Facts
from features.history.moment import moment_table
from features.timeline import known

PROFILING = "profiling"
SERVICE = "service"  # what an order or a contract needs: neither a yes nor a no to marketing
EVERY_CHANNEL = "all"


def objections(consents: ir.Table) -> ir.Table:
    """Customers who object to profiling (their newest answer is no): `customer_id`, `objected_at`.

    They are never scored, listed or exported.

    `consents` are the rows that were known; a table without purposes holds no objection.
    """
    if "purpose" not in consents.columns:
        nobody = consents.filter(ibis.literal(False))
        return nobody.select("customer_id", objected_at=nobody.event_time)
    words = newest_words(consents.filter(consents.purpose == PROFILING), ["customer_id"])
    objected = words.filter(words.is_newest, ~words.granted)
    return objected.select("customer_id", objected_at=objected.event_time)


def agreements(consents: ir.Table) -> ir.Table:
    """Customers who agree to profiling (their newest answer is yes): `customer_id`, `agreed_at`.

    `consents` has purposes.
    """
    words = newest_words(consents.filter(consents.purpose == PROFILING), ["customer_id"])
    agreed = words.filter(words.is_newest, words.granted)
    return agreed.select("customer_id", agreed_at=agreed.event_time).order_by("customer_id")


def on_channels(consents: ir.Table) -> ir.Table:
    """The rows about channels: an answer on profiling is neither a refusal nor a consent there."""
    if "purpose" not in consents.columns:
        return consents
    return consents.filter(consents.purpose.fill_null("") != PROFILING)


def standing(consents: ir.Table) -> ir.Table:
    """The newest answer on each channel, for each purpose: [purpose], channel, event_time, granted.

    An answer on profiling is none on a channel.
    """
    key = [name for name in ("channel", "purpose") if name in consents.columns]
    words = newest_words(on_channels(consents), key)
    return words.filter(words.is_newest).drop("is_newest").order_by(key)


def granting(consents: ir.Table, channel: str) -> ir.Table:
    """Customers whose newest answer on being approached by a channel is yes: one column."""
    words = newest_words(_on_approach(consents, channel), ["customer_id"])
    return words.filter(words.is_newest, words.granted).select("customer_id")


def answering(consents: ir.Table, channel: str) -> ir.Table:
    """Customers who gave any answer on being approached by a channel: one column."""
    return _on_approach(consents, channel).select("customer_id").distinct()


def _on_approach(consents: ir.Table, channel: str) -> ir.Table:
    """The answers on offers by a channel: those on it and on all channels, not those on service."""
    rows = on_channels(consents).filter(_.channel.isin((channel, EVERY_CHANNEL)))
    return rows.filter(_.purpose.fill_null("") != SERVICE) if "purpose" in rows.columns else rows


def newest_words(consents: ir.Table, key: list[str], **others: ir.Value) -> ir.Table:
    """One row per key and time: `granted`, and `is_newest` for the last; `others` are kept too.

    Of several answers at the same time a refusal counts.
    """
    words = consents.group_by([*key, "event_time"]).aggregate(
        granted=consents.granted.fill_null(False).all(), **others
    )
    # A column first: a filter would look for the newest among the refusals alone.
    newest = words.event_time.max().over(ibis.window(group_by=key))
    return words.mutate(is_newest=words.event_time == newest)


def without_objectors(customers: ir.Table, facts: Facts) -> ir.Table:
    """Leave out customers who object to profiling: they are never scored, listed or exported."""
    if not {"consents", "purpose"} <= facts.has:
        return customers
    known_words = known(facts.tables["consents_days"], moment_table())
    return customers.anti_join(objections(known_words), "customer_id")
