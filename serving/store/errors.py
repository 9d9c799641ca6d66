"""What the store cannot answer, though it works: `serving/web` puts it into terms of HTTP."""

from core.errors import QueryError


class CustomerNotFoundError(QueryError):
    """The current release has no card of this customer."""


class InvalidCursorError(QueryError):
    """The cursor is none, or belongs to a list with other filters or another order."""


class CursorGoneError(QueryError):
    """The release a list began in is no longer kept."""


class NoMoneyError(QueryError):
    """The list is asked for by money, which the release does not have."""


class NoForecastError(QueryError):
    """The release has no sales forecast."""


class NoReportError(QueryError):
    """The release has no report of the monitor."""


class UnknownNameError(QueryError):
    """`parameter` asks for a name that does not occur in the release; `problem` says which do."""

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(f"{parameter}: {problem}")
        self.parameter, self.problem = parameter, problem
