"""DuckDB and Spark run the same expressions and say the same: every feature, none exempt."""

import gc
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from core.errors import ArtifactError, EnvironmentProblem
from core.files import write_manifest
from features.building import build_snapshots, purchase_timelines, tables_at
from features.checking.company import company
from features.engines import java, spark
from features.engines.duckdb import DuckEngine
from features.engines.java import packed_java
from features.engines.spark import SparkEngine
from features.families.own_events import own_kinds
from features.history.category_history import read_categories
from features.planning.profile import profile, purchase_days
from features.reading import read_snapshots
from features.snapshot import all_features, supported
from features.timeline import date_of, day_of
from models.cards.on_spark import NUMBERS, score_on_spark, scored
from sources.kinds.simulator.writing import simulate
from tests.features.world import (
    AS_OF,
    LONG,
    arrow,
    day,
    feature_names,
    frame,
    snapshot_at,
    timeline_at,
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
OTHER_DATES = (day(AS_OF) - 60, day(AS_OF) - 20)
# Tables and columns that a simulated shop does not have: company() has them all, and subscriptions.
LACKING = {
    *("reopened_at", "responded", "value"),
    *("subscriptions", "subscription_plan", "subscription_amount", "period_days"),
}
CUSTOMERS, DAYS, ORDERS = 18_000, 400, 200_000
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
def tables():
    """Rows of every table, many late, many beside the edge of a window."""
    rows = company(random.Random(3), 120, ahead=0.05)
    return {name: arrow(frame(name, found)) for name, found in rows.items()}


def assert_same(on_duckdb, on_spark):
    """Text, times and whole numbers equal; other numbers to 1e-9 of themselves."""
    assert list(on_duckdb.columns) == list(on_spark.columns)
    assert list(on_duckdb.dtypes) == list(on_spark.dtypes)
    assert len(on_duckdb) == len(on_spark)
    wrong = []
    for name in on_duckdb.columns:
        ours, theirs = on_duckdb[name], on_spark[name]
        same = (ours == theirs) | (ours.isna() & theirs.isna())
        whole = ours.dtype.kind != "f" or ours.dropna().mod(1).eq(0).all()
        if not whole:
            same |= np.isclose(ours, theirs, rtol=1e-9, atol=1e-12)
        if not same.all():
            pair = (ours[~same].iloc[0], theirs[~same].iloc[0])
            wrong.append(f"{name}: {int((~same).sum())} of {len(same)} differ, first {pair}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("churn", ["lapse", "cancellation"])
def test_every_feature_and_label_is_the_same_on_rows_at_the_edges(session, tables, churn):
    plan = timeline_at(churn=churn, data_until=day(AS_OF) + 100)
    duck, other = DuckEngine(tables), SparkEngine(tables, session)
    assert other.schemas == duck.schemas
    ours, names = snapshot_at(duck, plan, OTHER_DATES)
    theirs, _ = snapshot_at(other, plan, OTHER_DATES)
    assert sorted(names) == sorted(feature_names())
    assert len(ours) > 50 and ours["outcome_known"].all()
    assert ours[list(names)].notna().any().all()
    assert_same(ours, theirs)


def test_what_else_a_run_asks_an_engine_is_the_same(session, tables):
    duck, other = DuckEngine(tables), SparkEngine(tables, session)
    plan, names = timeline_at(), ["contacts", "consents", "tickets", "events"]
    assert profile(duck) == profile(other)
    assert own_kinds(duck) == own_kinds(other) != ()
    assert_frame_equal(purchase_days(duck), purchase_days(other))
    ours, theirs = (pd.concat(purchase_timelines(one, plan)) for one in (duck, other))
    assert_frame_equal(ours, theirs)
    stood, theirs = tables_at(duck, plan, names), tables_at(other, plan, names)
    for name in names:
        keys = list(stood[name].columns)
        assert_same(
            stood[name].sort_values(keys, ignore_index=True),
            theirs[name].sort_values(keys, ignore_index=True),
        )


def test_who_bought_which_category_is_the_same(session, tables, tmp_path):
    plan = replace(timeline_at(data_until=day(AS_OF) + 100), train=OTHER_DATES)
    found = []
    for name, engine in (
        ("duckdb", DuckEngine(tables)),
        ("spark", SparkEngine(tables, session)),
    ):
        folder = tmp_path / name
        build_snapshots(engine, plan, (), folder / "s", categories=folder / "c")
        found.append(read_categories(folder / "c"))
    for ours, theirs in (
        (found[0].history, found[1].history),
        (found[0].outcomes, found[1].outcomes),
    ):
        texts = dict.fromkeys(("customer_id", "category"), "str")
        assert_frame_equal(ours.astype(texts), theirs.astype(texts), check_exact=True)
        assert set(ours["as_of_date"]) == {pd.Timestamp(date_of(at)) for at in plan.as_of_days()}


def test_whole_snapshots_of_a_simulated_company_are_the_same(session, tmp_path):
    simulate(tmp_path, "shop", CUSTOMERS, DAYS)
    paths = {path.stem: path for path in sorted((tmp_path / "tables").glob("*.parquet"))}
    orders = pq.read_table(paths["orders"], columns=["order_id", "event_time"])
    assert len(orders["order_id"].unique()) >= ORDERS
    last = day_of(orders["event_time"].to_pandas().max().date())
    plan = replace(
        timeline_at(AS_OF),
        data_from=last - DAYS,
        data_until=last,
        train=(last - 100,),
        score=last - 100,
    )
    found = {}
    for name, engine in (
        ("duckdb", DuckEngine(paths)),
        ("spark", SparkEngine(paths, session)),
    ):
        features, absent = supported(engine.schemas, LONG)
        build_snapshots(engine, plan, features, tmp_path / name)
        found[name] = read_snapshots(tmp_path / name)
        written = sorted(path.name for path in (tmp_path / name).iterdir())
        assert written == [f"{date_of(at)}-0000.parquet" for at in plan.as_of_days()]
    assert_same(found["duckdb"], found["spark"])
    compared = set(found["spark"].columns)
    every = {feature.name for feature in all_features()}
    assert every - compared == set(absent)
    reasons = " and no ".join(why.removeprefix("the data has no ") for why in absent.values())
    assert set(reasons.split(" and no ")) == LACKING
    assert len(found["spark"]) > CUSTOMERS / 8
    assert set(found["spark"]["outcome_known"]) == {True}


def test_an_empty_cohort_is_an_empty_file_with_every_column(session, tables, tmp_path):
    plan = timeline_at(pd.Timestamp("2030-01-01"))
    found = []
    for name, engine in (
        ("duckdb", DuckEngine(tables)),
        ("spark", SparkEngine(tables, session)),
    ):
        features, _ = supported(engine.schemas, LONG)
        build_snapshots(engine, plan, features, tmp_path / name)
        [path] = (tmp_path / name).iterdir()
        found.append(pq.read_table(path))
    assert [len(table) for table in found] == [0, 0]
    assert found[0].schema.names == found[1].schema.names


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
