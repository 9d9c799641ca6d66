"""The company month by month, as expressions over the facts: counts that add up over customers.

Every expression is one row per month, mark or pair of periods, made of the customers at hand: an
engine that takes customers part by part gives rows that are summed afterwards. `months` holds
periods of whole days [starts, ends) by `number`, `marks` the midnights at which customers are
looked at. Who objects to profiling is in none of it.
"""

import ibis
import ibis.expr.types as ir

from features.families.surveys import DETRACTOR, PROMOTER
from features.history.consent import without_objectors
from features.history.facts import Facts, exactly
from features.history.moment import moment_table
from features.timeline import days, emptied, known, lies_in, runs_at, visible, with_end, within
from sources.contract import SUBSCRIPTIONS, TICKETS

PERIODS = {"number": "int64", "starts": "int64", "ends": "int64"}
MARKS = {"mark": "int64"}
# of customers who bought at a mark: so many days before it, they count as active, as buyers
WINDOWS = {"active_days": "int64", "repeat_days": "int64"}


def months_table() -> ir.Table:
    """Periods that are looked at: days since 1970-01-01."""
    return ibis.table(PERIODS, name="months")


def sales(facts: Facts) -> ir.Table:
    """By month: orders, buyers and, with amounts, revenue (net), paid, priced and unpriced.

    `revenue` is what came in less what was paid back, on the days on which it was; `paid` is the
    money of the `priced` purchases. Purchases of unknown money are in neither: `unpriced`, where
    there may be some, counts them.
    """
    rows = _visible(facts, "customer_days")
    rows = _in_months(rows, rows.day)
    columns = {
        "orders": rows.orders.sum(),
        "buyers": rows.customer_id.nunique(where=rows.orders > 0),
    }
    if "amount" in facts.has:
        columns["revenue"] = rows.amount.sum().cast("float64")
        columns["paid"] = rows.paid.sum().cast("float64")
        columns["priced"] = rows.orders.sum()
    if "unpriced" in facts.has:
        columns["paid"] = rows.known_paid.sum().cast("float64")
        columns["unpriced"] = rows.unpriced.sum()
        columns["priced"] -= columns["unpriced"]
    return rows.group_by("number").aggregate(**columns)


def newcomers(facts: Facts) -> ir.Table:
    """By month: customers whose first purchase lies in it."""
    rows = _visible(facts, "purchase_days")
    first = rows.group_by("customer_id").aggregate(day=rows.day.min())
    found = _in_months(first, first.day)
    return found.group_by("number").aggregate(new=found.count())


def standing_at(facts: Facts) -> ir.Table:
    """By mark: customers `active` before it, how many `stayed`; `bought`, and how many `repeated`.

    Active: with a purchase in the active_days before the mark. Stayed: of these, with one in the
    horizon from it on. Bought: with a purchase in the repeat_days before; repeated: with two.
    """
    rows = _visible(facts, "purchase_days")
    forward = ibis.window(group_by=rows.customer_id, order_by=rows.day)
    # A customer stands at a mark where the last purchase before it left them.
    rows = rows.mutate(ended_day=rows.day.lead().over(forward))
    rows = rows.cross_join(ibis.table(WINDOWS, name="windows")).cross_join(_marks())
    rows = rows.filter(runs_at(rows, rows.mark))
    ago = rows.mark - rows.day
    is_active, has_bought = within(ago, rows.active_days), within(ago, rows.repeat_days)
    again = (rows.orders > 1) | within(ago + rows.gap, rows.repeat_days).fill_null(False)
    return rows.group_by("mark").aggregate(
        active=is_active.sum(),
        stayed=(is_active & ~runs_at(rows, rows.mark + rows.horizon_days)).sum(),
        bought=has_bought.sum(),
        repeated=(has_bought & again).sum(),
    )


def subscribed_at(facts: Facts) -> ir.Table:
    """By mark: customers with a running subscription (`active`), and with one a horizon later."""
    rows = without_objectors(known(facts.tables["subscriptions_days"], moment_table()), facts)
    rows = with_end(emptied(rows, SUBSCRIPTIONS)).cross_join(_marks())
    now, later = runs_at(rows, rows.mark), runs_at(rows, rows.mark + rows.horizon_days)
    each = rows.group_by(["customer_id", "mark"]).aggregate(now=now.any(), later=later.any())
    each = each.filter(each.now)
    return each.group_by("mark").aggregate(active=each.count(), stayed=each.later.sum())


def cohorts(facts: Facts) -> ir.Table:
    """By `first`, the period of the first purchase, and `number`: the customers who bought then."""
    rows = _visible(facts, "purchase_days")
    rows = rows.mutate(first_day=rows.day.min().over(ibis.window(group_by=rows.customer_id)))
    of_first = months_table().rename(first="number", first_starts="starts", first_ends="ends")
    rows = rows.inner_join(
        of_first, lies_in(rows.first_day, of_first.first_starts, of_first.first_ends)
    )
    rows = _in_months(rows, rows.day)
    return rows.group_by(["first", "number"]).aggregate(customers=rows.customer_id.nunique())


def spent(facts: Facts, window_days: int, year_days: int) -> ir.Table:
    """By customer: net money in the last days, in as many before, and in as many a year ago."""
    rows = _visible(facts, "customer_days")
    windows = {"now": 0, "before": window_days, "year_ago": year_days}
    columns = {
        name: rows.amount.sum(
            where=within(rows.ago, start + window_days) & ~within(rows.ago, start)
        )
        .fill_null(0)
        .cast("float64")
        for name, start in windows.items()
    }
    found = rows.group_by("customer_id").aggregate(**columns)
    return found.filter((found.now != 0) | (found.before != 0))


def recommended(facts: Facts) -> ir.Table:
    """By month: answers to the recommendation question, promoters (9, 10), detractors (0 to 6)."""
    rows = _answers(facts, "nps")
    return rows.group_by("number").aggregate(
        answers=rows.count(),
        promoters=(rows.score >= PROMOTER).sum(),
        detractors=(rows.score <= DETRACTOR).sum(),
    )


def satisfied(facts: Facts) -> ir.Table:
    """By month: answers to surveys on satisfaction, their sum and the highest."""
    return _scored(_answers(facts, "csat"))


def served(facts: Facts) -> ir.Table:
    """As `satisfied`, of tickets by the month in which they were closed."""
    rows = known(facts.tables["tickets_days"], moment_table())
    rows = emptied(without_objectors(rows, facts), TICKETS)
    rows = rows.mutate(score=rows.csat).filter(rows.csat.notnull())
    return _scored(_in_months(rows, days(rows.closed_at)))


def _scored(rows: ir.Table) -> ir.Table:
    return rows.group_by("number").aggregate(
        answers=rows.count(),
        total=exactly(rows.score, 0.0).sum().cast("float64"),
        highest=rows.score.max(),
    )


def _answers(facts: Facts, kind: str) -> ir.Table:
    rows = without_objectors(known(facts.tables["surveys_days"], moment_table()), facts)
    return _in_months(rows.filter(rows.kind == kind), rows.day)


def _visible(facts: Facts, name: str) -> ir.Table:
    return without_objectors(visible(facts.tables[name], moment_table()), facts)


def _in_months(rows: ir.Table, day: ir.Value) -> ir.Table:
    months = months_table()
    return rows.inner_join(months, lies_in(day, months.starts, months.ends))


def _marks() -> ir.Table:
    return ibis.table(MARKS, name="marks")
