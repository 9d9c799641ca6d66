"""The server itself: its socket and connections."""

import socket

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol


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
