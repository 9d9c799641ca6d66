"""The overview in the store: who sees what of it, and who vanishes from it."""

import shutil

import pytest

from core.errors import ArtifactError
from core.files import hashes, read_json, write_json
from serving.cards.overview import Overview
from serving.people.keys import create_key
from serving.store.database import open_store, writing
from serving.store.kept_out import keep_out
from serving.store.overview import SHOWN, overview_of
from serving.store.publishing import publish
from serving.store.visible import only_of
from serving.work.erasure import erase
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import OWNERS, bearer, guarded_release
from tests.serving.overviews import moved, overview_report
from tests.serving.releases import company


def changed(release, folder, change):
    """The same release, with another overview: what `change` makes of it, None for none."""
    shutil.copytree(release, folder)
    path = folder / "reports" / "overview.json"
    content = change(read_json(path))
    path.unlink()
    if content is not None:
        write_json(path, content)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    return folder


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service that knows keys: of one owner, of everybody, and of figures alone."""
    folder = tmp_path_factory.mktemp("guarded")
    engine = open_store(f"sqlite:///{folder}/store.sqlite3")
    publish(guarded_release(folder / "release"), engine, keep=2)
    reads = ("cards:read", "figures:read")
    keys = {
        "anna": create_key(engine, "anna", reads, ["anna"])[1],
        "all": create_key(engine, "all", reads)[1],
        "figures": create_key(engine, "figures", ["figures:read"])[1],
    }
    with Running(engine) as service:
        yield lambda who: service.get("/v1/overview", **bearer(keys[who]))
    engine.dispose()


def test_the_api_gives_the_overview_of_the_release(service, release):
    told = service.get("/v1/overview").json()
    assert told["release_id"] == read_json(release / "manifest.json")["release_id"]
    report = overview_report(company())
    for part in ("months", "cohorts", "value_at_risk", "rfm", "relationship", "absent"):
        assert told[part] == report[part], part
    Overview.model_validate(told)


def test_the_largest_movers_come_first_with_their_names(service):
    told = service.get("/v1/overview").json()["movers"]
    rows = company()
    for way in ("growing", "shrinking"):
        wanted = [one for one in moved(rows) if one["way"] == way][:SHOWN]
        assert [one["customer_id"] for one in told[way]] == [one["customer_id"] for one in wanted]
    names = {row["customer_id"]: row["name"] for row in rows}
    assert {one["name"] for one in told["growing"]} == {
        names[one["customer_id"]] for one in told["growing"]
    }


@pytest.mark.slow
def test_who_sees_one_owners_customers_gets_no_others_and_no_other_owners_row(guarded):
    mine, everybody = guarded("anna").json(), guarded("all").json()
    assert {row["name"] for row in everybody["value_at_risk"]["owner"]} == set(OWNERS)
    assert [row["name"] for row in mine["value_at_risk"]["owner"]] == ["anna"]
    assert [row["owner"] for row in mine["relationship"]["by_owner"]] == ["anna"]
    seen = [one["owner"] for way in ("growing", "shrinking") for one in mine["movers"][way]]
    assert seen and set(seen) == {"anna"}
    assert mine["months"] == everybody["months"]


@pytest.mark.slow
def test_an_owner_with_small_customers_is_told_of_them_behind_those_of_others(engine, tmp_path):
    def crowded(content):
        (mine, *_) = (one for one in content["movers"]["customers"] if one["owner"] == "anna")
        others = [
            {**mine, "owner": "boris", "spent": 9e6, "customer_id": f"b{n}"} for n in range(99)
        ]
        return content | {"movers": {"days": 90, "customers": [*others, mine]}}

    folder = guarded_release(tmp_path / "release")
    publish(changed(folder, tmp_path / "crowded", crowded), engine, keep=1)
    movers = overview_of(only_of(engine, ["anna"]))[1].movers
    assert [one.owner for one in (*movers.growing, *movers.shrinking)] == ["anna"]


def test_a_key_for_figures_alone_is_told_no_customer(guarded):
    told = guarded("figures")
    assert told.json()["movers"] is None
    assert "id-0-of-anna" not in told.text


@pytest.mark.slow
@pytest.mark.parametrize("why", ["erased", "objects"])
def test_who_is_taken_out_vanishes_from_it_and_the_next_takes_the_place(engine, tmp_path, why):
    folder = guarded_release(tmp_path / "release")
    publish(folder, engine, keep=2)
    who = "id-0-of-anna"
    before = overview_of(engine)[1].movers.growing
    assert before[0].customer_id == who
    if why == "erased":
        erase(engine, who, "test")
    else:
        with writing(engine) as connection:
            keep_out(connection, who, why)
    after = overview_of(engine)[1].movers.growing
    assert [one.customer_id for one in after] == [one.customer_id for one in before[1:]]
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT info FROM releases").scalars().all()
    assert kept and not any(who in str(info) for info in kept)
    # A folder from before the erasure brings nobody back.
    other = changed(folder, tmp_path / "other", lambda content: content | {"customers": 1})
    manifest = read_json(other / "manifest.json")
    write_json(other / "manifest.json", manifest | {"release_id": "another"})
    publish(other, engine, keep=2)
    assert who not in overview_of(engine)[1].model_dump_json()


@pytest.mark.slow
def test_a_release_of_older_code_says_that_it_has_none(engine, release, tmp_path):
    publish(changed(release, tmp_path / "old", lambda _: None), engine, keep=5)
    with Running(engine) as service:
        answer = service.get("/v1/overview")
        assert answer.status == 404
        assert "make run" in problem(answer, "no-overview")["detail"]


@pytest.mark.slow
def test_an_overview_that_breaks_the_schema_is_not_published(engine, release, tmp_path):
    def broken(content):
        content["months"][0]["churn_rate"] = 1.5
        return content

    with pytest.raises(ArtifactError, match="churn_rate"):
        publish(changed(release, tmp_path / "bad", broken), engine, keep=5)
