"""Many customers at once: look-ups, whole releases, only some fields; and one explained."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from serving.cards.csv import COLUMNS
from serving.cards.fields import NAMES
from serving.cards.looked_up import MOST, SHORT
from serving.cards.parquet import WORDED
from serving.store.publishing import publish
from serving.web.convertors import id_in_path
from tests.serving.asking import ROWS, problem
from tests.serving.conftest import Running
from tests.serving.releases import card_row, write_release


def asked(service, body, target="/v1/scores:lookup", **headers):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return service.get(target, "POST", text, **{"Content_Type": "application/json", **headers})


def test_a_look_up_answers_each_id_in_its_place_from_one_release(service):
    ids = ["00002", "nobody", "gone-1", "00001", "00002", ".", "\u0401/ \n"]
    answer = asked(service, {"customer_ids": ids}).json()
    rows = answer["customers"]
    assert [row["customer_id"] for row in rows] == ids
    assert [row["status"] == "found" for row in rows] == [who in ROWS for who in ids]
    assert answer["found"] == 4
    for row in rows:
        card = row["card"]
        assert (card is None) == (row["status"] == "not_found")
        if card is not None:
            assert list(card) == [n for n in NAMES if n in {"customer_id", *SHORT}]
            assert card["churn_risk"] == ROWS[row["customer_id"]]["churn_risk"]
    assert answer["release_id"] == service.get("/v1/releases/current").json()["release_id"]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("fields", [["reasons", "intended_action"], list(NAMES), ["name"]])
def test_the_fields_asked_for_are_those_of_the_card(service, fields):
    whole = service.get("/v1/customers/00001?language=ru").json()
    body = {"customer_ids": ["00001"], "fields": fields, "language": "ru"}
    [row] = asked(service, body).json()["customers"]
    assert row["card"] == {n: whole[n] for n in NAMES if n in {"customer_id", *fields}}
    listed = service.get(
        f"/v1/at-risk?language=ru&q=00001&fields={','.join(fields)}&fields=status"
    ).json()["customers"]
    assert listed == [{n: whole[n] for n in NAMES if n in {"customer_id", "status", *fields}}]


def test_only_some_fields_are_only_some_columns(service):
    target = "/v1/at-risk/export?fields=churn_risk,intended_action&format="
    rows = list(csv.DictReader(io.StringIO(service.get(f"{target}csv").text)))
    named = [n for n, c in COLUMNS.items() if c.path[0] in ("churn_risk", "intended_action")]
    assert list(rows[0]) == ["customer_id", *named]
    lines = service.get(f"{target}ndjson").text.splitlines()
    assert set(json.loads(lines[0])) == {"customer_id", "churn_risk", "intended_action"}
    assert len(rows) == len(lines) == 130


def test_a_field_that_is_none_is_named_with_the_one_that_was_meant(service):
    for target in ("/v1/at-risk?fields=churn_rsk", "/v1/at-risk?fields=", "/?fields=name"):
        assert service.get(target).status == (200 if target == "/?fields=" else 422)
    content = problem(service.get("/v1/at-risk?fields=name,churn_rsk"), "invalid-parameters")
    assert "Did you mean churn_risk?" in content["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer_ids": []},
        {"customer_ids": ["x"] * (MOST + 1)},
        {"customer_ids": [1]},
        {"customer_ids": ["x" * 501]},
        {"customer_ids": ["a\x00"]},
        {"customer_ids": ["a"], "more": 1},
        {"customer_ids": ["a"], "fields": ["nothing"]},
        {"customer_ids": ["a"], "fields": []},
        {"customer_ids": "a"},
        b'{"customer_ids": [NaN]}',
        b'{"customer_ids": [1e999]}',
        b'{"customer_ids": ["\\ud800"]}',
        b"[" * 100_000,
        b'{"customer_ids": ["a"]',
        b"\xff\xfe",
        b"",
    ],
    ids=lambda body: str(body)[:30],
)
def test_a_look_up_that_cannot_be_answered_is_refused(service, body):
    problem(asked(service, body), "invalid-parameters")


def test_a_look_up_is_small_and_json(service):
    problem(asked(service, b"x" * 10_000_000), "body-too-large")
    problem(asked(service, b"{}", Content_Type="text/plain"), "unsupported-media-type")
    body = {"customer_ids": ["a"], "release": "none"}
    problem(asked(service, body), "release-not-found")
    problem(asked(service, body, "/v1/scores:lookup?x=1"), "invalid-parameters")


def test_a_whole_release_is_everybody_s_card(service):
    its = service.get("/v1/releases/current").json()["release_id"]
    target = f"/v1/releases/{its}/scores"
    answer = service.get(f"{target}?language=en")
    assert answer.headers["content-type"] == "application/x-ndjson"
    cards = [json.loads(line) for line in answer.text.splitlines()]
    assert [card["customer_id"] for card in cards] == sorted(ROWS)
    whole = service.get("/v1/customers/00003?language=en").json()
    del whole["is_stale"]
    assert cards[3] == whole
    plain = json.loads(service.get(target).text.splitlines()[3])
    assert plain["reasons"][0]["sentence"] == ""
    problem(service.get("/v1/releases/none/scores"), "release-not-found")
    problem(service.get(f"{target}?format=csv"), "invalid-parameters")


def test_a_whole_release_as_parquet_has_the_columns_of_the_csv_with_types(service):
    its = service.get("/v1/releases/current").json()["release_id"]
    answer = service.get(f"/v1/releases/{its}/scores?format=parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = pq.read_table(io.BytesIO(answer.body))
    assert table.column_names == [name for name in COLUMNS if name not in WORDED]
    assert table["customer_id"].to_pylist() == sorted(ROWS)
    risks = [ROWS[who]["churn_risk"] for who in sorted(ROWS)]
    assert table["churn_risk"].to_pylist() == risks
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert (types["as_of_date"], types["risk_rank"]) == ("date32[day]", "int64")
    assert (types["withheld"], types["value_at_risk"]) == ("bool", "double")
    assert (types["next_purchase_low"], types["action_id"]) == ("date32[day]", "string")
    few = service.get(f"/v1/releases/{its}/scores?format=parquet&fields=name")
    assert pq.read_table(io.BytesIO(few.body)).column_names == ["customer_id", "name"]


@pytest.mark.slow
def test_a_release_of_several_batches_comes_whole(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("serving.store.many.BATCH", 7)
    rows = [card_row(f"{n:03d}") for n in range(28)]
    its = publish(write_release(tmp_path / "r", rows), engine, keep=2).release_id
    with Running(engine) as service:
        for form in ("ndjson", "parquet"):
            answer = service.get(f"/v1/releases/{its}/scores?format={form}")
            if form == "ndjson":
                found = [json.loads(line)["customer_id"] for line in answer.text.splitlines()]
            else:
                file = pq.ParquetFile(io.BytesIO(answer.body))
                assert file.num_row_groups == 4
                found = file.read()["customer_id"].to_pylist()
            assert found == [row["customer_id"] for row in rows]
        ids = [row["customer_id"] for row in rows][::-1]
        assert asked(service, {"customer_ids": ids}).json()["found"] == 28


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_customer_is_explained_in_words(service, language):
    card = service.get(f"/v1/customers/00001?language={language}").json()
    found = service.get(f"/v1/customers/00001/explain?language={language}").json()
    assert [*found["raises"], *found["lowers"]] == card["reasons"]
    assert found["intended_action"] == card["intended_action"]
    assert len(found["in_words"]) == 4
    for reason in card["reasons"]:
        assert any(line.endswith(reason["sentence"]) for line in found["in_words"])
    assert any(card["intended_action"]["why"]["sentence"] in line for line in found["in_words"])
    assert ("не" in found["note"]) == (language == "ru")
    gone = service.get(f"/v1/customers/gone-1/explain?language={language}").json()
    assert (gone["raises"], gone["in_words"], gone["intended_action"]) == ([], [], None)
    problem(service.get("/v1/customers/nobody/explain"), "customer-not-found")


@pytest.mark.slow
def test_an_id_that_ends_like_an_address_is_an_id(engine, tmp_path):
    ids = ["a/explain", "a", "/explain", "explain", "a/explain/explain"]
    publish(write_release(tmp_path / "r", [card_row(who) for who in ids]), engine, keep=2)
    with Running(engine) as service:
        for who in ids:
            path = f"/v1/customers/{id_in_path(who)}"
            assert "reasons" in service.get(path).json()
            assert service.get(path).json()["customer_id"] == who
            explained = service.get(f"{path}/explain").json()
            assert (explained["customer_id"], "raises" in explained) == (who, True)
