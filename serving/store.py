"""The store: one database of published releases, SQLite or PostgreSQL, opened and checked here."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from sources.errors import StoreError

MIGRATIONS = Path(__file__).with_name("migrations")
# The key of PostgreSQL's advisory lock: any number, the same for every publisher.
PUBLISHING = 7_305_114


def open_store(url: str) -> Engine:
    """An engine whose transactions see one state of the store from their first read to their last.

    Raises StoreError for a URL that is none, or names another database than SQLite or PostgreSQL.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError("REGULARS_STORE_URL is not a database URL.") from None
    if address.get_backend_name() in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
        # Read committed would let a list and its count come from two releases.
        return create_engine(address, isolation_level="REPEATABLE READ", pool_pre_ping=True)
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        _folder_of(address).mkdir(parents=True, exist_ok=True)
        engine = create_engine(address, connect_args={"timeout": 30})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    raise StoreError(
        "REGULARS_STORE_URL must name a file of SQLite (sqlite:///store/regulars.sqlite3) or a "
        "PostgreSQL database (postgresql://user@host/name)."
    )


def describe(engine: Engine) -> str:
    """The store's address without its password, and how many may write at once."""
    one = "; SQLite: one publisher at a time" if engine.dialect.name == "sqlite" else ""
    return f"{engine.url.render_as_string(hide_password=True)}{one}"


def upgrade(engine: Engine) -> None:
    """Bring the store's tables to the version of this code. Raises StoreError when it is newer."""
    check_not_newer(engine)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        command.upgrade(config, "head")


def version(engine: Engine) -> str | None:
    """The migration the store stands at; None when it has no tables yet.

    Raises StoreError when the database does not answer.
    """
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise unreachable(engine, error) from None


def check_version(engine: Engine) -> None:
    """Raises StoreError when the store's tables are not those this code reads."""
    check_not_newer(engine)
    found = version(engine)
    if found not in (None, _head()):
        raise StoreError(
            f"The store is at version {found}, this code reads {_head()}: run "
            "`python -m pipelines.publish`, which brings it up to date."
        )


def check_not_newer(engine: Engine) -> None:
    """Raises StoreError when a newer version of the code wrote the store."""
    found = version(engine)
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"The store is at version {found}, which this code does not know: it was written by a "
            "newer version of Regulars. Update the code, or name another REGULARS_STORE_URL."
        )


@contextmanager
def publishing(engine: Engine) -> Iterator[None]:
    """Hold the right to publish. Raises StoreError at once when somebody else holds it."""
    hold = _locked_file if engine.dialect.name == "sqlite" else _advisory_lock
    try:
        with hold(engine):
            yield
    except DBAPIError as error:
        raise unreachable(engine, error) from None


def unreachable(engine: Engine, error: DBAPIError) -> StoreError:
    """The StoreError to raise for an error of the database."""
    why = " ".join(str(error.orig).split()) or type(error.orig).__name__
    return StoreError(
        f"The store at {engine.url.render_as_string(hide_password=True)} does not work: {why}. "
        "Check REGULARS_STORE_URL and that the database runs."
    )


@contextmanager
def _locked_file(engine: Engine) -> Iterator[None]:
    with Path(f"{engine.url.database}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy() from None
        yield


@contextmanager
def _advisory_lock(engine: Engine) -> Iterator[None]:
    # It ends with its connection, however that ends.
    with engine.connect() as connection:
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": PUBLISHING})
        if not taken.scalar_one():
            raise _busy()
        connection.rollback()  # the lock is the connection's, and no old snapshot is kept open
        try:
            yield
        finally:
            _unlock(connection)


def _unlock(connection: Connection) -> None:
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": PUBLISHING})
    connection.commit()


def _busy() -> StoreError:
    return StoreError("Another run is publishing into this store: wait until it is done.")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # Python's driver would begin on writes only
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _folder_of(address: URL) -> Path:
    return Path(str(address.database)).parent


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _head() -> str:
    return str(_scripts().get_current_head())
