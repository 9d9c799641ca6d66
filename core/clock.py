"""The clock: the only place that asks for the present time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment in UTC, without a time zone attached, as all times here are kept."""
    return datetime.now(UTC).replace(tzinfo=None)
