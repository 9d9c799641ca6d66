"""An experiment in a temporary folder of DVC's reads the raw data and the store of the project."""

from pathlib import Path

import yaml

from core.own_code import fingerprint
from pipelines.borrowed import borrow
from sources.params import SourceParams
from sources.registry import company
from tests.pipelines.code import ROOT

SOURCE = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["source"]


def source(path, kind="files"):
    return SourceParams.model_validate(SOURCE | {"kind": kind, "path": path})


def temporary(project):
    folder = project / ".dvc" / "tmp" / "exps" / "standalone" / "tmp1"
    folder.mkdir(parents=True)
    return folder


def test_raw_data_and_store_are_linked_and_it_is_the_same_company(tmp_path, monkeypatch):
    (tmp_path / "exports" / "shop").mkdir(parents=True)
    (tmp_path / "exports" / "shop" / "orders.csv").write_text("a")
    (tmp_path / "store").mkdir()
    monkeypatch.chdir(tmp_path)
    mine = source("exports/shop")
    there = company(mine)
    monkeypatch.chdir(temporary(tmp_path))
    assert [path.as_posix() for path in borrow(mine)] == ["store", "exports/shop"]
    assert (tmp_path / "exports" / "shop" / "orders.csv").samefile("exports/shop/orders.csv")
    assert company(mine) == there == "files exports/shop"
    assert borrow(mine) == []  # linked already


def test_code_of_the_company_s_own_is_linked_too(tmp_path, monkeypatch):
    (tmp_path / "mycode").mkdir()
    (tmp_path / "mycode" / "features.py").write_text("x = 1")
    monkeypatch.chdir(tmp_path)
    before = fingerprint(Path("mycode"))
    monkeypatch.chdir(temporary(tmp_path))
    assert borrow(source("mydata"), Path("mycode")) == [Path("mycode")]
    assert fingerprint(Path("mycode")) == before


def test_a_database_in_a_file_is_linked_and_an_address_is_not(tmp_path, monkeypatch):
    (tmp_path / "shop.db").write_text("")
    monkeypatch.chdir(temporary(tmp_path))
    assert [path.name for path in borrow(source("sqlite:///shop.db", "sql"))] == ["shop.db"]
    elsewhere = ("postgresql://reader@db.example.com/shop", f"sqlite:///{tmp_path}/shop.db", "none")
    for path in elsewhere:
        assert borrow(source(path, "sql")) == []


def test_nothing_is_linked_in_the_project_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert borrow(source("mydata")) == []
