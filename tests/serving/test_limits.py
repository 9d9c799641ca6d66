"""Places for each kind of work, requests in a minute, and logs that nobody can fill."""

import asyncio
import logging
import re

import pytest

from core.errors import StoreError
from serving.logs import SAME, Quiet
from serving.people.keys import create_key
from serving.store.database import prepared
from serving.web import limits
from serving.web.limits import Limits, kind_of
from tests.serving.conftest import Running

PLACES = {"exports": 1, "searches": 2, "scores": 1, "requests": 3}


def scope(path="/v1/at-risk", query="", client="10.0.0.1", **headers):
    return {
        "type": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 1),
    }


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (scope("/v1/customers/1"), "requests"),
        (scope(query="risk_band=high"), "requests"),
        (scope("/", "q=a"), "searches"),
        (scope(query="limit=3&q=a"), "searches"),
        (scope(query="q=a&format=excel"), "exports"),
        (scope(query="format=json"), "requests"),
        (scope("/v1/at-risk/export"), "exports"),
        (scope("/v1/score", "language=ru"), "scores"),
        (scope(accept="text/csv"), "exports"),
        (scope(accept="application/x-ndjson"), "exports"),
    ],
)
def test_what_kind_of_work_a_request_makes(asked, kind):
    assert kind_of(asked) == kind


class Crowd:
    """Sends requests to an application that holds each until it is let go."""

    def __init__(self, **changes):
        self.running, self.most, self.go = 0, 0, asyncio.Event()
        self.limits = Limits(self.app, PLACES, **{"rate": 0} | changes)

    async def app(self, scope, receive, send):
        self.running += 1
        self.most = max(self.most, self.running)
        await self.go.wait()
        self.running -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(self, *arguments, **named):
        sent = []

        async def send(message):
            sent.append(message)

        await self.limits(scope(*arguments, **named), None, send)
        return sent[0]["status"], {n.decode(): v.decode() for n, v in sent[0]["headers"]}


def test_each_kind_has_its_places_and_a_queue():
    async def run():
        crowd = Crowd()
        asked = [asyncio.create_task(crowd.ask(query="q=a")) for _ in range(2 + 50 + 5)]
        while crowd.running < 2:
            await asyncio.sleep(0)
        other = asyncio.create_task(crowd.ask())
        health = asyncio.create_task(crowd.ask("/health"))
        while crowd.running < 4:
            await asyncio.sleep(0)
        crowd.go.set()
        answers = await asyncio.gather(*asked)
        assert [status for status, _ in answers] == [200] * 52 + [429] * 5
        assert answers[-1][1]["retry-after"] == "10"
        assert (await other)[0] == (await health)[0] == 200
        assert crowd.limits.places["searches"].taken == 0
        assert crowd.most <= 4

    asyncio.run(run())


def test_who_has_waited_too_long_is_refused_and_keeps_no_place(monkeypatch):
    monkeypatch.setattr(limits, "PATIENCE", 0.01)

    async def run():
        crowd = Crowd()
        first = asyncio.create_task(crowd.ask("/v1/at-risk/export"))
        while not crowd.running:
            await asyncio.sleep(0)
        assert (await crowd.ask("/v1/at-risk/export"))[0] == 429
        crowd.go.set()
        assert (await first)[0] == 200
        assert (await crowd.ask("/v1/at-risk/export"))[0] == 200
        assert crowd.limits.places["exports"].taken == 0

    asyncio.run(run())


def test_a_client_may_make_so_many_requests_in_a_minute():
    now = 600.0

    async def run():
        nonlocal now
        crowd = Crowd(rate=2, clock=lambda: now)
        crowd.go.set()
        assert [(await crowd.ask())[0] for _ in range(3)] == [200, 200, 429]
        status, headers = await crowd.ask()
        assert (status, headers["retry-after"], headers["ratelimit-reset"]) == (429, "60", "60")
        assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("2", "0")
        assert (await crowd.ask(client="10.0.0.2"))[1]["ratelimit-remaining"] == "1"
        assert (await crowd.ask("/health"))[0] == 200
        now += 60
        assert (await crowd.ask())[0] == 200

    asyncio.run(run())


def test_a_refused_request_is_told_as_a_problem(engine):
    with Running(engine, rate_limit=1) as service:
        service.get("/v1/at-risk")
        refused = service.get("/v1/at-risk")
    assert refused.status == 429
    assert refused.json()["type"] == "urn:regulars:problem:too-many-requests"
    assert 0 < int(refused.headers["retry-after"]) <= 60


def test_the_same_message_is_written_a_few_times_a_minute_and_then_counted():
    now, written = 60.0, []
    logger = logging.Logger("test")
    logger.addFilter(Quiet(clock=lambda: now))
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())
    logger.addHandler(handler)
    for number in range(1000):
        logger.warning("Bad request %s", number)
    logger.warning("Another")
    assert written == [*(f"Bad request {number}" for number in range(SAME)), "Another"]
    now += 60
    logger.warning("Bad request %s", 7)
    assert written[-1] == f"Bad request 7 ({1000 - SAME} more of these before)"


def test_a_key_has_a_limit_of_its_own_wherever_it_is_used(engine):
    keys = [create_key(prepared(engine), name, ["cards:read"])[1] for name in ("a", "b")]
    with Running(engine, key_rate_limit=2, rate_limit=100) as service:

        def ask(key, address):
            headers = {"Authorization": f"Bearer {key}", "X_Forwarded_For": address}
            return service.get("/v1/customers/1", **headers)

        asked = [ask(keys[0], f"10.0.0.{n}") for n in range(3)]
        other = ask(keys[1], "10.0.0.1")
        made_up = ask(keys[0][:-1] + ("a" if keys[0][-1] != "a" else "b"), "10.0.0.9")
    assert [answer.status for answer in asked] == [503, 503, 429]  # nothing was published
    assert [answer.headers["ratelimit-remaining"] for answer in asked] == ["1", "0", "0"]
    assert asked[2].headers["ratelimit-limit"] == "2"
    assert 0 < int(asked[2].headers["retry-after"]) <= 60
    assert (other.status, other.headers["ratelimit-remaining"]) == (503, "1")
    assert (made_up.status, made_up.headers["ratelimit-limit"]) == (401, "100")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Too many requests at once"), ("ru", "Слишком много запросов")]
)
def test_people_are_refused_on_a_page_in_their_language(engine, language, said):
    with Running(engine, rate_limit=1) as service:
        service.get("/")
        refused = service.get("/", Accept_Language=language)
    assert (refused.status, refused.headers["content-type"][:9]) == (429, "text/html")
    assert said in refused.text and f'lang="{language}"' in refused.text
    assert int(refused.headers["retry-after"]) > 0


def test_a_store_that_is_away_is_told_once_and_once_again_when_it_answers(
    engine, caplog, monkeypatch
):
    def away(_):
        raise StoreError("The store is away.")

    monkeypatch.setattr("serving.people.access.RETRY_SECONDS", 0.0)
    monkeypatch.setattr("serving.store.outage.log", logging.getLogger("heard"))
    with Running(engine) as service:
        with monkeypatch.context() as patch:
            patch.setattr("serving.people.access.known_to", away)
            answers = [service.get(target) for target in ("/v1/releases/current", "/") * 10]
        service.get("/v1/releases/current")
    assert {answer.status for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"60"}
    assert "The database does not answer" in answers[1].text
    said = [record.getMessage() for record in caplog.records if "store" in record.getMessage()]
    assert said[0] == "The store: The store is away."
    assert re.fullmatch(
        r"The store answers again: it did not for \d s, and 20 requests got 503\.", said[1]
    )
    assert len(said) == 2
