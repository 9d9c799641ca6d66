"""The store: one database of published releases, SQLite or PostgreSQL, opened and checked here."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool, QueuePool

from core.errors import StoreError, WriteError
from core.files import only_one
from serving.store import postgresql, sqlite_file
from serving.store.own_secrets import CURSORS, made_secret
from serving.store.read_only import READ_ONLY, refuse_read_only
from serving.store.sqlite_file import WRITES

MIGRATIONS = Path(__file__).with_name("migrations")
# The key of PostgreSQL's advisory lock: any number will do, if it is the same for every publisher.
PUBLISHING = 7_305_114
WRITING = 7_305_115  # and of the lock that makes short writes wait for each other
PATIENCE = 30  # seconds that a writer waits for others
THREADS = 40  # threads that answer requests (anyio's own number)
# Why a database refuses a write: names of SQLite's errors by their beginning, SQLSTATEs.
REFUSED = {
    **sqlite_file.TAKES_NOTHING,
    "53100": "full",
    "25006": "read-only",
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
    "55P03": "busy",
}
SAID = {
    "full": "its disk is full. What is kept can be read; make room, then write again",
    "read-only": "it may only be read: its file, folder or disk is read-only, or cannot be opened. "
    "Write to the store that this one copies, or check the rights of its folder",
    "busy": f"others have been writing for {PATIENCE} seconds. Nothing was written; try again",
}
CHECK = {  # what to check when a store does not work
    "sqlite": "that REGULARS_STORE_URL names an SQLite file that may be written, and the disk",
    "postgresql": "REGULARS_STORE_URL, and that the database runs",
}


def open_store(url: str, create: bool = True, read_only: bool = False) -> Engine:
    """An engine whose transactions see one state of the store from their first read to their last.

    Where `create` is false, as for a service, a missing SQLite file is not created: it is a store
    without a release. Connections are kept there, for as long as the file is the same. Where
    `read_only` is true nothing is ever written, neither into the store nor beside its file.
    Raises StoreError for an invalid URL, for a database other than SQLite or PostgreSQL, and for a
    folder that cannot be made.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("REGULARS_STORE_URL is not a database URL.") from None
    if "@" in (address.host or ""):
        raise StoreError("REGULARS_STORE_URL: write an @ within the password as %40.")
    if address.get_backend_name() in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
        # With "read committed" a list and its count could come from two releases.
        engine = create_engine(
            address,
            isolation_level="REPEATABLE READ",
            hide_parameters=True,  # errors go into the log, and ids of customers must not
            # beyond the pool's 5, so that no thread waits for a connection
            max_overflow=THREADS - 5,
            connect_args={"connect_timeout": 5}
            | ({"options": "-c default_transaction_read_only=on"} if read_only else {}),
            execution_options={READ_ONLY: read_only},
        )
        postgresql.listen(engine)
        return engine
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        if create and not read_only:
            _make_folder(Path(str(address.database)).parent)
        file = str(address.database)
        mode: sqlite_file.Mode = "read" if read_only else "make" if create else "write"
        pool: dict[str, Any] = {"poolclass": NullPool}
        if not create:  # a service: to connect takes longer than to read a card
            pool = {"poolclass": QueuePool, "max_overflow": THREADS - 5}
        engine = create_engine(
            address,
            creator=partial(sqlite_file.connect, file, mode, PATIENCE),
            hide_parameters=True,
            execution_options={READ_ONLY: read_only},
            **pool,
        )
        sqlite_file.listen(engine, file)
        return engine
    raise StoreError(
        "REGULARS_STORE_URL must name a file of SQLite (sqlite:///store/regulars.sqlite3) or a "
        "PostgreSQL database (postgresql://user@host/name)."
    )


def describe(engine: Engine) -> str:
    """The store's address without its password, and how many may write at once."""
    writers = "; SQLite: one publisher at a time" if engine.dialect.name == "sqlite" else ""
    return f"{_address(engine)}{writers}"


def upgrade(engine: Engine) -> None:
    """Bring the store's tables to the version of this code. Raises StoreError when it is newer."""
    check_not_newer(engine)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with writing(engine) as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        command.upgrade(config, "head")
        made_secret(connection, CURSORS)


def prepared(engine: Engine) -> Engine:
    """The store with the tables of this version, made as publishing makes them where they are not.

    Raises StoreError when newer code has written it, or another process is publishing into one of
    another version.
    """
    if check_not_newer(engine) != _revisions()[0]:
        with publishing(engine):
            upgrade(engine)
    return engine


def version(engine: Engine) -> str | None:
    """The migration that the store is at; None when it has no tables yet.

    Raises StoreError when the database does not answer.
    """
    if _is_missing(engine):
        return None
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise unreachable(engine, error) from None


def check_version(engine: Engine) -> None:
    """Raises StoreError when the store's tables are not those this code reads."""
    found, head = check_not_newer(engine), _revisions()[0]
    if found not in (None, head):
        raise StoreError(
            f"The store is at version {found}, this code reads {head}: run "
            "`python -m pipelines.publish`, which brings it up to date."
        )


def check_not_newer(engine: Engine) -> str | None:
    """The store's version. Raises StoreError when newer code has written the store."""
    found = version(engine)
    if found is not None and found not in _revisions():
        raise StoreError(
            f"The store is at version {found}, which this code does not know: it was written by a "
            "newer version of Regulars. Update the code, or name another REGULARS_STORE_URL."
        )
    return found


@contextmanager
def publishing(engine: Engine) -> Iterator[None]:
    """Hold the right to publish. Raises StoreError at once when another process holds it.

    Raises WriteError where the store takes no writes.
    """
    hold = _locked_file if engine.dialect.name == "sqlite" else _advisory_lock
    try:
        with hold(engine):
            yield
    except DBAPIError as error:
        raise refused(engine, error) from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that may write, committed at the end; keep it short.

    All who write do it here, one after the other on both databases, the publisher too, so that
    what was read in the transaction stays true until its end. Raises ReadOnlyError for an engine
    that is to write nothing, WriteError where the store is full, read-only or others do not stop
    writing, and StoreError where it does not answer; nothing is written then. IntegrityError and
    DataError are the caller's, and pass.
    """
    refuse_read_only(engine)
    try:
        with _to_write(engine) as plain:
            connection = plain.execution_options(**_options(engine))
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}s'"))
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITING})"))
                yield connection
    except (IntegrityError, DataError):
        raise
    except DBAPIError as error:
        raise refused(engine, error) from None


def refused(engine: Engine, error: DBAPIError) -> StoreError:
    """The WriteError that says why nothing can be written; else what `unreachable` says."""
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    for known, why in REFUSED.items():
        if str(name).startswith(known):
            return _takes_no_writes(engine, why)
    return unreachable(engine, error)


def unreachable(engine: Engine, error: DBAPIError) -> StoreError:
    """The StoreError that corresponds to an error of the database."""
    why = " ".join(str(error.orig).split()) or type(error.orig).__name__
    return StoreError(
        f"The store at {_address(engine)} does not work: {why}. Check {CHECK[engine.dialect.name]}."
    )


@contextmanager
def _to_write(engine: Engine) -> Iterator[Connection]:
    """A connection through which something can be written. Raises WriteError where none can."""
    with engine.connect() as connection:
        if sqlite_file.only_reads(connection) is None:
            yield connection
            return
    engine.dispose()  # what is kept was opened when there was no room: there may be some again
    with engine.connect() as connection:
        why = sqlite_file.only_reads(connection)
        if why is not None:
            raise _takes_no_writes(engine, why)
        yield connection


def _takes_no_writes(engine: Engine, why: str) -> WriteError:
    return WriteError(f"The store at {_address(engine)} takes no writes now: {SAID[why]}.")


@contextmanager
def _locked_file(engine: Engine) -> Iterator[None]:
    # Resolved: one file has one lock, by whatever name it is called.
    file = Path(str(engine.url.database)).resolve()
    if not os.access(file.parent, os.W_OK):
        raise _takes_no_writes(engine, "read-only")
    with only_one(Path(f"{file}.lock"), _busy()):
        yield


@contextmanager
def _advisory_lock(engine: Engine) -> Iterator[None]:
    # The lock ends with its connection, however that ends.
    with engine.connect() as connection:
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": PUBLISHING})
        if not taken.scalar_one():
            raise _busy()
        connection.rollback()  # the lock is the connection's, and no old snapshot is kept open
        try:
            yield
        finally:
            _unlock(connection)


def _options(engine: Engine) -> dict[str, Any]:
    """Options of a connection that writes: on PostgreSQL it sees what others committed before."""
    is_sqlite = engine.dialect.name == "sqlite"
    return {WRITES: True} if is_sqlite else {"isolation_level": "READ COMMITTED"}


def _unlock(connection: Connection) -> None:
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": PUBLISHING})
    connection.commit()


def _busy() -> StoreError:
    return StoreError("Another run is publishing into this store: wait until it is done.")


def _address(engine: Engine) -> str:
    """The URL without a password, also where it stands as a parameter."""
    secret = [name for name in engine.url.query if "password" in name]
    return engine.url.difference_update_query(secret).render_as_string(hide_password=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {folder} for the store cannot be made ({error.strerror}): check "
            "REGULARS_STORE_URL."
        ) from None


def _is_missing(engine: Engine) -> bool:
    """Whether the store is an SQLite file that does not exist yet."""
    return engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists()


@cache
def _revisions() -> tuple[str, ...]:
    """The known migrations, newest first."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return tuple(script.revision for script in scripts.walk_revisions())
