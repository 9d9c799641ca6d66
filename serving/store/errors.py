"""Requests that a working store cannot answer; `serving/web` translates them into HTTP."""

import datetime as dt

from core.errors import QueryError


class CustomerNotFoundError(QueryError):
    """The release has no card of this customer."""


class OverrideNotFoundError(QueryError):
    """The customer has no override of this number."""


class ReleaseNotFoundError(QueryError):
    """No release of this id is kept."""


class InvalidCursorError(QueryError):
    """The cursor is invalid, or belongs to a list with other filters or another order."""


class CursorGoneError(QueryError):
    """The release in which the list began is no longer kept."""


class NoMoneyError(QueryError):
    """The list is to be sorted by money, which the release does not have."""


class NoForecastError(QueryError):
    """The release has no sales forecast."""


class NoPlanError(QueryError):
    """The release has no plan that tells gains."""


class NoOverviewError(QueryError):
    """The release has no overview."""


class PlanDecidedError(QueryError):
    """Somebody approved the plan, withdrew that, or published a newer one meanwhile."""


class NoReportError(QueryError):
    """The release has no report of the monitor."""


class IdempotencyKeyReusedError(QueryError):
    """The key came with another body before."""


class HistoryError(QueryError):
    """A history that was sent cannot be scored; the message names the customer and the field."""


class NoModelsError(QueryError):
    """The release is there, and no models of it answer in this process; the message says why."""


class UnknownNameError(QueryError):
    """`parameter` has a name that the release does not have; `problem` says which names it has."""

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(f"{parameter}: {problem}")
        self.parameter, self.problem = parameter, problem


class TaskChangedError(QueryError):
    """The task is not as the caller saw it: `who` changed it at `since` (UTC), now it is `state`.

    Both are None where nobody has ever touched it.
    """

    def __init__(self, customer_id: str, state: str, who: str | None, since: dt.datetime | None):
        changed = f"{who} changed it on {since:%Y-%m-%d at %H:%M} UTC" if who and since else ""
        super().__init__(
            f"The task of customer {customer_id!r} is not as it was seen: it is {state} now"
            f"{changed and ', ' + changed}. Nothing was done: read it again, and decide anew."
        )
        self.state, self.who, self.since = state, who, since


class TaskHeldError(QueryError):
    """A colleague, `who`, has the task in hand, and it was not chosen by itself."""

    def __init__(self, customer_id: str, who: str | None):
        super().__init__(f"{who} has the task of customer {customer_id!r} in hand.")
        self.who = who


class NotAssignableError(QueryError):
    """The colleague `to` does not see the customer whose task they are to get."""

    def __init__(self, customer_id: str, to: str):
        super().__init__(
            f"{to!r} does not see customer {customer_id!r}, and could not work on the task: give "
            "it to somebody who does."
        )
        self.to = to


class DoNotContactError(QueryError):
    """The action is withheld, or nobody is to contact the customer for now."""


class NoTaskError(QueryError):
    """The plan intends nothing for the customer, and nobody has begun anything."""


class KeyCustomerChangedError(QueryError):
    """Somebody changed the plan or the step meanwhile."""


class StepNotFoundError(QueryError):
    """The customer has no step of this number."""


class ViewNotFoundError(QueryError):
    """The caller has no view of this number."""


class ViewRefusedError(QueryError):
    """The list could not show what the view is to keep, or it may not be shared."""


class ViewTakenError(QueryError):
    """The caller has a view of this name already."""
