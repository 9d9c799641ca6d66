"""The server: the socket it listens on, and uvicorn as this service needs it."""

import asyncio
import errno
import logging
import resource
import socket
import sys
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from core.errors import EnvironmentProblem
from serving.connections import HEADER_BYTES, Patience, connections_of, ours
from serving.logs import set_up_logs
from serving.settings import Settings

BACKLOG = 4096  # connections that wait to be taken; a further one has to come again
TAKEN = 64  # connections that are taken before requests have their turn
GRACE = 5  # seconds for requests in progress when the service is ended
OTHER_FILES = 256  # files that the process needs beside its connections: the store, mostly
MOST_FILES = 65_536
TURN = 0.0002  # seconds; by Python's 5 ms, ten busy threads keep the others waiting for 50
log = logging.getLogger("uvicorn.error")


class Server(uvicorn.Server):
    """uvicorn that looks after its connections, and waits for nobody who does not read."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, with a word of ours where the machine has no file left."""
        asyncio.get_running_loop().set_exception_handler(_unhandled)
        await super().startup(sockets)
        for one in sockets or ():
            one.listen(BACKLOG)  # asyncio lets as many wait as it takes in one go

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; once a second the connections are looked at."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for one in ours(self.server_state.connections):
                if one.is_overdue(now):
                    one.drop()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests in progress have GRACE seconds; then their connections are dropped."""
        late = asyncio.get_running_loop().call_later(GRACE, self._drop_all)
        await super().shutdown(sockets)
        late.cancel()

    def _drop_all(self) -> None:
        for one in ours(self.server_state.connections):
            one.drop()


def bound(settings: Settings) -> socket.socket:
    """The socket to listen on. Raises EnvironmentProblem for a port that is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With its protocol named: asyncio sends small answers at once (TCP_NODELAY) only where it
    # knows that the socket is TCP. Else each request on a kept connection waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise EnvironmentProblem(
                f"Port {settings.port} of {settings.host} is taken, perhaps by another "
                "`make serve`: end that, or choose another with REGULARS_PORT=8001 make serve."
            ) from None
        raise EnvironmentProblem(
            f"Cannot listen on {settings.host}, port {settings.port} ({error.strerror}): check "
            "REGULARS_HOST and REGULARS_PORT."
        ) from None
    return listening


def server_of(app: ASGIApp, settings: Settings) -> Server:
    """The server of an application, which runs on the socket of `bound`."""
    sys.setswitchinterval(TURN)
    patience = Patience(
        header=settings.header_seconds,
        body=settings.header_seconds,
        write=settings.write_seconds,
        connections=_room_for(settings.max_connections),
    )
    config = uvicorn.Config(
        app,
        http=connections_of(patience),
        ws="none",
        loop="asyncio",
        log_level="warning",
        server_header=False,
        access_log=False,
        backlog=TAKEN,
        timeout_keep_alive=settings.idle_seconds,
        timeout_graceful_shutdown=GRACE + 1,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )
    set_up_logs(as_json=settings.logs == "json")  # after uvicorn has set up its own
    return Server(config)


def _room_for(connections: int) -> int:
    """So many connections, or fewer where the process may not open as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if soft < wanted:
        may = MOST_FILES if hard == resource.RLIM_INFINITY else hard
        soft = min(wanted, max(soft, may))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = min(connections, max(soft - OTHER_FILES, soft // 2))
    if room < connections:
        log.warning(
            "There is room for %s connections, not for %s (REGULARS_MAX_CONNECTIONS): this "
            "process may open %s files only (ulimit -Hn).",
            room,
            connections,
            soft,
        )
    return room


def _unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """asyncio's own way, but one line where no file is left: it says so many times a second."""
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        log.warning("No file is left for further connections (%s).", error.strerror)
    else:
        loop.default_exception_handler(context)
