"""MLflow delays its record and never the release: published, told, and recorded by the next run."""

import json
import shutil
import sqlite3
from contextlib import closing, contextmanager

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("end_to_end")]

# The store as the release of MLflow before the last change of its tables left it.
OLDER = """
import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.db import utils
from mlflow.store.tracking.dbmodels.initial_models import Base
address = "sqlite:///mlflow.db"
engine = sqlalchemy.create_engine(address)
Base.metadata.create_all(engine)
config = utils._get_alembic_config(address)
script = ScriptDirectory.from_config(config)
before = script.get_revision(script.get_current_head()).down_revision
with engine.begin() as connection:
    config.attributes["connection"] = connection
    command.upgrade(config, before)
"""


@contextmanager
def locked(project):
    with closing(sqlite3.connect(project.folder / "mlflow.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def marked(project):
    return json.loads((project.folder / "data" / "track.json").read_text(encoding="utf-8"))


def test_a_locked_store_delays_the_record_and_never_the_release(copied):
    runs, first = copied.parent_runs(), copied.manifest()["release_id"]
    copied.change(actions={"budget": 77})
    with locked(copied):
        done = copied.run()
    assert done.code == 0, done.text
    release = copied.manifest()["release_id"]
    assert release != first and f"release {release} published" in done.text
    assert "MLflow has not recorded this run: mlflow.db is locked" in done.text
    assert "Traceback" not in done.text
    assert marked(copied)["pending"] and copied.parent_runs() == runs

    again = copied.run()
    assert again.code == 0, again.text
    assert "MLflow run" in again.text
    assert "pending" not in marked(copied) and copied.parent_runs() == runs + 1
    third = copied.run()
    assert "Nothing changed" in third.text and "MLflow" not in third.text.split("Reports")[0]


def test_an_alias_that_could_not_be_moved_is_moved_by_the_next_run(copied):
    (copied.folder / "store" / "alias.json").unlink()
    with locked(copied):
        told = copied.python("-m", "pipelines.publish")
    assert told.code == 0 and "alias champion was not moved: mlflow.db is locked" in told.text
    again = copied.python("-m", "pipelines.publish")
    assert "champion: regulars-churn" in again.text
    assert "champion" not in copied.python("-m", "pipelines.publish").text


def without_store(project):
    for name in ("mlflow.db", "mlruns"):
        path = project.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_store_of_an_older_mlflow_is_brought_up_to_date(copied):
    without_store(copied)
    made = copied.python("-c", OLDER)
    assert made.code == 0, made.text
    assert "MLflow run" in copied.python("-m", "pipelines.track").text
    assert "pending" not in marked(copied)


def test_a_store_of_a_newer_mlflow_is_told_and_the_cure_works(copied):
    with closing(sqlite3.connect(copied.folder / "mlflow.db")) as store:
        store.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        store.commit()
    told = copied.python("-m", "pipelines.track")
    assert told.code == 0 and "was written by another version of MLflow" in told.text
    assert marked(copied)["pending"]
    source, target = told.text.split("move it away (mv ")[1].split(")")[0].split()
    (copied.folder / source).rename(copied.folder / target)
    assert "MLflow run" in copied.python("-m", "pipelines.track").text


def test_the_environment_of_another_project_leads_nowhere(copied, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "theirs")
    without_store(copied)
    done = copied.python("-m", "pipelines.track")
    assert done.code == 0, done.text
    assert "MLFLOW_REGISTRY_URI, MLFLOW_EXPERIMENT_NAME, MLFLOW_RUN_ID in the environment" in (
        done.text
    )
    assert copied.parent_runs() == 1 and "pending" not in marked(copied)
