"""Key customers: what is agreed with them, who was faster, and what each owner has and does."""

import datetime as dt

import pytest
from sqlalchemy import func, insert, select

from serving.cards.key_customers import NewPlan
from serving.people.audit import verify
from serving.people.users import remove_user
from serving.store.database import writing
from serving.store.errors import (
    CustomerNotFoundError,
    KeyCustomerChangedError,
    StepNotFoundError,
    UnknownNameError,
)
from serving.store.page_tables import overrides, relationship_plans, relationship_steps
from serving.store.people_tables import audit_log
from serving.store.visible import only_of
from serving.work.erasure import erase
from serving.work.key_customers import change_plan, plan_of
from serving.work.kinds import Contact
from serving.work.outcomes import tell
from serving.work.portfolios import PAGE, Wanted, key_customers, portfolios
from tests.serving.conftest import Running
from tests.serving.digests import keep, nobody_contacts
from tests.serving.guarded import add_users
from tests.serving.key_company import (
    ANNA,
    BORIS,
    DAY,
    ODD,
    TODAY,
    ids,
    key_store,
    moved,
    releases_in,
    step,
)
from tests.serving.release_reports import AS_OF
from tests.serving.working import NOW, clock  # noqa: F401


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_last_contact_is_also_one_that_was_told_since(store, mine):
    time = dt.datetime.combine(AS_OF, dt.time(12), dt.UTC)
    for who, days in (("a05", 1), ("a06", -4), ("a07", -90)):
        its = {"contact_id": who, "action_id": "x", "channel": "phone", "customer_id": who}
        told = Contact(kind="contact", event_time=time + days * DAY, **its)
        tell(store, [told], who, "crm")
    _, found = key_customers(store, Wanted(page=2))
    days = {one.customer_id: one.days_since_contact for one in found.customers}
    assert [days[who] for who in ("a05", "a06", "a07", "a08")] == [0, 4, 20, 20]
    assert "After the date of these figures" in mine.get("/key-customers?page=2&language=en").text


@pytest.mark.slow
def test_filters_are_by_who_answers_and_by_what_is_missing(store):
    change_plan(store, "a02", NewPlan(version=0, owner="boris", goal="Win back"), ANNA)
    change_plan(store, "a00", NewPlan(version=0, owner="boris"), ANNA)
    boris = ids(store, owner="boris")
    assert {"a00", "a02", "a01", "a04"} <= set(boris) and "a00" not in ids(store, owner="anna")
    assert "a02" not in ids(store, without_owner=True) and "a05" in ids(store, without_owner=True)
    assert len(ids(store, without_plan=True, page=2)) == 61 - 2 - PAGE
    step(store, "a04", -1)
    assert ids(store, owner="boris", overdue=True) == ["a04"]


@pytest.mark.slow
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


@pytest.mark.slow
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
    second = change_plan(store, "a01", NewPlan(version=1, duties=duties, owner=" anna "), BORIS)
    assert (second.version, second.goal, second.owner) == (2, None, "anna")
    assert second.duties == ["Call monthly", "Send the list"] and second.changed_by == BORIS


@pytest.mark.slow
def test_an_owner_is_somebody_known_here_or_whoever_it_was(store):
    with pytest.raises(UnknownNameError, match="'lena' is neither"):
        change_plan(store, "a01", NewPlan(version=0, owner="lena"), ANNA)
    add_users(store, {"lena": ("manager", None)}, "correct horse battery staple")
    assert change_plan(store, "a01", NewPlan(version=0, owner="lena"), ANNA).owner == "lena"
    remove_user(store, "lena")
    still = change_plan(store, "a01", NewPlan(version=1, owner="lena", goal="Keep"), ANNA)
    assert (still.owner, still.goal) == ("lena", "Keep")


def test_a_step_that_is_sent_twice_is_agreed_once_while_it_is_open(store):
    number = step(store, "a01", 1, responsible="anna")
    assert step(store, "a01", 1, "  Call ", responsible="anna") == number
    assert len(plan_of(store, "a01").steps) == 1
    assert step(store, "a01", 2, responsible="anna") > number
    moved(store, "a01", number, "done")
    step(store, "a01", 1, responsible="anna")
    assert len(plan_of(store, "a01").steps) == 3


@pytest.mark.slow
def test_a_duty_that_is_done_comes_again_and_undoing_takes_that_back(store):
    number = step(store, "a01", -1, "Call", repeat_days=30, responsible="anna")
    after = moved(store, "a01", number, "done")
    (following,) = [one for one in after.steps if one.done_at is None]
    assert (following.what, following.due_on) == ("Call", NOW.date() + 30 * DAY)
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    row |= {"reason": "rhythm", "release_id": "r", "changed_by": ANNA, "changed_at": NOW}
    return row | {"state": state} | changes


@pytest.mark.slow
def test_managers_and_key_customers_go_by_one_rule_of_who_answers(store):
    add_users(store, {"lena": ("manager", None)}, "correct horse battery staple")
    before = {one.owner: one for one in portfolios(store)[1].managers}
    change_plan(store, "a00", NewPlan(version=0, owner="boris"), ANNA)
    change_plan(store, "a02", NewPlan(version=0, owner="lena"), ANNA)  # was nobody's
    change_plan(store, "a03", NewPlan(version=0, goal="Grow"), ANNA)  # stays anna's
    step(store, "a00", -1)
    after = {one.owner: one for one in portfolios(store)[1].managers}
    moved_by = {
        owner: after[owner].customers - (before[owner].customers if owner in before else 0)
        for owner in after
    }
    assert moved_by == {"anna": -1, "boris": +1, "lena": +1, None: -1}
    assert (after["boris"].steps_overdue, after["anna"].steps_overdue) == (1, 0)
    # Who was handed over is nobody's growth: a02 alone grew by 2, as before.
    assert after["lena"].value_change == pytest.approx(2)
    for owner, its in after.items():
        wanted = {"without_owner": True} if owner is None else {"owner": owner}
        assert key_customers(store, Wanted(**wanted))[1].total == its.key_customers
    anna = portfolios(only_of(store, ["anna"]))[1].managers
    assert [(one.owner, one.customers) for one in anna] == [("anna", 25), ("boris", 1)]
    assert anna[1].value_change == pytest.approx(0)


@pytest.mark.slow
def test_a_lead_sees_what_each_owner_has_does_and_has_not_done(store, clock):  # noqa: F811
    old = NOW - dt.timedelta(days=8)
    with writing(store) as connection:
        for one in (
            task("a00", "taken", due_on=TODAY - DAY),
            task("a03", "taken", due_on=TODAY + DAY),
            task("a06", "done"),
            task("a12", "open", due_on=TODAY - 2 * DAY),
            task("a15", "snoozed", due_on=TODAY - DAY, snoozed_until=TODAY + DAY),
            task("a09", "done", changed_at=old),
            task("a01", "not_relevant"),
            task("b4", "taken", due_on=TODAY - DAY),  # held back to compare
        ):
            keep(connection, one)
        connection.execute(insert(overrides).values(**nobody_contacts("b3")))
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
    assert (anna.tasks_taken, anna.tasks_done, anna.tasks_overdue) == (2, 1, 2)
    # Also the one with a note alone; not those with whom nobody is to speak.
    assert anna.tasks_open == 26 - 5 - 2
    assert (anna.steps_done, anna.steps_overdue) == (1, 1)
    clock(NOW + DAY)
    _, late = portfolios(store)
    # All but those who are done, not relevant, due another day, or left alone.
    assert [one.tasks_overdue for one in late.managers] == [26 - 3 - 2, 20 - 1, 20]
    assert by_owner["boris"].tasks_taken == by_owner["boris"].steps_overdue == 0
    assert by_owner[None].customers == 20
