"""The server: the socket it listens on, and uvicorn as this service needs it."""

import errno
import socket

import uvicorn
from starlette.types import ASGIApp

from core.errors import EnvironmentProblem
from serving.settings import Settings

BACKLOG = 512  # connections that wait to be taken; asyncio takes as many in one go
GRACE = 5  # seconds; a download that nobody reads must not keep the process alive


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


def server_of(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    """The server of an application, which runs on the socket of `bound`."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        access_log=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )
    return uvicorn.Server(config)
