"""Sail runs the same expressions as DuckDB and says the same: every feature, none exempt."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem
from features.engines import sail
from features.engines.sail import SailEngine
from tests.features.same import (
    assert_all_else_is_same,
    assert_categories_are_same,
    assert_edges_are_same,
    assert_empty_is_same,
    assert_shops_are_same,
)

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("sail")


@pytest.fixture(scope="module")
def engine():
    """Makes an engine of tables; the server ends with this module."""
    pytest.importorskip("pysail", reason="Sail is not installed: `make sail-setup`")
    yield SailEngine
    sail.server().stop()
    sail.server.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("churn", ["lapse", "cancellation"])
def test_every_feature_and_label_is_the_same_on_rows_at_the_edges(engine, churn):
    assert_edges_are_same(engine, churn)


@pytest.mark.slow
def test_what_else_a_run_asks_an_engine_is_the_same(engine):
    assert_all_else_is_same(engine)


@pytest.mark.slow
def test_who_bought_which_category_is_the_same(engine, tmp_path):
    assert_categories_are_same(engine, tmp_path)


@pytest.mark.slow
def test_whole_snapshots_of_a_simulated_company_are_the_same(engine, tmp_path):
    assert_shops_are_same(engine, tmp_path)


@pytest.mark.slow
def test_an_empty_cohort_is_an_empty_file_with_every_column(engine, tmp_path):
    assert_empty_is_same(engine, tmp_path)


@pytest.mark.slow
def test_a_proxy_of_the_company_is_not_asked_for_the_way_to_this_process(engine):
    code = (
        "import pyarrow as pa; from features.engines.sail import SailEngine; "
        "print(*SailEngine({'rows': pa.table({'customer_id': ['a']})}).schemas)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment |= {"http_proxy": "http://127.0.0.1:9", "grpc_proxy": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["rows"], done.stderr


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(sail, "find_spec", lambda _: None)
    with pytest.raises(EnvironmentProblem, match="make sail-setup"):
        sail.check_installed()
