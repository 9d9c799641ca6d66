"""Tasks on the pages: moved by forms without a script, told by a notice, undone by its button."""

import pytest

from serving.people.keys import create_key
from serving.work.task_rules import WHY_NOT
from tests.serving.conftest import Running
from tests.serving.guarded import add_users, bearer
from tests.serving.reading_pages import page, text_of
from tests.serving.releases import SCRIPT
from tests.serving.task_pages import ODD, followed, forms, left, notice, open_shop, post
from tests.serving.working import (
    log,
    publish_cards,
    rows,
    suggested,
    task,
)


@pytest.fixture
def shop(engine, tmp_path):
    with open_shop(engine, tmp_path) as service:
        yield service


@pytest.mark.slow
def test_a_button_of_a_row_takes_the_task_and_the_page_says_so_with_a_way_back(shop, engine):
    answer = post(shop, {"do": "take:0:1", "back": "/?risk_band=medium&language=en"})
    assert answer.headers["location"] == "/?risk_band=medium&language=en"
    tree = followed(shop, answer)
    assert notice(tree) == "In hand now: Anna Petrova. Undo"
    ((undo, _),) = [one for one in forms(tree) if one[0].get("move") == "undo"]
    assert undo == {"move": "undo", "did": "1", "back": "/?risk_band=medium&language=en"}
    after = followed(shop, post(shop, undo))
    assert notice(after) == "Undone: Anna Petrova."
    assert rows(engine) == []


@pytest.mark.slow
def test_many_are_moved_at_once_and_undone_at_once(shop, engine):
    marked = ["0:1", "0:2", f"0:{ODD}", "0:held"]
    answer = post(shop, {"move": "done", "task": marked, "back": "/", "responded": "no"})
    tree = followed(shop, answer)
    assert f"Anna Petrova, {SCRIPT}, and {ODD}" in notice(tree)
    assert left(tree) == ["Left as they were: 1 customer. Not to be contacted: 1."]
    assert {row["customer_id"] for row in rows(engine)} == {"1", "2", ODD}
    post(shop, {"move": "undo", "did": "1-3", "back": "/"})
    assert rows(engine) == []


@pytest.mark.slow
def test_each_move_of_the_form_needs_its_own_fields_only(shop, engine):
    every = {"task": "0:1", "why_not": "already_solved", "days": "3", "to": "clara", "note": " hm "}
    for move, state in (
        ("take", "taken"),
        ("assign", "taken"),
        ("snooze", "snoozed"),
        ("note", "snoozed"),
        ("not_relevant", "not_relevant"),
    ):
        version = task(engine, "1").version if task(engine, "1") else 0
        assert post(shop, {**every, "move": move, "task": f"{version}:1"}).status == 303
        assert task(engine, "1").state == state
    now = task(engine, "1")
    assert (now.assignee, now.why_not, now.note) == ("clara", "already_solved", "hm")


def test_without_more_words_a_task_is_put_off_for_a_week_or_not_relevant_for_another_reason(
    shop, engine
):
    post(shop, {"do": "snooze:0:1"})
    post(shop, {"do": "not_relevant:0:2"})
    now = task(engine, "1")
    assert (now.snoozed_until - now.changed_at.date()).days == 7
    assert task(engine, "2").why_not == "other"


@pytest.mark.slow
def test_a_row_is_opened_by_one_click_for_a_note_or_a_reason_and_nothing_else_is_sent(shop, engine):
    here = "/?risk_band=medium"
    opened = post(shop, {"open": f"note:{ODD}", "back": here})
    tree = followed(shop, opened)
    ((_, buttons), *_) = [one for one in forms(tree) if f"note:0:{ODD}" in one[1]]
    fields = [one["name"] for one in tree.all("textarea")]
    assert fields == [f"note:{ODD}"] and f"open={ODD}" not in str(buttons)
    followed(shop, post(shop, {"do": f"note:0:{ODD}", f"note:{ODD}": "call 3 pm", "back": here}))
    assert (task(engine, ODD).state, task(engine, ODD).note) == ("open", "call 3 pm")
    tree = page(shop, here)
    assert text_of(tree.one("span", class_="small noted")) == "call 3 pm"
    assert tree.all("textarea") == []
    tree = followed(shop, post(shop, {"open": "dismiss:1", "back": f"{here}&note=2"}))
    ((_, buttons), *_) = [one for one in forms(tree) if "dismiss:1" in one[1]]
    reasons = [one for one in buttons if one.startswith("not_relevant/")]
    assert reasons == [f"not_relevant/{why}:0:1" for why in WHY_NOT]
    links = [link["href"] for link in tree.all("a")]
    assert [link for link in links if "dismiss=" in link or "note=" in link] == []
    tree = followed(shop, post(shop, {"do": reasons[1], "note:1": "paid", "back": here}))
    assert notice(tree) == "Marked as not relevant: Anna Petrova. Undo"
    assert (task(engine, "1").why_not, task(engine, "1").note) == ("already_solved", "paid")
    closed = post(shop, {"open": "close", "back": f"{here}&dismiss=1"})
    assert closed.headers["location"] == here


@pytest.mark.slow
def test_the_customer_page_offers_every_move_and_tells_what_was_done(shop, engine):
    tree = page(shop, "/customers/1")
    ((hidden, buttons),) = forms(tree)
    assert hidden == {"task": "0:1", "action": "check_in_email", "back": "/customers/1"}
    assert buttons == ["take", "done", "snooze", "not_relevant", "assign", "note"]
    followed(shop, post(shop, {**hidden, "move": "take", "note": f"call {SCRIPT}"}))
    done = post(shop, {**hidden, "task": "1:1", "move": "done"})
    tree = followed(shop, done)
    (_, buttons), *others = [one for one in forms(tree) if one[0].get("move") != "undo"]
    assert (buttons, others) == (["reopen", "note"], [])
    told = [text_of(one) for one in tree.all("li") if "this computer" in one["text"]]
    assert [one.split(" · ")[1] for one in told] == [
        "this computer DoneUndo",
        f"this computer Taken: call {SCRIPT}",
    ]
    (undo,) = [one for one, _ in forms(tree) if one.get("move") == "undo" and "task" in one]
    post(shop, undo)
    assert task(engine, "1").state == "taken"
    assert text_of(page(shop, "/customers/1").one("span", class_="task-state taken")) == "In hand"
    tree = page(shop, "/customers/1?language=ru")
    assert [text_of(one) for one in tree.all("s")] == ["Выполнено"]


@pytest.mark.slow
def test_from_whom_an_action_is_withheld_no_button_says_done(shop):
    tree = page(shop, "/customers/held")
    ((_, buttons),) = forms(tree)
    assert "done" not in buttons and "take" in buttons
    assert "Do not contact this customer" in text_of(tree.one("section", id="task"))
    assert list(forms(page(shop, "/customers/none"))) == []


@pytest.mark.slow
def test_who_may_only_read_sees_what_was_done_and_no_button(shop, engine):
    post(shop, {"do": "take:0:1"})
    add_users(engine, {"vera": ("viewer", None)}, "a long password 7")
    key = create_key(engine, "reads", ["cards:read"])[1]
    with Running(engine) as service:
        tree = page(service, "/customers/1", **bearer(key))
        refused = post(service, {"do": "done:1:1"}, **bearer(key))
    assert list(forms(tree)) == []
    assert "Taken" in text_of(tree.one("section", id="task"))
    assert refused.status == 403 and len(log(engine)) == 1


@pytest.mark.slow
def test_a_page_of_another_site_moves_nothing(shop, engine):
    answer = post(shop, {"do": "take:0:1"}, Sec_Fetch_Site="cross-site")
    assert answer.status == 403 and log(engine) == []


@pytest.mark.slow
def test_where_nothing_may_be_written_no_button_is_shown(engine, tmp_path):
    publish_cards(engine, tmp_path / "r", suggested("1"))
    with Running(engine, read_only=True) as service:
        assert list(forms(page(service, "/customers/1"))) == []
