"""Databases to read from, on SQLite and on PostgreSQL."""

import pytest

from sources.kinds.sql import database
from tests.plugin_databases import DATABASES
from tests.sources.shops import Shop


@pytest.fixture(params=DATABASES)
def shop(request, tmp_path, monkeypatch):
    """An empty database, and a project's folder in which its extracts are written."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if request.param == "sqlite":
        (tmp_path / "shop.sqlite3").touch()
        return Shop(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    return Shop(request.getfixturevalue("postgres")())


@pytest.fixture
def fetched(monkeypatch):
    """How many rows each query brought, one after the other."""
    counts = []
    portions = database.Rows.portions

    def counted(self):
        counts.append(0)
        for rows in portions(self):
            counts[-1] += len(rows)
            yield rows

    monkeypatch.setattr(database.Rows, "portions", counted)
    return counts
