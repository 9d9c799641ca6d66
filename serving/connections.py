"""Connections that cannot be held open for nothing: time limits, and room for new ones.

uvicorn ends a kept connection that stays silent. It does not end one that sends half a request, nor
one that does not read what it asked for, and it takes connections until the process has no
file left. Here a look at all connections, each second, ends those; and where there is no room,
that which has waited longest without a request makes it.
"""

import asyncio
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

AT_ONCE = struct.pack("ii", 1, 0)  # for SO_LINGER: on, for no time
LAST_REQUEST = 0.5  # seconds in which a kept connection may bring a last one, where all ends
HEADER_BYTES = 32 * 1024  # of a request's line and headers together
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
    b"Connection: close\r\n\r\n"
)


@dataclass(frozen=True)
class Patience:
    """Seconds that a connection may take, and how many connections there may be."""

    header: float
    body: float
    write: float
    connections: int


class Connection(H11Protocol):
    """A connection that knows since when it waits for its client, and for what."""

    patience: Patience  # set by `connections_of`

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.heard_at = self.loop.time()  # when the client last sent something that counts
        self.stuck_at: float | None = None  # since when it does not read what it is sent
        self.is_ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there is room or room can be made."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.patience.connections and not self._make_room():
            self.transport.write(FULL)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Hand on what came. Of an unfinished request only its first bytes count."""
        if not self.is_heading or self.conn.trailing_data[0] == b"":
            self.heard_at = self.loop.time()
        super().data_received(data)
        if self.is_ending and not self.is_heading:
            self._say_that_it_ends()

    def shutdown(self) -> None:
        """The service ends. A kept connection may still bring a request that is on its way.

        Its answer says that it is the last one; else a client would send the next into the void.
        """
        self.is_ending = True
        if self.is_heading:
            self.loop.call_later(LAST_REQUEST, self._end_if_idle)
        else:
            self._say_that_it_ends()

    def _say_that_it_ends(self) -> None:
        self.cycle.keep_alive = False
        if CLOSE_HEADER not in self.cycle.scope["headers"]:
            # What the server looks at when it writes the head of the answer.
            self.cycle.scope["headers"] = [*self.cycle.scope["headers"], CLOSE_HEADER]

    def _end_if_idle(self) -> None:
        if self.is_heading and not self.transport.is_closing():
            super().shutdown()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is written to."""
        self.stuck_at = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has read nearly all that it was sent."""
        self.stuck_at = None
        super().resume_writing()

    @property
    def is_idle(self) -> bool:
        """Whether nothing would be lost with it."""
        return self.is_heading and self.stuck_at is None

    @property
    def is_heading(self) -> bool:
        """Whether no request is in progress: the next one's headers are not complete."""
        return self.cycle is None or self.cycle.response_complete

    def is_overdue(self, now: float) -> bool:
        """Whether the client has taken longer than it may."""
        if self.stuck_at is not None:
            return now - self.stuck_at > self.patience.write
        silent = now - self.heard_at
        if self.cycle is not None and self.cycle.more_body:
            return not self.flow.read_paused and silent > self.patience.body
        if not self.is_heading:
            return False
        has_begun = self.cycle is None or self.conn.trailing_data[0] != b""
        return has_begun and silent > self.patience.header

    def drop(self) -> None:
        """End the connection at once, whatever has not been sent, here and in the system."""
        taken = self.transport.get_extra_info("socket")
        if self.stuck_at is not None and taken is not None:
            # Else the system would keep what nobody reads, and try to send it for minutes.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.transport.abort()

    def _make_room(self) -> bool:
        """Drop that connection which has waited longest without a request; False without one."""
        idle = [one for one in ours(self.connections) if one is not self and one.is_idle]
        if not idle:
            return False
        min(idle, key=lambda one: one.heard_at).drop()
        return True


def connections_of(patience: Patience) -> type[Connection]:
    """The protocol of a server whose connections have this patience."""
    return type("Connection", (Connection,), {"patience": patience})


def ours(connections: Iterable[object]) -> list[Connection]:
    """The connections of a server, as those that they are."""
    return [one for one in connections if isinstance(one, Connection)]
