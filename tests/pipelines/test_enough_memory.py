"""Memory that will not do is told before anything is read, with the setting that makes it fit."""

import re

import pandas as pd
import pytest

from core.errors import EnvironmentProblem
from core.memory import GB
from pipelines import enough_memory, stage
from pipelines.enough_memory import BASE, PER_CELL, check_memory_to_learn
from tests.snapshots import model_params

ROWS, COLUMNS = 40_000, 100


@pytest.fixture(autouse=True)
def snapshots(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage.SNAPSHOTS.mkdir(parents=True)
    names = [f"f{number}" for number in range(COLUMNS)]
    rows = pd.DataFrame(0.0, index=range(ROWS // 2), columns=names)
    for name in ("2024-01-01-0000.parquet", "2024-01-15-0000.parquet"):
        rows.to_parquet(stage.SNAPSHOTS / name)


def free(monkeypatch, size):
    monkeypatch.setattr(enough_memory, "free_memory", lambda: size)


def test_the_setting_that_is_told_makes_it_fit(monkeypatch):
    needed = BASE + ROWS * COLUMNS * PER_CELL
    free(monkeypatch, needed + 1)
    check_memory_to_learn(model_params(max_rows=400_000))
    free(monkeypatch, needed * 0.75)
    with pytest.raises(EnvironmentProblem, match="To learn from 40,000 rows") as error:
        check_memory_to_learn(model_params(max_rows=400_000))
    told = int(re.search(r"model.max_rows: (\d+)", str(error.value))[1])
    assert 5_000 <= told < ROWS
    check_memory_to_learn(model_params(max_rows=told))


def test_where_no_sample_would_do_only_memory_helps(monkeypatch):
    free(monkeypatch, BASE + 1_000 * COLUMNS * PER_CELL)
    with pytest.raises(EnvironmentProblem) as error:
        check_memory_to_learn(model_params(max_rows=400_000))
    assert "max_rows:" not in str(error.value)
    assert "more memory" in str(error.value)


def test_what_is_not_known_stops_nobody(monkeypatch):
    free(monkeypatch, None)
    check_memory_to_learn(model_params())
    free(monkeypatch, 0.01 * GB)
    for file in stage.SNAPSHOTS.iterdir():
        file.unlink()
    check_memory_to_learn(model_params())
