"""`make ui` says where the charts of the project's runs are."""

import socket
import sqlite3
from contextlib import closing

import pytest

from core.errors import EnvironmentProblem
from pipelines import ui


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_it_opens_on_the_charts_of_the_experiment():
    with closing(sqlite3.connect("mlflow.db")) as store:
        store.execute("CREATE TABLE experiments (experiment_id INTEGER, name TEXT)")
        store.execute("INSERT INTO experiments VALUES (0, 'Default'), (3, 'regulars')")
        store.commit()
    assert ui.charts() == "#/experiments/3/runs?compareRunsMode=CHART"


def test_a_store_without_the_experiment_opens_on_the_front_page():
    assert ui.charts() == ""


def test_a_tracking_server_is_named_and_not_started(monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ann:secret@mlflow.example.com")
    ui.main()
    told = capsys.readouterr().out
    assert "https://mlflow.example.com" in told and "secret" not in told


def test_a_port_that_is_taken_is_said_in_a_sentence(monkeypatch):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(ui, "PORT", other.getsockname()[1])
        with pytest.raises(EnvironmentProblem, match="Something else answers at"):
            ui.main()
