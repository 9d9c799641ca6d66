"""A cluster of a master and workers, one of which is killed amid the work of each stage."""

import shutil
import time
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from core.errors import EnvironmentProblem
from features import reading
from features.building import build_snapshots, purchase_timelines
from features.engines import cluster as checks
from features.engines.duckdb import DuckEngine
from features.reading import read_snapshots
from features.snapshot import supported
from tests.features.same import assert_same, shop
from tests.features.spark_cluster import HOST, ROOT, cluster, free_port, some_of
from tests.features.world import LONG
from tests.pipelines.roads import through
from tests.synthetic import Shop
from tests.synthetic import tables as shop_of

CUSTOMERS, DAYS = 600, 200
PART = 70  # customers
SETTINGS = {"actions": {"budget": 150, "capacities": {"email": 20}, "margin_rate": 0.3}}
MADE = {
    "score": ("data/scores.parquet", "reports/forecast.json"),
    "plan": ("data/plan.parquet", "data/win_back.parquet", "data/plan.json", "reports/plan.md"),
}
# When the first of several parts is there.
AMID = {"score": ".told-*/*.arrow", "plan": ".parts-*/*.arrow"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The tables of a small shop, and its snapshots by DuckDB."""
    folder = tmp_path_factory.mktemp("shop")
    paths, plan = shop(folder, CUSTOMERS, DAYS)
    engine = DuckEngine(paths)
    features, _ = supported(engine.schemas, LONG)
    build_snapshots(engine, plan, some_of(features), folder / "ours")
    purchases = pd.concat(purchase_timelines(engine, plan))
    purchases.to_parquet(folder / "purchases.parquet")
    return folder


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A company after its plan, made in one process and in parts; on Spark it goes on."""
    here = tmp_path_factory.mktemp("company")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PART_CUSTOMERS", PART)
        ended = through(here, shop_of(Shop(customers=400)), SETTINGS, "plan")
    assert ended.stage is None, ended.error or ended.crash
    params = (here / "params.yaml").read_text().replace("engine: duckdb", "engine: spark")
    (here / "params.yaml").write_text(params)
    return here


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """The one cluster of this module."""
    with cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def two(machines):
    """The cluster with two workers."""
    while len(machines.workers) < 2:
        machines.add_worker()
    return machines


def loses_workers(found, amid, *arguments, here=ROOT, number=1, code=0):
    """Run the program of spark_cluster.py, kill workers once there are files like `amid`."""
    folder, pattern = amid
    program = found.run(*arguments, here=here)
    try:
        while program.poll() is None and not any(folder.glob(pattern)):
            time.sleep(0.02)
        assert program.poll() is None, program.communicate()[0]  # it was still at work
        for _ in range(number):
            found.kill(found.workers.pop(0))
        said, _ = program.communicate(timeout=500)
    finally:
        program.kill()
        program.communicate()
    assert program.returncode == code, said
    return said


@pytest.mark.slow
@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("stage", ["score", "plan"])
def test_cards_and_plan_are_those_of_one_process_whichever_worker_is_killed(
    two, company, tmp_path, stage
):
    here = tmp_path / "company"
    shutil.copytree(company, here)
    for name in MADE[stage]:
        (here / name).unlink()
    loses_workers(two, (here / "data", AMID[stage]), stage, PART, here=here)
    for name in MADE[stage]:
        assert (here / name).read_bytes() == (company / name).read_bytes(), name
    hidden = {file.name for file in (here / "data").glob(".*")}
    assert hidden == {file.name for file in (company / "data").glob(".*")}


@pytest.mark.slow
@pytest.mark.xdist_group("spark")
def test_a_worker_that_is_killed_amid_the_work_changes_nothing(two, tables, tmp_path):
    out = tables / "theirs"
    amid = out, "*.written/**/_temporary"
    loses_workers(two, amid, tables / "tables", out, tmp_path, 2_000)
    assert len(list(out.glob("*-0000-0001.parquet"))) == 1  # there were several parts to write
    assert not list(tables.glob(".workers-*")) and not list(out.glob("*.written"))
    assert_same(read_snapshots(tables / "ours"), read_snapshots(out))
    ours, theirs = (pd.read_parquet(f / "purchases.parquet") for f in (tables, tmp_path))
    assert_frame_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.xdist_group("spark")
def test_a_worker_that_does_not_see_our_files_is_told_before_the_work(two, tables, tmp_path):
    ours = Path("/proc/self/cwd")  # in each process another folder
    program = two.run(ours / "tables", ours / "hidden", tmp_path, 2_000, here=tables)
    said, _ = program.communicate(timeout=300)
    assert "PROBLEM" in said, said
    assert f"can read and write {ours} as this machine does" in said
    assert not (tables / "hidden").exists()


@pytest.mark.slow
@pytest.mark.xdist_group("spark")
def test_when_the_last_worker_is_lost_it_is_said_in_a_sentence(two, company, tmp_path):
    here = tmp_path / "company"
    shutil.copytree(company, here)
    before = (here / MADE["score"][0]).read_bytes()
    amid = here / "data", AMID["score"]
    said = loses_workers(two, amid, "score", PART, 2, here=here, number=2, code=1)
    assert "lost its last worker amid the work, and none came within 2 seconds" in said
    assert "start workers and run it again, or put engine: duckdb" in said
    assert "Traceback" not in said
    assert (here / MADE["score"][0]).read_bytes() == before
    assert not list((here / "data").glob(AMID["score"]))


@pytest.mark.parametrize(
    "url", [f"spark://{HOST}:{{}}", f"spark://{HOST}:{{}},{HOST}:{{}}", f"spark://{HOST}"]
)
def test_a_master_that_does_not_answer_is_told_at_once(url):
    began = time.monotonic()
    with pytest.raises(EnvironmentProblem, match=r"cannot reach the master spark://.*: start it"):
        checks.check_master(url.format(free_port(), free_port()))
    assert time.monotonic() - began < 1


def test_the_master_is_that_of_sparks_own_configuration(tmp_path):
    assert checks.master({}) == "local[*]" and checks.is_local("local[*]")
    given = {"MASTER": "spark://one:7077", "SPARK_CONF_DIR": str(tmp_path)}
    assert checks.master(given) == "spark://one:7077"
    file = tmp_path / "spark-defaults.conf"
    file.write_text("# spark.master local\nspark.app.name x\nspark.master   spark://two:7077\n")
    assert checks.master(given) == "spark://two:7077"
    checks.check_master("yarn")


class Context:
    """What is asked of a cluster's context, which has a job to do and so many workers."""

    master, _jsc = "spark://one:7077", property(lambda self: self)

    def __init__(self, workers):
        self.workers, self.cancelled = workers, Event()

    def sc(self):
        return self

    statusTracker = sc  # noqa: N815

    def getExecutorInfos(self):  # noqa: N802
        return ["driver", "one"][: 1 + self.workers]

    def getActiveJobsIds(self):  # noqa: N802
        return [1]

    def cancelAllJobs(self):  # noqa: N802
        self.cancelled.set()


def test_without_a_worker_nothing_waits_for_ever(monkeypatch):
    session = SimpleNamespace(sparkContext=Context(workers=0))
    monkeypatch.setattr(checks, "WORKER_SECONDS", 0.0)
    with pytest.raises(EnvironmentProblem, match="gave no worker within 0 seconds: start workers"):
        checks.check_workers(session, Path())


@pytest.mark.parametrize("workers", [0, 1])
def test_work_ends_when_no_worker_is_left_and_not_before(monkeypatch, workers):
    from pyspark.errors import PySparkException

    context = Context(workers)
    monkeypatch.setattr(checks, "WORKER_SECONDS", 0.05)
    if workers:
        with checks.watched(context):
            assert not context.cancelled.wait(0.5)
        return
    with (
        pytest.raises(EnvironmentProblem, match="lost its last worker amid the work"),
        checks.watched(context),
    ):
        assert context.cancelled.wait(5)
        raise PySparkException("Job 1 cancelled")
