"""Places for each kind of work, requests in a minute, and logs that nobody can fill."""

import asyncio
import logging

import pytest

from serving.logs import SAME, Quiet
from serving.web import limits
from serving.web.limits import Limits, kind_of
from tests.serving.conftest import Running

PLACES = {"exports": 1, "searches": 2, "requests": 3}


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
