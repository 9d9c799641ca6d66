"""Which tickets are complaints, and which are open; features and gates read it here."""

import ibis
import ibis.expr.types as ir

COMPLAINT = "complaint"


def is_complaint(tickets: ir.Table) -> ir.BooleanValue:
    """Whether a ticket is a complaint. Without a kind every ticket may be one."""
    if "kind" not in tickets.columns:
        return ibis.literal(True)
    return (tickets.kind == COMPLAINT).fill_null(False)


def is_open(tickets: ir.Table) -> ir.BooleanValue:
    """Whether a ticket is open: not closed yet, or reopened after it was."""
    if "closed_at" not in tickets.columns:
        return ibis.literal(True)
    never = tickets.closed_at.isnull()
    if "reopened_at" not in tickets.columns:
        return never
    return never | (tickets.reopened_at > tickets.closed_at).fill_null(False)


def judged(tickets: ir.Table) -> ir.Table:
    """Tickets by id, whether each is a complaint, and whether it is open."""
    return tickets.select("ticket_id", is_complaint=is_complaint(tickets), is_open=is_open(tickets))


def open_complaints(tickets: ir.Table) -> ir.Table:
    """Customers with an open complaint: one column. `tickets` are as they stood."""
    return tickets.filter(is_open(tickets) & is_complaint(tickets)).select("customer_id").distinct()
