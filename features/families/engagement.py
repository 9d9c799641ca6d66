"""Engagement: visits, app and e-mails, and whether there are fewer of them than before."""

import ibis.expr.types as ir

from features.families.definition import feature
from features.history.kinds import change, count, days_since, rate

VISITS, OPENS, CLICKS = ("visit", "app_open"), ("email_open",), ("email_click",)
TOUCHES = (*VISITS, *OPENS, *CLICKS)
EXPOSED = ("campaign_exposed",)
WINDOWS = (7, 30, 90)


@feature(base="events", group="visits", unit="visits", windows=WINDOWS, when_none=0)
def visits(events: ir.Table, window: int) -> ir.Value:
    """Visits (kinds visit and app_open) in the last {window} days."""
    return count(events, VISITS, window)


@feature(base="events", group="visits", unit="visits", when_none=0)
def visits_total(events: ir.Table) -> ir.Value:
    """Visits (kinds visit and app_open) in all history."""
    return count(events, VISITS)


@feature(base="events", group="visits", unit="days")
def days_since_visit(events: ir.Table) -> ir.Value:
    """Whole days since the last visit (kinds visit and app_open)."""
    return days_since(events, VISITS)


@feature(base="events", group="visits", unit="log ratio", windows=(14, 30), when_none=0, reach=2)
def visits_change(events: ir.Table, window: int) -> ir.Value:
    """Log ratio of visits (each plus one), last {window} days against the {window} before."""
    return change(events, VISITS, window)


@feature(base="events", group="visits", unit="ratio")
def visit_silence_over_gap(events: ir.Table) -> ir.Value:
    """Days since the last visit as a multiple of the mean days between days with visits."""
    is_visit = events.kind.isin(VISITS)
    first, last = events.ago.max(where=is_visit), events.ago.min(where=is_visit)
    gaps = events.ago.nunique(where=is_visit) - 1
    return last * gaps / (first - last).nullif(0).cast("float64")


@feature(base="events", group="mailings", unit="opens", windows=(30, 90), when_none=0)
def email_opens(events: ir.Table, window: int) -> ir.Value:
    """E-mails opened in the last {window} days."""
    return count(events, OPENS, window)


@feature(base="events", group="mailings", unit="clicks", windows=(30, 90), when_none=0)
def email_clicks(events: ir.Table, window: int) -> ir.Value:
    """Clicks in e-mails in the last {window} days."""
    return count(events, CLICKS, window)


@feature(base="events", group="mailings", unit="days")
def days_since_email_open(events: ir.Table) -> ir.Value:
    """Whole days since an e-mail was last opened."""
    return days_since(events, OPENS)


@feature(base="events", group="mailings", unit="days")
def days_since_email_click(events: ir.Table) -> ir.Value:
    """Whole days since a link in an e-mail was last clicked."""
    return days_since(events, CLICKS)


@feature(base="events", group="mailings", unit="opens a campaign", windows=(90,))
def open_rate(events: ir.Table, window: int) -> ir.Value:
    """E-mails opened for each campaign shown, last {window} days; unknown without a campaign."""
    return rate(count(events, OPENS, window), count(events, EXPOSED, window))


@feature(base="events", group="mailings", unit="opens a campaign")
def open_rate_total(events: ir.Table) -> ir.Value:
    """E-mails opened for each campaign shown, in all history; unknown without a campaign."""
    return rate(count(events, OPENS), count(events, EXPOSED))


@feature(base="events", group="mailings", unit="clicks an open", windows=(90,))
def click_rate(events: ir.Table, window: int) -> ir.Value:
    """Clicks for each e-mail opened, last {window} days; unknown without one opened."""
    return rate(count(events, CLICKS, window), count(events, OPENS, window))


@feature(base="events", group="mailings", unit="difference", windows=(90,))
def open_rate_change(events: ir.Table, window: int) -> ir.Value:
    """Opens for each campaign in the last {window} days less those in all history."""
    return open_rate(events, window) - open_rate_total(events)


@feature(base="events", group="visits", unit="log ratio", windows=(30, 90), when_none=0, reach=2)
def engagement_change(events: ir.Table, window: int) -> ir.Value:
    """Log ratio of visits, opens and clicks (each sum plus one), last {window} days and before."""
    return change(events, TOUCHES, window)


FEATURES = (
    visits,
    visits_total,
    days_since_visit,
    visits_change,
    visit_silence_over_gap,
    email_opens,
    email_clicks,
    days_since_email_open,
    days_since_email_click,
    open_rate,
    open_rate_total,
    click_rate,
    open_rate_change,
    engagement_change,
)
