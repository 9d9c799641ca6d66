"""Connections to PostgreSQL: one that was not used of late is asked whether it works.

To ask each time takes as long as to read a card. A database that goes away meanwhile is told to
whoever asks within that second; all kept connections are given up then.
"""

import time
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import InvalidatePoolError

TRUSTED = 1.0  # seconds for which a connection is taken to work as it did
USED = "regulars_used"  # when a connection was given back


def listen(engine: Engine) -> None:
    """Look at the connections of this engine when they are taken."""
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_check_idle, engine.dialect))


def reading_once(engine: Engine) -> Connection:
    """A connection for one statement, which PostgreSQL does not put into a transaction.

    Three messages to the database and back less; a card takes half the time.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine.connect()


def _note_use(_connection: object, record: Any) -> None:
    record.info[USED] = time.monotonic()


def _check_idle(dialect: Any, connection: Any, record: Any, _proxy: object) -> None:
    if time.monotonic() - record.info.get(USED, 0.0) > TRUSTED:
        try:
            dialect.do_ping(connection)
        except dialect.dbapi.Error:
            raise InvalidatePoolError from None
