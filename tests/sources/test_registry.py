"""The registry: what a source holds now, and the same file delivered twice."""

import hashlib

import pytest

from core.errors import SourceError
from sources.params import SourceParams
from sources.registry import SOURCES, company, fingerprint, load
from tests.sources.folders import HEADER, params, write

GOOD = HEADER + "00123,1,2017-05-01,5\n"


def test_a_fingerprint_names_every_file_with_the_hash_of_its_content(tmp_path):
    content = fingerprint(write(tmp_path, orders=GOOD, events="customer_id,event_time,kind\n"))
    assert content["kind"] == "files"
    assert content["description"] == f"folder {tmp_path}"
    assert content["files"]["orders.csv"] == hashlib.sha256(GOOD.encode()).hexdigest()
    assert sorted(content["files"]) == ["events.csv", "orders.csv"]


def test_changed_content_changes_the_fingerprint_and_a_touched_file_does_not(tmp_path):
    of_params = write(tmp_path, orders=GOOD)
    before = fingerprint(of_params)
    (tmp_path / "orders.csv").touch()
    assert fingerprint(of_params) == before
    write(tmp_path, orders=GOOD.replace("5", "6"))
    assert fingerprint(of_params) != before


def test_a_company_stays_the_same_while_its_data_grows(tmp_path):
    before = fingerprint(write(tmp_path, orders=GOOD))["company"]
    assert fingerprint(write(tmp_path, orders=GOOD.replace("5", "6")))["company"] == before
    assert before == f"files {tmp_path.resolve()}"
    one = {"kind": "simulator", "simulator": {"customers": 500, "days": 400}}
    longer = {**one, "simulator": {**one["simulator"], "days": 500}}
    another = {**one, "simulator": {**one["simulator"], "seed": 2}}
    names = [company(SourceParams.model_validate(of)) for of in (one, longer, another)]
    assert names[0] == names[1] != names[2]
    assert company(SourceParams(kind="cdnow")) == "cdnow"


@pytest.mark.parametrize("written", ["mydata/", "./mydata", "other/../mydata", "{here}/mydata"])
def test_a_folder_is_the_same_company_however_it_is_written(tmp_path, monkeypatch, written):
    monkeypatch.chdir(tmp_path)
    path = written.format(here=tmp_path)
    assert company(SourceParams(kind="files", path=path)) == "files mydata"


def test_databases_that_differ_in_an_option_are_two_companies_and_the_option_is_not_told():
    one, two = (
        company(
            SourceParams(kind="sql", path=f"postgresql://db/shop?options=-csearch_path%3D{name}")
        )
        for name in ("ours", "theirs")
    )
    assert one != two
    assert "ours" not in one
    assert one.startswith("sql postgresql://db/shop, options ")


def test_the_name_of_a_company_keeps_the_user_of_its_database_to_itself():
    ours, other = "postgresql://reader@db.example.com/shop", "postgresql://db.example.com/other"
    assert company(SourceParams(kind="sql", path=ours)) == "sql postgresql://db.example.com/shop"
    assert company(SourceParams(kind="sql", path=other)) != company(
        SourceParams(kind="sql", path=ours)
    )


def test_a_file_delivered_twice_is_refused_by_name(tmp_path):
    (tmp_path / "orders").mkdir()
    for name in ("january.csv", "january (1).csv", "march.csv"):
        (tmp_path / "orders" / name).write_text(GOOD)
    (tmp_path / "orders" / "march.csv").write_text(GOOD + "1,1,2017-05-02,5\n")
    with pytest.raises(SourceError) as error:
        fingerprint(params(tmp_path))
    text = str(error.value)
    assert text.startswith("orders/january (1).csv and orders/january.csv have the same content")
    assert "Remove one of them." in text
    (tmp_path / "orders" / "january (1).csv").unlink()
    assert sorted(fingerprint(params(tmp_path))["files"]) == [
        "orders/january.csv",
        "orders/march.csv",
    ]


def test_every_kind_that_params_allow_is_a_source():
    kinds = SourceParams.model_fields["kind"].annotation.__args__
    assert set(kinds) == set(SOURCES)


def test_load_reads_the_configured_source(tmp_path):
    tables = load(write(tmp_path, orders=GOOD))
    assert tables["orders"]["customer_id"].tolist() == ["00123"]
