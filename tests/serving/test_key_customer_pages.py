"""Key customers on their pages and in the API: kept by forms alone, and told in words."""

import json
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import update

from serving.cards.key_customers import NewPlan
from serving.people.keys import create_key
from serving.store.database import open_store, writing
from serving.store.page_tables import relationship_plans
from serving.store.publishing import publish
from serving.work.key_customers import change_plan, plan_of
from tests.each import check_each
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import bearer
from tests.serving.key_company import (
    ANNA,
    DAY,
    FORM,
    ODD,
    TODAY,
    key_store,
    releases_in,
    step,
)
from tests.serving.reading_pages import Tree, page, text_of
from tests.serving.releases import card_row, write_release
from tests.serving.working import clock  # noqa: F401


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return releases_in(tmp_path_factory.mktemp("key"))


@pytest.fixture
def store(tmp_path, folders, clock):  # noqa: F811
    with key_store(tmp_path, folders) as engine:
        yield engine


@pytest.fixture
def mine(store):
    with Running(store) as running:
        yield running


def send(service, target, **fields):
    answer = service.get(target, "POST", urlencode(fields), **FORM)
    assert answer.status == 303, answer.text
    return page(service, answer.headers["location"])


def told_on(tree, kind):
    """What a form did, as the page says it: below the notice that the figures are old."""
    return text_of(tree.all("p", class_=kind)[-1])


@pytest.mark.slow
def test_a_manager_keeps_a_plan_by_forms_alone(mine):
    of_customer = page(mine, f"/customers/{quote(ODD, safe='')}?language=en")
    links = [e["href"] for e in of_customer.all("a") if "next steps" in e["text"]]
    listed = page(mine, "/key-customers?language=en")
    (link,) = [e["href"] for e in listed.all("a") if text_of(e) == ODD]
    assert links == [link]
    tree = page(mine, link)
    assert tree.one("h1")["text"].strip() == ODD
    added = send(
        mine, link, do="add", what="<b>Visit</b>", due_on=str(TODAY - DAY), responsible="lena"
    )
    assert "The step is added." in told_on(added, "done")
    (line,) = [e for e in added.all("li") if "data-step" in e]
    assert "<b>Visit</b>" in line["text"] and "overdue since" in line["text"]
    saved = send(mine, link, do="plan", version="0", goal="Grow", level="partnership", owner="")
    assert told_on(saved, "done") == "The plan is saved."
    row = next(
        e for e in page(mine, "/key-customers?language=en").all("tr") if "data-customer" in e
    )
    assert row["data-customer"] == ODD and "Grow" in row["text"] and "Partnership" in row["text"]
    done = send(mine, link, do="done", step=line["data-step"])
    assert "done on" in done.one("main")["text"]
    undone = send(mine, link, do="undo", step=line["data-step"])
    assert "overdue since" in undone.one("main")["text"]


def sent_back(service, status, **fields):
    """The page that comes back for a form that is not kept, and what its fields hold."""
    answer = service.get("/key-customers/a01?language=en", "POST", urlencode(fields), **FORM)
    assert answer.status == status, answer.text
    tree = Tree(answer.text)
    texts = {e["name"]: text_of(e) for e in tree.all("textarea")}
    chosen = [e["value"] for e in tree.all("option") if "selected" in e]
    inputs = {e["name"]: e.get("value", "") for e in tree.all("input") if "name" in e}
    return tree, {**inputs, **texts, "level": next(iter(chosen), "")}


@pytest.mark.slow
def test_whoever_was_slower_gets_the_form_again_with_what_is_there_now_beside_it(store, mine):
    change_plan(store, "a01", NewPlan(version=0, goal="Keep", duties="Call\nWrite"), ANNA)
    typed = {"goal": "Win back", "level": "proactive", "duties": "Call\r\nWrite\r\n"}
    tree, shown = sent_back(mine, 409, do="plan", version="0", **typed)
    assert "Somebody was faster" in told_on(tree, "warning")
    assert shown | {"duties": ""} == shown | {
        "goal": "Win back",
        "level": "proactive",
        "duties": "",
    }
    there = {e["data-now"]: text_of(e) for e in tree.all("span") if "data-now" in e}
    assert there == {"goal": "There now: Keep", "level": "There now: nothing"}
    assert "Last changed by anna" in tree.one("main")["text"]
    # Nothing was changed, and saving the form as it stands is a choice.
    assert plan_of(store, "a01").goal == "Keep"
    send(mine, "/key-customers/a01", do="plan", version=shown["version"], **typed)
    assert plan_of(store, "a01").goal == "Win back"


@pytest.mark.slow
def test_a_form_that_is_not_complete_comes_back_as_it_was_with_what_is_wrong(mine):
    def refused(wrong, do, **fields):
        tree, shown = sent_back(mine, 422, do=do, **fields)
        assert "Not saved yet" in told_on(tree, "warning")
        (said,) = [e for e in tree.all("span") if e.get("class") == "wrong"]
        (marked,) = [e for e in tree.elements if e.get("aria-describedby")]
        assert (said["id"], marked["name"]) == (f"wrong-{wrong}", wrong)
        kept = {name: text.strip() for name, text in fields.items() if name != "level"}
        assert {name: shown[name].strip() for name in kept} == kept

    today = str(TODAY)
    check_each(
        [
            ("due_on", {"do": "add", "what": "Visit"}),
            ("what", {"do": "add", "what": " ", "due_on": today}),
            ("due_on", {"do": "add", "what": "Visit", "due_on": "1900-01-01"}),
            ("repeat_days", {"do": "add", "what": "x", "due_on": today, "repeat_days": "0"}),
            ("level", {"do": "plan", "version": "0", "goal": "Grow", "level": "friends"}),
            ("owner", {"do": "plan", "version": "0", "goal": "Grow", "owner": "who"}),
        ],
        lambda wrong, fields: refused(wrong, **fields),
    )
    assert mine.get("/v1/customers/a01/relationship").json()["version"] == 0


@pytest.mark.slow
def test_what_no_form_sends_changes_nothing_and_says_so(mine):
    for fields in ({"do": "plan", "goal": "x"}, {"do": "nothing", "step": "1"}, {}):
        tree = send(mine, "/key-customers/a01?language=en", **fields)
        assert "could not be read" in told_on(tree, "warning")


@pytest.mark.slow
def test_a_page_behind_the_last_one_leads_to_the_last(mine):
    far = mine.get("/key-customers?owner=anna&page=9999999&language=ru")
    assert far.status == 303
    assert far.headers["location"] == "/key-customers?owner=anna&language=ru&page=1"
    assert mine.get("/key-customers?page=3").headers["location"] == "/key-customers?page=2"


@pytest.mark.slow
def test_page_and_json_agree_in_content_and_order(store, mine):
    step(store, "a05", -1)
    change_plan(store, "a07", NewPlan(version=0, goal="Grow", owner="boris"), ANNA)
    with writing(store) as connection:  # whoever has left since is still an owner
        connection.execute(update(relationship_plans).values(owner="lena"))
    for query in ("", "overdue=true", "owner=anna", "without_plan=true&page=2", "owner=lena"):
        told = mine.get(f"/v1/key-customers?{query}").json()
        tree = page(mine, f"/key-customers?language=en&{query}")
        shown = [row for row in tree.all("tr") if "data-customer" in row]
        assert [row["data-customer"] for row in shown] == [
            one["customer_id"] for one in told["customers"]
        ]
        for row, one in zip(shown, told["customers"], strict=True):
            for value in (one["name"], one["owner"], one["goal"]):
                assert value is None or value in row["text"]
    managers = mine.get("/v1/managers").json()["managers"]
    for language in ("en", "ru"):
        tree = page(mine, f"/managers?language={language}")
        owners = [row["data-owner"] for row in tree.all("tr") if "data-owner" in row]
        assert owners == [one["owner"] or "" for one in managers]
        main = tree.one("main")
        for link in {e["href"] for e in tree.all("a") if main in e["inside"]}:
            assert mine.get(link).status == 200, link


@pytest.mark.slow
def test_the_api_keeps_plans_and_steps_for_a_crm(mine):
    address = f"/v1/customers/{quote(ODD, safe='')}/relationship"

    def post(path, **content):
        return mine.get(path, "POST", json.dumps(content), Content_Type="application/json")

    made = post(f"{address}/steps", what="Call", due_on=str(TODAY + DAY))
    assert made.status == 201
    number = made.json()["steps"][0]["number"]
    assert post(address, version=0, goal="Grow").json()["version"] == 1
    problem(post(address, version=0, goal="Other"), "key-customer-changed")
    problem(post(address, version=False, goal="Other"), "invalid-parameters")
    problem(post(f"{address}/steps", what="Call", due_on=0), "invalid-parameters")
    problem(post(f"{address}/steps", what="Call", due_on="1900-01-01"), "invalid-parameters")
    unknown = problem(post(address, version=1, owner="who"), "invalid-parameters")
    assert [error["parameter"] for error in unknown["errors"]] == ["owner"]
    assert post(f"{address}/steps/{number}", move="done").json()["steps"][0]["done_by"]
    problem(post(f"{address}/steps/{number}", move="done"), "key-customer-changed")
    problem(post(f"{address}/steps/{number + 1}", move="done"), "step-not-found")
    problem(mine.get("/v1/customers/nobody/relationship"), "customer-not-found")
    assert mine.get(address).json()["goal"] == "Grow"


@pytest.mark.slow
def test_who_may_only_read_sees_no_form(store):
    step(store, "a01", 1)
    _, key = create_key(store, "reader", ["cards:read"])
    with Running(store) as service:
        tree = page(service, "/key-customers/a01", **bearer(key))
        assert tree.all("form") == [] and "Call" in tree.one("main")["text"]
        answer = service.get("/key-customers/a01", "POST", "do=plan", **FORM, **bearer(key))
        assert answer.status == 403


def test_without_money_or_owners_the_pages_say_what_is_missing(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    folder = write_release(
        tmp_path / "r", [card_row("1"), card_row("2", abc_class="A")], money=False
    )
    publish(folder, engine, keep=2)
    with Running(engine) as service:
        for language in ("en", "ru"):
            assert service.get(f"/key-customers?language={language}").status == 200
            assert service.get(f"/key-customers/1?language={language}").status == 200
        text = service.get("/managers?language=en").text
        assert "does not say who answers for whom" in text and "Value at risk" not in text
    engine.dispose()
