"""A collection of the API's calls for Bruno, written from the OpenAPI document and its examples."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from serving.api.document import examples_of, operations
from serving.app import create_app
from serving.settings import Settings

BRUNO = Path("docs/bruno")
LOCAL = "http://127.0.0.1:8000"


def document() -> dict[str, Any]:
    """The OpenAPI document that the service serves; it needs no store."""
    app: Any = create_app(Settings(), None)
    while not hasattr(app, "openapi"):  # within what guards it
        app = app.app
    found: dict[str, Any] = app.openapi()
    return found


def collection(content: Mapping[str, Any]) -> dict[str, str]:
    """The files of the collection by their paths within its folder."""
    about = {"version": "1", "name": "Regulars", "type": "collection", "ignore": []}
    files = {
        "bruno.json": json.dumps(about, indent=2) + "\n",
        "environments/local.bru": _part("vars", {"url": LOCAL, "key": "regulars_…"}),
    }
    places: dict[str, int] = {}
    for (method, path), operation in operations(dict(content)):
        tag = operation["tags"][0]
        places[tag] = places.get(tag, 0) + 1
        text = "\n".join(_request(method, path, operation, places[tag]))
        files[f"{tag}/{operation['operationId']}.bru"] = text
    return files


def write(root: Path) -> None:
    """Write the collection, and remove calls that there are no more."""
    files = collection(document())
    folder = root / BRUNO
    for old in folder.rglob("*.bru"):
        if str(old.relative_to(folder)) not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _request(method: str, path: str, operation: dict[str, Any], place: int) -> Iterator[str]:
    examples = examples_of(operation["operationId"])
    body = examples.get("request")
    places = {one["name"]: one["in"] for one in operation.get("parameters", [])}
    values = {kind: _values(examples, places, kind) for kind in ("path", "query", "header")}
    for name in values["path"]:
        path = path.replace(f"{{{name}}}", f":{name}")
    pairs = [f"{name}={quote(value, safe='')}" for name, value in values["query"].items()]
    url = "{{url}}" + path + ("?" + "&".join(pairs) if pairs else "")
    has_body = "none" if body is None else "json"
    yield _part("meta", {"name": operation["summary"], "type": "http", "seq": str(place)})
    yield _part(method, {"url": url, "body": has_body, "auth": "none"})
    if values["query"]:
        yield _part("params:query", values["query"])
    if values["path"]:
        yield _part("params:path", values["path"])
    # Switched off until there is a key: without one, this machine may do everything.
    yield _part("headers", {**values["header"], "~Authorization": "Bearer {{key}}"})
    if body is not None:
        yield _block("body:json", json.dumps(body, ensure_ascii=False, indent=2))
    yield _block("docs", operation["description"])


def _values(examples: Mapping[str, Any], places: Mapping[str, str], kind: str) -> dict[str, str]:
    """The example values of the parameters in one place; of several values the first."""
    found = {}
    for name, value in examples.get("parameters", {}).items():
        if places[name] == kind:
            one = value[0] if isinstance(value, list) else value
            found[name] = one if isinstance(one, str) else json.dumps(one)
    return found


def _part(name: str, values: Mapping[str, str]) -> str:
    return _block(name, "\n".join(f"{key}: {value}" for key, value in values.items()))


def _block(name: str, text: str) -> str:
    inside = "\n".join(f"  {line}" if line else "" for line in text.splitlines())
    return f"{name} {{\n{inside}\n}}\n"
