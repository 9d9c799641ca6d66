"""An objection to profiling that is told counts at once, not only when the next run has read it."""

from collections.abc import Sequence
from typing import TypeGuard

from sqlalchemy import Connection

from serving.people.audit import customer, note
from serving.store.answers import told_answers
from serving.store.errors import CustomerNotFoundError
from serving.store.kept_out import keep_out, let_in, out_among
from serving.work.kinds import Consent


def heed_objections(connection: Connection, told: Sequence[object], who: str) -> None:
    """Take out of every kept release whoever objects by what was told, and let in who agrees again.

    Of all answers in the store the newest counts, at the same time a refusal. To be called when the
    outcomes are kept, in the transaction that keeps them. Until a newer agreement, told here or in
    what is published, the customer is left out of every release.
    """
    for customer_id in sorted({one.customer_id for one in told if _is_on_profiling(one)}):
        answer = told_answers(connection, [customer_id])[customer_id]
        if answer.objects:
            removed = keep_out(connection, customer_id, "objects", answer.at)
            if removed.cards:
                about = customer(connection, customer_id)
                note(connection, who, "told an objection to profiling", about)
        else:
            let_in(connection, customer_id, answer.at)


def refuse_kept_out(
    connection: Connection, customer_ids: Sequence[str], profiled: Sequence[str]
) -> None:
    """Raises CustomerNotFoundError for the erased: nothing is kept of them again.

    Of those who are `profiled` by what is told also for who objects to that.
    """
    for customer_id in sorted(out_among(connection, customer_ids, "erased")):
        raise CustomerNotFoundError(
            f"There is no customer {customer_id!r}: they were erased. Nothing was kept."
        )
    for customer_id in sorted(out_among(connection, profiled)):
        raise CustomerNotFoundError(
            f"There is no customer {customer_id!r}: they object to profiling. Nothing was kept."
        )


def _is_on_profiling(outcome: object) -> TypeGuard[Consent]:
    return isinstance(outcome, Consent) and outcome.is_on_profiling
