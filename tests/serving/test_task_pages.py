"""Tasks on the pages: moved by forms without a script, told by a notice, undone by its button."""

from urllib.parse import urlencode

import pytest

from serving.people.keys import create_key
from serving.web.task_words import SHOWN_FOR
from tests.each import check_each
from tests.serving.conftest import Running
from tests.serving.guarded import add_users, bearer
from tests.serving.reading_pages import Tree, page, text_of
from tests.serving.releases import SCRIPT
from tests.serving.working import call, clock, log, publish_cards, rows, suggested, task  # noqa: F401

ODD = "a:b/c?d=%41&e Ёж"


@pytest.fixture
def shop(engine, tmp_path):
    publish_cards(
        engine,
        tmp_path / "r",
        suggested("1", name="Anna Petrova", owner="clara"),
        suggested("2", name=SCRIPT),
        suggested(ODD),
        suggested("held", withheld=True, withheld_by="draw"),
        suggested("none", "do_nothing"),
    )
    with Running(engine) as service:
        yield service


def post(service, fields, **headers):
    sent = {"Content_Type": "application/x-www-form-urlencoded", **headers}
    return service.get("/tasks", "POST", urlencode(fields, doseq=True), **sent)


def followed(service, answer):
    """The page that an answer leads to."""
    assert answer.status == 303, answer.text
    return page(service, answer.headers["location"])


def notice(tree):
    return (
        text_of(tree.one("div", class_="done notice")) if tree.all("div", role="status") else None
    )


def forms(tree):
    """The fields of every form that moves tasks, and the values of its buttons."""
    for form in tree.all("form", action="/tasks"):
        inside = [element for element in tree.elements if form in element["inside"]]
        hidden = {e["name"]: e["value"] for e in inside if e.get("type") == "hidden"}
        buttons = [e["value"] for e in inside if e["tag"] == "button" and "value" in e]
        yield hidden, buttons


def test_a_button_of_a_row_takes_the_task_and_the_page_says_so_with_a_way_back(shop, engine):
    answer = post(shop, {"do": "take:0:1", "back": "/?risk_band=medium&did=7-9&language=en"})
    assert answer.headers["location"] == "/?risk_band=medium&language=en&did=1"
    tree = followed(shop, answer)
    assert notice(tree) == "In hand now: Anna Petrova. Undo"
    ((undo, _),) = [one for one in forms(tree) if one[0].get("move") == "undo"]
    assert undo == {"move": "undo", "did": "1", "back": "/?risk_band=medium&language=en"}
    after = followed(shop, post(shop, undo))
    assert notice(after) == "Undone: Anna Petrova."
    assert rows(engine) == []


def test_many_are_moved_at_once_and_undone_at_once(shop, engine):
    marked = ["0:1", "0:2", f"0:{ODD}", "0:held"]
    answer = post(shop, {"move": "done", "task": marked, "back": "/", "responded": "no"})
    assert answer.headers["location"] == "/?did=1-3&left=1"
    tree = followed(shop, answer)
    assert f"Anna Petrova, {SCRIPT}, and {ODD}" in notice(tree)
    told = [text_of(one) for one in tree.all("p", role="status")]
    assert [one for one in told if one.startswith("Left as they were: 1 customer.")]
    assert {row["customer_id"] for row in rows(engine)} == {"1", "2", ODD}
    post(shop, {"move": "undo", "did": "1-3", "back": "/"})
    assert rows(engine) == []


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


def test_who_is_slower_reads_who_has_it_and_finds_the_way_back(shop):
    post(shop, {"do": "take:0:1"})
    answer = post(shop, {"do": "done:0:1", "back": "/?risk_band=medium"})
    assert answer.status == 409
    tree = Tree(answer.text)
    assert text_of(tree.one("h1")) == "Somebody else was faster"
    assert "“in hand” by now: this computer" in answer.text
    assert tree.all("a", href="/?risk_band=medium")
    russian = post(shop, {"do": "done:0:1", "back": "/?risk_band=medium&language=ru"})
    assert text_of(Tree(russian.text).one("h1")) == "Кто-то успел раньше"


def test_problems_with_tasks_are_told_in_words_for_people(shop):
    def told(fields, status, words):
        answer = post(shop, fields)
        assert answer.status == status and words in answer.text

    check_each(
        [
            ({"do": "done:0:held"}, 409, "Do not contact this customer"),
            ({"do": "take:0:none"}, 409, "Nothing to do here"),
            ({"do": "take:0:nobody"}, 404, ""),
            ({"do": "take:0"}, 422, "task"),
            ({"do": "take:-1:1"}, 422, "task"),
            ({"do": "fly:0:1"}, 422, "move"),
            ({"move": "take"}, 422, "task"),
            ({"do": "snooze:0:1", "until": "soon"}, 422, "until"),
            ({"do": "snooze:0:1", "days": "9" * 30}, 422, "until"),
            ({"do": "note:0:1", "note": "x" * 2_001}, 422, "note"),
            ({"do": "note:0:1", "note": "  "}, 422, "note"),
            ({"do": "note:0:1", "note": "a\x00b"}, 422, "note"),
        ],
        told,
    )


def test_the_way_back_stays_within_the_service(shop):
    answer = post(shop, {"do": "take:0:1", "back": "//elsewhere.example/?did=1"})
    assert answer.headers["location"] == "/?did=1"


def test_a_notice_is_shown_only_to_who_did_it_and_only_for_a_while(shop, engine, monkeypatch):
    post(shop, {"do": "take:0:1"})
    assert notice(page(shop, "/?did=1"))
    for odd in ("2", "0", "1-", "x", "1,2", "9" * 40, "-1"):
        assert notice(page(shop, f"/?did={odd}")) is None
    key = create_key(engine, "other", ["cards:read", "work:write"])[1]
    with Running(engine) as service:
        assert notice(page(service, "/?did=1", **bearer(key))) is None
    later = task(engine, "1").changed_at + SHOWN_FOR * 1.01
    monkeypatch.setattr("serving.web.task_words.utc_now", lambda: later)
    assert notice(page(shop, "/?did=1")) is None


def test_no_link_of_a_page_carries_the_notice_on(shop):
    post(shop, {"do": "take:0:1"})
    tree = page(shop, "/?did=1&left=2&risk_band=medium")
    links = [element["href"] for element in tree.all("a")]
    assert [link for link in links if "did=" in link or "left=" in link] == []


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


def test_from_whom_an_action_is_withheld_no_button_says_done(shop):
    tree = page(shop, "/customers/held")
    ((_, buttons),) = forms(tree)
    assert "done" not in buttons and "take" in buttons
    assert "Do not contact this customer" in text_of(tree.one("section", id="task"))
    assert list(forms(page(shop, "/customers/none"))) == []


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


def test_a_page_of_another_site_moves_nothing(shop, engine):
    answer = post(shop, {"do": "take:0:1"}, Sec_Fetch_Site="cross-site")
    assert answer.status == 403 and log(engine) == []


def test_where_nothing_may_be_written_no_button_is_shown(engine, tmp_path):
    publish_cards(engine, tmp_path / "r", suggested("1"))
    with Running(engine, read_only=True) as service:
        assert list(forms(page(service, "/customers/1"))) == []
