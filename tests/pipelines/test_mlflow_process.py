"""Whatever is wrong with MLflow is a sentence with a cure, soon, and never an error of ours."""

import sqlite3
from contextlib import closing

import pytest

from pipelines.tracking import mlflow_process
from pipelines.tracking.mlflow_process import STORE_FILE, attempt, set_aside

ONCE = ("timeit", "-n", "1", "-r", "1")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mlflow_process, "LOCK_SECONDS", 0.05)


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


def test_the_environment_leads_mlflow_nowhere_else(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_RUN_ID", "no-such-run")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3600")
    assert set_aside() == ["MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"]
    told = attempt(
        *ONCE, "import os; print({n: v for n, v in os.environ.items() if 'MLFLOW' in n})"
    ).told
    assert "127.0.0.1" not in told and "no-such-run" not in told and "3600" not in told
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" in told
