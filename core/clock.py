"""The clock: the only place that reads the current time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time in UTC as a naive datetime, the form in which all times are stored here."""
    return datetime.now(UTC).replace(tzinfo=None)
