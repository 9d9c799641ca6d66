"""The connection to the database: its address, its queries, and rows in portions.

The only module of the sources that imports SQLAlchemy; reading files does not need it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.errors import SourceError, nearest
from sources.contract import ENOUGH, TABLES
from sources.kinds.sql.local import refuse_unknown_tables, sqlite_file

ROWS = 10_000  # fetched at a time
SECRET = re.compile(r"pass(word|wd)?$|pwd|secret|token|(password|pwd)\s*=", re.IGNORECASE)
ELSEWHERE = (
    "PostgreSQL finds the password in the variable PGPASSWORD or in ~/.pgpass, MySQL and others in "
    "a file of the driver's own that the URL names."
)


def address_of(path: str | None) -> URL:
    """`source.path` as a database URL, with the driver we bring where it names none.

    Raises SourceError for a URL that is none or that holds a password.
    """
    if not path:
        raise SourceError(
            "source.path is empty in params.yaml: name the database, for example "
            "postgresql://reader@db.example.com/shop or sqlite:///shop.sqlite3."
        )
    if sqlite_file(path):
        path = f"sqlite:///{path}"
    try:
        url = make_url(path)
    except (ArgumentError, ValueError):
        raise SourceError(
            "source.path in params.yaml is not a database URL such as "
            "postgresql://reader@db.example.com/shop or sqlite:///shop.sqlite3, and no folder, "
            "DuckDB or SQLite file is there."
        ) from None
    sqlite = url.get_backend_name() == "sqlite"
    misplaced = "@" in (url.host or "") or (not sqlite and "@" in (url.database or ""))
    options = [word for key, values in url.normalized_query.items() for word in (key, *values)]
    if url.password or misplaced or any(SECRET.search(option) for option in options):
        raise SourceError(
            "source.path in params.yaml holds a password, and that file is in git and its values "
            f"are logged. Take the password out. {ELSEWHERE}"
        )
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url


def shown(url: URL) -> str:
    """The address for people: without user and options."""
    return URL.create(
        url.get_backend_name(), host=url.host, port=url.port, database=url.database
    ).render_as_string()


@contextmanager
def connected(url: URL) -> Iterator[Connection]:
    """A connection that only reads; PostgreSQL shows all tables as they are at one moment.

    Raises SourceError when the driver or an SQLite file is missing, and when the database does not
    answer.
    """
    # SQLite would make an empty database of it.
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise SourceError(
            f"source.path in params.yaml names the SQLite file {url.database or ':memory:'}, which "
            "is not there. Paths are relative to the project's folder."
        )
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=_patience(url))
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SourceError(
            f"source.path in params.yaml starts with {url.drivername}, and what reads it is not "
            f"installed ({error}). Install the driver into .venv, or name another one, as in "
            "postgresql+psycopg://."
        ) from None
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise SourceError(
            f"The database {shown(url)} does not answer: {' '.join(str(error.orig).split())} "
            f"Check source.path in params.yaml and that the database runs. {ELSEWHERE}"
        ) from None
    with closing(connection):
        if url.get_backend_name() == "postgresql":
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        elif url.get_backend_name() == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        yield connection


def queries_of(connection: Connection, given: Mapping[str, str | None]) -> dict[str, str]:
    """The query of every table of the contract that the database has or a query makes.

    Raises SourceError for a query of a table the contract does not have, and where there are
    neither orders nor subscriptions.
    """
    refuse_unknown_tables(given)
    found = {}
    with _refused(connection, "did not name its tables"):
        here = inspect(connection)
        for name in TABLES:
            query = given.get(name)
            if query is not None:
                found[name] = query.strip().rstrip(";")
            elif name not in given and here.has_table(name):
                found[name] = f"SELECT * FROM {connection.dialect.identifier_preparer.quote(name)}"
        there = [*here.get_table_names(), *here.get_view_names()]
    if not found.keys() & {*ENOUGH}:
        example = nearest("orders", there) or "sales"
        raise SourceError(
            f"The database {shown(connection.engine.url)} has no table orders (it has: "
            f"{', '.join(sorted(there)) or 'nothing'}). Say where purchases are in params.yaml, as "
            f'in source.queries: {{orders: "SELECT * FROM {example}"}}. A table subscriptions '
            "alone will do."
        )
    return found


class Rows:
    """What a query returns: the names of its columns, and its rows, some at a time.

    `since` is (column, value): only rows where the column is at or after the value, or empty.
    Raises SourceError when the database refuses, and for two columns of one name.
    """

    def __init__(
        self, connection: Connection, name: str, query: str, since: tuple[str, Any] | None = None
    ) -> None:
        values = {}
        # A colon is SQL (`::date`, '10:30'), never a parameter of ours.
        statement = query.replace(":", "\\:")
        if since:
            column = connection.dialect.identifier_preparer.quote(since[0])
            column, values["since"] = column.replace(":", "\\:"), since[1]
            # The query may end in a comment.
            statement = (
                f"SELECT * FROM (\n{statement}\n) extracted "
                f"WHERE {column} >= :since OR {column} IS NULL"
            )
        self._refused = partial(_refused, connection, f"refused the query of {name}")
        with self._refused():
            self._result = connection.execute(
                text(statement), values, execution_options={"yield_per": ROWS}
            )
            self.columns = [str(column) for column in self._result.keys()]  # noqa: SIM118
        names = [column.lower() for column in self.columns]
        twice = [column for column in self.columns if names.count(column.lower()) > 1]
        if twice:
            self.close()
            raise SourceError(
                f"The query of {name} returns several columns called {twice[0]}. Name each "
                f"differently in source.queries.{name}: SELECT a.id AS a_id, b.id AS b_id …"
            )

    def portions(self) -> Iterator[list[tuple[Any, ...]]]:
        """Rows as the driver's values, at most ROWS at a time; one pass."""
        with self._refused():
            for rows in self._result.partitions(ROWS):
                yield [tuple(row) for row in rows]

    def close(self) -> None:
        """Let go of rows that were not read."""
        self._result.close()


@contextmanager
def _refused(connection: Connection, what: str) -> Iterator[None]:
    """What the database refuses, as a SourceError without the query and its values."""
    try:
        yield
    except SQLAlchemyError as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise SourceError(
            f"The database {shown(connection.engine.url)} {what}: {str(why).splitlines()[0]}. "
            "Try the query of source.queries in params.yaml with the database's own client; it "
            "must be one SELECT."
        ) from None


def _patience(url: URL) -> dict[str, int]:
    """Seconds to wait for the database, where our driver would wait for minutes."""
    named = "connect_timeout" in url.query
    return {"connect_timeout": 10} if url.drivername == "postgresql+psycopg" and not named else {}
