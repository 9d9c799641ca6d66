"""Stores through which nothing is written: by the settings, or because their disk takes nothing."""

from sqlalchemy import Engine

from core.errors import ReadOnlyError
from serving.store import sqlite_file

READ_ONLY = "regulars_read_only"  # option of an engine that is to write nothing


def is_to_read_only(engine: Engine) -> bool:
    """Whether the engine is to write nothing."""
    return bool(engine.get_execution_options().get(READ_ONLY))


def refuse_read_only(engine: Engine) -> None:
    """Raises ReadOnlyError for an engine that is to write nothing."""
    if is_to_read_only(engine):
        raise ReadOnlyError(
            "This service only reads (REGULARS_READ_ONLY): write to the store that it copies."
        )


def only_reads(engine: Engine) -> bool:
    """Whether nothing can be written: the engine is to write nothing, or its disk takes nothing.

    Raises DBAPIError where the store does not answer.
    """
    if is_to_read_only(engine):
        return True
    with engine.connect() as connection:
        return sqlite_file.only_reads(connection) is not None
