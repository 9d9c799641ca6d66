"""What the form of tasks answers: who was faster, what is left or wrong, and the notice once."""

import json
from urllib.parse import quote

import pytest
from sqlalchemy import update

from serving.people.keys import create_key
from serving.store.page_tables import task_changes
from serving.web.form import LARGEST_FORM
from serving.web.notice import COOKIE
from tests.each import check_each
from tests.serving.conftest import Running
from tests.serving.guarded import add_users, bearer
from tests.serving.reading_pages import Tree, page, text_of
from tests.serving.releases import SCRIPT
from tests.serving.task_pages import ODD, followed, left, notice, open_shop, post
from tests.serving.test_sessions import PASSWORD, cookie_of, sign_in
from tests.serving.working import (
    ANNA,
    BORIS,
    NOW,
    do,
    rows,
    task,
)


@pytest.fixture
def shop(engine, tmp_path):
    with open_shop(engine, tmp_path) as service:
        yield service


@pytest.mark.slow
def test_the_first_of_a_list_leave_to_colleagues_what_they_have_in_hand(shop, engine):
    do(engine, BORIS, "take", "1")
    do(engine, BORIS, "take", "2")
    do(engine, ANNA, "done", ODD)
    everyone = {"move": "assign", "to": "clara", "everyone": "yes", "back": "/?task_state=all"}
    tree = followed(shop, post(shop, {**everyone, "task": "2:2"}))
    assert notice(tree) == f"Given to clara: {SCRIPT} and held. Undo"
    assert left(tree) == [
        "Left as they were: 2 customers. boris has them in hand: 1. Done or not relevant already: "
        "1. To take over what a colleague has in hand, mark these customers themselves."
    ]
    assert (task(engine, "1").assignee, task(engine, "2").assignee) == ("boris", "clara")
    followed(shop, post(shop, {**everyone, "back": "/?assignee=boris"}))  # chosen: all of boris
    assert task(engine, "1").assignee == "clara"


@pytest.mark.slow
def test_who_is_slower_reads_who_has_it_and_finds_the_way_back(shop, engine):
    do(engine, BORIS, "take", "1")
    answer = post(shop, {"do": "done:0:1", "back": "/?risk_band=medium"})
    assert answer.status == 409
    tree = Tree(answer.text)
    assert text_of(tree.one("h1")) == "Somebody else was faster"
    assert "“in hand” by now: boris" in answer.text
    assert tree.all("a", href="/?risk_band=medium")
    russian = post(shop, {"do": "done:0:1", "back": "/?risk_band=medium&language=ru"})
    assert text_of(Tree(russian.text).one("h1")) == "Кто-то успел раньше"


@pytest.mark.slow
def test_who_was_faster_is_told_as_it_was(shop, engine):
    def told(who, what, customer, heading, words):
        do(engine, who, what, customer)
        answer = post(shop, {"do": f"snooze:0:{customer}"})
        assert text_of(Tree(answer.text).one("h1")) == heading
        assert words in answer.text

    mine = "You have changed this task already"
    check_each(
        [
            ("this machine", "take", "1", mine, "“in hand”: you changed it yourself, "),
            (BORIS, "done", "2", "This task is finished already", "marked as “done”: boris, "),
            ("this machine", "done", ODD, mine, "“done”: you changed it yourself, "),
        ],
        told,
    )
    do(engine, BORIS, "note", "1", note="mine")  # not of the state, and yet what was changed
    answer = post(shop, {"do": "snooze:0:1"})
    assert "“in hand” by now: boris" in answer.text


@pytest.mark.slow
def test_problems_with_tasks_are_told_in_words_for_people(shop):
    def told(fields, status, words):
        answer = post(shop, fields)
        assert answer.status == status and words in answer.text

    check_each(
        [
            ({"do": "done:0:held"}, 409, "Do not contact this customer"),
            ({"do": "take:0:none"}, 409, "Nothing to do here"),
            ({"do": "take:0:nobody"}, 404, ""),
            ({"do": "take:0"}, 422, "out of date"),
            ({"do": "take:-1:1"}, 422, "out of date"),
            ({"do": "fly:0:1"}, 422, "out of date"),
            ({}, 422, "out of date"),
            ({"move": "take"}, 422, "No customer is marked"),
            ({"move": "undo", "did": "7"}, 422, "nothing to undo"),
            ({"move": "assign", "task": "0:1", "to": "nobody"}, 422, "those offered"),
            ({"do": "not_relevant/so:0:1"}, 422, "one of the reasons"),
            ({"do": "snooze:0:1", "until": "soon"}, 422, "from tomorrow on"),
            ({"do": "snooze:0:1", "days": "9" * 30}, 422, "from tomorrow on"),
            ({"do": "note:0:1", "note:1": "x" * 2_001}, 422, "A note needs"),
            ({"do": "note:0:1", "note:1": "  "}, 422, "A note needs"),
            ({"do": "note:0:1", "note:2": "of another row"}, 422, "A note needs"),
            ({"do": "note:0:1", "note:1": "a\x00b"}, 422, "A note needs"),
        ],
        told,
    )


def test_a_form_that_cannot_be_used_leads_back_in_the_language_of_its_page(shop):
    here = "/?risk_band=medium&language=ru"
    for fields, headers in (
        ({"move": "take", "back": here}, {}),
        ({"move": "take"}, {"Referer": f"{shop.url}{here}"}),
        ({"do": "x" * LARGEST_FORM}, {"Referer": f"{shop.url}{here}"}),
    ):
        answer = post(shop, fields, **headers)
        tree = Tree(answer.text)
        assert text_of(tree.one("h1")) == "Ничего не изменено"
        assert tree.all("a", href=here) and answer.headers["hx-push-url"] == "false"
    for foreign in ("https://elsewhere.example/?language=ru", "http://[", f"{shop.url}//x.y/"):
        tree = Tree(post(shop, {"move": "take"}, Referer=foreign).text)
        assert text_of(tree.one("h1")) == "Nothing was changed" and tree.all("a", href="/")


@pytest.mark.slow
def test_the_way_back_stays_within_the_service(shop):
    answer = post(shop, {"do": "take:0:1", "back": "//elsewhere.example/?q=1"})
    assert answer.headers["location"] == "/"


@pytest.mark.slow
def test_a_notice_is_shown_once_and_only_to_who_did_it(shop, engine):
    answer = post(shop, {"do": "take:0:1"})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "Max-Age=60" in cookie and "samesite=lax" in cookie.lower()
    shown = shop.get("/", Cookie=cookie.partition(";")[0])
    assert notice(Tree(shown.text))
    assert shown.headers["set-cookie"].startswith(f'{COOKIE}=""; ')
    assert "Max-Age=0" in shown.headers["set-cookie"]
    for odd in ("2", "0", "1-", "x", "1,2", "9" * 40, "-1"):
        assert notice(page(shop, Cookie=f"{COOKIE}={quote(json.dumps({'did': odd}))}")) is None
    for odd in ("", "x", "%7B%7D", "%5B%5D", "%ff"):
        assert notice(page(shop, Cookie=f"{COOKIE}={odd}")) is None
    key = create_key(engine, "other", ["cards:read", "work:write"])[1]
    with Running(engine) as service:
        assert notice(followed(service, answer, **bearer(key))) is None


@pytest.mark.slow
def test_what_was_done_long_ago_is_undone_by_the_button_that_is_still_there(shop, engine):
    post(shop, {"do": "take:0:1"})
    with engine.begin() as connection:
        connection.execute(update(task_changes).values(at=NOW))  # years ago
    tree = followed(shop, post(shop, {"move": "undo", "did": "1", "back": "/"}))
    assert notice(tree) == "Undone: Anna Petrova." and rows(engine) == []


@pytest.mark.slow
def test_the_address_of_a_form_leads_to_the_page_it_belongs_to(shop):
    def leads(address, page_):
        answer = shop.get(address)
        assert (answer.status, answer.headers["location"]) == (303, page_)
        assert shop.get(address, "PUT").status == 405

    check_each(
        [
            ("/tasks?language=ru", "/?language=ru"),
            ("/sign-out", "/"),
            ("/plan/approve?x=1", "/plan"),
            ("/plan/withdraw?language=en", "/plan?language=en"),
            ("/views/rename", "/views"),
            ("/views/remove", "/views"),
            ("/customers/a%2Fb/overrides/7/end", "/customers/a%2Fb"),
        ],
        leads,
    )
    assert shop.get("/v1/outcomes").status == 405


@pytest.mark.slow
def test_a_refusal_says_what_was_refused_and_offers_to_sign_out(shop, engine):
    add_users(engine, {"vera": ("viewer", None)}, PASSWORD)
    with Running(engine) as service:
        vera = cookie_of(sign_in(service, "vera"))
        refused = post(service, {"do": "take:0:1", "back": "/?q=1"}, **vera)
        unknown = service.get("/nowhere", **vera)
        method = service.get("/tasks", "DELETE", **vera)
    assert [answer.status for answer in (refused, unknown, method)] == [403, 404, 405]
    assert text_of(Tree(refused.text).one("h1")) == "You may not change this"
    for answer in (refused, unknown, method):
        assert Tree(answer.text).all("form", class_="sign-out")
    assert Tree(unknown.text).all("button", title="vera")
