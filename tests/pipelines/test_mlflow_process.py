"""Whatever is wrong with MLflow is a sentence with a cure, soon, and never an error of ours."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.tracking import mlflow_process
from pipelines.tracking.mlflow_process import attempt, set_aside, tracking_uri

STORE_FILE = Path("mlflow.db")
ONCE = ("timeit", "-n", "1", "-r", "1")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mlflow_process, "LOCK_SECONDS", 0.05)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_what_it_says_is_passed_on():
    assert attempt(*ONCE, "print('MLflow run 1')").told.startswith("MLflow run 1")


def test_a_locked_store_is_said_to_be_locked_and_works_again_once_it_is_free():
    with closing(sqlite3.connect(STORE_FILE)) as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("BEGIN IMMEDIATE")
        tried = attempt(*ONCE, "print(1)")
        assert not tried.done
        assert "mlflow.db is locked. End what else writes to it" in tried.told
        other.rollback()
    assert attempt(*ONCE, "print(1)").done


def test_a_damaged_store_and_one_of_something_else_can_be_moved_away_as_told():
    with closing(sqlite3.connect(STORE_FILE)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    foreign = attempt(*ONCE, "print(1)")
    STORE_FILE.write_bytes(b"no database at all" * 100)
    damaged = attempt(*ONCE, "print(1)")
    assert not foreign.done and not damaged.done
    assert foreign.told == damaged.told
    source, target = foreign.told.split("(mv ")[1].split(")")[0].split()
    STORE_FILE.rename(STORE_FILE.with_name(target))
    assert source == str(STORE_FILE)
    assert attempt(*ONCE, "print(1)").done


def test_a_new_and_empty_store_is_left_to_mlflow():
    STORE_FILE.touch()
    assert attempt(*ONCE, "print(1)").done


def test_an_error_is_told_by_its_last_line_and_not_as_a_traceback():
    tried = attempt(*ONCE, "raise ConnectionError('nobody answers')")
    assert (tried.done, tried.told) == (False, "ConnectionError: nobody answers.")
    assert attempt(*ONCE, "import os; os._exit(7)").told == "it ended with code 7."


@pytest.mark.slow_after(4)
@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("sqlite3.OperationalError: database is locked", "End what else"),
        ("MlflowException: Detected out-of-date database schema (found", "mlflow db upgrade"),
        ("CommandError: Can't locate revision identified by 'ff'", "mlflow db upgrade"),
        ("OperationalError: attempt to write a readonly database", "right to write"),
        ("OSError: [Errno 28] No space left on device: 'mlruns/1'", "Free some space"),
    ],
)
def test_each_known_error_has_its_cure(error, words):
    assert words in attempt(*ONCE, f"raise SystemExit({error!r})").told


def test_nothing_is_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(mlflow_process, "SECONDS", 0.5)
    tried = attempt(*ONCE, "import threading; threading.Event().wait(60)")
    assert (tried.done, tried.told) == (False, "MLflow did not end within 0.5 s.")


SEEN = (*ONCE, "import os; print({n: v for n, v in os.environ.items() if 'MLFLOW' in n})")


def test_the_environment_of_another_project_leads_mlflow_nowhere(monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_RUN_ID", "no-such-run")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3600")
    assert set_aside() == ["MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID"]
    told = attempt(*SEEN).told
    assert "127.0.0.1" not in told and "no-such-run" not in told and "3600" not in told
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" in told


def test_another_tracking_store_is_used_with_what_it_takes_to_reach_it(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "let-me-in")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "our shop")
    monkeypatch.setenv("MLFLOW_RUN_ID", "no-such-run")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    assert tracking_uri() == "http://ann:secret@127.0.0.1:9"
    assert mlflow_process.experiment_name() == "our shop"
    assert mlflow_process.artifact_folder() is None
    assert set_aside() == ["MLFLOW_RUN_ID"]
    told = attempt(*SEEN).told
    assert "no-such-run" not in told
    for kept in ("http://ann:secret@127.0.0.1:9", "let-me-in", "our shop", "'60'"):
        assert kept in told
    STORE_FILE.write_bytes(b"no database at all" * 100)  # the own store holds up nothing then
    failed = attempt(*ONCE, "raise ConnectionError('nobody answers')").told
    assert failed == (
        "http://127.0.0.1:9 (MLFLOW_TRACKING_URI) answered: ConnectionError: nobody answers. "
        "Unset MLFLOW_TRACKING_URI to record into the project's own store."
    )


def test_a_temporary_folder_of_an_experiment_records_into_the_store_of_the_project(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path.resolve() / 'mlflow.db'}")
    for place in ("standalone/tmp1", "tmp2"):
        folder = tmp_path / ".dvc" / "tmp" / "exps" / place
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        assert tracking_uri() == f"sqlite:///{tmp_path.resolve() / 'mlflow.db'}"
        assert mlflow_process.artifact_folder() == (tmp_path / "mlruns" / "regulars").as_uri()
    (tmp_path / "mlflow.db").write_bytes(b"no database at all" * 100)
    told = attempt(*ONCE, "print(1)").told
    assert f"mv {tmp_path / 'mlflow.db'} {tmp_path / 'mlflow.db'}.old" in told
