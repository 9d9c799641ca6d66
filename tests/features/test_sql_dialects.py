"""PostgreSQL and ClickHouse make the same of the same expressions: every feature and label."""

import psycopg
import pyarrow.parquet as pq
import pytest

from features.building import build_snapshots
from features.engines.duckdb import DuckEngine
from features.reading import read_snapshots
from features.snapshot import supported
from tests.features.same import assert_edges_are_same, assert_same, shop
from tests.features.sql_engines import ClickHouseEngine, PostgresEngine
from tests.features.world import LONG

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dialects")]
CUSTOMERS, DAYS, ORDERS = 1_900, 400, 20_000


@pytest.fixture
def on_postgresql(postgres):
    with psycopg.connect(postgres(), autocommit=True) as connection:
        yield lambda tables: PostgresEngine(tables, connection)


@pytest.fixture(scope="module")
def chdb():
    found = pytest.importorskip("chdb.session", reason="chdb is not installed")
    with found.Session() as session:
        yield session


@pytest.fixture
def on_clickhouse(chdb, tmp_path_factory):
    return lambda tables: ClickHouseEngine(tables, chdb, tmp_path_factory.mktemp("clickhouse"))


@pytest.fixture(params=["on_postgresql", "on_clickhouse"])
def engine(request):
    """Makes an engine of tables."""
    return request.getfixturevalue(request.param)


def test_every_feature_and_label_is_the_same_on_rows_at_the_edges(engine):
    assert_edges_are_same(engine, "cancellation")


def test_whole_snapshots_of_a_simulated_company_are_the_same(engine, tmp_path):
    paths, plan = shop(tmp_path, CUSTOMERS, DAYS)
    orders = pq.read_table(paths["orders"], columns=["order_id"])
    assert len(orders["order_id"].unique()) >= ORDERS
    found = []
    for name, made in (("ours", DuckEngine(paths)), ("theirs", engine(paths))):
        features, _ = supported(made.schemas, LONG)
        build_snapshots(made, plan, features, tmp_path / name)
        found.append(read_snapshots(tmp_path / name))
    assert len(found[0]) > CUSTOMERS / 8
    assert_same(*found)
