"""The OpenAPI document as people and generated clients read it: FastAPI's, made plain.

FastAPI writes a title on everything, which generators take for names of classes, and describes an
error shape of its own, which this service never returns. What an operation is called follows from
its function (`list_at_risk` is `listAtRisk`), its examples stand in `examples/<operationId>.json`:
`parameters` by name, `request` where it has a body, and `response` by media type.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from serving.cards.query import UNDOCUMENTED
from serving.people.routes import declared_scopes
from serving.web.documented_access import document_access
from serving.web.problems import MEDIA_TYPE, Problem

EXAMPLES = Path(__file__).with_name("examples")
METHODS = ("get", "put", "post", "delete", "patch")
FASTAPI_ERRORS = ("HTTPValidationError", "ValidationError")
SCHEMAS = "#/components/schemas/"
# Limits of a type with a check of its own, as Pydantic writes them → as JSON Schema has them.
LIMITS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}
REFERENCE = re.compile(rf'"{SCHEMAS}(\w+)"')


def operation_id(route: APIRoute) -> str:
    """The name of an operation: that of its function, in the case that clients are written in."""
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def tidy_document(app: FastAPI) -> None:
    """Serve the document as this module makes it."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            content = tidied(original())
            document_access(content, declared_scopes(app.routes))
            app.openapi_schema = content
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def tidied(content: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document with the problem's schema, examples, and without what only repeats."""
    schemas = content["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template=SCHEMAS + "{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name in FASTAPI_ERRORS:
        schemas.pop(name, None)
    for _, operation in operations(content):  # of bodies that are read by serving/web/body.py
        for media_type in operation.get("requestBody", {}).get("content", {}).values():
            schemas.update(media_type["schema"].pop("$defs", {}))
    for schema in schemas.values():
        _plain(schema)
    for _, operation in operations(content):
        _tidy_operation(operation)
    _drop_unused(content)
    return content


def operations(content: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Every operation of a document, under its method and path."""
    for path, item in content["paths"].items():
        for method in METHODS:
            if method in item:
                yield (method, path), item[method]


@cache
def examples_of(name: str) -> dict[str, Any]:
    """The examples of an operation; empty where nobody has written any."""
    file = EXAMPLES / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def _drop_unused(content: dict[str, Any]) -> None:
    """Leave out schemas that nothing refers to, and then those that only they referred to."""
    schemas = content["components"]["schemas"]
    while unused := set(schemas) - set(REFERENCE.findall(json.dumps(content))):
        for name in unused:
            del schemas[name]


def _tidy_operation(operation: dict[str, Any]) -> None:
    examples = examples_of(operation["operationId"])
    parameters = [
        one for one in operation.get("parameters", []) if UNDOCUMENTED not in one["schema"]
    ]
    if "parameters" in operation:
        operation["parameters"] = parameters
    for parameter in parameters:
        _plain(parameter["schema"])
        parameter["schema"].pop("description", None)  # stands on the parameter too
        name = parameter["name"]
        if name in examples.get("parameters", {}):
            parameter["example"] = examples["parameters"][name]
    for media_type in operation.get("requestBody", {}).get("content", {}).values():
        _plain(media_type["schema"])
        if "request" in examples:
            media_type["example"] = examples["request"]
    for status, response in operation["responses"].items():
        _tidy_response(status, response, operation, examples.get("response", {}))
    operation["responses"]["default"] = {
        "description": "Any other problem.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}Problem"}}},
    }


def _tidy_response(
    status: str, response: dict[str, Any], operation: dict[str, Any], examples: dict[str, Any]
) -> None:
    for name, media_type in response.get("content", {}).items():
        _plain(media_type.get("schema", {}))
        if status.startswith("2") and name in examples:
            media_type["example"] = examples[name]
    if response["description"] == "Successful Response":
        response["description"] = f"{operation['summary']}."


def _plain(schema: Any) -> None:
    """Take the titles off a schema and all in it, and name limits as JSON Schema does.

    `title` and the name of a limit may also name a property.
    """
    if isinstance(schema, list):
        for part in schema:
            _plain(part)
    elif isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        for limit in LIMITS.keys() & schema.keys():
            if isinstance(schema[limit], int | float):
                schema[LIMITS[limit]] = schema.pop(limit)
        for key, part in schema.items():
            if key not in ("example", "examples", "default", "enum", "const"):
                _plain(part)
