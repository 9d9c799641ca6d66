"""Requests to the pages and the API as a browser makes them, in this process, without a socket."""

import asyncio
from collections.abc import Iterable
from urllib.parse import unquote

from sqlalchemy import Engine
from starlette.types import ASGIApp, Message

Answers = dict[str, tuple[int, str]]


def answers(engine: Engine, targets: Iterable[str]) -> Answers:
    """Status and text of each address, from the service on a store."""
    app = _app(engine)
    return asyncio.run(_all(app, list(targets)))


def _app(engine: Engine) -> ASGIApp:
    """The application of its own for each store, which knows nothing of another one."""
    from serving.app import create_app
    from serving.settings import Settings

    return create_app(Settings(), engine)


async def _all(app: ASGIApp, targets: list[str]) -> Answers:
    return {target: await _asked(app, target) for target in targets}


async def _asked(app: ASGIApp, target: str) -> tuple[int, str]:
    path, _, query = target.partition("?")
    said: list[Message] = []
    is_sent = False

    async def receive() -> Message:
        nonlocal is_sent
        if is_sent:  # the client stays connected
            await asyncio.Event().wait()
        is_sent = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    try:
        await app(scope, receive, send)
    except Exception:  # the service answers 500, and then raises the original error
        if not said:
            raise
    body = b"".join(part.get("body", b"") for part in said)
    return int(said[0]["status"]), body.decode("utf-8")
