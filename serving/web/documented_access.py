"""The scope of every route in the OpenAPI document, and the answers to those who lack it."""

from collections.abc import Mapping
from typing import Any

from serving.people.scopes import MEANINGS, PUBLIC, SCOPES
from serving.web.problems import documented

KEY = "key"  # the name of the security scheme


def document_access(content: dict[str, Any], scopes: Mapping[tuple[str, str], str | None]) -> None:
    """Add the scheme, and to every operation that is not public its scope, 401 and 403.

    `scopes` are those of `declared_scopes`. An empty requirement beside the key says that an
    installation without keys and users asks for none.
    """
    words = "; ".join(f"`{scope}`: {MEANINGS[scope]}" for scope in SCOPES)
    content["components"]["securitySchemes"] = {
        KEY: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "regulars_<id>_<secret>",
            "description": f"`python -m serving.cli keys create` makes one. Scopes: {words}.",
        }
    }
    for path, operations in content["paths"].items():
        for method, operation in operations.items():
            scope = scopes.get((method.upper(), path))
            if scope is None or scope == PUBLIC:
                continue
            operation["security"] = [{KEY: [scope]}, {}]
            for status, answer in documented("not-signed-in", "not-allowed").items():
                operation["responses"].setdefault(str(status), answer)
