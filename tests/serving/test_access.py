"""Who may ask for what: scopes on every route, keys, and whose customers they see."""

import re
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from serving.people.access import (
    needs,
)
from serving.people.keys import create_key
from serving.people.routes import declared_scopes, refuse_undeclared
from serving.people.scopes import MEANINGS, PUBLIC, SCOPES
from serving.store.database import open_store
from serving.store.publishing import publish
from tests.serving.asked_routes import ask, questions, told_by
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import (
    OWNERS,
    bearer,
    guarded_release,
    guarded_routes,
    marks_of,
    routes_of_the_app,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
READS = ("cards:read", "figures:read")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service that knows keys: by owner, one that sees everybody, and one of each scope."""
    folder = tmp_path_factory.mktemp("guarded")
    engine = open_store(f"sqlite:///{folder}/store.sqlite3")
    made = {
        "release": publish(guarded_release(folder / "release"), engine, keep=2).release_id,
        "anna": create_key(engine, "anna", READS, ["anna"])[1],
        "both": create_key(engine, "both", READS, ["anna", "boris"])[1],
        "stranger": create_key(engine, "stranger", READS, ["nobody knows them"])[1],
        "everybody": create_key(engine, "everybody", SCOPES)[1],
    }
    made |= {scope: create_key(engine, scope, [scope])[1] for scope in SCOPES}
    with Running(engine) as service:
        yield service, made
    engine.dispose()


def test_every_route_declares_a_scope_and_security_md_shows_them_all(tmp_path):
    routes = routes_of_the_app(tmp_path)
    assert len(routes) > 15
    assert [route for route, scope in routes.items() if scope not in (*SCOPES, PUBLIC)] == []
    rows = re.findall(r"^\| `([A-Z]+) ([^`]+)` \| `([\w:]+)` \|", PAGE.read_text("utf-8"), re.M)
    documented = {(method, path): scope for method, path, scope in rows}
    assert documented == {route: s for route, s in routes.items() if route[0] != "HEAD"}
    for scope, meaning in MEANINGS.items():
        assert f"| `{scope}` | {meaning} |" in PAGE.read_text("utf-8")


def test_a_route_without_a_scope_is_refused_before_the_service_starts():
    router = APIRouter()
    router.get("/declared", dependencies=[needs("cards:read")])(lambda: None)
    app = FastAPI(openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    app.include_router(router)
    refuse_undeclared(app.routes)
    router.post("/forgotten")(lambda: None)
    with pytest.raises(LookupError, match="POST /forgotten"):
        refuse_undeclared(app.routes)
    plain = [Route("/plain", lambda request: None)]
    assert set(declared_scopes(plain).values()) == {None}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "sees"), [("anna", ["anna"]), ("both", ["anna", "boris"]), ("stranger", [])]
)
def test_no_route_shows_a_key_the_customers_of_others(guarded, tmp_path, who, sees):
    service, made = guarded
    others = [mark for owner in OWNERS if owner not in sees for mark in marks_of(owner)]
    seen, asked = set(), 0
    for method, path, scope in guarded_routes(tmp_path):
        for question in dict.fromkeys(questions(method, path, made["release"])):
            answer = ask(service, method, question, **bearer(made[who]))
            asked += 1
            if scope not in READS:
                assert answer.status == 403, (method, question)
                continue
            assert answer.status in (200, 404, 422), (method, question)
            told = told_by(answer, question)
            assert not [mark for mark in others if mark in told], (method, question)
            seen |= {owner for owner in sees for mark in marks_of(owner) if mark in told}
    assert seen == set(sees)
    assert asked > 30


@pytest.mark.slow
def test_a_customer_of_others_is_not_found_in_the_words_of_one_who_is_not_there(guarded):
    service, made = guarded
    for path in ("/v1/customers/%s", "/customers/%s"):
        foreign, absent = (
            service.get(path % who, **bearer(made["anna"]))
            for who in ("id-1-of-boris", "nobody-99")
        )
        assert (foreign.status, absent.status) == (404, 404)
        assert foreign.text.replace("id-1-of-boris", "X") == absent.text.replace("nobody-99", "X")
    owner = service.get("/v1/at-risk?owner=boris", **bearer(made["anna"]))
    assert "these do: anna" in problem(owner, "invalid-parameters")["detail"]
    page = service.get("/v1/at-risk", **bearer(made["anna"])).json()
    assert (page["total"], len(page["customers"])) == (3, 3)


def test_a_cursor_of_somebody_else_shows_only_one_s_own(guarded):
    service, made = guarded
    following = service.get("/v1/at-risk?limit=1", **bearer(made["everybody"])).json()["next"]
    assert "of-boris" not in service.get(following, **bearer(made["anna"])).text


@pytest.mark.slow
def test_each_scope_opens_its_routes_and_no_other(guarded, tmp_path):
    service, made = guarded
    for method, path, needed in guarded_routes(tmp_path):
        question = next(questions(method, path, made["release"]))
        for scope in SCOPES:
            answer = ask(service, method, question, **bearer(made[scope]))
            if scope == needed:
                assert answer.status not in (401, 403), (method, path, scope)
            else:
                content = answer.status, answer.headers["www-authenticate"]
                wanted = f'Bearer realm="regulars", error="insufficient_scope", scope="{needed}"'
                assert content == (403, wanted), (method, path, scope)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "says_invalid"),
    [
        ({}, False),
        ({"Authorization": "Basic YTpi"}, True),
        ({"Authorization": "Bearer"}, True),
        ({"Authorization": "Bearer regulars_00000000_" + "0" * 40}, True),
        ({"Authorization": "Bearer " + "x" * 5000}, True),
    ],
)
def test_who_is_not_known_is_told_how_to_be(guarded, tmp_path, sent, says_invalid):
    service, made = guarded
    for method, path, _ in guarded_routes(tmp_path):
        answer = ask(service, method, next(questions(method, path, made["release"])), **sent)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="regulars"')
        assert ("invalid_token" in answer.headers["www-authenticate"]) is says_invalid
        if path.startswith("/v1"):
            problem(answer, "not-signed-in")
    for target in ("/health", "/ready", "/openapi.json", "/static/regulars.css", "/docs"):
        assert service.get(target, **sent).status == 200


def test_a_key_with_another_secret_is_not_the_key(guarded):
    service, made = guarded
    forged = made["anna"][:-1] + ("0" if made["anna"][-1] != "0" else "1")
    problem(service.get("/v1/at-risk", **bearer(forged)), "not-signed-in")


@pytest.mark.slow
def test_the_document_names_the_scope_of_every_operation(guarded):
    content = guarded[0].get("/openapi.json").json()
    assert set(content["components"]["securitySchemes"]) == {"key"}
    card = content["paths"]["/v1/customers/{customer_id}"]["get"]
    assert card["security"] == [{"key": ["cards:read"]}, {}]
    assert {"401", "403"} <= set(card["responses"])
    assert "security" not in content["paths"]["/health"]["get"]


@pytest.mark.slow
def test_without_keys_this_machine_may_ask_for_everything(service):
    assert service.get("/v1/at-risk").status == service.get("/").status == 200
