"""Stores through which nothing is written: by the settings, or because their disk takes nothing."""

from sqlalchemy import Engine

from core.errors import ReadOnlyError
from serving.store import sqlite_file

READ_ONLY = "regulars_read_only"  # option of an engine that is to write nothing


def refuse_read_only(engine: Engine) -> None:
    """Raises ReadOnlyError for an engine that is to write nothing."""
    if engine.get_execution_options().get(READ_ONLY):
        raise ReadOnlyError(
            "This service only reads (REGULARS_READ_ONLY): write to the store that it copies."
        )


def only_reads(engine: Engine) -> bool:
    """Whether nothing can be written: the engine is to write nothing, or its disk takes nothing.

    Raises DBAPIError where the store does not answer.
    """
    if engine.get_execution_options().get(READ_ONLY):
        return True
    with engine.connect() as connection:
        return sqlite_file.only_reads(connection) is not None
