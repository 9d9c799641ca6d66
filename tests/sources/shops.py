"""A shop's own database, as a test fills it, and what its source makes of it."""

from dataclasses import dataclass

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from core.errors import SourceError
from sources.params import SourceParams
from sources.registry import fingerprint, load
from sources.tables.check_tables import check_tables

TEXT_IDS = "customer_id TEXT, order_id TEXT, event_time TIMESTAMP, amount NUMERIC(10, 2)"
KNOWN = "customer_id TEXT, order_id TEXT, event_time TIMESTAMP, known_at TIMESTAMP, amount INTEGER"

ROWS = ("'00123', '1', '2017-05-01 10:00:00', 5", "'00124', '2', '2017-05-02 00:00:00', -1.50")


@dataclass
class Shop:
    """One database and the parameters that read it."""

    url: str

    @property
    def kind(self):
        return make_url(self.url).get_backend_name()

    def run(self, *statements):
        """Execute and commit."""
        driver = make_url(self.url)
        if self.kind == "postgresql":
            driver = driver.set(drivername="postgresql+psycopg")
        engine = create_engine(driver, poolclass=NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def table(self, name, columns, *rows):
        """A new table of these rows, each as SQL."""
        self.run(f"CREATE TABLE {name} ({columns})")
        self.insert(name, *rows)

    def insert(self, name, *rows):
        if rows:
            self.run(f"INSERT INTO {name} VALUES {', '.join(f'({row})' for row in rows)}")

    def params(self, **changes):
        return SourceParams(kind="sql", path=self.url, **changes)


def read(params):
    """What stages `source` and `ingest` make of the database: fingerprint and checked tables."""
    found = fingerprint(params)
    return found, check_tables(load(params), params)


def ids(checked):
    return sorted(checked["orders"].rows["order_id"])


def refusal(params, step=fingerprint):
    """What the step says when it refuses."""
    with pytest.raises(SourceError) as error:
        step(params)
    return str(error.value)
