"""Whatever several people do over several releases, log, tasks and outcomes tell one story."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from serving.people.audit import verify
from serving.store.database import open_store
from serving.store.memory import Kept
from serving.store.page_tables import task_changes, tasks
from serving.store.published import find_release
from serving.store.tables import current_release, releases
from serving.store.work_tables import outcomes
from serving.work import task_reading
from serving.work.outcomes import read_told
from serving.work.task_log import Change, replayed, undone
from serving.work.task_reading import task_states, tasks_of
from serving.work.task_rules import MOVES, WHY_NOT, Asked, is_unfinished
from serving.work.task_writing import Moved
from serving.work.tasks import move
from tests.serving.working import NOW, clock, contacts, publish_cards, rows, suggested  # noqa: F401

CUSTOMERS = ("1", "2", "3")
PEOPLE = ("user anna", "user boris", "key crm")
# What each release suggests to each of them; the third is withheld in some.
RELEASES = (
    [suggested("1", owner="Anna"), suggested("2"), suggested("3")],
    [
        suggested("1", group="spend", owner="Anna"),
        suggested("2", "owner_phone_call"),
        suggested("3", withheld=True),
    ],
    [
        suggested("1", "owner_phone_call", owner="Anna"),
        suggested("2", "do_nothing"),
        suggested("3", group=None),
    ],
    [
        suggested("1", group="trend", owner="Anna"),
        suggested("2", group="spend"),
        suggested("3", "do_nothing"),
    ],
)
MOVE = st.tuples(
    st.sampled_from(MOVES),
    st.sampled_from(PEOPLE),
    st.sampled_from(CUSTOMERS),
    st.sampled_from([0, 0, 0, 0, 1, 2]),  # how many versions behind they are
    st.sampled_from([None, None, "check_in_email", "owner_phone_call"]),
    st.sampled_from(WHY_NOT),
)
STEP = st.one_of(
    MOVE,
    MOVE,
    MOVE,
    st.tuples(st.just("release"), st.integers(0, len(RELEASES) - 1)),
    st.tuples(st.just("days"), st.sampled_from([1, 5, 20, 40])),
)


@pytest.fixture(scope="module")
def shop(new_store_url, tmp_path_factory):
    """A store that keeps all RELEASES; which one is current, the test says."""
    engine = open_store(new_store_url("sqlite"))
    folder = tmp_path_factory.mktemp("releases")
    for number, cards in enumerate(RELEASES):
        publish_cards(engine, folder / str(number), *cards)
    yield engine
    engine.dispose()


@pytest.mark.slow
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=4, max_size=24))
def test_log_tasks_and_outcomes_tell_one_story(shop, clock, monkeypatch, steps):  # noqa: F811
    start(shop, monkeypatch)
    now = NOW
    clock(now)
    for step in steps:
        if step[0] == "release":
            make_current(shop, step[1])
        elif step[0] == "days":
            now += dt.timedelta(days=step[1])
            clock(now)
        else:
            move_one(shop, now, *step)
            check_unfinished(shop)
        check_states(shop)
    check_story(shop)


def start(engine, monkeypatch):
    """Nobody has touched anything."""
    monkeypatch.setattr(task_reading, "_STATES", Kept(4))
    with engine.begin() as connection:
        for table in (tasks, task_changes, outcomes):
            connection.execute(delete(table))
    make_current(engine, 0)


def make_current(engine, place):
    with engine.begin() as connection:
        numbers = connection.scalars(select(releases.c.number).order_by(releases.c.number)).all()
        connection.execute(update(current_release).values(number=numbers[place]))


def move_one(engine, now, what, who, customer, behind, action, why_not):
    """One move; whether it is made, or refused, is not the question here."""
    seen = versions(engine, customer)
    version = seen[-1 - behind] if behind < len(seen) else 0
    until = now.date() + dt.timedelta(days=3)
    note = "x" if what == "note" else None
    more = {"to": "Anna", "until": until, "why_not": why_not, "note": note}
    (result,) = move(engine, who, [Asked(what, customer, version, action_id=action, **more)])
    if isinstance(result, Moved) and what != "undo":
        assert result.task is not None and result.task.version == result.change


def versions(engine, customer):
    """The versions that the customer's tasks have had, and 0 for none, oldest first."""
    with engine.connect() as connection:
        its = select(task_changes.c.number).where(task_changes.c.customer_id == customer)
        return [0, *connection.scalars(its.order_by(task_changes.c.number))]


def check_unfinished(engine):
    unfinished = [
        (row["customer_id"], row["action_id"]) for row in rows(engine) if is_unfinished(row)
    ]
    assert max(Counter(unfinished).values(), default=0) <= 1


def check_states(engine):
    """What lists filter by is what each customer's page says."""
    with engine.connect() as connection:
        found = find_release(connection)
        one_by_one = tasks_of(connection, found, CUSTOMERS)
        states = task_states(connection, found)
    wanted = {who: task.state for who, task in one_by_one.items() if task.state != "open"}
    assert {who: state for who, state in states.state.items() if state != "open"} == wanted
    assignees = {who: t.assignee for who, t in one_by_one.items() if t.assignee and not t.is_closed}
    assert states.assignee == assignees


def check_story(engine):
    with engine.connect() as connection:
        query = select(task_changes).order_by(task_changes.c.number)
        changes = [Change(**row._mapping) for row in connection.execute(query)]
    assert replayed(changes) == {row["number"]: row for row in rows(engine)}
    last = {}
    for change in changes:
        if change.before is not None:
            assert change.before["version"] == last[change.task]
        if change.after is not None:
            assert change.after["version"] == change.number > last.get(change.task, 0)
        last[change.task] = change.number
    gone = undone(changes)
    done = [c for c in changes if c.what == "done" and c.number not in gone]
    assert [one["contact_id"] for one in contacts(engine)] == [
        f"task-{change.task}-{change.number}" for change in done
    ]
    refusals = [
        c
        for c in changes
        if c.what == "not_relevant"
        and c.after["why_not"] == "asked_not_to_be_contacted"
        and c.number not in gone
    ]
    assert len(read_told(engine, {}).rows.get("consents", [])) == len(refusals)
    verify(engine)
