"""JSON bodies of requests, read strictly: only what the schema names, as standard JSON.

Python's own parser takes NaN, 1e999 and lone surrogates, and falls over deep nesting; pydantic's
does not, and checks the schema while it parses. Strict means that 0 is no yes or no and a number is
no date, as the document says.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from serving.web.problems import ApiProblem, parameter_problem

JSON = "application/json"
DRAINED = 8  # times the limit: so much is taken off the line, so that the answer can be read

T = TypeVar("T")


class JsonBody(Generic[T]):
    """The body of an endpoint: its schema, its largest size, its place in the documentation.

    `read` is a dependency of FastAPI's; `documented` goes into `openapi_extra`.
    """

    def __init__(self, schema: Any, max_bytes: int):
        self._adapter: TypeAdapter[T] = TypeAdapter(schema)
        self._max_bytes = max_bytes

    @property
    def read(self) -> Callable[[Request], Awaitable[T]]:
        """Reads and checks the body of a request.

        Raises ApiProblem: `unsupported-media-type`, `body-too-large`, `invalid-parameters`.
        """

        async def read(request: Request) -> T:
            given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if given != JSON:
                raise ApiProblem(
                    "unsupported-media-type",
                    f"The body is to be JSON: send the header Content-Type: {JSON}.",
                )
            return self.parsed(await self._bytes(request))

        return read

    def parsed(self, body: bytes) -> T:
        """The content of a body. Raises ApiProblem `invalid-parameters` naming each wrong field."""
        try:
            return self._adapter.validate_json(body, strict=True)
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False, include_context=False)
            raise parameter_problem(found) from None

    @property
    def documented(self) -> dict[str, Any]:
        """The body in the form of OpenAPI; serving/api/document.py moves its `$defs`."""
        schema = self._adapter.json_schema(ref_template="#/components/schemas/{model}")
        return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}

    async def _bytes(self, request: Request) -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size <= self._max_bytes:
                parts.append(part)
            elif size > DRAINED * self._max_bytes:
                break
        if size > self._max_bytes:
            raise ApiProblem(
                "body-too-large",
                f"The body holds more than {self._max_bytes:,} bytes: send it in parts.",
            )
        return b"".join(parts)
