"""Errors whose page was sent whole end here, in the log: their connection takes the next request.

Starlette answers whatever nobody expected and raises it once more; the server would log that and
close the connection unannounced, which a browser that uses it again can only tell as a failure.
"""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("uvicorn.error")


class Answered:
    """Lets no error out whose answer is complete. An answer cut short still ends its connection."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_complete = False

        async def noted(message: Message) -> None:
            nonlocal is_complete
            await send(message)
            is_body = message["type"] == "http.response.body"
            is_complete = is_body and not message.get("more_body", False)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            if not is_complete:
                raise
            log.exception("A request failed, and its answer says so.")
