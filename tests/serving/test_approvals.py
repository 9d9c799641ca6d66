"""A lead's yes to a plan: noted, told, withdrawn; of two at once one counts."""

import json
import threading

import pytest
from sqlalchemy import select

from serving.people.audit import verify
from serving.people.keys import create_key
from serving.store.errors import PlanDecidedError
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.work.approvals import approval_of, approve, withdraw
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import bearer
from tests.serving.reading_pages import Tree, text_of
from tests.serving.releases import company, write_release

AT = "/v1/plan/approvals"


@pytest.fixture
def published(engine, release):
    return engine, publish(release, engine, keep=3).release_id


@pytest.fixture
def asked(published):
    engine, release_id = published
    with Running(engine) as service:
        yield service, release_id


def post(service, target, content, **headers):
    return service.get(
        target, "POST", json.dumps(content), Content_Type="application/json", **headers
    )


def sent(service, target, form):
    kind = "application/x-www-form-urlencoded"
    return service.get(target, "POST", form, Content_Type=kind, Origin=service.url)


@pytest.mark.slow
def test_an_approval_is_told_with_who_and_when_and_may_be_withdrawn(asked, published):
    service, release_id = asked
    assert service.get(AT).json()["is_approved"] is False
    given = post(service, AT, {"release_id": release_id, "note": "Looks right"})
    assert given.status == 201
    yes = service.get(AT).json()["approval"]
    assert yes == given.json()["approval"]
    assert (yes["approved_by"], yes["note"]) == ("this machine", "Looks right")
    assert service.get("/v1/plan").json()["approval"] == yes
    gone = service.get(f"{AT}/{yes['number']}", "DELETE").json()
    assert (gone["is_approved"], gone["approval"]) == (False, None)
    assert gone["withdrawn"][0]["withdrawn_by"] == "this machine"
    with published[0].connect() as connection:
        noted = list(connection.scalars(select(audit_log.c.what).order_by(audit_log.c.number)))
    assert noted == ["approved the plan", "withdrew the approval of the plan"]
    verify(published[0])


@pytest.mark.slow
def test_what_is_approved_or_withdrawn_already_is_refused_and_changes_nothing(asked):
    service, release_id = asked
    number = post(service, AT, {"release_id": release_id}).json()["approval"]["number"]
    told = problem(post(service, AT, {"release_id": release_id}), "plan-decided")
    assert "approved by this machine already" in told["detail"]
    assert service.get(f"{AT}/{number}", "DELETE").status == 200
    problem(service.get(f"{AT}/{number}", "DELETE"), "plan-decided")
    problem(service.get(f"{AT}/77", "DELETE"), "plan-decided")
    assert len(service.get(AT).json()["withdrawn"]) == 1


@pytest.mark.slow
def test_the_plan_of_a_release_that_is_no_longer_current_is_not_approved(
    asked, tmp_path, published
):
    service, release_id = asked
    newer = write_release(tmp_path / "newer", company(seed=6))
    current = publish(newer, published[0], keep=3).release_id
    told = problem(post(service, AT, {"release_id": release_id}), "plan-decided")
    assert current in told["detail"]
    assert post(service, AT, {"release_id": current}).status == 201
    assert service.get(f"{AT}?release={release_id}").json()["is_approved"] is False


def test_of_two_leads_at_once_one_approves_and_the_other_is_told(published):
    engine, release_id = published
    start, outcomes = threading.Barrier(2), []

    def decide(who):
        start.wait()
        try:
            approve(engine, release_id, who, None)
            outcomes.append("approved")
        except PlanDecidedError:
            outcomes.append("told")

    both = [threading.Thread(target=decide, args=(f"user {name}",)) for name in ("anna", "boris")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(outcomes) == ["approved", "told"]
    approval = approval_of(engine, release_id)[1].approval
    assert approval is not None
    assert withdraw(engine, approval.number, "user anna").withdrawn == [
        approval_of(engine)[1].withdrawn[0]
    ]


@pytest.mark.slow
def test_only_who_may_approve_does_and_the_others_see_that_it_is_open(published):
    engine, release_id = published
    reader = bearer(create_key(engine, "crm", ["figures:read"])[1])
    lead = bearer(create_key(engine, "lead", ["figures:read", "plan:approve"])[1])
    with Running(engine) as service:
        problem(post(service, AT, {"release_id": release_id}, **reader), "not-allowed")
        seen = Tree(service.get("/plan?language=en", **reader).text)
        assert "not approved yet" in text_of(seen.one("section", **{"data-approved": "no"}))
        assert seen.all("form", method="post") == []
        own = Tree(service.get("/plan", **lead).text)
        assert own.one("form", method="post")["action"] == "/plan/approve"


@pytest.mark.slow
def test_whoever_sees_some_owners_only_decides_nothing_of_the_whole_plan(published):
    engine, release_id = published
    given = ["cards:read", "figures:read", "plan:approve", "work:write"]
    limited = bearer(create_key(engine, "limited", given, ["anna"])[1])
    number = approve(engine, release_id, "user boris", "Call cust-77 first").approval.number
    with Running(engine) as service:
        told = problem(post(service, AT, {"release_id": release_id}, **limited), "not-allowed")
        assert "customers of all owners" in told["detail"]
        problem(service.get(f"{AT}/{number}", "DELETE", **limited), "not-allowed")
        assert service.get("/plan/withdraw", "POST", f"number={number}", **limited).status == 403
        for target in (AT, "/v1/plan"):
            its = service.get(target, **limited).json()["approval"]
            assert (its["approved_by"], its["note"]) == ("user boris", None)
        page = service.get("/plan?language=en", **limited).text
        assert "cust-77" not in page and not Tree(page).all("form", method="post")
    assert approval_of(engine)[1].approval.note == "Call cust-77 first"


@pytest.mark.slow
def test_the_page_approves_and_withdraws_by_plain_forms(asked):
    service, release_id = asked
    given = sent(service, "/plan/approve?language=ru", f"release={release_id}&note=%3Cb%3Eok")
    assert (given.status, given.headers["location"]) == (303, "/plan?language=ru&told=approved")
    page = Tree(service.get("/plan?language=en&told=approved").text)
    card = text_of(page.one("section", **{"data-approved": "yes"}))
    assert "<b>ok" in card and "UTC" in card
    again = sent(service, "/plan/approve", f"release={release_id}")
    assert again.headers["location"] == "/plan?told=late"
    assert "somebody was faster" in service.get("/plan?told=late&language=en").text
    number = page.one("input", name="number")["value"]
    assert sent(service, "/plan/withdraw", f"number={number}").headers["location"] == (
        "/plan?told=withdrawn"
    )
    assert sent(service, "/plan/withdraw", "number=²").headers["location"] == "/plan?told=late"
    assert service.get(AT).json()["is_approved"] is False


@pytest.mark.slow
def test_the_list_says_whether_its_plan_is_approved(asked):
    service, release_id = asked

    def strip():
        return text_of(Tree(service.get("/?language=en").text).one("section", class_="strip"))

    assert "not approved yet" in strip()
    post(service, AT, {"release_id": release_id})
    assert "not approved yet" not in strip() and "· approved" in strip()


@pytest.mark.slow
def test_a_note_too_long_or_an_unknown_field_is_refused(asked):
    service, release_id = asked
    for wrong in ({"note": "x" * 2001}, {"by": "me"}, {"note": "a\x00b"}):
        problem(post(service, AT, {"release_id": release_id, **wrong}), "invalid-parameters")
    assert service.get(AT).json()["approval"] is None
