"""Which contacts were made: for features, gates and past releases alike."""

from typing import Any

from sources.meanings.vocabulary import DO_NOTHING, NO_CHANNEL, TREATED


def was_made(contacts: Any) -> Any:
    """Whether each row of the table contacts, of Ibis or of pandas, is a contact that was made.

    The table also notes whom the holdout withheld it from, and who was to get no action or one
    that reaches nobody (a shelf, a website).
    """
    return (
        (contacts["arm"] == TREATED)
        & (contacts["action_id"] != DO_NOTHING)
        & (contacts["channel"] != NO_CHANNEL)
    )
