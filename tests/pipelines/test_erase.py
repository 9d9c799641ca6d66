"""`python -m pipelines.erase`, and what the stages do about those who were erased."""

import json

import pandas as pd
import pytest

from core.errors import EnvironmentProblem
from core.files import write_json
from pipelines import erase, stage
from serving.store.database import open_store
from serving.store.kept_out import erased, teller
from serving.store.publishing import publish
from serving.store.reading import current
from sources.ready.check import Ready
from sources.tables.erased import without_erased
from sources.tables.kept import Checked
from tests.serving.releases import card_row, write_release

WHO, OTHER = "zoe-4711", "other-1"
DVC_YAML = """stages:
  source: {outs: [data/source.json, data/past: {persist: true}]}
  ingest: {outs: [data/tables, reports/data_usability.json]}
  train: {outs: [artifacts/served]}
  evaluate: {outs: [reports/model_card.md, metrics/churn.json: {cache: false}]}
  release: {outs: [data/release: {persist: true}]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder as a run leaves it, with the customer wherever rows of customers are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGULARS_STORE_URL", f"sqlite:///{tmp_path}/store/store.sqlite3")
    monkeypatch.setattr(erase, "cache_folder", lambda: tmp_path / ".dvc" / "cache")
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    rows = [card_row(WHO, name="Zoe"), card_row(OTHER)]
    release = write_release(tmp_path / "data" / "release", rows)
    engine = open_store(f"sqlite:///{tmp_path}/store/store.sqlite3")
    publish(release, engine, keep=3)
    engine.dispose()
    for name in (
        "data/past/old.csv",
        "data/tables/orders.csv",
        "reports/data_usability.json",
        ".dvc/cache/files/md5/00/1",
        ".dvc/tmp/exps/one/data/scores.csv",
        "extracts/3f/orders/1.csv",
        "mlruns/1/models/m/input_example.json",
        "mydata/orders.csv",
        "artifacts/served/model.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{"customer_id": "{WHO}"}}' if "served" not in name else "a tree")
    (tmp_path / "mlruns/2").mkdir()
    (tmp_path / "mlruns/2/input_example.json").write_text(f'{{"customer_id": "{OTHER}"}}')
    return tmp_path


@pytest.mark.slow
def test_only_the_source_s_own_rows_are_left(project, capsys):
    assert erase.main([WHO, "--yes"]) is None
    left = [path for path in project.rglob("*") if path.is_file()]
    holding = [path.relative_to(project).as_posix() for path in left if WHO in _text(path)]
    assert holding == ["mydata/orders.csv"]
    assert (project / "artifacts/served/model.txt").exists()
    assert (project / "mlruns/2/input_example.json").exists()
    assert not (project / "data/release").exists()
    said = capsys.readouterr().out
    assert "receipt 1: 1 cards of 1 releases" in said and "make run" in said
    engine = open_store(f"sqlite:///{project}/store/store.sqlite3")
    assert current(engine).customers == {"scored": 1}
    engine.dispose()


def _text(path):
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.slow
def test_what_still_holds_an_id_is_named(project, capsys):
    (project / "reports").mkdir(exist_ok=True)
    (project / "reports/by_hand.txt").write_text(f"call {WHO}")
    erase.main([WHO, "--yes"])
    assert "reports/by_hand.txt still holds an id" in capsys.readouterr().out


@pytest.mark.slow
def test_nothing_is_erased_before_somebody_confirms_it(project, monkeypatch):
    with pytest.raises(EnvironmentProblem, match="add --yes"):
        erase.main([WHO])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(EnvironmentProblem, match="Nothing was erased"):
        erase.main([WHO])
    assert (project / "data/release").exists()


@pytest.mark.slow
def test_ingest_recognises_the_erased_by_what_stage_source_wrote(project):
    erase.main([WHO, "--yes"])
    engine = open_store(f"sqlite:///{project}/store/store.sqlite3")
    key, hashes = erased(engine)
    engine.dispose()
    write_json(stage.ERASED, {"key": key, "hashes": hashes})
    assert WHO not in stage.ERASED.read_text()
    found = json.loads(stage.ERASED.read_text())
    is_erased = teller(bytes.fromhex(found["key"]), found["hashes"])
    assert is_erased(WHO) and not is_erased(OTHER)


@pytest.mark.parametrize("kind", [Checked, Ready])
def test_rows_of_the_erased_are_left_out_and_counted(kind):
    rows = pd.DataFrame({"customer_id": ["a", "b", "a", "c"], "n": range(4)})
    aside = pd.DataFrame({"customer_id": [" b ", "c"], "reason": ["bad", "bad"]})
    counts = {"rows_in": 7, "kept": 4, "quarantined": 2, "duplicates": 1, "guests": 0}
    more = (
        {"ignored_columns": ()}
        if kind is Checked
        else {"left_out": (), "notes": (), "written_on": ""}
    )
    table = kind(rows=rows, quarantine=aside, counts=counts, findings=(), **more)
    left = without_erased(table, {"a", "b"}.__contains__)
    assert left.rows["n"].tolist() == [3]
    assert left.quarantine["customer_id"].tolist() == ["c"]
    assert left.counts == counts | {"kept": 1, "quarantined": 1, "erased": 4}
    assert sum(left.counts.values()) - left.counts["rows_in"] == left.counts["rows_in"]
    assert table.counts == counts
    assert without_erased(table, {"x"}.__contains__) is table
