"""DuckDB and Spark run the same expressions and say the same: every feature, none exempt."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem, RegularsError, TooLittleError
from features.engines import java, spark, spark_tasks
from features.engines.java import packed_java
from features.engines.spark import SparkEngine
from features.engines.spark_tasks import SparkTasks
from tests.features import squares
from tests.features.same import (
    assert_all_else_is_same,
    assert_categories_are_same,
    assert_edges_are_same,
    assert_empty_is_same,
    assert_shops_are_same,
)
from tests.features.squares import square

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


def test_tasks_run_in_other_processes_in_our_folder_and_answer_in_order(
    session, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(spark_tasks, "WAVE", 3)
    asked = [3, 1, 2, 0]
    found = [*SparkTasks(session, tmp_path)(square, iter(asked))]
    assert [number for number, _, _ in found] == [9, 1, 4, 0]
    assert {where for _, _, where in found} == {tmp_path}
    assert os.getpid() not in {process for _, process, _ in found}
    assert [*SparkTasks(session, tmp_path)(square, [])] == [] == [*tmp_path.iterdir()]


def test_what_goes_wrong_on_a_worker_is_a_sentence_here(session, tmp_path):
    each = SparkTasks(session, tmp_path)

    def problem(number):
        with pytest.raises((RegularsError, OSError)) as raised:
            [*each(square, [1, number, 2])]
        assert [*tmp_path.iterdir()] == []
        return raised.value

    gate, disk = problem(squares.GATE), problem(squares.DISK)
    assert type(gate) is TooLittleError and gate.distance == {"customers": (0, 5)}
    assert str(gate) == "Nobody is left: ask for less."
    assert str(disk) == "[Errno 28] No space left on device: 'data/cards'"
    for number, why in (
        (squares.MODULE, "No module named 'a_module_of_nobody'"),
        (squares.ENDED, "Python worker exited unexpectedly"),
    ):
        told = problem(number)
        assert type(told) is EnvironmentProblem and why in str(told)
        assert "a worker of local" in str(told) and "\n" not in str(told)
    with pytest.raises(Exception, match="a mistake in our code") as raised:
        [*each(square, [squares.MISTAKE])]
    assert type(raised.value).__module__.startswith(("py4j", "pyspark"))


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
