"""Tasks by the API: listed by their last change, moved one by one or many at once."""

import json

import pytest

from serving.people.keys import create_key
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import bearer
from tests.serving.working import publish_cards, suggested

PEOPLE = [str(number) for number in range(1, 8)]


@pytest.fixture
def shop(engine, tmp_path):
    owners = {"1": "anna", "2": "anna"}
    cards = [suggested(who, owner=owners.get(who, "boris")) for who in PEOPLE]
    publish_cards(engine, tmp_path / "r", *cards, suggested("held", withheld=True))
    with Running(engine) as service:
        yield service


def post(service, content, **headers):
    sent = {"Content_Type": "application/json", **headers}
    return service.get("/v1/tasks", "POST", json.dumps(content), **sent)


def to_move(move, customer, version=0, **more):
    return {"move": move, "customer_id": customer, "version": version, **more}


def listed(service, query="", **headers):
    answer = service.get(f"/v1/tasks{query}", **headers)
    assert answer.status == 200, answer.text
    return answer.json()


@pytest.mark.slow
def test_a_move_is_answered_with_the_task_and_listed(shop):
    assert listed(shop)["tasks"] == []
    answer = post(shop, to_move("take", "1", note="Ёлка"))
    assert answer.status == 200, answer.text
    (moved,) = answer.json()["moved"]
    assert listed(shop)["tasks"] == [moved["task"]]
    assert moved["task"] | {"changed_at": None} == {
        "customer_id": "1",
        "action_id": "check_in_email",
        "reason": "rhythm",
        "state": "taken",
        "version": moved["change"],
        "assignee": "this machine",
        "due_on": "2024-10-30",
        "snoozed_until": None,
        "why_not": None,
        "note": "Ёлка",
        "changed_at": None,
        "changed_by": "this machine",
        "is_current": True,
    }


@pytest.mark.slow
def test_a_move_alone_that_is_refused_is_a_problem_and_of_several_it_is_told(shop):
    assert post(shop, to_move("take", "1")).status == 200
    other = post(shop, to_move("done", "1"))
    assert "this machine" in problem(other, "task-changed")["detail"]
    problem(post(shop, to_move("done", "held")), "do-not-contact")
    problem(post(shop, to_move("done", "nobody")), "customer-not-found")
    problem(post(shop, to_move("assign", "1", 1, to="nobody")), "invalid-parameters")
    several = post(shop, [to_move("done", who) for who in ("1", "2", "held")]).json()
    assert [one["customer_id"] for one in several["moved"]] == ["2"]
    assert [one["type"].rpartition(":")[2] for one in several["refused"]] == [
        "task-changed",
        "do-not-contact",
    ]


@pytest.mark.slow
def test_pages_go_on_where_the_last_one_ended_and_then_tell_what_has_changed(shop):
    post(shop, [to_move("take", who) for who in PEOPLE])
    page = listed(shop, "?limit=3")
    found = page["tasks"]
    while page["next"]:
        page = shop.get(page["next"]).json()
        found += page["tasks"]
    assert [task["customer_id"] for task in found] == PEOPLE
    newest = found[-1]["version"]
    assert listed(shop, f"?after={newest}")["tasks"] == []
    post(shop, to_move("done", "3", found[2]["version"]))
    assert [t["customer_id"] for t in listed(shop, f"?after={newest}")["tasks"]] == ["3"]


@pytest.mark.slow
def test_tasks_are_found_by_state_assignee_and_customer(shop):
    post(shop, [to_move("take", "1"), to_move("assign", "2", to="anna"), to_move("done", "3")])
    post(shop, to_move("note", "4", note="x"))
    found = {
        query: [task["customer_id"] for task in listed(shop, f"?{query}")["tasks"]]
        for query in ("state=taken", "assignee=anna", "customer=3", "state=open", "state=snoozed")
    }
    assert found == {
        "state=taken": ["1", "2"],
        "assignee=anna": ["2"],
        "customer=3": ["3"],
        "state=open": ["4"],
        "state=snoozed": [],
    }


@pytest.mark.slow
def test_every_change_is_told_in_words_and_whether_it_was_undone(shop):
    post(shop, to_move("take", "1"))
    post(shop, to_move("snooze", "1", 1, until="2999-01-01"))
    problem(post(shop, to_move("snooze", "1", 1, until="31.12.2030")), "invalid-parameters")
    done = post(shop, to_move("done", "1", 1)).json()["moved"][0]["change"]
    post(shop, to_move("undo", "1", done))
    english = shop.get("/v1/tasks/changes?customer=1&language=en").json()["changes"]
    assert [(one["sentence"], one["is_undone"]) for one in english] == [
        ("Last change undone", False),
        ("Done", True),
        ("Taken", False),
    ]
    russian = shop.get("/v1/tasks/changes?customer=1&language=ru").json()["changes"]
    assert russian[2]["sentence"] == "Взято в работу"
    problem(shop.get("/v1/tasks/changes?customer=nobody"), "customer-not-found")


@pytest.mark.slow
def test_a_key_sees_and_moves_the_tasks_of_its_owners_alone(shop, engine):
    post(shop, [to_move("take", who) for who in PEOPLE])
    its = create_key(engine, "anna's", ["cards:read", "work:write"], ["anna"])[1]
    reads = create_key(engine, "reads", ["cards:read"])[1]
    with Running(engine) as service:
        tasks = listed(service, **bearer(its))["tasks"]
        assert [task["customer_id"] for task in tasks] == ["1", "2"]
        problem(post(service, to_move("done", "3", 3), **bearer(its)), "customer-not-found")
        problem(service.get("/v1/tasks/changes?customer=3", **bearer(its)), "customer-not-found")
        problem(post(service, to_move("done", "1", 1), **bearer(reads)), "not-allowed")
        moved = post(service, to_move("done", "1", tasks[0]["version"]), **bearer(its)).json()
    assert moved["moved"][0]["task"]["changed_by"].startswith("key ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        {"move": "fly", "customer_id": "1", "version": 0},
        {"move": "take", "customer_id": "1"},
        {"move": "take", "customer_id": "1", "version": -1},
        {"move": "take", "customer_id": "1", "version": 0, "colour": "red"},
        {"move": "not_relevant", "customer_id": "1", "version": 0, "why_not": "tired"},
        {"move": "not_relevant", "customer_id": "1", "version": 0},
        {"move": "note", "customer_id": "1", "version": 0, "note": "a\x00b"},
        {"move": "done", "customer_id": "1", "version": 0, "responded": "yes"},
        [],
    ],
)
def test_what_is_no_move_is_refused(shop, content):
    problem(post(shop, content), "invalid-parameters")
    assert listed(shop)["tasks"] == []


def test_before_the_first_release_there_are_no_tasks(empty_service):
    problem(empty_service.get("/v1/tasks"), "no-release")
    problem(post(empty_service, to_move("take", "1")), "no-release")
