"""Queries over a folder of files, or over a DuckDB file: DuckDB's own SQL, no database server.

    path: olist     olist_orders_dataset.csv, olist_customers_dataset.csv, book.xlsx
    queries: {orders: SELECT … FROM olist_orders_dataset JOIN olist_customers_dataset USING (…)}

Each file of the folder is a table called like it, without its suffixes; a sheet is `book_Sheet1`
where the workbook has several. Columns that are called like ids are text, so that they meet.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from core.errors import SourceError, did_you_mean, nearest
from sources.contract import ENOUGH, TABLES
from sources.cures import literal, quoted
from sources.duck import connect
from sources.formats.looking import candidates
from sources.formats.opening import Address, opened, tables_in
from sources.formats.signatures import OF_SUFFIX, stem, suffix
from sources.params import SourceParams

ROWS = 10_000  # fetched at a time
DUCKDB_AT, DUCKDB = 8, b"DUCK"  # where a file says that it is DuckDB's
SQLITE = b"SQLite format 3\x00"
IDS = re.compile(r"(^|[\W_])(id|ids|code|number|no|key|phone|email|sku|код|номер)$|[a-z]ID$", re.I)
MAX_NAMED = 12
Query = tuple[list[str], Iterator[list[tuple[Any, ...]]]]


def place_of(params: SourceParams) -> Path | None:
    """The folder or DuckDB file that `source.path` names; None where it is a database's address."""
    if not params.path or "://" in params.path:
        return None
    path = Path(params.path).expanduser()
    return path if path.is_dir() or _starts(path, DUCKDB, DUCKDB_AT) else None


def sqlite_file(path: str) -> bool:
    """Whether a path is that of an SQLite file."""
    return "://" not in path and _starts(Path(path).expanduser(), SQLITE, 0)


def refuse_unknown_tables(given: Iterable[str]) -> None:
    """Raises SourceError for a query of a table that the contract does not have."""
    for name in given:
        if name not in TABLES:
            raise SourceError(
                f"source.queries in params.yaml has a query for {name}, which is not a table of "
                f"the contract.{did_you_mean(name, TABLES)} The tables are: {', '.join(TABLES)}."
            )


@contextmanager
def queried(place: Path, params: SourceParams) -> Iterator[dict[str, Query]]:
    """The columns and rows of every table of the contract, while the block runs.

    Raises SourceError for a query that fails or names a table that is not there, and where there
    are neither orders nor subscriptions.
    """
    if params.incremental:
        raise SourceError(
            f"source.incremental asks a database for its new rows, and {place} is none: set it to "
            "false. Files are read whole."
        )
    with connect() as connection, ExitStack() as stack:
        tables = _addresses(place) if place.is_dir() else _attached(connection, place)
        queries = _queries(params.queries, tables, place)
        if place.is_dir():
            asked = " ".join(queries.values()).lower()
            for name, address in tables.items():
                if name.lower() in asked and address is not None:  # files may be many
                    _view(connection, name, address, params, stack)
        yield {name: _run(connection, name, query, tables) for name, query in queries.items()}


def _starts(path: Path, mark: bytes, at: int) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(at + len(mark))[at:] == mark


def _addresses(folder: Path) -> dict[str, Address | None]:
    """The tables of a folder by the name that queries call them."""
    found: dict[str, list[Address]] = {}
    for file in candidates(folder):
        if not suffix(file):
            continue
        address = Address(folder, file)
        inside = [address]
        if OF_SUFFIX[suffix(file)] in ("excel", "zip"):
            inside = tables_in(address)
        for table in inside:
            parts = [stem(file), *(stem(step) for step in table.inner if len(inside) > 1)]
            found.setdefault("_".join(parts), []).append(table)
    for name, tables in found.items():
        if len(tables) > 1:
            raise SourceError(
                f"{folder} holds two files for the table {name}: {tables[0]} and {tables[1]}. "
                "Rename one, or put it elsewhere."
            )
    return {name: tables[0] for name, tables in found.items()}


def _attached(connection: duckdb.DuckDBPyConnection, place: Path) -> dict[str, Address | None]:
    try:
        connection.execute(f"ATTACH {literal(place)} AS source (READ_ONLY)")
        connection.execute("USE source")
    except duckdb.Error as error:
        raise SourceError(
            f"The DuckDB file {place} could not be opened: {str(error).splitlines()[0]} Close the "
            "program that writes it, or copy it."
        ) from None
    names = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'source'"
    ).fetchall()
    return {str(name): None for (name,) in names}


def _queries(
    given: Mapping[str, str | None], tables: Mapping[str, object], place: Path
) -> dict[str, str]:
    refuse_unknown_tables(given)
    found = {}
    by_name = {name.lower(): name for name in tables}
    for name in TABLES:
        query = given.get(name)
        if query is not None:
            found[name] = query.strip().rstrip(";")
        elif name not in given and name in by_name:
            found[name] = f"SELECT * FROM {quoted(by_name[name])}"
    if not found.keys() & {*ENOUGH}:
        example = quoted(nearest("orders", tables) or next(iter(tables), "sales"))
        raise SourceError(
            f"{place} has no table orders (it has: {_listed(tables)}). Say where purchases are in "
            f"params.yaml, as in source.queries: {{orders: 'SELECT * FROM {example}'}}. A table "
            "subscriptions alone will do."
        )
    return found


def _view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    address: Address,
    params: SourceParams,
    stack: ExitStack,
) -> None:
    _, table = stack.enter_context(opened(address, params.encoding))
    relation = table.relation([column for column in table.columns if IDS.search(column)])
    connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM {relation}")


def _run(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, tables: Mapping[str, object]
) -> Query:
    try:
        found = connection.execute(f"SELECT * FROM ({query}\n) LIMIT 0").description or ()
    except duckdb.Error as error:
        raise _refused(name, error, tables) from None
    return [str(column) for column, *_ in found], _portions(connection, name, query, tables)


def _portions(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, tables: Mapping[str, object]
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows, some at a time; one query after the other, as each is asked for."""
    try:
        connection.execute(query)
        while rows := connection.fetchmany(ROWS):
            yield rows
    except duckdb.Error as error:
        raise _refused(name, error, tables) from None


def _refused(name: str, error: duckdb.Error, tables: Mapping[str, object]) -> SourceError:
    why = " ".join(line for line in str(error).splitlines()[:2] if line.strip())
    return SourceError(
        f"source.queries.{name} in params.yaml failed: {why} Tables: {_listed(tables)}."
    )


def _listed(names: Mapping[str, object]) -> str:
    shown, more = sorted(names)[:MAX_NAMED], len(names) - MAX_NAMED
    return (", ".join(shown) or "nothing") + (f" and {more:,} more" if more > 0 else "")
