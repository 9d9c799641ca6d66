"""The clock: the one place that asks what time it is now."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment in UTC, without a time zone attached, as all times here are kept."""
    return datetime.now(UTC).replace(tzinfo=None)
