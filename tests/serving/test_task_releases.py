"""A task stays one task across releases; the states that lists filter by agree with each task."""

import json
from itertools import count

import pytest
from sqlalchemy import event, select

from serving.store.errors import TaskChangedError
from serving.store.listing import list_index
from serving.store.page_tables import task_changes, tasks
from serving.store.published import find_release
from serving.work.erasure import erase
from serving.work.kinds import Consent
from serving.work.outcomes import tell
from serving.work.task_reading import task_and_others, task_states, tasks_of
from tests.serving.working import (
    ANNA,
    BORIS,
    call,
    clock,  # noqa: F401
    contacts,
    do,
    publish_cards,
    rows,
    suggested,
    task,
)


@pytest.fixture
def plan(engine, tmp_path, clock):  # noqa: F811
    """Publishes the cards of a further release."""
    numbers = count()

    def publish_(*cards):
        number = next(numbers)
        # Two releases of the same cards would be one: something differs in each.
        other = suggested("other", expected_orders=1.0 + number)
        return publish_cards(engine, tmp_path / f"r{number}", *cards, other)

    return publish_


def states(engine):
    with engine.connect() as connection:
        return dict(task_states(connection, find_release(connection)).state)


def agrees(engine):
    """The states for filters are those of the tasks themselves."""
    with engine.connect() as connection:
        found = find_release(connection)
        everybody = list_index(connection, found).ids.to_pylist()
        shown = tasks_of(connection, found, everybody)
        begun = {who: task.state for who, task in shown.items() if task.state != "open"}
        # Whoever is not among them is open where the plan suggests anything.
        assert {who: state for who, state in states(engine).items() if state != "open"} == begun


@pytest.mark.slow
def test_an_unfinished_task_goes_on_under_its_row_when_the_reason_changes(engine, plan):
    plan(suggested(group="rhythm"))
    do(engine, ANNA, "take")
    plan(suggested(group="spend"))
    now = task(engine)
    assert (now.state, now.assignee, now.is_current, now.reason) == (
        "taken",
        "anna",
        True,
        "rhythm",
    )
    do(engine, ANNA, "note", note="called twice")
    assert [(row["reason"], row["state"]) for row in rows(engine)] == [("spend", "taken")]
    agrees(engine)


@pytest.mark.slow
def test_another_reason_is_a_task_of_its_own_only_once_the_former_is_closed(engine, plan):
    plan(suggested(group="rhythm"))
    do(engine, ANNA, "not_relevant", why_not="already_solved")
    plan(suggested(group="rhythm"))
    assert task(engine).state == "not_relevant"
    plan(suggested(group="spend"))
    assert task(engine) is None  # nobody has touched this one
    agrees(engine)
    do(engine, BORIS, "take", version=0)
    assert sorted((row["reason"], row["state"]) for row in rows(engine)) == [
        ("rhythm", "not_relevant"),
        ("spend", "taken"),
    ]
    plan(suggested(group="rhythm"))
    assert (task(engine).state, task(engine).assignee) == ("taken", "boris")
    do(engine, BORIS, "note", note="x")
    assert len(rows(engine)) == 2
    agrees(engine)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("done", {}),
        ("not_relevant", {"why_not": "no_longer_customer"}),
        ("not_relevant", {"why_not": "asked_not_to_be_contacted"}),
    ],
)
def test_a_contact_and_a_customer_who_left_close_the_action_whatever_the_reason(
    engine, plan, what, more
):
    plan(suggested(group="rhythm"))
    do(engine, ANNA, what, **more)
    plan(suggested(group="spend"))
    assert task(engine).state == what
    agrees(engine)


@pytest.mark.slow
@pytest.mark.parametrize(("action", "days"), [("check_in_email", 20), ("owner_phone_call", 30)])
def test_what_is_done_stays_done_for_the_cooldown_of_its_action_and_is_the_same_row_then(
    engine,
    plan,
    clock,  # noqa: F811
    action,
    days,
):
    plan(suggested(action=action))
    do(engine, ANNA, "done", note="talked")
    (row,) = rows(engine)
    plan(suggested(action=action))
    clock(call(days - 1))
    assert task(engine).state == "done"
    agrees(engine)
    clock(call(days))
    again = task(engine)
    assert (again.state, again.note, again.assignee) == ("open", None, None)
    agrees(engine)
    do(engine, BORIS, "done")
    assert [one["number"] for one in rows(engine)] == [row["number"]]
    assert len({one["contact_id"] for one in contacts(engine)}) == 2


def test_a_note_does_not_keep_a_closed_task_closed_for_longer(engine, plan, clock):  # noqa: F811
    plan(suggested())
    do(engine, ANNA, "done")
    clock(call(10))
    do(engine, BORIS, "note", note="will come on Friday")
    assert (task(engine).changed_by, task(engine).changed_at) == (ANNA, call(0))
    clock(call(20))
    assert task(engine).state == "open"


@pytest.mark.slow
def test_an_undo_that_would_leave_two_tasks_of_one_action_is_refused(engine, plan):
    plan(suggested(group="rhythm"))
    do(engine, ANNA, "take")
    closed = do(engine, ANNA, "not_relevant", why_not="already_solved").change
    plan(suggested(group="spend"))
    taken = do(engine, BORIS, "take", version=0).change
    with pytest.raises(TaskChangedError, match="user boris"):
        do(engine, ANNA, "undo", version=closed)
    do(engine, BORIS, "undo", version=taken)
    assert do(engine, ANNA, "undo", version=closed).task.state == "taken"
    assert [row["state"] for row in rows(engine)] == ["taken"]


@pytest.mark.slow
def test_an_undo_that_would_give_two_tasks_one_reason_is_refused(engine, plan):
    plan(suggested(group="rhythm"))
    do(engine, ANNA, "take")
    plan(suggested(group="spend"))
    do(engine, ANNA, "note", note="the reason is another one now")
    closed = do(engine, ANNA, "not_relevant", why_not="already_solved").change
    plan(suggested(group="rhythm"))
    do(engine, BORIS, "not_relevant", version=0, why_not="wrong_data")
    undone = do(engine, ANNA, "undo", version=closed).change
    with pytest.raises(TaskChangedError, match="user boris"):
        do(engine, ANNA, "undo", version=undone)
    assert len({row["reason"] for row in rows(engine)}) == len(rows(engine)) == 2


@pytest.mark.slow
def test_what_is_no_longer_suggested_can_be_read_and_finished(engine, plan, clock):  # noqa: F811
    plan(suggested("1"), suggested("2"), suggested("3"))
    do(engine, ANNA, "take", "1")
    do(engine, ANNA, "take", "2")
    do(engine, ANNA, "done", "3")
    plan(
        suggested("1", "owner_phone_call"),
        suggested("2", "do_nothing"),
        suggested("3", "do_nothing"),
    )
    clock(call(100))
    for customer, state in (("1", "taken"), ("2", "taken"), ("3", "done")):
        now = task(engine, customer)
        assert (now.action_id, now.state, now.is_current) == ("check_in_email", state, False)
    agrees(engine)
    do(engine, BORIS, "done", "1")
    (told,) = [one for one in contacts(engine) if one["customer_id"] == "1"]
    assert told["channel"] == "email" and "propensity" not in told
    # Now the new suggestion is free to take, and the old task is among the others.
    assert task(engine, "1") is None
    with engine.connect() as connection:
        shown, others = task_and_others(connection, find_release(connection), "1")
    assert (shown.action_id, shown.version, others[0].state) == ("owner_phone_call", 0, "done")


@pytest.mark.slow
def test_a_task_can_be_named_by_its_action(engine, plan):
    plan(suggested())
    do(engine, ANNA, "take")
    plan(suggested(action="owner_phone_call"))
    do(engine, BORIS, "take", version=0, action_id="owner_phone_call")
    assert {(row["action_id"], row["assignee"]) for row in rows(engine)} == {
        ("check_in_email", "anna"),
        ("owner_phone_call", "boris"),
    }
    old = next(row for row in rows(engine) if row["assignee"] == "anna")
    do(engine, ANNA, "done", version=old["version"], action_id="check_in_email")
    assert {row["state"] for row in rows(engine)} == {"done", "taken"}


@pytest.mark.slow
def test_the_states_for_filters_follow_every_move(engine, plan):
    plan(*(suggested(str(number)) for number in range(6)))
    assert states(engine) == {}
    do(engine, ANNA, "take", "1")
    do(engine, ANNA, "done", "2")
    assert states(engine) == {"1": "taken", "2": "done"}
    undone = do(engine, ANNA, "take", "3")
    assert states(engine)["3"] == "taken"
    do(engine, ANNA, "undo", "3", undone.change)
    assert states(engine) == {"1": "taken", "2": "done"}
    with engine.connect() as connection:
        found = task_states(connection, find_release(connection))
    assert (found.by_state["taken"], found.by_assignee) == ({"1"}, {"anna": {"1"}})


@pytest.mark.slow
def test_the_tasks_of_a_page_are_read_at_once(engine, plan):
    customers = [str(number) for number in range(50)]
    plan(*(suggested(who) for who in customers))
    for who in customers[::2]:
        do(engine, ANNA, "take", who)
    asked = []
    with engine.connect() as connection:
        found = find_release(connection)
        event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
        assert len(tasks_of(connection, found, customers)) == 25
    assert len([text for text in asked if "FROM tasks" in text]) == 1
    assert len(asked) <= 4, asked  # and the cards of those who have any


@pytest.mark.slow
def test_nothing_of_an_erased_customer_is_left_in_tasks(engine, plan):
    plan(suggested("zoë-4711"), suggested("2"))
    do(engine, ANNA, "done", "zoë-4711", note="her number is 4711")
    do(engine, ANNA, "take", "2")
    assert "zoë-4711" in states(engine)
    assert erase(engine, "zoë-4711", ANNA).other_rows == 3  # the task, its change, the contact
    for table in (tasks, task_changes):
        with engine.connect() as connection:
            left = [dict(row._mapping) for row in connection.execute(select(table))]
        assert [row["customer_id"] for row in left] == ["2"]
        assert "4711" not in json.dumps(left, default=str)
    assert states(engine) == {"2": "taken"}
    assert contacts(engine) == []


@pytest.mark.slow
def test_tasks_of_who_objects_to_profiling_are_not_shown(engine, plan):
    plan(suggested("1"), suggested("2"))
    do(engine, ANNA, "take", "1")
    no = {"kind": "consent", "customer_id": "1", "channel": "all", "granted": False}
    no |= {"event_time": "2024-10-30T08:00:00Z", "purpose": "profiling"}
    tell(engine, [Consent.model_validate_json(json.dumps(no))], "k", ANNA)
    assert (task(engine, "1"), states(engine)) == (None, {})
