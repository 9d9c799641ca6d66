"""The file of an SQLite store, opened as it can be: to write, to read, or as if nobody wrote it.

Even to read a file, SQLite needs a second one beside it (`-shm`), which a full or read-only disk
does not let it make. Where it is not there, nobody has the file open, and it is read `immutable`:
without locks and without the write-ahead log. What was read so counts only if the file is the same
when the transaction ends.
"""

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Connection, Engine, PoolProxiedConnection, event
from sqlalchemy.exc import InvalidatePoolError

from core.errors import StoreError

WRITES = "regulars_writes"  # option of a connection whose transaction is going to write
# What is set on each connection that may write. FULL: what was written outlives a power cut.
USUAL = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
LOOKED_AGAIN = 1.0  # seconds after which a file that could only be read is opened as usual again
# Beginnings of SQLite's names for errors of a disk or folder that takes nothing → which of both.
TAKES_NOTHING = {
    "SQLITE_FULL": "full",
    "SQLITE_IOERR_WRITE": "full",
    "SQLITE_IOERR_SHM": "full",
    "SQLITE_READONLY": "read-only",
    "SQLITE_CANTOPEN": "read-only",
}
Mode = Literal["make", "write", "read"]
# Device, inode, size and time of the last change; whether there is a write-ahead log.
State = tuple[int, int, int, int, bool] | None


class FileConnection(sqlite3.Connection):
    """A connection that knows the file it has opened.

    `only_reads`: why nothing can be written through it, `full` or `read-only`; `state`: of a file
    that is read without locks.
    """

    inode: tuple[int, int] | None = None
    only_reads: str | None = None
    state: State = None
    opened_at = 0.0


def listen(engine: Engine, file: str) -> None:
    """Have connections of the engine looked at when they are taken, and after they have read."""
    event.listen(engine, "checkout", partial(_check_file, file))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "rollback", partial(_check_unchanged, file))


def connect(file: str, mode: Mode, patience: float) -> FileConnection:
    """Open the file, in mode `make` also one that does not exist yet.

    A writer waits for others for `patience` seconds. A file that cannot be written is opened to
    read, in whatever mode. Raises sqlite3.Error, and StoreError for a copy to read whose log cannot
    be read.
    """
    if mode == "read":
        return _to_read(file, "read-only")
    try:
        return _usual(file, "rwc" if mode == "make" else "rw", patience)
    except sqlite3.OperationalError as error:
        why = takes_nothing(error)
        if why is None or not Path(file).exists():
            raise
        return _to_read(file, why)


def takes_nothing(error: BaseException | None) -> str | None:
    """`full` or `read-only` where that is why SQLite has failed."""
    name = str(getattr(error, "sqlite_errorname", None))
    return next((why for known, why in TAKES_NOTHING.items() if name.startswith(known)), None)


def only_reads(connection: Connection) -> str | None:
    """Why nothing can be written through this connection; None where it can."""
    found: str | None = getattr(_raw(connection), "only_reads", None)
    return found


def _usual(file: str, mode: str, patience: float) -> FileConnection:
    connection = _open(file, f"mode={mode}", patience)
    try:
        for pragma in USUAL:
            connection.execute(f"PRAGMA {pragma}").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _to_read(file: str, why: str) -> FileConnection:
    """A connection that writes nothing: neither into the file nor beside it."""
    state = _state(file)
    has_log = _has_log(file)
    if has_log and not Path(f"{file}-shm").exists():
        raise StoreError(
            f"{file} was copied with its log ({file}-wal), which nothing but a service that may "
            "write can read. Copy it anew: sqlite3 FROM \"VACUUM INTO 'TO'\"."
        )
    connection = _open(file, "mode=ro" if has_log else "mode=ro&immutable=1")
    connection.only_reads = why
    connection.state = None if has_log else state
    return connection


def _open(file: str, parameters: str, patience: float = 0.0) -> FileConnection:
    uri = f"file:{quote(str(Path(file).absolute()))}?{parameters}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=patience, check_same_thread=False, factory=FileConnection
    )
    connection.isolation_level = None  # Python's driver would begin a transaction on writes only
    connection.inode, connection.opened_at = _inode(file), time.monotonic()
    return connection


def _check_file(file: str, connection: Any, _record: object, _proxy: object) -> None:
    """Give up kept connections to a file that was deleted, or written anew, under its name.

    Given up too are those that only read, when the file has changed or may be written again.
    """
    is_old = time.monotonic() - connection.opened_at > LOOKED_AGAIN
    has_changed = connection.state is not None and connection.state != _state(file)
    if connection.inode != _inode(file) or has_changed or (connection.only_reads and is_old):
        raise InvalidatePoolError


def _check_unchanged(file: str, connection: Connection) -> None:
    """Raises StoreError where a file that was read without locks was written meanwhile."""
    raw = _raw(connection)
    if raw.state is not None and raw.state != _state(file):
        connection.invalidate()
        raise StoreError(f"{file} was written while it was read: ask again.")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and then writes could find that another has written meanwhile.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _raw(connection: Connection) -> Any:
    pooled: PoolProxiedConnection = connection.connection
    return pooled.driver_connection


def _inode(file: str) -> tuple[int, int] | None:
    """Which file has this name; None where it is missing."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _state(file: str) -> State:
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, _has_log(file)


def _has_log(file: str) -> bool:
    """Whether there is a write-ahead log with anything in it."""
    try:
        return Path(f"{file}-wal").stat().st_size > 0
    except OSError:
        return False
