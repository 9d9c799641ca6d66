"""Answers as JSON."""

from typing import Any

from fastapi.responses import Response

from serving.cards.stored import as_json


def json_response(answer: Any) -> Response:
    """The answer as JSON; `answer` has been parsed from JSON, or is made of such parts."""
    return Response(as_json(answer), media_type="application/json")
