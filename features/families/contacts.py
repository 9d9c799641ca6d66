"""Contacts and consents: how often a customer is contacted, answers, and refuses.

Contacts that were made count (features/history/contacts_made.py): the holdout was not contacted.
"""

import ibis.expr.types as ir

from features.families.definition import feature
from features.history.kinds import rate
from features.timeline import within


@feature(base="contacts", group="contacts", unit="contacts", windows=(30, 90, 365), when_none=0)
def contacts(contacts: ir.Table, window: int) -> ir.Value:
    """Contacts made in the last {window} days."""
    return within(contacts.ago, window).sum().fill_null(0)


@feature(base="contacts", group="contacts", unit="days")
def days_since_contact(contacts: ir.Table) -> ir.Value:
    """Whole days since the last contact that was made."""
    return contacts.ago.min()


@feature(base="contacts", group="contacts", unit="share", needs=("responded",))
def contact_response_rate(contacts: ir.Table) -> ir.Value:
    """Share of the contacts made, in all history, that were answered by the as-of date."""
    return rate(contacts.is_answered.sum(), contacts.count())


@feature(base="contacts", group="contacts", unit="contacts", needs=("responded",), when_none=0)
def contacts_unanswered(contacts: ir.Table) -> ir.Value:
    """Contacts made on later days than the last one that was answered; all of them if none was."""
    later = (contacts.ago < contacts.answered_ago).fill_null(True)
    return later.sum().fill_null(0)


@feature(base="consents", group="consents", unit="channels")
def channels_granted(consents: ir.Table) -> ir.Value:
    """Channels (`all` counts as one) with a consent as the newest answer, profiling left out."""
    return (consents.is_newest & consents.granted).sum()


@feature(base="consents", group="consents", unit="times", windows=(90,))
def consents_refused(consents: ir.Table, window: int) -> ir.Value:
    """Refusals of a channel in the last {window} days; two purposes at one time count once."""
    return (~consents.granted & within(consents.ago, window)).sum()


FEATURES = (
    contacts,
    days_since_contact,
    contact_response_rate,
    contacts_unanswered,
    channels_granted,
    consents_refused,
)
