"""Saved views: kept under a name, mine or shared, in order as filters and people come and go."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from core.clock import utc_now
from serving.cards.views import NewView
from serving.people.audit import verify
from serving.people.keys import create_key
from serving.store.database import open_store, writing
from serving.store.errors import ViewNotFoundError, ViewRefusedError, ViewTakenError
from serving.store.page_tables import saved_views
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.work.erasure import erase
from serving.work.views import MOST, remove_view, rename_view, save_view, views_of
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import bearer
from tests.serving.reading_pages import page, text_of
from tests.serving.releases import card_row, company, write_release

ANNA, BORIS = "user anna", "user boris"
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def store(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(write_release(tmp_path / "release", company()), engine, keep=5)
    yield engine
    engine.dispose()


@pytest.fixture
def mine(store):
    with Running(store) as running:
        yield running


def new(name="High", query="risk_band=high", **changes):
    return NewView(name=name, query=query, **changes)


def names(engine, who=ANNA):
    return [(view.name, view.is_mine) for view in views_of(engine, who)]


def send(mine, target, **fields):
    """What a form sends, and where it leads."""
    answer = mine.get(target, "POST", urlencode(fields, doseq=True), **FORM)
    assert answer.status == 303, answer.text
    return answer.headers["location"]


@pytest.mark.slow
def test_mine_come_first_and_of_others_only_what_they_share(store):
    save_view(store, new("b"), ANNA)
    save_view(store, new("A"), ANNA)
    save_view(store, new("shared", is_shared=True), BORIS)
    save_view(store, new("secret"), BORIS)
    assert names(store) == [("A", True), ("b", True), ("shared", False)]
    assert names(store, BORIS) == [("secret", True), ("shared", True)]


@pytest.mark.slow
def test_what_is_kept_is_the_filter_and_not_the_visit(store):
    query = "sort=churn_risk&risk_band=low&risk_band=high&cursor=x&language=ru&limit=9&owner="
    kept = save_view(store, new(query=query), ANNA).query
    assert kept == "risk_band=low&risk_band=high&sort=churn_risk"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("risk_band=huge", "risk_band"),
        ("nonsense=1", "nonsense"),
        ("to_contact=yes", "to_contact"),
        ("%%%", "%%%"),
        ("risk_band=high&nothing", "nothing"),
    ],
)
def test_a_query_that_the_list_would_refuse_is_not_kept(store, query, parameter):
    with pytest.raises(ViewRefusedError, match=parameter):
        save_view(store, new(query=query), ANNA)
    assert views_of(store, ANNA) == []


@pytest.mark.slow
def test_the_same_name_again_takes_its_place_only_when_told_to(store):
    save_view(store, new("Mine", "risk_band=high"), ANNA)
    save_view(store, new("Mine", "risk_band=medium"), BORIS)  # everybody has names of their own
    with pytest.raises(ViewTakenError):
        save_view(store, new("Mine", "risk_band=low"), ANNA)
    assert views_of(store, ANNA)[0].query == "risk_band=high"
    save_view(store, new("Mine", "risk_band=low", replace=True), ANNA)
    (view,) = views_of(store, ANNA)
    assert view.query == "risk_band=low"


@pytest.mark.slow
def test_a_search_is_shared_with_nobody(store):
    with pytest.raises(ViewRefusedError, match="names people"):
        save_view(store, new(query="q=zoe", is_shared=True), ANNA)
    assert save_view(store, new(query="q=zoe"), ANNA).query == "q=zoe"


@pytest.mark.slow
def test_only_its_keeper_renames_and_removes_a_view_and_a_lead_one_that_is_shared(store):
    shared = save_view(store, new("shared", is_shared=True), BORIS).number
    secret = save_view(store, new("secret"), BORIS).number
    for act in (
        lambda: rename_view(store, shared, "x", ANNA),
        lambda: remove_view(store, shared, ANNA, is_lead=False),
        lambda: remove_view(store, secret, ANNA, is_lead=True),
        lambda: remove_view(store, 999, ANNA, is_lead=True),
    ):
        with pytest.raises(ViewNotFoundError):
            act()
    rename_view(store, secret, "Secret", BORIS)
    with pytest.raises(ViewTakenError):
        rename_view(store, secret, "shared", BORIS)
    remove_view(store, shared, ANNA, is_lead=True)
    assert names(store, BORIS) == [("Secret", True)]
    with store.connect() as connection:
        told = [row.what for row in connection.execute(select(audit_log)).all()]
    assert told == ["saved a view"] * 2 + ["renamed a view", "removed a view"]
    verify(store)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81])
def test_a_view_has_a_name_that_can_be_read(name):
    with pytest.raises(ValidationError):
        new(name)


@pytest.mark.slow
def test_no_more_are_kept_than_anybody_can_find(store):
    row = {"who": ANNA, "is_shared": False, "query": ""}
    with writing(store) as connection:
        saved_at = utc_now()
        connection.execute(
            saved_views.insert(),
            [row | {"name": str(n), "saved_at": saved_at} for n in range(MOST)],
        )
    with pytest.raises(ViewRefusedError, match="too many"):
        save_view(store, new("one more"), ANNA)
    assert save_view(store, new("3", replace=True), ANNA).name == "3"


@pytest.mark.slow
def test_a_view_whose_filter_is_gone_says_so_and_fails_nothing(store, mine):
    rows = {
        "Owner": "owner=Nobody",
        "Old": "changed_since=gone",
        "Odd": "shape=round&task_state=x",
        "Fine": "",
    }
    with writing(store) as connection:
        for name, query in rows.items():
            row = {"name": name, "query": query, "who": "this machine", "is_shared": False}
            connection.execute(saved_views.insert().values(**row, saved_at=utc_now()))
    told = {one["name"]: one["problem"] for one in mine.get("/v1/views").json()["views"]}
    assert told["Fine"] is None and all(told[name] for name in ("Owner", "Old", "Odd"))
    for target in ("/?language=en", "/views?language=en", "/views?language=ru"):
        tree = page(mine, target)
        links = {text_of(e): e["href"] for e in tree.all("a")}
        assert links["Fine"].startswith("/") and "owner=Nobody" not in str(links)
    assert mine.get("/views?language=en").text.count("no longer exists") == 3


@pytest.mark.slow
def test_the_list_shows_views_as_links_and_keeps_what_is_filtered(store, mine):
    query = "/?language=en&risk_band=high&sort=churn_risk"
    tree = page(mine, query)
    fields = {e["name"]: e.get("value", "") for e in tree.all("input") if in_form(tree, e)}
    assert fields.pop("query") == "risk_band=high&sort=churn_risk"
    target = send(
        mine,
        "/views?language=en",
        **fields | {"name": "Мой <b>", "query": "risk_band=high&sort=churn_risk"},
    )
    assert parse_qs(urlsplit(target).query) == parse_qs(urlsplit(query).query)
    tree = page(mine, target)
    (link,) = [e for e in tree.all("a") if text_of(e) == "Мой <b>"]
    assert link["aria-current"] == "true" and mine.get(link["href"]).status == 200
    (link,) = [e for e in page(mine, "/").all("a") if text_of(e) == "Мой <b>"]
    assert "aria-current" not in link


def in_form(tree, element):
    return any(
        one["tag"] == "form" and one.get("action", "").startswith("/views")
        for one in element["inside"]
    )


@pytest.mark.slow
def test_a_name_that_is_taken_is_asked_about_before_it_is_replaced(store, mine):
    send(mine, "/views", name="Mine", query="risk_band=high")
    target = send(mine, "/views?language=en", name="Mine", query="risk_band=low", is_shared="true")
    tree = page(mine, target)
    assert "You have a view “Mine” already." in tree.one("main")["text"]
    assert mine.get("/v1/views").json()["views"][0]["query"] == "risk_band=high"
    (form,) = [e for e in tree.all("form") if e.get("class") == "card row"]
    fields = {e["name"]: e["value"] for e in tree.all("input") if form in e["inside"]}
    send(mine, form["action"], **fields)
    (view,) = mine.get("/v1/views").json()["views"]
    assert (view["query"], view["is_shared"]) == ("risk_band=low", True)


@pytest.mark.slow
def test_what_a_form_cannot_do_is_told_in_words(mine):
    for target, fields, said in (
        ("/views", {"name": " ", "query": ""}, "was not saved"),
        ("/views", {"name": "x", "query": "risk_band=huge"}, "was not saved"),
        ("/views/rename", {"number": "7", "name": "x"}, "no longer there"),
        ("/views/remove", {"number": "²"}, "no longer there"),
    ):
        leads = send(mine, f"{target}?language=en", **fields)
        assert said in text_of(page(mine, leads).one("p", class_="warning")), target


@pytest.mark.slow
def test_views_are_renamed_and_removed_on_their_page(mine):
    send(mine, "/views", name="Mine", query="risk_band=high")
    (view,) = mine.get("/v1/views").json()["views"]
    send(mine, "/views/rename", number=view["number"], name="Other")
    tree = page(mine, "/views?language=en")
    (line,) = tree.all("li")
    assert "Other" in line["text"] and "Risk band: High" in " ".join(line["text"].split())
    send(mine, "/views/remove", number=view["number"])
    assert "No view is saved yet." in mine.get("/views?language=en").text


@pytest.mark.slow
def test_the_api_saves_lists_and_removes(store, mine):
    body = json.dumps({"name": "Calls", "query": "to_contact=true", "is_shared": True})
    sent = {"Content_Type": "application/json"}
    made = mine.get("/v1/views", "POST", body, **sent)
    assert made.status == 201 and made.json()["is_mine"] and made.json()["problem"] is None
    problem(mine.get("/v1/views", "POST", body, **sent), "view-taken")
    loose = json.dumps({"name": "Calls", "query": "", "replace": 1})
    told = problem(mine.get("/v1/views", "POST", loose, **sent), "invalid-parameters")
    assert [error["parameter"] for error in told["errors"]] == ["replace"]
    wrong = json.dumps({"name": "Calls", "query": "to_contact=perhaps"})
    told = problem(mine.get("/v1/views", "POST", wrong, **sent), "view-refused")
    assert "to_contact" in told["detail"]
    address = f"/v1/views/{made.json()['number']}"
    assert mine.get("/v1/views").json()["views"] == [made.json()]
    assert mine.get(address, "DELETE").json()["name"] == "Calls"
    problem(mine.get(address, "DELETE"), "view-not-found")


@pytest.mark.slow
def test_who_may_only_read_sees_views_and_no_form(store):
    save_view(store, new("shared", is_shared=True), BORIS)
    _, key = create_key(store, "reader", ["cards:read"])
    with Running(store) as mine:
        tree = page(mine, "/?risk_band=high", **bearer(key))
        assert "shared" in {text_of(e) for e in tree.all("a")}
        assert not [e for e in tree.all("input") if in_form(tree, e)]
        assert not page(mine, "/views", **bearer(key)).all("form")
        answer = mine.get("/views", "POST", "name=x", **FORM, **bearer(key))
        assert answer.status == 403


@pytest.mark.slow
def test_whoever_sees_some_owners_only_removes_their_own_and_sees_none_of_other_owners(store):
    its = save_view(store, new("shared", is_shared=True), BORIS).number
    save_view(store, new("of Boris", "owner=boris", is_shared=True), BORIS)
    given = ["cards:read", "plan:approve", "work:write"]
    limited, lead = (
        bearer(create_key(store, "lead", given, owners)[1]) for owners in (["anna"], None)
    )
    with Running(store) as mine:
        assert [one["name"] for one in mine.get("/v1/views", **limited).json()["views"]] == [
            "shared"
        ]
        assert not page(mine, "/views", **limited).all("form", action="/views/remove")
        problem(mine.get(f"/v1/views/{its}", "DELETE", **limited), "view-not-found")
        told = mine.get("/views/remove", "POST", f"number={its}", **FORM, **limited)
        assert told.headers["location"] == "/views?told=gone"
        assert mine.get(f"/v1/views/{its}", "DELETE", **lead).status == 200


@pytest.mark.slow
def test_whoever_is_erased_is_in_no_search_that_was_kept(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    rows = [card_row("zoe-4711", name="Zoë Ёлкина"), card_row("other")]
    publish(write_release(tmp_path / "r", rows), engine, keep=2)
    for name, query in (
        ("id", "q=zoe-4711&risk_band=high"),
        ("part of the name", "q=ёлки&risk_band=high"),
        ("only her", "q=Zoë Ёлкина"),
        ("another", "q=other"),
        ("short", "q=zo"),
        ("Zoë Ёлкина, call", "risk_band=low"),
    ):
        save_view(engine, new(name, query), ANNA)
    receipt = erase(engine, "zoe-4711", "test")
    assert receipt.other_rows == 4
    left = {view.name: view.query for view in views_of(engine, ANNA)}
    renamed = next(name for name in left if name.startswith("#"))
    assert left == {
        "id": "risk_band=high",
        "part of the name": "risk_band=high",
        "another": "q=other",
        "short": "q=zo",
        renamed: "risk_band=low",
    }
    engine.dispose()
