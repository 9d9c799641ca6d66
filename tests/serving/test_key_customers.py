"""Key customers: what is agreed with them, who was faster, and what each owner has and does."""

import datetime as dt
import json
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import func, insert, select

from core.clock import utc_now
from serving.cards.key_customers import MovedStep, NewPlan, NewStep
from serving.people.audit import verify
from serving.people.keys import create_key
from serving.store.database import open_store, writing
from serving.store.errors import (
    CustomerNotFoundError,
    KeyCustomerChangedError,
    StepNotFoundError,
)
from serving.store.page_tables import relationship_plans, relationship_steps, tasks
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.store.visible import only_of
from serving.work.erasure import erase
from serving.work.key_customers import add_step, change_plan, move_step, plan_of
from serving.work.portfolios import PAGE, Wanted, key_customers, portfolios
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import bearer
from tests.serving.reading_pages import page, text_of
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, gone_row, write_release

ANNA, BORIS = "user anna", "user boris"
TODAY = utc_now().date()
DAY = dt.timedelta(days=1)
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
ODD = "a/b ../ё?"


def rows(which=1):
    """A and B customers of two owners and of nobody; the newer release has other values."""
    found = [
        card_row(
            f"a{n:02d}",
            abc_class="A",
            owner=("anna", "boris", None)[n % 3],
            name=f"Name {n}",
            value_at_risk=float(n),
            expected_value=100.0 + (n if which else 0),
        )
        for n in range(60)
    ]
    found += [card_row(f"b{n}", abc_class="B", owner="anna", expected_value=10.0) for n in range(5)]
    found.append(card_row(ODD, abc_class="A", owner="anna", value_at_risk=500.0))
    return [*found, gone_row("gone", owner="anna")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("key")
    return [
        write_release(folder / str(n), rows(n), as_of=AS_OF - (1 - n) * 7 * DAY) for n in (0, 1)
    ]


@pytest.fixture
def store(tmp_path, folders):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    for folder in folders:
        publish(folder, engine, keep=5)
    yield engine
    engine.dispose()


@pytest.fixture
def mine(store):
    with Running(store) as running:
        yield running


def step(engine, who, days, what="Call", **changes):
    """Agree on a step due so many days from today; returns its number."""
    told = add_step(engine, who, NewStep(what=what, due_on=TODAY + days * DAY, **changes), ANNA)
    return max(one.number for one in told.steps)


def moved(engine, who, number, what, by=ANNA):
    return move_step(engine, who, number, MovedStep(move=what), by)


def ids(engine, **wanted):
    return [one.customer_id for one in key_customers(engine, Wanted(**wanted))[1].customers]


def test_overdue_steps_come_first_the_oldest_before_the_others_and_then_the_most_at_risk(store):
    step(store, "a05", -1)
    step(store, "a03", -9)
    step(store, "a59", +3)
    step(store, "b1", -5)  # no key customer
    first = ids(store)
    assert first[:5] == ["a03", "a05", ODD, "a59", "a58"]
    assert first + ids(store, page=2) == ["a03", "a05", ODD] + [
        f"a{n:02d}" for n in range(59, -1, -1) if n not in (3, 5)
    ]
    _, found = key_customers(store, Wanted())
    assert (found.total, found.pages, found.overdue, len(found.customers)) == (61, 2, 2, PAGE)
    assert (found.without_plan, found.without_owner) == (61, 20)
    assert found.customers[0].next_step.is_overdue and found.customers[0].overdue_steps == 1
    assert ids(store, page=99) == []


def test_filters_are_by_who_answers_and_by_what_is_missing(store):
    change_plan(store, "a02", NewPlan(version=0, owner="boris", goal="Win back"), ANNA)
    change_plan(store, "a00", NewPlan(version=0, owner="boris"), ANNA)
    boris = ids(store, owner="boris")
    assert {"a00", "a02", "a01", "a04"} <= set(boris) and "a00" not in ids(store, owner="anna")
    assert "a02" not in ids(store, without_owner=True) and "a05" in ids(store, without_owner=True)
    assert len(ids(store, without_plan=True, page=2)) == 61 - 2 - PAGE
    step(store, "a04", -1)
    assert ids(store, owner="boris", overdue=True) == ["a04"]


def test_whoever_sees_some_owners_sees_their_key_customers_alone(store):
    step(store, "a01", -1)  # boris's
    anna = only_of(store, ["anna"])
    assert set(ids(anna)) == {f"a{n:02d}" for n in range(0, 60, 3)} | {ODD}
    assert key_customers(anna, Wanted())[1].overdue == 0
    assert [one.owner for one in portfolios(anna)[1].managers] == ["anna"]
    for act in (
        lambda: plan_of(anna, "a01"),
        lambda: change_plan(anna, "a01", NewPlan(version=0, goal="x"), ANNA),
        lambda: step(anna, "a01", 1),
        lambda: moved(anna, "a01", 1, "done"),
    ):
        with pytest.raises(CustomerNotFoundError):
            act()


def test_of_two_who_change_a_plan_at_once_the_second_is_told(store):
    assert plan_of(store, "a01").version == 0
    first = change_plan(store, "a01", NewPlan(version=0, goal="Keep", level="proactive"), ANNA)
    with pytest.raises(KeyCustomerChangedError, match="user anna"):
        change_plan(store, "a01", NewPlan(version=0, goal="Other"), BORIS)
    assert plan_of(store, "a01").goal == "Keep"
    # The same, sent once more by the same person, is no quarrel.
    again = change_plan(store, "a01", NewPlan(version=0, goal="Keep", level="proactive"), ANNA)
    assert again.version == first.version == 1
    duties = "  Call monthly \n\n Send the list\n"
    second = change_plan(store, "a01", NewPlan(version=1, duties=duties, owner=" lena "), BORIS)
    assert (second.version, second.goal, second.owner) == (2, None, "lena")
    assert second.duties == ["Call monthly", "Send the list"] and second.changed_by == BORIS


def test_a_duty_that_is_done_comes_again_and_undoing_takes_that_back(store):
    number = step(store, "a01", -1, "Call", repeat_days=30, responsible="anna")
    after = moved(store, "a01", number, "done")
    (following,) = [one for one in after.steps if one.done_at is None]
    assert (following.what, following.due_on) == ("Call", utc_now().date() + 30 * DAY)
    assert following.responsible == "anna" and following.repeat_days == 30
    with pytest.raises(KeyCustomerChangedError, match="is done already"):
        moved(store, "a01", number, "done", BORIS)
    undone = moved(store, "a01", number, "undo")
    (left,) = undone.steps
    assert (left.number, left.done_at, left.is_overdue) == (number, None, True)
    # A next step that somebody has worked with already stays.
    moved(store, "a01", number, "done")
    again = next(one.number for one in plan_of(store, "a01").steps if one.done_at is None)
    moved(store, "a01", again, "drop")
    assert len(moved(store, "a01", number, "undo").steps) == 2


def test_a_dropped_step_comes_back_and_one_of_others_is_not_found(store):
    number = step(store, "a01", 1)
    assert moved(store, "a01", number, "drop").steps[0].dropped_by == ANNA
    assert key_customers(store, Wanted())[1].customers[1].next_step is None
    assert moved(store, "a01", number, "undo").steps[0].dropped_at is None
    for who, asked in (("a02", number), ("a01", number + 1)):
        with pytest.raises(StepNotFoundError):
            moved(store, who, asked, "done")
    with pytest.raises(KeyCustomerChangedError, match="is open already"):
        moved(store, "a01", number, "undo")


def test_every_change_is_in_the_log_without_the_customer_s_id(store):
    number = step(store, "a01", 1)
    change_plan(store, "a01", NewPlan(version=0, goal="x"), BORIS)
    for what in ("done", "undo", "drop"):
        moved(store, "a01", number, what)
    with store.connect() as connection:
        entries = connection.execute(select(audit_log)).all()
    assert [one.what for one in entries] == [
        "added a step",
        "changed a plan",
        "did a step",
        "undid a step",
        "dropped a step",
    ]
    assert "a01" not in "".join(one.about for one in entries)
    verify(store)


def test_whoever_is_erased_takes_plan_and_steps_along(store):
    step(store, "a01", 1)
    step(store, "a02", 1)
    change_plan(store, "a01", NewPlan(version=0, goal="x"), ANNA)
    assert erase(store, "a01", "test").other_rows == 2
    with store.connect() as connection:
        left = [
            connection.scalar(select(func.count()).select_from(table))
            for table in (relationship_plans, relationship_steps)
        ]
    assert left == [0, 1]


def task(customer_id, state, **changes):
    row = {"company": "", "customer_id": customer_id, "action_id": "check_in_email", "version": 1}
    row |= {"reason": "rhythm", "release_id": "r", "changed_by": ANNA, "changed_at": utc_now()}
    return row | {"state": state} | changes


def test_a_lead_sees_what_each_owner_has_does_and_has_not_done(store):
    old = utc_now() - dt.timedelta(days=8)
    with writing(store) as connection:
        for one in (
            task("a00", "taken", due_on=TODAY - DAY),
            task("a03", "taken", due_on=TODAY + DAY),
            task("a06", "done"),
            task("a09", "done", changed_at=old),
            task("a01", "not_relevant"),
        ):
            connection.execute(insert(tasks).values(**one))
    number = step(store, "a00", -1)
    step(store, "a00", -2)
    moved(store, "a00", number, "done")
    _, found = portfolios(store)
    by_owner = {one.owner: one for one in found.managers}
    assert [one.owner for one in found.managers] == ["anna", "boris", None]
    anna = by_owner["anna"]
    assert (anna.customers, anna.key_customers) == (20 + 5 + 1, 21)
    assert anna.value_at_risk == sum(range(0, 60, 3)) + 500 + 5 * 48
    assert anna.value_change == pytest.approx(sum(range(0, 60, 3)))
    assert (anna.tasks_taken, anna.tasks_done, anna.tasks_overdue) == (2, 1, 1)
    assert (anna.steps_done, anna.steps_overdue) == (1, 1)
    assert by_owner["boris"].tasks_taken == by_owner["boris"].steps_overdue == 0
    assert by_owner[None].customers == 20


def send(service, target, **fields):
    answer = service.get(target, "POST", urlencode(fields), **FORM)
    assert answer.status == 303, answer.text
    return page(service, answer.headers["location"])


def told_on(tree, kind):
    """What a form did, as the page says it: below the notice that the figures are old."""
    return text_of(tree.all("p", class_=kind)[-1])


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
    late = send(mine, link, do="plan", version="0", goal="Shrink")
    assert "Somebody was faster" in told_on(late, "warning")
    row = next(
        e for e in page(mine, "/key-customers?language=en").all("tr") if "data-customer" in e
    )
    assert row["data-customer"] == ODD and "Grow" in row["text"] and "Partnership" in row["text"]
    done = send(mine, link, do="done", step=line["data-step"])
    assert "done on" in done.one("main")["text"]
    undone = send(mine, link, do="undo", step=line["data-step"])
    assert "overdue since" in undone.one("main")["text"]


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "add", "what": "x"},
        {"do": "add", "what": " ", "due_on": "2030-01-01"},
        {"do": "add", "what": "x", "due_on": "2030-01-01", "repeat_days": "0"},
        {"do": "plan", "goal": "x"},
        {"do": "plan", "version": "0", "level": "friends"},
        {"do": "nothing", "step": "1"},
        {},
    ],
)
def test_what_a_form_cannot_do_is_told_in_words(mine, fields):
    tree = send(mine, "/key-customers/a01?language=en", **fields)
    assert "could not be saved" in told_on(tree, "warning")


def test_page_and_json_agree_in_content_and_order(store, mine):
    step(store, "a05", -1)
    change_plan(store, "a07", NewPlan(version=0, goal="Grow", owner="lena"), ANNA)
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
    assert post(f"{address}/steps/{number}", move="done").json()["steps"][0]["done_by"]
    problem(post(f"{address}/steps/{number}", move="done"), "key-customer-changed")
    problem(post(f"{address}/steps/{number + 1}", move="done"), "step-not-found")
    problem(mine.get("/v1/customers/nobody/relationship"), "customer-not-found")
    assert mine.get(address).json()["goal"] == "Grow"


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
