"""Bases: the tables that features aggregate, as they stood at the as-of date.

Each row has its age `ago`, in whole days before the as-of date: 1 is the day before it. That is all
that a feature sees of time, so it cannot see the future. `moment` is the one-row table of the as-of
date (`as_of`, and `censored_before`: before that day a first purchase may well not be the first).
"""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from features.history.complaints import is_complaint, is_open
from features.history.consent import newest_words, on_channels
from features.history.contacts_made import was_made
from features.history.facts import Facts
from features.history.moment import cohort_table, moment_table
from features.params import ATTRIBUTE
from features.timeline import (
    emptied,
    known,
    runs_at,
    visible,
    whole_seconds,
    with_age,
    with_end,
    within,
)
from sources.contract import CONTACTS, CUSTOMERS, SUBSCRIPTIONS, TICKETS

BEYOND_ANY_AGE = 1_000_000  # days


def standing(facts: Facts) -> ir.Table:
    """Figures of each customer that other rows are compared with; for all of the cohort who bought.

    `silence` is days since the last purchase, `average` the mean money of the purchase days and
    `usual` that of a purchase; what is unknown is left out of both.
    """
    rows = _of_cohort(visible(facts.tables["purchase_days"], moment_table()))
    columns = {"silence": rows.ago.min()}
    if "amount" in facts.has:
        columns["average"] = mean(rows.paid, rows.paid.count())
        columns["usual"] = usual_money(rows)
    return rows.group_by("customer_id").aggregate(**columns)


def mean(total: ir.Value, count: ir.Value) -> ir.Value:
    """A sum divided by a count; unknown where there is nothing to count."""
    return total.sum().cast("float64") / count.nullif(0).cast("float64")


def usual_money(rows: ir.Table, where: ir.Value | None = None) -> ir.Value:
    """Mean money of the purchases whose money is known."""
    paid, priced = rows.paid, rows.orders.sum(where=where)
    if "unpriced" in rows.columns:
        paid, priced = rows.known_paid, priced - rows.unpriced.sum(where=where)
    return paid.sum(where=where).cast("float64") / priced.nullif(0).cast("float64")


def money(rows: ir.Table, where: ir.Value | None = None) -> ir.Value:
    """Net amount, in which each purchase of unknown money counts as the customer's usual one."""
    known = rows.amount.sum(where=where)
    if "unpriced" not in rows.columns:
        return known.cast("float64").fill_null(0.0)
    return with_unpriced(known, rows.unpriced.sum(where=where), usual_money(rows))


def with_unpriced(known: ir.Value, unpriced: ir.Value, usual: ir.Value) -> ir.Value:
    """A sum of money in which each purchase of unknown money counts as a usual one."""
    count, known = unpriced.fill_null(0), known.cast("float64").fill_null(0.0)
    return (count > 0).ifelse(known + count.cast("float64") * usual, known)


def days(facts: Facts) -> ir.Table:
    """Days on which money moved: purchases and refunds."""
    return _of_cohort(visible(facts.tables["customer_days"], moment_table()))


def purchase_days(facts: Facts) -> ir.Table:
    """Days with purchases, beside the customer's `standing`."""
    rows = visible(facts.tables["purchase_days"], moment_table())
    rows = rows.inner_join(facts.tables["standing"], "customer_id")
    rows = rows.mutate(starts_censored=rows.day < rows.censored_before)
    if "amount" not in facts.has:
        return rows
    # Rounded to decimals, the squares add up to the same bits in any order.
    deviation = rows.paid.cast("float64") - rows.average
    return rows.mutate(squared_deviation=(deviation * deviation).cast("decimal(38, 12)"))


def _of_cohort(rows: ir.Table) -> ir.Table:
    return rows.semi_join(cohort_table(), "customer_id")


def categories(facts: Facts) -> ir.Table:
    """Categories bought, with the days on which they were."""
    return first_and_last(facts.tables["category_days"], "category")


def stores(facts: Facts) -> ir.Table:
    """Stores used, with the days on which they were."""
    return first_and_last(facts.tables["store_days"], "store")


def first_and_last(
    days: ir.Table, column: str, more: Callable[[ir.Table], dict[str, ir.Value]] = lambda _: {}
) -> ir.Table:
    """Days with each value of a column, by customer of the cohort; `more` adds aggregates."""
    rows = _of_cohort(visible(days, moment_table()))
    return rows.group_by(["customer_id", column]).aggregate(
        bought=rows.count(),
        bought_30d=within(rows.ago, 30).sum(),
        bought_90d=within(rows.ago, 90).sum(),
        first_ago=rows.ago.max(),
        last_ago=rows.ago.min(),
        **more(rows),
    )


def latest_of_most(rows: ir.Table) -> ir.Value:
    """`last_ago` of the row with the most `bought`; among equals the latest."""
    # One whole number holds both, so that no second look at the customer's rows is needed.
    key = (rows.bought * BEYOND_ANY_AGE - rows.last_ago).max()
    return (BEYOND_ANY_AGE - key % BEYOND_ANY_AGE) % BEYOND_ANY_AGE


def name_of_latest(rows: ir.Table, column: str) -> ir.Value:
    """The text of the row with the smallest `last_ago`; among equals the first in the alphabet."""
    digits = len(str(BEYOND_ANY_AGE))
    age = (rows.last_ago + BEYOND_ANY_AGE).cast("string")
    return (age + rows[column]).min().substr(digits)


def events(facts: Facts) -> ir.Table:
    """Events by kind and day: `happened` times, with `value` where the data has it."""
    return known(facts.tables["event_days"], moment_table())


def contacts(facts: Facts) -> ir.Table:
    """Contacts that were made, with `is_answered` as it was known."""
    rows = emptied(known(facts.tables["contacts_days"], moment_table()), CONTACTS)
    rows = rows.filter(was_made(rows))
    has_answers = "responded" in rows.columns
    answered = rows.responded.fill_null(False) if has_answers else ibis.literal(False)
    rows = rows.mutate(is_answered=answered)
    own = ibis.window(group_by=rows.customer_id)
    return rows.mutate(answered_ago=rows.ago.min(where=rows.is_answered).over(own))


def consents(facts: Facts) -> ir.Table:
    """The newest consent on each channel, for marketing and all purposes other than profiling."""
    rows = on_channels(known(facts.tables["consents_days"], moment_table()))
    return newest_words(rows, ["customer_id", "channel"], ago=rows.ago.min())


def tickets(facts: Facts) -> ir.Table:
    """Tickets as they stood: `is_open`, `is_complaint`, `days_to_close`, csat where given."""
    rows = emptied(known(facts.tables["tickets_days"], moment_table()), TICKETS)
    never = ibis.null("timestamp")
    closed = rows.closed_at if "closed_at" in rows.columns else never
    reopened = rows.reopened_at if "reopened_at" in rows.columns else never
    seconds = whole_seconds(closed) - whole_seconds(rows.opened_at)
    return rows.mutate(
        is_complaint=is_complaint(rows),
        is_open=is_open(rows),
        is_reopened=reopened.notnull(),
        seconds_to_close=seconds,
        csat=rows.csat if "csat" in rows.columns else ibis.null("float64"),
    )


def surveys(facts: Facts) -> ir.Table:
    """Answers: `newest` is 1 for the last of its kind, 2 for the one before."""
    rows = known(facts.tables["surveys_days"], moment_table())
    # Of two answers of one kind at the same time the lower counts as the newer.
    order = ibis.window(
        group_by=[rows.customer_id, rows.kind], order_by=[ibis.desc(rows.event_time), rows.score]
    )
    return rows.mutate(newest=ibis.row_number().over(order) + 1)


def subscriptions(facts: Facts) -> ir.Table:
    """Subscriptions as they stood: `is_current` (the newest that runs), `is_previous` (ended)."""
    rows = known(facts.tables["subscriptions_days"], moment_table())
    rows = with_end(emptied(rows, SUBSCRIPTIONS))
    rows = rows.mutate(is_running=runs_at(rows, rows.as_of))
    own = ibis.window(group_by=rows.customer_id)
    rows = rows.mutate(
        newest=rows.ago.min(where=rows.is_running).over(own),
        newest_ended=rows.ago.min(where=~rows.is_running).over(own),
    )
    rows = rows.mutate(
        is_current=rows.is_running & (rows.ago == rows.newest),
        is_previous=~rows.is_running & (rows.ago == rows.newest_ended),
    )
    if "period_days" in rows.columns:
        # Whole and never 0: a cast of 30.7, a round of 30.5 or a division by 0 is another thing on
        # each engine.
        period = (rows.period_days + 0.5) // 1
        period = (period > 0).ifelse(period, None)
        rows = rows.mutate(
            period=period,
            renewals=rows.ago // period,
            to_renewal=period - rows.ago % period,
        )
    if "orders" not in facts.has:
        return rows
    paid = visible(facts.tables["purchase_days"], moment_table())
    paid = paid.group_by("customer_id").aggregate(paid_ago=paid.ago.min())
    return rows.left_join(paid, "customer_id").drop("customer_id_right")


def customers(facts: Facts) -> ir.Table:
    """Customers' attributes; accounts created later are not known yet.

    An attribute may be called anything, so it goes by `attribute_<name>` beside our own columns.
    """
    rows = facts.tables["customers"]
    own = [name for name in CUSTOMERS.columns if name in rows.columns]
    free = {f"{ATTRIBUTE}{name}": rows[name] for name in rows.columns if name not in own}
    rows = rows.select(*own, **free).cross_join(moment_table())
    return with_age(rows, "created_at") if "created_at" in own else rows


BASES: dict[str, Callable[[Facts], ir.Table]] = {
    "purchase_days": purchase_days,
    "days": days,
    "categories": categories,
    "stores": stores,
    "events": events,
    "contacts": contacts,
    "consents": consents,
    "tickets": tickets,
    "surveys": surveys,
    "subscriptions": subscriptions,
    "customers": customers,
}
