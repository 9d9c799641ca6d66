"""The features' expressions as the SQL of other databases, to prove that they mean the same there.

Nothing but tests runs them: a run reads Parquet files, and DuckDB has made the features before a
database has taken the files in (docs/scale.md).
"""

from abc import ABC, abstractmethod
from io import BytesIO

import ibis
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from features.engines.duckdb import dates_rows, frame_of


class SqlEngine(ABC):
    """An engine on a database. `tables` are Parquet files or Arrow tables, by name."""

    dialect: str

    def __init__(self, tables):
        self.schemas, self._made = {}, {}
        for name, table in tables.items():
            rows = table if isinstance(table, pa.Table) else pq.read_table(table)
            self.schemas[name] = ibis.Schema.from_pyarrow(rows.schema)
            self.put(name, rows)

    @abstractmethod
    def execute(self, statement):
        """Run a statement that returns nothing."""

    @abstractmethod
    def fetch(self, query):
        """The rows of a query, as an Arrow table."""

    @abstractmethod
    def load(self, name, rows):
        """Make a table of Arrow rows."""

    @abstractmethod
    def store(self, name, query):
        """Make a table of what a query gives."""

    def parts(self, steps, dates):
        self.put("dates", dates_rows(dates))
        for step in steps:
            self.create(step)
        yield 0

    def put(self, name, rows):
        self._drop(name)
        self.load(name, rows)
        self._made[name] = "TABLE"

    def create(self, step):
        self._drop(step.name)
        query = self.compiled(step.table)
        if step.keep:
            self.store(step.name, query)
        else:
            self.execute(f'CREATE VIEW "{step.name}" AS {query}')
        self._made[step.name] = "TABLE" if step.keep else "VIEW"

    def frame(self, table):
        return frame_of(self.fetch(self.compiled(table)), table)

    def write(self, table, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.frame(table).to_parquet(path, index=False)

    def compiled(self, table):
        return str(ibis.to_sql(table, dialect=self.dialect, pretty=False))

    def drop(self, kind, name):
        self.execute(f'DROP {kind} "{name}"')

    def _drop(self, name):
        if name in self._made:
            self.drop(self._made.pop(name), name)


class PostgresEngine(SqlEngine):
    """PostgreSQL, in the database of a psycopg connection."""

    dialect = "postgres"

    def __init__(self, tables, connection):
        self._connection = connection
        super().__init__(tables)

    def execute(self, statement):
        self._connection.execute(statement)

    def fetch(self, query):
        found = self._connection.execute(query)
        names = [column.name for column in found.description]
        rows = found.fetchall()
        return pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})

    def load(self, name, rows):
        columns = ", ".join(f'"{f.name}" {_POSTGRES.get(str(f.type), "text")}' for f in rows.schema)
        self.execute(f'CREATE TABLE "{name}" ({columns})')
        text = BytesIO()
        csv.write_csv(rows, text, csv.WriteOptions(include_header=False))
        with self._connection.cursor().copy(f'COPY "{name}" FROM STDIN (FORMAT csv)') as copy:
            copy.write(text.getvalue())

    def store(self, name, query):
        self.execute(f'CREATE TABLE "{name}" AS {query}')

    def drop(self, kind, name):  # with the views that read it, which are made anew after it
        self.execute(f'DROP {kind} IF EXISTS "{name}" CASCADE')


_POSTGRES = {
    "int64": "bigint",
    "double": "double precision",
    "bool": "boolean",
    "timestamp[us]": "timestamp",
}


class ClickHouseEngine(SqlEngine):
    """ClickHouse, in the session of chdb; `folder` is an empty one."""

    dialect = "clickhouse"

    def __init__(self, tables, session, folder):
        self._session, self._folder = session, folder
        self.execute("SET join_use_nulls = 1")  # rows without a match have unknown columns
        self.execute(f'CREATE DATABASE IF NOT EXISTS "{folder.name}"')
        self.execute(f'USE "{folder.name}"')
        super().__init__(tables)

    def execute(self, statement):
        self._session.query(statement)

    def fetch(self, query):
        return self._session.query(query, "ArrowTable")

    def load(self, name, rows):
        file = self._folder / f"{name}.parquet"
        pq.write_table(rows, file)
        self.store(name, f"SELECT * FROM file('{file}', Parquet)")

    def store(self, name, query):
        self.execute(f'CREATE TABLE "{name}" ENGINE = Memory AS {query}')

    def compiled(self, table):
        statement = sqlglot.parse_one(super().compiled(table), dialect=self.dialect)
        return statement.transform(_known_only).sql(dialect=self.dialect)


def _known_only(node):
    """Casts that take known values alone, and that round floats to decimals, not down.

    Below an unknown value something stands all the same, and below x / unknown it is infinite.
    """
    if not isinstance(node, exp.Cast) or not node.this.find(exp.Div, exp.Mul, exp.Floor):
        return node
    value = node.this
    filled = exp.Anonymous(this="ifNull", expressions=[value.copy(), exp.Literal.number(0)])
    if "Decimal" in node.to.sql("clickhouse"):
        filled = exp.Anonymous(this="toString", expressions=[filled])
    node.set("this", filled)
    unknown = exp.Is(this=exp.Paren(this=value), expression=exp.Null())
    return exp.If(this=unknown, true=exp.Null(), false=node.copy())
