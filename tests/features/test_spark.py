"""DuckDB and Spark run the same expressions and say the same: every feature, none exempt."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from core.errors import ArtifactError, EnvironmentProblem
from core.files import write_manifest
from features.engines import java, spark
from features.engines.java import packed_java
from features.engines.spark import SparkEngine
from models.cards.on_spark import NUMBERS, score_on_spark, scored
from tests.features.same import (
    assert_all_else_is_same,
    assert_categories_are_same,
    assert_edges_are_same,
    assert_empty_is_same,
    assert_shops_are_same,
)
from tests.snapshots import simulate as simulated_snapshots
from tests.snapshots import trained_on_subscribers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*<socket.socket:pytest.PytestUnraisableExceptionWarning"),
]
# Of hundreds of queries each is run once: compiling them well takes longer than they do. With this
# Java uses three quarters of the processor's time.
SHORT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def session():
    """The one Spark of this module, ended with its Java."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"--driver-java-options '{SHORT}' pyspark-shell")
        found = spark.start()
    yield found
    context = type(found.sparkContext)
    gateway = context._gateway
    found.stop()
    gateway.shutdown()
    process = gateway.proc
    process.stdin.close()
    process.wait(timeout=60)
    context._gateway = context._jvm = None
    gc.collect()  # pyspark leaves its sockets to whoever collects: not to another module's test


@pytest.fixture(scope="module")
def engine(session):
    """Makes an engine of tables."""
    return lambda tables: SparkEngine(tables, session)


def test_every_feature_and_label_is_the_same_on_rows_at_the_edges(engine):
    assert_edges_are_same(engine, "cancellation")


def test_what_else_a_run_asks_an_engine_is_the_same(engine):
    assert_all_else_is_same(engine)


def test_who_bought_which_category_is_the_same(engine, tmp_path):
    assert_categories_are_same(engine, tmp_path)


def test_whole_snapshots_of_a_simulated_company_are_the_same(engine, tmp_path):
    assert_shops_are_same(engine, tmp_path)


def test_an_empty_cohort_is_an_empty_file_with_every_column(engine, tmp_path):
    assert_empty_is_same(engine, tmp_path)


def test_scores_on_spark_are_those_of_the_models_to_the_last_bit(session, tmp_path):
    bundle = trained_on_subscribers().served
    models = tmp_path / "served"
    bundle.save(models)
    write_manifest(models)
    rows = simulated_snapshots(customers=150, churn="cancellation").reset_index(drop=True)
    rows["customer_id"] = [f"{number:05d}" for number in range(len(rows))]
    rows.to_parquet(tmp_path / "rows.parquet", index=False)
    snapshot = session.read.parquet(str(tmp_path / "rows.parquet")).repartition(5)
    on_spark = score_on_spark(snapshot, models).toArrow().to_pandas()
    on_spark = on_spark.sort_values("customer_id", ignore_index=True)
    ours = scored(rows, bundle)
    assert list(on_spark.columns) == ["customer_id", *NUMBERS]
    assert ours["churn_risk"].nunique() > 50 and ours["expected_value"].notna().all()
    assert_frame_equal(on_spark, ours, check_dtype=False, check_exact=True)
    (models / "booster_0.txt").write_text("torn")
    with pytest.raises(ArtifactError, match="was changed"):
        score_on_spark(snapshot, models)


def test_spark_starts_on_the_java_of_the_wheel_where_the_machine_has_none():
    code = """
from features.engines import java, spark
java.fits = lambda _: False
session = spark.start()
print(session.range(3).count(), session._jvm.java.lang.System.getProperty("java.home"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["3", str(packed_java().parent.parent)]


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(java, "find_spec", lambda _: None)
    with pytest.raises(EnvironmentProblem, match="make spark-setup"):
        java.check_installed()
