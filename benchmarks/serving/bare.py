"""A bare ASGI application on the service's own server: every answer is the bytes of a file.

python -m benchmarks.serving.bare FILE
"""

import sys
from pathlib import Path

from starlette.types import Receive, Scope, Send

from serving.server import bound, server_of
from serving.settings import Settings


def main() -> None:
    """Serve the file on a free port, which is printed."""
    body = Path(sys.argv[1]).read_bytes()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    settings = Settings(port=0, rate_limit=0)
    listening = bound(settings)
    print(f"http://127.0.0.1:{listening.getsockname()[1]} ", flush=True)
    server_of(app, settings).run(sockets=[listening])


if __name__ == "__main__":
    main()
