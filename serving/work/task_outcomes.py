"""What a move of a task tells the next run: a contact that was made, or a channel refused."""

import datetime as dt

from pydantic import ValidationError
from sqlalchemy import Connection

from core.clock import utc_now
from serving.store.errors import UnknownNameError
from serving.work.kinds import Consent, Contact
from serving.work.outcomes import tell_within
from serving.work.task_rules import Asked, Suggestion, TaskState
from sources.meanings.vocabulary import NO_CHANNEL

EVERY_CHANNEL = "all"


def tell_what_was_done(
    connection: Connection, task: TaskState, asked: Asked, suggestion: Suggestion, who: str
) -> int | None:
    """Tell what the move means; the number of the request, None where it tells nothing.

    `task` is as it is after the move, whose version tells this contact from all others;
    `suggestion` has the channel, and the chances by which the contact was made, if it was by any.
    Raises as `tell`.
    """
    told: Contact | Consent | None = None
    try:
        if asked.move == "done":
            told = _contact(task, asked, suggestion)
        elif asked.move == "not_relevant" and asked.why_not == "asked_not_to_be_contacted":
            channel = suggestion.channel or NO_CHANNEL
            told = Consent(
                kind="consent",
                customer_id=task.customer_id,
                channel=EVERY_CHANNEL if channel == NO_CHANNEL else channel,
                event_time=_now(),
                granted=False,
            )
    except ValidationError as error:
        raise UnknownNameError(
            "customer_id", f"cannot be told: {error.errors()[0]['msg']}"
        ) from None
    if told is None:
        return None
    return tell_within(connection, [told], contact_id(task), who).request


def contact_id(task: TaskState) -> str:
    """The id under which a contact is told; it names nobody."""
    return f"task-{task.number}-{task.version}"


def _contact(task: TaskState, asked: Asked, suggestion: Suggestion) -> Contact:
    now = _now()
    contact = {
        "kind": "contact",
        "customer_id": task.customer_id,
        "contact_id": contact_id(task),
        "event_time": now,
        "action_id": task.action_id,
        "channel": suggestion.channel or NO_CHANNEL,
        **suggestion.chances,
    }
    if asked.responded is not None:
        contact |= {"responded": asked.responded, "responded_at": now}
    return Contact.model_validate(contact)


def _now() -> dt.datetime:
    return utc_now().replace(tzinfo=dt.UTC)
