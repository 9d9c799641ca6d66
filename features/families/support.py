"""Support: complaints, how long they took to close, and how satisfied the customer was."""

import ibis.expr.types as ir

from features.families.definition import feature
from features.history.facts import exactly
from features.timeline import SECONDS_PER_DAY, within


@feature(base="tickets", group="support", unit="tickets", windows=(90, 365), when_none=0)
def tickets(tickets: ir.Table, window: int) -> ir.Value:
    """Tickets opened in the last {window} days."""
    return within(tickets.ago, window).sum().fill_null(0)


@feature(base="tickets", group="support", unit="tickets", windows=(90, 365), when_none=0)
def complaints(tickets: ir.Table, window: int) -> ir.Value:
    """Complaints (tickets of kind complaint) opened in the last {window} days."""
    return (tickets.is_complaint & within(tickets.ago, window)).sum().fill_null(0)


@feature(base="tickets", group="support", unit="tickets", when_none=0)
def tickets_open(tickets: ir.Table) -> ir.Value:
    """Tickets open at the as-of date: not closed yet, or reopened after they were."""
    return tickets.is_open.sum().fill_null(0)


@feature(base="tickets", group="support", unit="tickets", when_none=0)
def complaints_open(tickets: ir.Table) -> ir.Value:
    """Complaints open at the as-of date: not closed yet, or reopened after they were."""
    return (tickets.is_open & tickets.is_complaint).sum().fill_null(0)


@feature(base="tickets", group="support", unit="days")
def ticket_open_days_max(tickets: ir.Table) -> ir.Value:
    """Whole days since the oldest ticket that is still open was opened."""
    return tickets.ago.max(where=tickets.is_open)


@feature(base="tickets", group="support", unit="days")
def days_since_complaint(tickets: ir.Table) -> ir.Value:
    """Whole days since the last complaint was opened."""
    return tickets.ago.min(where=tickets.is_complaint)


@feature(base="tickets", group="support", unit="days", needs=("closed_at",))
def days_to_close_mean(tickets: ir.Table) -> ir.Value:
    """Mean days from opening to closing of closed tickets (reopened ones too), to the second."""
    return tickets.seconds_to_close.mean() / float(SECONDS_PER_DAY)


@feature(base="tickets", group="support", unit="tickets", needs=("reopened_at",), when_none=0)
def reopenings(tickets: ir.Table) -> ir.Value:
    """Tickets that were reopened, in all history."""
    return tickets.is_reopened.sum().fill_null(0)


@feature(base="tickets", group="support", unit="score", needs=("csat",))
def csat_mean(tickets: ir.Table) -> ir.Value:
    """Mean satisfaction (csat) given for closed tickets (reopened ones too), in all history."""
    given = exactly(tickets.csat, 0.0).sum(where=tickets.csat.notnull()).cast("float64")
    return given / tickets.csat.count().nullif(0).cast("float64")


@feature(base="tickets", group="support", unit="score", needs=("csat",))
def csat_min(tickets: ir.Table) -> ir.Value:
    """Lowest satisfaction (csat) given for a closed ticket (reopened ones too), in all history."""
    return tickets.csat.min()


FEATURES = (
    tickets,
    complaints,
    tickets_open,
    complaints_open,
    ticket_open_days_max,
    days_since_complaint,
    days_to_close_mean,
    reopenings,
    csat_mean,
    csat_min,
)
