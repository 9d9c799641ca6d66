"""Which contacts were intended, and which were made: one statement for all who read contacts."""

from typing import Any

from sources.meanings.vocabulary import DO_NOTHING, NO_CHANNEL, TREATED


def was_intended(contacts: Any) -> Any:
    """Whether each row of the table contacts, of Ibis or of pandas, is one that a plan wanted made.

    Also where the holdout withheld it: what the next plan may do has to be the same for both arms,
    or the treated would be at rest while the holdout is planned again. Not who was to get no
    action, or one that reaches nobody (a shelf, a website).
    """
    return (contacts["action_id"] != DO_NOTHING) & (contacts["channel"] != NO_CHANNEL)


def was_made(contacts: Any) -> Any:
    """Whether each row, of Ibis or of pandas, is a contact that was intended and not withheld."""
    return (contacts["arm"] == TREATED) & was_intended(contacts)
