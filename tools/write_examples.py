"""Answers the examples of the API's document anew: `python -m tools.write_examples`.

Each `serving/api/examples/<operationId>.json` says what to ask (`parameters`, `request`); the
service answers on the small release of the tests, and its answer becomes the `response`. Those that
change the store, or whose answers are files, are written by hand and stay as they are.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from serving.api.document import EXAMPLES, operations
from serving.store.database import open_store
from serving.store.missed import keep_missed
from serving.store.publishing import publish
from serving.store.reports import keep_report
from tests.serving.conftest import Running
from tests.serving.missed_reports import missed_files
from tests.serving.releases import company, write_release
from tests.serving.test_monitor import monitor_report

RELEASE = "5f2b81c0d9ae"
PUBLISHED_AT = "2024-10-27T05:12:00Z"
JSON = "application/json"
FORMATS = {"text/csv": "csv", "application/x-ndjson": "ndjson"}


def main() -> None:
    """Ask every example whose answer is JSON, and write down what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{folder}/store/regulars.sqlite3")
        written = write_release(Path(folder) / "release", company(), release_id=RELEASE)
        publish(written, engine, keep=2)
        keep_report(engine, RELEASE, monitor_report())
        missed = missed_files(Path(folder) / "missed", ["00000", "00001", "00002", "00003"])
        keep_missed(engine, RELEASE, *missed)
        with Running(engine) as service:
            for name, content in answered(service.host, service.port):
                text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
                (EXAMPLES / f"{name}.json").write_text(text, encoding="utf-8")
                print(f"{EXAMPLES.name}/{name}.json")
        engine.dispose()


def answered(host: str, port: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each example of the served document with the answer to it."""
    document = json.loads(_asked(host, port, "GET", "/openapi.json", None)[1])
    for (method, path), operation in operations(document):
        file = EXAMPLES / f"{operation['operationId']}.json"
        example = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if example.get("by_hand") or (method != "get" and not example):
            continue
        response = {}
        for media_type in operation["responses"]["200"]["content"]:
            if media_type != JSON and media_type not in FORMATS:
                continue  # a workbook is no text to be shown
            form = {} if media_type == JSON else {"format": FORMATS[media_type]}
            target = address(path, operation, example.get("parameters", {}) | form)
            status, body = _asked(host, port, method.upper(), target, example.get("request"))
            if status != 200:
                sys.exit(f"{method.upper()} {target}: {status} {body.decode()}")
            text = body.decode("utf-8")
            response[media_type] = dated(json.loads(text)) if media_type == JSON else text
        yield operation["operationId"], {**example, "response": response}


def address(path: str, operation: dict[str, Any], values: dict[str, Any]) -> str:
    """The path with its parameters filled in, and the others behind it."""
    places = {one["name"]: one["in"] for one in operation.get("parameters", [])}
    for name, value in values.items():
        if places[name] == "path":
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    rest = {name: _text(value) for name, value in values.items() if places[name] == "query"}
    return path + (f"?{urlencode(rest, doseq=True)}" if rest else "")


def dated(content: Any) -> Any:
    """The answer with the time of publishing that all examples share."""
    if isinstance(content, list):
        return [dated(part) for part in content]
    if isinstance(content, dict):
        return {
            name: PUBLISHED_AT if name == "published_at" else dated(part)
            for name, part in content.items()
        }
    return content


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool) else value


def _asked(host: str, port: int, method: str, target: str, body: Any) -> tuple[int, bytes]:
    connection = HTTPConnection(host, port, timeout=30)
    sent = None if body is None else json.dumps(body)
    connection.request(method, target, sent, {"Content-Type": JSON, "Accept": "*/*"})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


if __name__ == "__main__":
    main()
