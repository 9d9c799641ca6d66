"""What was once broken by somebody who tried to."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select, text, update

from core.errors import ArtifactError, StoreError
from core.files import hashes, read_json, write_json
from serving.cards.query import AtRiskQuery
from serving.store import loading, versions
from serving.store import publishing as code
from serving.store.coding import as_served, read_row
from serving.store.database import describe, open_store
from serving.store.listing import at_risk
from serving.store.publishing import publish
from serving.store.reading import current
from serving.store.shapes import shape_of, told_by
from serving.store.tables import card_versions, releases
from tests.serving.asking import card_of, listed, problem
from tests.serving.conftest import Running
from tests.serving.releases import card_row, reason, write_release


def small(folder, risk=0.4, customers=30):
    rows = [card_row(f"{n:03d}", churn_risk=risk, value_at_risk=float(n)) for n in range(customers)]
    return write_release(folder, rows)


@pytest.mark.slow
def test_a_pruning_that_is_ended_leaves_no_empty_release_to_bring_back(
    engine, tmp_path, monkeypatch
):
    folders = [small(tmp_path / str(n), risk=0.1 + n / 10) for n in range(3)]
    for folder in folders[:2]:
        publish(folder, engine, keep=2)

    class Ended(BaseException):
        pass

    def end(*_):
        raise Ended

    deleted = []

    def delete_until(table):
        deleted.append(table.name)
        return end() if table.name == "releases" else original(table)

    original = versions.delete
    monkeypatch.setattr(versions, "delete", delete_until)
    monkeypatch.setattr(code, "_switch", _switch_without_delete)
    with pytest.raises(Ended):
        publish(folders[2], engine, keep=2)
    monkeypatch.undo()
    assert "release_parts" in deleted
    done = publish(folders[0], engine, keep=2)
    assert done.outcome == "published"
    assert len(at_risk(engine, AtRiskQuery()).cards) == 30


def _switch_without_delete(engine, number, *_):
    with engine.begin() as connection:
        connection.execute(
            text(
                f"UPDATE releases SET published_at = '2024-01-01 00:00:00' WHERE number = {number}"
            )
        )
        connection.execute(text(f"UPDATE current_release SET number = {number}"))


@pytest.mark.slow
def test_a_folder_that_is_exchanged_while_it_is_published_is_refused(engine, tmp_path):
    first, other = small(tmp_path / "a", 0.1), small(tmp_path / "b", 0.9)
    publish(small(tmp_path / "old", 0.5), engine, keep=5)
    before = current(engine)

    original = loading.read_cards

    def exchange(folder):
        first.rename(tmp_path / "away")
        other.rename(tmp_path / "a")
        yield from original(folder)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(ArtifactError, match="written anew"):
        patch.setattr(loading, "read_cards", exchange)
        publish(first, engine, keep=5)
    assert current(engine) == before


def test_a_line_break_in_an_address_finds_nobody_else(service):
    for target in ("/v1/customers/00001%0A", "/customers/00001%0A", "/v1/customers/%0A00001"):
        assert service.get(target).status == 404
    for target in ("/health%0A", "/v1/at-risk%0A", "/%0A"):
        assert service.get(target).status == 400


@pytest.mark.slow
def test_an_id_with_a_line_break_has_a_card(tmp_path, engine):
    publish(write_release(tmp_path / "r", [card_row("a\nb"), card_row("a")]), engine, keep=2)
    with Running(engine) as service:
        assert service.get("/v1/customers/a%0Ab").json()["customer_id"] == "a\nb"
        assert service.get("/customers/a%0Ab").status == 200
        assert service.get("/v1/customers/a").json()["customer_id"] == "a"


@pytest.mark.slow
def test_a_store_that_is_deleted_and_written_again_is_read_anew(tmp_path):
    url = f"sqlite:///{tmp_path}/store/s.sqlite3"
    engine = open_store(url)
    publish(small(tmp_path / "old", 0.1), engine, keep=2)
    reader = open_store(url, create=False)
    assert card_of(reader, "001").churn_risk == 0.1
    for path in (tmp_path / "store").iterdir():
        path.unlink()
    new = open_store(url)
    publish(small(tmp_path / "new", 0.9), new, keep=2)
    assert {card_of(reader, "001").churn_risk for _ in range(20)} == {0.9}


@pytest.mark.slow
def test_a_card_that_other_code_kept_is_read_as_far_as_it_is_known(engine, tmp_path):
    publish(small(tmp_path / "r"), engine, keep=2)
    with engine.begin() as connection:
        content = connection.scalar(
            select(card_versions.c.content).where(card_versions.c.customer_id == "000")
        )
        _, row = read_row(connection, content)
        kept = shape_of({"customer_id": "000", **row}, told_by(current(engine)))
        kept |= {"new_field": 1}
        kept["reasons"][0] |= {"message_key": "reason.never_heard_of", "newer": True}
        connection.execute(update(card_versions).values(content=as_served(kept)))
    with Running(engine) as service:
        for target in ("/", "/v1/at-risk", "/v1/customers/000", "/customers/000"):
            assert service.get(target).status == 200, target
        assert "new_field" not in service.get("/v1/customers/000").json()


@pytest.mark.slow
def test_links_never_lead_to_another_host_or_customer(service, tmp_path, engine):
    page = service.get("//evil.example/x")
    assert page.status == 404
    assert 'href="//' not in page.text
    publish(write_release(tmp_path / "r", [card_row("a/../b"), card_row("b")]), engine, keep=2)
    with Running(engine) as other:
        text_ = other.get("/customers/a%2F..%2Fb").text
        assert 'href="/customers/a%2F..%2Fb?language=ru"' in text_


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value_at_risk": 1.7e308}, "value_at_risk"),
        ({"reasons": [reason(value=1e308)]}, "value"),
        ({"risk_rank": None}, "risk_rank missing"),
        ({"risk_band": None}, "risk_band missing"),
        ({"value_if_stays": None}, "value_if_stays missing"),
        ({"expected_gain_mid": None}, "expected_gain_mid missing"),
        ({"next_purchase_date_low": None}, "next_purchase_date.low missing"),
        ({"churn_risk": None}, "churn_risk, next"),
        ({"customer_id": "x" * 501}, "500"),
    ],
    ids=str,
)
def test_a_card_that_could_not_be_shown_is_not_published(tmp_path, changes, said):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    folder = write_release(tmp_path / "r", [card_row("1") | changes, card_row("2")])
    with pytest.raises(ArtifactError, match="cannot be published") as caught:
        publish(folder, engine, keep=2)
    assert said in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["twice", "no plan", "no purchases", "no parquet", "infinite"])
def test_a_folder_that_is_wrong_inside_is_no_traceback_and_not_the_databases_fault(
    engine, tmp_path, damage
):
    rows = [card_row("1"), card_row("1" if damage == "twice" else "2")]
    folder = write_release(tmp_path / "r", rows)
    if damage == "no plan":
        write_json(folder / "plan.json", {})
    elif damage == "no purchases":
        (folder / "purchases.parquet").unlink()
    elif damage == "no parquet":
        (folder / "cards.parquet").write_bytes(b"PAR1 and nothing more")
    elif damage == "infinite":
        bought = pd.read_parquet(folder / "purchases.parquet")
        bought.assign(amount=np.inf).to_parquet(folder / "purchases.parquet", index=False)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    with pytest.raises(ArtifactError, match="cannot be published"):
        publish(folder, engine, keep=2)
    with engine.connect() as connection:
        assert (
            connection.scalar(
                select(func.count())
                .select_from(releases)
                .where(releases.c.published_at.is_not(None))
            )
            == 0
        )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@127.0.0.1:9/db?password=SECRET",
        "postgresql://u:SECRET@127.0.0.1:9/db",
        "postgresql://u:SEC@RET@127.0.0.1:9/db",
        "postgresql://u:SECRET@127.0.0.1:port/db",
    ],
)
def test_no_password_is_ever_told(url):
    try:
        said = describe(open_store(url))
    except StoreError as error:
        said = str(error)
    assert "SEC" not in said and "RET" not in said


@pytest.mark.slow
def test_an_internal_error_carries_the_same_headers(engine, tmp_path, monkeypatch):
    publish(small(tmp_path / "r"), engine, keep=2)
    monkeypatch.setattr("serving.api.customers.formed_card", lambda *_: 1 / 0)
    with Running(engine) as service:
        answer = service.get("/v1/customers/000")
    problem(answer, "internal-error")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "ZeroDivision" not in answer.text


def test_many_parameters_are_refused_at_once(service):
    many = "&".join(f"x{n}=1" for n in range(5000))
    problem(service.get(f"/health?{many}"), "bad-request")
    some = "&".join(f"x{n}=1" for n in range(150))
    assert len(problem(service.get(f"/health?{some}"), "invalid-parameters")["errors"]) == 20


def test_hosts_are_told_apart_as_people_mean_them(engine):
    with Running(engine, allowed_hosts="crm.example,") as service:
        assert service.get("/health", Host="crm.example.").status == 200
        assert service.get("/health", Host="127.0.0.1").status == 200  # where it listens
        problem(service.get("/health", Host=""), "unknown-host")


@pytest.mark.slow
def test_a_store_has_one_lock_by_whatever_name_it_is_called(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(small(tmp_path / "r"), engine, keep=2)
    (tmp_path / "other.sqlite3").symlink_to(tmp_path / "store.sqlite3")
    with code.publishing(engine), pytest.raises(StoreError, match="Another run"):
        publish(small(tmp_path / "r2"), open_store(f"sqlite:///{tmp_path}/other.sqlite3"), keep=2)


def test_totals_are_those_of_the_filters_and_of_everybody_without(service):
    everybody = listed(service, limit=1)
    high = listed(service, limit=1, risk_band="high")
    others = listed(service, limit=1, risk_band=["medium", "low"])
    assert everybody.total == high.total + others.total
    assert everybody.total_value_at_risk == pytest.approx(
        high.total_value_at_risk + others.total_value_at_risk
    )
