"""The server itself: its socket and connections."""

import asyncio
import resource
import select
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, IncompleteRead

import pytest
from starlette.responses import StreamingResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.server import server_of
from serving.settings import Settings
from serving.web.answered import Answered
from tests.serving.conftest import Running, RunningApp


def test_small_answers_are_sent_at_once(empty_service, sent_at_once):
    """Without TCP_NODELAY each request on a kept connection waits 40 ms for the one before."""
    empty_service.get("/health")
    assert sent_at_once == [1]


@pytest.fixture
def sent_at_once(monkeypatch):
    """TCP_NODELAY of each connection that the server takes from now on."""
    options, made = [], H11Protocol.connection_made

    def connection_made(protocol, transport):
        taken = transport.get_extra_info("socket")
        options.append(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(protocol, transport)

    monkeypatch.setattr(H11Protocol, "connection_made", connection_made)
    return options


def test_half_a_request_ends_in_time_and_a_whole_one_does_not(engine):
    with (
        Running(engine, header_seconds=1) as service,
        connected(service) as silent,
        connected(service) as slow,
        connected(service) as kept,
    ):
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(2):
            assert asked(kept) == 200
        begun = time.monotonic()
        assert silent.recv(1) == slow.recv(1) == b""
        assert 0.5 < time.monotonic() - begun < 5
        assert asked(kept) == 200


def test_a_body_that_never_comes_ends_too(engine):
    with Running(engine, header_seconds=1) as service, connected(service) as slow:
        slow.sendall(b"POST /v1/outcomes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n[")
        slow.settimeout(10)
        while slow.recv(4096):
            pass  # at its end the connection is closed


def test_a_further_connection_ends_the_one_that_has_waited_longest(engine):
    with Running(engine, max_connections=10) as service, ExitStack() as stack:
        waiting = [stack.enter_context(connected(service)) for _ in range(10)]
        for one in waiting:
            assert asked(one) == 200
        further = stack.enter_context(connected(service))
        assert asked(further) == 200
        assert waiting[0].recv(1) == b""
        assert asked(waiting[1]) == 200


def test_what_nobody_reads_ends_in_time(engine):
    async def much():
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def app(scope, receive, send):
        assert scope["type"] == "http"  # and no lifespan
        await StreamingResponse(much())(scope, receive, send)

    settings = Settings(port=0, write_seconds=1)
    with RunningApp(app, settings) as (host, port), socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        unread.connect((host, port))
        unread.settimeout(10)
        unread.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        closed = select.poll()
        closed.register(unread, select.POLLHUP | select.POLLERR)
        assert closed.poll(10_000)


def test_as_many_files_may_be_open_as_connections_need():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
        server_of(create_nothing, Settings(max_connections=500))
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 500
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_asks_while_the_service_ends_is_answered_and_told_that_it_ends(engine):
    running = Running(engine)
    with running as service, connected(service) as kept:
        assert asked(kept) == 200
        running.server.should_exit = True
        heads = []
        while not heads or b"connection: close" not in heads[-1]:  # a closed one fails in `head_of`
            heads.append(head_of(kept))
        assert all(head.startswith(b"HTTP/1.1 200") for head in heads)
        assert kept.recv(1) == b""


def test_a_failure_is_answered_whole_and_logged_and_its_connection_takes_the_next_request(
    engine, monkeypatch
):
    logged = []
    monkeypatch.setattr(
        "serving.web.answered.log.exception", lambda _: logged.append(sys.exc_info()[0])
    )
    monkeypatch.setattr("serving.pages.tasks._moved", lambda *_: 1 / 0)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Connection": "keep-alive"}
    with Running(engine) as service, closing(HTTPConnection(service.host, service.port)) as kept:
        for _ in range(2):  # sent again, as people do
            kept.request("POST", "/tasks", "do=take:0:1", form)
            answer = kept.getresponse()
            assert answer.status == 500 and answer.read().endswith(b"</html>")
    assert logged == [ZeroDivisionError, ZeroDivisionError]


def test_an_answer_that_fails_halfway_is_cut_short_and_not_taken_for_whole():
    def halfway():
        yield b"x" * 65536
        raise ZeroDivisionError

    async def app(scope, receive, send):
        await Answered(StreamingResponse(halfway()))(scope, receive, send)

    with RunningApp(app, Settings(port=0)) as address, closing(HTTPConnection(*address)) as kept:
        kept.request("GET", "/")
        with pytest.raises(IncompleteRead):
            kept.getresponse().read()


async def create_nothing(scope, receive, send):
    """An application that is never called."""


@contextmanager
def connected(service):
    with socket.create_connection((service.host, service.port), timeout=10) as one:
        yield one


def asked(connection):
    """The status of /health on this connection."""
    return int(head_of(connection).split()[1])


def head_of(connection):
    """The answer of /health on this connection, its body included."""
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(4096) or b"closed 0 }"
    return answer


@pytest.mark.slow
def test_the_service_starts_without_what_only_models_need():
    """They take a second and 65 MB, and come when models are loaded, in a thread of their own."""
    command = "import sys, serving.app; print({'lightgbm', 'sklearn', 'scipy'} & set(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "set()"
