"""What people do with suggestions is kept once, logged, undone and told to the next run."""

import datetime as dt
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from core.errors import NoReleaseError, ReadOnlyError
from serving.people.audit import verify
from serving.store.database import open_store, upgrade
from serving.store.errors import (
    CustomerNotFoundError,
    DoNotContactError,
    NoTaskError,
    TaskChangedError,
    UnknownNameError,
)
from serving.store.people_tables import audit_log
from serving.store.visible import only_of
from serving.work.outcomes import read_told
from serving.work.task_rules import Asked
from serving.work.tasks import move
from tests.serving.releases import day
from tests.serving.working import (
    ANNA,
    BORIS,
    NOW,
    call,
    clock,  # noqa: F401
    contacts,
    do,
    log,
    publish_cards,
    rows,
    suggested,
    task,
)


@pytest.fixture
def shop(engine, tmp_path, clock):  # noqa: F811
    """A store whose plan suggests something for most customers."""
    publish_cards(
        engine,
        tmp_path / "r",
        suggested("1"),
        suggested("2", "owner_phone_call", owner="anna"),
        suggested("3", "do_nothing"),
        suggested("4", arm="holdout", withheld=True, withheld_by="draw", owner="boris"),
        suggested("5", "owner_phone_call", withheld=True, withheld_by="budget"),
    )
    return engine


@pytest.mark.slow
def test_a_customer_whom_nobody_touched_has_no_row_and_is_free_to_take(shop):
    assert (rows(shop), task(shop)) == ([], None)
    taken = do(shop, ANNA, "take").task
    assert (taken.state, taken.assignee, taken.changed_by) == ("taken", "anna", ANNA)
    assert (taken.action_id, taken.reason, taken.is_current) == ("check_in_email", "rhythm", True)
    assert taken.due_on == day(3).date()
    assert task(shop) == taken


@pytest.mark.slow
def test_each_move_leaves_the_task_in_its_state(shop):
    until = NOW.date() + dt.timedelta(days=4)
    for what, state, more in (
        ("note", "open", {"note": "call after lunch"}),
        ("assign", "taken", {"to": "anna"}),
        ("snooze", "snoozed", {"until": until}),
        ("reopen", "open", {}),
        ("take", "taken", {}),
        ("assign", "taken", {"to": "boris"}),
        ("snooze", "snoozed", {"until": until}),
        ("assign", "taken", {"to": "anna"}),
        ("not_relevant", "not_relevant", {"why_not": "already_solved", "note": "paid"}),
        ("reopen", "open", {}),
        ("done", "done", {}),
    ):
        assert do(shop, ANNA, what, **more).task.state == state, what
    now = task(shop)
    assert (now.note, now.why_not, now.snoozed_until) == ("paid", None, None)
    assert len(rows(shop)) == 1 and len(log(shop)) == 11


@pytest.mark.slow
def test_every_change_says_who_when_and_what_it_was_before_and_after(shop):
    do(shop, ANNA, "take")
    do(shop, BORIS, "note", note="Ёлка & <b>")
    first, second = log(shop)
    assert (first.who, first.what, first.before) == (ANNA, "take", None)
    assert (second.who, second.what, second.before) == (BORIS, "note", first.after)
    assert (first.after["note"], second.after["note"]) == (None, "Ёлка & <b>")
    assert second.at == NOW and second.customer_id == "1"
    with shop.connect() as connection:
        noted = connection.execute(select(audit_log).order_by(audit_log.c.number)).all()
    assert [(one.who, one.what) for one in noted] == [(ANNA, "task: take"), (BORIS, "task: note")]
    assert all(one.about.startswith("customer ") and one.about[9:] != "1" for one in noted)
    assert verify(shop).number == 2


@pytest.mark.slow
def test_what_was_put_off_is_open_again_from_its_day_on(shop, clock):  # noqa: F811
    until = NOW.date() + dt.timedelta(days=4)
    do(shop, ANNA, "snooze", until=until)
    clock(call(3))
    assert task(shop).state == "snoozed"
    clock(call(4))
    assert (task(shop).state, task(shop).snoozed_until) == ("open", None)
    assert do(shop, BORIS, "take").task.state == "taken"


@pytest.mark.slow
def test_what_is_done_tells_the_next_run_a_contact_with_the_chances_of_the_card(shop):
    moved = do(shop, ANNA, "done", responded=False, note="no answer")
    (told,) = contacts(shop)
    assert told == {
        "customer_id": "1",
        "contact_id": f"task-{moved.task.number}-{moved.change}",
        "event_time": "2024-10-30T09:00:00.000000+00:00",
        "known_at": "2024-10-30T09:00:00.000000+00:00",
        "action_id": "check_in_email",
        "channel": "email",
        "arm": "treated",
        "propensity": 0.7,
        "action_propensity": 0.98,
        "contact_propensity": 0.686,
        "persistent_control": False,
        "is_exploration": False,
        "responded": False,
        "responded_at": "2024-10-30T09:00:00.000000+00:00",
    }
    assert moved.task.note == "no answer"


@pytest.mark.slow
def test_a_refusal_of_contact_is_told_as_one_for_the_channel_and_taken_back_with_it(shop):
    moved = do(shop, ANNA, "not_relevant", "2", why_not="asked_not_to_be_contacted")
    (told,) = read_told(shop, {}).rows["consents"]
    assert (told["customer_id"], told["channel"], told["granted"]) == ("2", "phone", False)
    do(shop, ANNA, "undo", "2", moved.change)
    assert read_told(shop, {}).rows == {}


@pytest.mark.slow
@pytest.mark.parametrize("why_not", ["wrong_data", "already_solved", "no_longer_customer", "other"])
def test_other_words_tell_nothing(shop, why_not):
    do(shop, ANNA, "not_relevant", why_not=why_not)
    assert read_told(shop, {}).rows == {}


@pytest.mark.slow
def test_undo_restores_the_row_exactly_or_removes_it_and_takes_back_what_was_told(shop):
    first = do(shop, ANNA, "take").change
    (before,) = rows(shop)
    done = do(shop, ANNA, "done", note="talked").change
    watermark = read_told(shop, {}).watermark
    undone = do(shop, BORIS, "undo", version=done)
    (after,) = rows(shop)
    assert after == before | {"version": undone.change}
    # A run that had read it reads all there is the next time, and then not this one.
    assert (contacts(shop), read_told(shop, {}).watermark) == ([], watermark)
    assert do(shop, BORIS, "undo", version=undone.change).task.version == 0
    assert rows(shop) == []
    assert [one.what for one in log(shop)] == ["take", "done", "undo", "undo"]
    assert first < done < undone.change
    again = do(shop, ANNA, "done")
    assert again.change > undone.change
    assert [one["contact_id"] for one in contacts(shop)] == [
        f"task-{again.task.number}-{again.change}"
    ]


@pytest.mark.slow
def test_a_move_that_is_sent_twice_is_made_once(shop):
    for what, more in (("done", {}), ("undo", {})):
        version = task(shop).version if task(shop) else 0
        first = do(shop, ANNA, what, version=version, **more)
        again = do(shop, ANNA, what, version=version, **more)
        assert again.change == first.change
    assert len(log(shop)) == 2


@pytest.mark.slow
def test_of_two_who_saw_the_same_the_second_is_told_who_has_it_and_since_when(shop):
    do(shop, ANNA, "take", version=0)
    for what, more in (("take", {}), ("done", {}), ("assign", {"to": "boris"})):
        with pytest.raises(TaskChangedError, match="user anna") as raised:
            do(shop, BORIS, what, version=0, **more)
        told = raised.value
        assert (told.who, told.since, told.state) == (ANNA, NOW, "taken")
    assert len(log(shop)) == 1 and contacts(shop) == []


@pytest.mark.slow
def test_of_two_at_once_one_gets_it_and_the_other_is_told(shop):
    people = [f"user {number}" for number in range(4)]
    for customer in ("1", "2"):
        barrier, results = Barrier(len(people)), {}

        def take(who, customer=customer, barrier=barrier, results=results):
            barrier.wait()
            (results[who],) = move(shop, who, [Asked("take", customer, 0)])

        threads = [Thread(target=take, args=(who,)) for who in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [who for who, result in results.items() if not hasattr(result, "error")]
        assert len(won) == 1
        assert task(shop, customer).changed_by == won[0]
        for who in set(people) - set(won):
            error = results[who].error
            assert isinstance(error, TaskChangedError) and error.who == won[0]
    assert len(log(shop)) == 2


@pytest.mark.slow
def test_from_whom_an_action_is_withheld_nobody_may_have_done_it(shop):
    for customer in ("4", "5"):
        with pytest.raises(DoNotContactError, match="Do not contact"):
            do(shop, ANNA, "done", customer)
        do(shop, ANNA, "note", customer, note="asked by mail")
    assert contacts(shop) == []


@pytest.mark.slow
def test_where_nothing_is_suggested_there_is_no_task(shop):
    for what in ("take", "done", "note"):
        with pytest.raises(NoTaskError):
            do(shop, ANNA, what, "3", note="x")


@pytest.mark.slow
def test_nobody_moves_tasks_of_customers_whom_they_do_not_see(shop):
    annas = only_of(shop, ["anna"])
    do(annas, ANNA, "take", "2", 0)
    for customer in ("1", "4", "nobody"):
        with pytest.raises(CustomerNotFoundError):
            do(annas, ANNA, "take", customer, 0)
        with pytest.raises(CustomerNotFoundError):
            do(annas, ANNA, "undo", customer, 1)
    do(shop, BORIS, "take", "1")
    assert task(annas, "1") is None
    with pytest.raises(UnknownNameError, match="boris"):
        do(annas, ANNA, "assign", "2", to="boris")


@pytest.mark.slow
def test_many_are_moved_at_once_and_each_wholly_or_not_at_all(shop):
    do(shop, BORIS, "take", "2", 0)
    asked = [Asked("done", customer, 0) for customer in ("1", "2", "3", "4", "nobody")]
    first, *others = move(shop, ANNA, asked)
    assert first.task.state == "done"
    assert [type(one.error) for one in others] == [
        TaskChangedError,
        NoTaskError,
        DoNotContactError,
        CustomerNotFoundError,
    ]
    assert [one["customer_id"] for one in contacts(shop)] == ["1"]
    assert {row["customer_id"]: row["state"] for row in rows(shop)} == {"1": "done", "2": "taken"}


@pytest.mark.slow
def test_a_failure_leaves_neither_change_nor_outcome(shop, monkeypatch):
    def fail(*_):
        raise CustomerNotFoundError("told too late")

    monkeypatch.setattr("serving.work.outcomes.heed_objections", fail)
    with pytest.raises(CustomerNotFoundError, match="too late"):
        do(shop, ANNA, "done")
    assert (rows(shop), log(shop), contacts(shop)) == ([], [], [])
    assert read_told(shop, {}).watermark == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "more", "wrong"),
    [
        ("assign", {"to": "nobody here"}, "to"),
        ("assign", {}, "to"),
        ("not_relevant", {}, "why_not"),
        ("snooze", {}, "until"),
        ("snooze", {"until": NOW.date()}, "until"),
        ("snooze", {"until": NOW.date() + dt.timedelta(days=367)}, "until"),
        ("note", {}, "note"),
        ("fly", {}, "move"),
    ],
)
def test_what_no_move_takes_is_refused_before_anything_is_done(shop, what, more, wrong):
    with pytest.raises(UnknownNameError) as raised:
        move(shop, ANNA, [Asked("take", "1", 0), Asked(what, "2", 0, **more)])
    assert raised.value.parameter == wrong
    assert log(shop) == []


def test_before_the_first_release_and_where_nothing_may_be_written_no_task_moves(engine, tmp_path):
    upgrade(engine)
    with pytest.raises(NoReleaseError):
        move(engine, ANNA, [Asked("take", "1", 0)])
    reading = open_store(engine.url.render_as_string(False), create=False, read_only=True)
    with pytest.raises(ReadOnlyError):
        move(reading, ANNA, [Asked("take", "1", 0)])
    reading.dispose()
